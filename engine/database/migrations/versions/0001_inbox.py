"""The inbox"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox_batches",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("workspace_id", sa.Text, nullable=False, index=True),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "inbox_ids",
        sa.Column("workspace_id", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("accepted_at", NUMBER, nullable=False, index=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("inbox_ids")
    op.drop_table("inbox_batches")
