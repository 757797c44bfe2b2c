"""Share links of dashboards and widgets"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
INDEXED = ("workspace_id", "dashboard_id")


def upgrade() -> None:
    op.create_table(
        "share_links",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("begins", sa.Text, nullable=False),
        sa.Column("workspace_id", sa.Text, nullable=False),
        sa.Column("brand_id", sa.Text, nullable=False),
        sa.Column("catalog_id", sa.Text),
        sa.Column("dashboard_id", sa.Text, nullable=False),
        sa.Column("widget_ids", sa.Text, nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        sa.Column("may_range", sa.Boolean, nullable=False),
        sa.Column("may_export", sa.Boolean, nullable=False),
        sa.Column("origins", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER),
        sa.Column("revoked_at", NUMBER),
        sa.Column("used_at", NUMBER),
        sa.ForeignKeyConstraint(["dashboard_id"], ["dashboards.id"], ondelete="CASCADE"),
    )
    for column in INDEXED:
        op.create_index(f"ix_share_links_{column}", "share_links", [column])


def downgrade() -> None:
    for column in reversed(INDEXED):
        op.drop_index(f"ix_share_links_{column}", "share_links")
    op.drop_table("share_links")
