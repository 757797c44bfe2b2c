"""The tables of the metadata database; migrations/ brings a database to this state."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
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

dashboards: Final = Table(
    "dashboards",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, nullable=False),
    Column("brand_id", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("layout", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
    Column("updated_at", NUMBER, nullable=False),
    Column("version", Integer, nullable=False),
    Column("deleted_at", NUMBER),
    Index("dashboards_of_brand", "workspace_id", "brand_id"),
    Index(
        "dashboards_slug",
        "workspace_id",
        "brand_id",
        "slug",
        unique=True,
        sqlite_where=text("deleted_at is null"),
        postgresql_where=text("deleted_at is null"),
    ),
)
"""Dashboards; those with `deleted_at` are in the trash, where their slug is free for others."""

widgets: Final = Table(
    "widgets",
    METADATA,
    Column("dashboard_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("widget_type", Text, nullable=False),
    Column("x", Integer, nullable=False),
    Column("y", Integer, nullable=False),
    Column("w", Integer, nullable=False),
    Column("h", Integer, nullable=False),
    Column("config", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
    Column("updated_at", NUMBER, nullable=False),
    ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
)
"""What stands on a dashboard. `config` is JSON in ASCII: PostgreSQL's own type is choosier."""

dashboard_revisions: Final = Table(
    "dashboard_revisions",
    METADATA,
    Column("dashboard_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", NUMBER, nullable=False),
    Column("by", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("widget_count", Integer, nullable=False),
    Column("widgets", Text, nullable=False),
    ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
)
"""Every version of a dashboard with its widgets as JSON; `number` is the version."""

dashboard_readers: Final = Table(
    "dashboard_readers",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("dashboard_id", Text, primary_key=True),
    Column("favourite", Boolean, nullable=False, server_default=false()),
    Column("opened_at", NUMBER),
    ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
    Index("dashboard_readers_of_dashboard", "dashboard_id"),
)

dashboard_drafts: Final = Table(
    "dashboard_drafts",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("dashboard_id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("widgets", Text, nullable=False),
    Column("at", NUMBER, nullable=False),
    ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
    Index("dashboard_drafts_of_dashboard", "dashboard_id"),
)
"""Edits that somebody has not saved, and the version on which they are based."""
