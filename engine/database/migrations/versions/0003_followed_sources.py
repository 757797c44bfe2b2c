"""Sources that the server follows, how far a run is, and no password in the clear

A password in a source's URL is taken out; it has to be given again, or to be in PGPASSFILE.
"""

from urllib.parse import quote, urlencode

import sqlalchemy as sa
from alembic import op
from psycopg.conninfo import conninfo_to_dict

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SECRETS = ("password", "sslpassword", "scram_client_key", "scram_server_key", "oauth_client_secret")
NAMES = (
    "sealed",
    "followed",
    "reading_since",
    "rows_read",
    "rows_expected",
    "complete_at",
    "rejected",
    "rejected_reason",
    "without_brand",
)


def upgrade() -> None:
    for column in (
        sa.Column("sealed", sa.Text),
        sa.Column("followed", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("reading_since", NUMBER),
        sa.Column("rows_read", NUMBER, nullable=False, server_default="0"),
        sa.Column("rows_expected", NUMBER),
        sa.Column("complete_at", NUMBER),
        sa.Column("rejected", NUMBER, nullable=False, server_default="0"),
        sa.Column("rejected_reason", sa.Text),
        sa.Column("without_brand", NUMBER, nullable=False, server_default="0"),
    ):
        op.add_column("sources", column)
    _forget_passwords()


def _forget_passwords() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("pragma secure_delete = on")
    sources = sa.table("sources", sa.column("name"), sa.column("url"))
    for name, url in op.get_bind().execute(sa.select(sources)).all():
        parts = conninfo_to_dict(url)
        rest = {key: value for key, value in parts.items() if key not in SECRETS}
        if rest != parts:
            harmless = f"postgresql:///?{urlencode(rest, quote_via=quote)}"
            op.execute(sa.update(sources).where(sources.c.name == name).values(url=harmless))


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_column("sources", name)
