"""The tables of the metadata database; migrations/ brings a database to this state."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
)

METADATA: Final = MetaData()
NUMBER: Final = BigInteger().with_variant(Integer, "sqlite")

inbox_batches: Final = Table(
    "inbox_batches",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("events", Integer, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""Acknowledged events that are not yet in the lake, a batch a row, as Arrow IPC."""

inbox_ids: Final = Table(
    "inbox_ids",
    METADATA,
    Column("workspace_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("created_at", NUMBER, nullable=False),
    Column("accepted_at", NUMBER, nullable=False, index=True),
    sqlite_with_rowid=False,
)
"""The ids of events in the inbox, and for a while after: the primary key is the dedupe.

Times are microseconds since 1970: SQLite has no type for them.
"""

sources: Final = Table(
    "sources",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("brand_id", Text),
    Column("url", Text, nullable=False),
    Column("table_schema", Text, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("source_workspace_id", Text),
    Column("overlap_seconds", Integer, nullable=False),
    Column("cursor_created_at", NUMBER),
    Column("cursor_event_id", Text),
    Column("events", NUMBER, nullable=False, server_default="0"),
    Column("last_run_at", NUMBER),
    Column("last_error", Text),
    Column("sealed", Text),
    Column("followed", Boolean, nullable=False, server_default=false()),
    Column("reading_since", NUMBER),
    Column("rows_read", NUMBER, nullable=False, server_default="0"),
    Column("rows_expected", NUMBER),
    Column("complete_at", NUMBER),
    Column("rejected", NUMBER, nullable=False, server_default="0"),
    Column("rejected_reason", Text),
    Column("without_brand", NUMBER, nullable=False, server_default="0"),
)
"""Tables of other servers that are read into the lake, and how far each was read.

`url` holds no password: where there was one, `sealed` is the whole URL, encrypted.
"""
