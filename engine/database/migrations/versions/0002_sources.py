"""Tables of other servers that are read into the lake"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("brand_id", sa.Text),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("table_schema", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("source_workspace_id", sa.Text),
        sa.Column("overlap_seconds", sa.Integer, nullable=False),
        sa.Column("cursor_created_at", NUMBER),
        sa.Column("cursor_event_id", sa.Text),
        sa.Column("events", NUMBER, nullable=False, server_default="0"),
        sa.Column("last_run_at", NUMBER),
        sa.Column("last_error", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("sources")
