"""The tables of the metadata database; migrations/ brings a database to this state."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
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

accounts: Final = Table(
    "accounts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("email", Text, unique=True),
    Column("subject", Text, unique=True),
    Column("name", Text, nullable=False),
    Column("password", Text),
    Column("created_at", NUMBER, nullable=False),
    Column("disabled_at", NUMBER),
)
"""People. `password` is an Argon2 hash; without one they sign in elsewhere. `subject` is who a
sign-in provider says they are: its issuer, a space, its own id.
"""

workspaces: Final = Table(
    "workspaces",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
)

brands: Final = Table(
    "brands",
    METADATA,
    Column("workspace_id", Text, ForeignKey("workspaces.id"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
)
"""Names for brands; one that only events speak of has none."""

members: Final = Table(
    "members",
    METADATA,
    Column("workspace_id", Text, ForeignKey("workspaces.id"), primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("brand_ids", Text),
    Column("created_at", NUMBER, nullable=False),
)
"""Who may do what where. `brand_ids` is a JSON array, or null for every brand."""

api_keys: Final = Table(
    "api_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("workspace_id", Text, ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("begins", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("brand_id", Text),
    Column("created_by", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
    Column("expires_at", NUMBER),
    Column("used_at", NUMBER),
    Column("revoked_at", NUMBER),
)
"""Keys of programs: their SHA-256, and how they begin, so that people can tell them apart."""

share_links: Final = Table(
    "share_links",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("begins", Text, nullable=False),
    Column("workspace_id", Text, nullable=False, index=True),
    Column("brand_id", Text, nullable=False),
    Column("catalog_id", Text),
    Column("dashboard_id", Text, nullable=False, index=True),
    Column("widget_ids", Text, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("may_range", Boolean, nullable=False),
    Column("may_export", Boolean, nullable=False),
    Column("origins", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", NUMBER, nullable=False),
    Column("expires_at", NUMBER),
    Column("revoked_at", NUMBER),
    Column("used_at", NUMBER),
    ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
)
"""What is open to whoever has the address, by the SHA-256 of its token. `widget_ids` and `origins`
are JSON arrays; `is_whole` where a dashboard was shared and not one of its widgets."""

sign_ins: Final = Table(
    "sign_ins",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("created_at", NUMBER, nullable=False),
    Column("seen_at", NUMBER, nullable=False),
    Column("expires_at", NUMBER, nullable=False, index=True),
    Column("address", Text, nullable=False),
)
"""Browsers that are signed in, by the SHA-256 of their cookie; the row's end is the session's."""

tickets: Final = Table(
    "tickets",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.id")),
    Column("bound_to", LargeBinary),
    Column("expires_at", NUMBER, nullable=False, index=True),
)
"""What opens one door once: the way from the form to the cookie, set-up links, invitations."""

attempts: Final = Table(
    "attempts",
    METADATA,
    Column("name", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("until", NUMBER, nullable=False, index=True),
)
"""How often a sign-in was tried in the time that ends at `until`, by hashed account or address."""

audit: Final = Table(
    "audit",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    Column("at", NUMBER, nullable=False),
    Column("workspace_id", Text, index=True),
    Column("actor", Text, nullable=False, index=True),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("address", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what, when and from where; rows are only ever added."""
