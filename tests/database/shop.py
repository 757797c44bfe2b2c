"""A shop whose events are in a table of a PostgreSQL server, and the lake they go to."""

import threading
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from engine.contract import IDS, MEASURES
from engine.database.connect import open_database
from engine.ingest.sources import Source
from engine.ingest.sync import Sync
from engine.ingest.vault import Vault
from tests.ingest.files import BRAND, WORKSPACE, ids, lake
from tests.postgres import server

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SECRET = "a secret of thirty-two characters"
COLUMNS = {
    "event_id": "text primary key",
    "workspace_id": "text",
    "brand_id": "uuid",
    "catalog_id": "uuid",
    "event_type": "text",
    **dict.fromkeys(IDS, "text"),
    "created_at": "timestamptz",
    **dict.fromkeys(MEASURES, "double precision"),
    "metadata": "jsonb",
}


class Shop:
    """A table on the server, in a schema of its own, and a lake."""

    def __init__(self, home):
        self.home = home
        self.server = server()
        self.schema = self.server.new("schema")
        self.lake = lake(home)
        self.database = open_database(f"sqlite:///{home / 'vitrine.db'}")
        self.stop = threading.Event()

    def execute(self, text, *values):
        with self.server.connect() as connection:
            connection.execute(f"set search_path = {self.schema}")
            connection.execute(text, values)

    def create(self, table="agent_events", **columns):
        columns = {name: kind for name, kind in (COLUMNS | columns).items() if kind}
        parts = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        self.execute(f"create table {table} ({parts})")
        return self

    def insert(self, *rows, table="agent_events"):
        """Rows with the same columns."""
        names = list(rows[0])
        text = f"copy {self.schema}.{table} ({', '.join(names)}) from stdin"
        with self.server.connect() as connection, connection.cursor().copy(text) as copy:
            for row in rows:
                values = [row[name] for name in names]
                copy.write_row([Jsonb(v) if isinstance(v, dict) else v for v in values])

    def source(self, name="shop", **values):
        url = values.pop("url", self.server.url())
        values = {"table_name": "agent_events", "table_schema": self.schema} | values
        return Source(name, WORKSPACE, url, **values)

    def sync(self, chunk=1000, **options):
        options = {"stop": self.stop, "vault": Vault(SECRET)} | options
        return Sync(self.database, self.lake, lambda: NOW, chunk=chunk, **options)

    def added(self, **options):
        """A sync that knows the source."""
        sync = self.sync(**options)
        sync.add(self.source())
        return sync

    def ids(self, brand=BRAND):
        return ids(self.home, brand)


def event(number, seconds=0.0, **columns):
    """An event a while before now, of the server's clock."""
    time = datetime.now(UTC) - timedelta(days=1) + seconds * SECOND
    good = {"event_type": "agent_view", "brand_id": BRAND, "created_at": time}
    return good | {"event_id": f"e{number:05}"} | columns


def counts(synced):
    assert synced.read == synced.stored + synced.duplicates + synced.rejected
    return synced.read, synced.stored, synced.duplicates
