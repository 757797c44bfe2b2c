"""Dashboards with their widgets and revisions, and what each reader keeps of them"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OF_DASHBOARD = ("dashboard_drafts", "dashboard_readers", "dashboard_revisions", "widgets")


def upgrade() -> None:
    op.create_table(
        "dashboards",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("brand_id", sa.Text, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("updated_at", NUMBER, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("deleted_at", NUMBER),
    )
    op.create_index("dashboards_of_brand", "dashboards", ["workspace_id", "brand_id"])
    op.create_index(
        "dashboards_slug",
        "dashboards",
        ["workspace_id", "brand_id", "slug"],
        unique=True,
        sqlite_where=sa.text("deleted_at is null"),
        postgresql_where=sa.text("deleted_at is null"),
    )
    _create_parts()
    _create_readers()


def _create_parts() -> None:
    op.create_table(
        "widgets",
        sa.Column("dashboard_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("widget_type", sa.Text, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in "xywh"),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("updated_at", NUMBER, nullable=False),
        _of_dashboard(),
    )
    op.create_table(
        "dashboard_revisions",
        sa.Column("dashboard_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("widget_count", sa.Integer, nullable=False),
        sa.Column("widgets", sa.Text, nullable=False),
        _of_dashboard(),
    )


def _create_readers() -> None:
    op.create_table(
        "dashboard_readers",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("dashboard_id", sa.Text, primary_key=True),
        sa.Column("favourite", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("opened_at", NUMBER),
        _of_dashboard(),
    )
    op.create_table(
        "dashboard_drafts",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("dashboard_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("widgets", sa.Text, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        _of_dashboard(),
    )
    for name in ("dashboard_readers", "dashboard_drafts"):
        op.create_index(f"{name}_of_dashboard", name, ["dashboard_id"])


def _of_dashboard() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE")


def downgrade() -> None:
    for name in (*OF_DASHBOARD, "dashboards"):
        op.drop_table(name)
