"""Accounts, workspaces, members, keys, sign-ins and the audit log"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

TABLES = (
    "accounts",
    "workspaces",
    "brands",
    "members",
    "api_keys",
    "sign_ins",
    "tickets",
    "attempts",
    "audit",
)
INDEXED = (
    ("members", "account_id"),
    ("api_keys", "workspace_id"),
    ("sign_ins", "account_id"),
    ("sign_ins", "expires_at"),
    ("tickets", "expires_at"),
    ("attempts", "until"),
    ("audit", "workspace_id"),
    ("audit", "actor"),
)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, unique=True),
        sa.Column("subject", sa.Text, unique=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("disabled_at", NUMBER),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
    )
    op.create_table(
        "brands",
        sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("brand_ids", sa.Text),
        sa.Column("created_at", NUMBER, nullable=False),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("begins", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("brand_id", sa.Text),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER),
        sa.Column("used_at", NUMBER),
        sa.Column("revoked_at", NUMBER),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("seen_at", NUMBER, nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
    )
    op.create_table(
        "tickets",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, sa.ForeignKey("accounts.id")),
        sa.Column("bound_to", sa.LargeBinary),
        sa.Column("expires_at", NUMBER, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("name", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("until", NUMBER, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("workspace_id", sa.Text),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    for table, column in INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(INDEXED):
        op.drop_index(f"ix_{table}_{column}", table)
    for table in reversed(TABLES):
        op.drop_table(table)
