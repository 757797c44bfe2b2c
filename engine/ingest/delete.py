"""Deletion by command: a customer's events, old ones, or a whole workspace.

python -m engine.ingest.delete --workspace ws_x (--customer ID | --older-than DAYS | --everything)
"""

import argparse
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete

from engine.database.connect import exclusive, open_database
from engine.database.tables import inbox_batches, inbox_ids
from engine.ingest.inbox import Inbox
from engine.ingest.sources import Sources
from engine.scope import WORKSPACE_FIELD, faults_of
from engine.settings import Settings
from engine.stores.lake import LakeStore
from engine.stores.open import open_lake

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Deletion:
    """Deletes from the lake what the inbox was emptied into first. Answers change at once.

    rollups: their folder. They hold texts of events that are gone, so they go too, and are built
    anew.
    """

    lake: LakeStore
    inbox: Inbox
    database: Engine
    rollups: Path

    def customer(self, workspace: str, customer_id: str) -> int:
        """A privacy request: every event of a customer, from the disk too."""
        text = customer_id.replace("'", "''")
        return self._where(workspace, f"customer_id = '{text}'")

    def older_than(self, workspace: str, days: int, now: datetime) -> int:
        """Retention: every event created more than `days` times 24 hours ago."""
        end = now - timedelta(days=days)
        micros = (end - EPOCH) // timedelta(microseconds=1)
        instant = f"arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
        return self._where(workspace, f"created_at < {instant}")

    def everything(self, workspace: str) -> int:
        """A workspace with all its brands, and what waits for it."""
        events = self.inbox.waiting().get(workspace, 0)
        for brand in self._brands(workspace):
            events += sum(file.rows for file in self.lake.open(workspace, brand).files)
        with exclusive(self.database, f"inbox.{workspace}"), self.lake.writing(workspace):
            with self.database.begin() as connection:
                for table in (inbox_batches, inbox_ids):
                    connection.execute(delete(table).where(table.c.workspace_id == workspace))
            self.lake.drop(workspace)
        self._drop_rollups(workspace)
        return events

    def _where(self, workspace: str, predicate: str) -> int:
        self.inbox.move(workspace)
        deleted = 0
        with self.lake.writing(workspace):
            for brand in self._brands(workspace):
                deleted += self.lake.delete(workspace, brand, predicate)
                self.lake.forget(workspace, brand)
        if deleted:
            self._drop_rollups(workspace)
        return deleted

    def _drop_rollups(self, workspace: str) -> None:
        for brand in self._rolled_up(workspace):
            with exclusive(self.database, f"rollups.{workspace}.{brand}"):
                shutil.rmtree(self.rollups / workspace / brand)

    def _rolled_up(self, workspace: str) -> list[str]:
        folder = self.rollups / workspace
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def _brands(self, workspace: str) -> list[str | None]:
        return [brand for of, brand in self.lake.tables() if of == workspace]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    faults = [f for f in faults_of(options.workspace, None, None) if f.field == WORKSPACE_FIELD]
    if faults:
        print(faults[0].message, file=sys.stderr)
        return 2
    try:
        settings = Settings.read()
        lake, database = open_lake(settings), open_database(settings.database)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    now = datetime.now(UTC)
    inbox = Inbox(database, lake, lambda: now)
    if options.workspace not in {of for of, _ in lake.tables()} | inbox.waiting().keys():
        print(f"There are no events of {options.workspace}.", file=sys.stderr)
        return 1
    deletion = Deletion(lake, inbox, database, settings.rollups)
    if options.customer is not None:
        deleted = deletion.customer(options.workspace, options.customer)
    elif options.older_than is not None:
        deleted = deletion.older_than(options.workspace, options.older_than, now)
    else:
        deleted = deletion.everything(options.workspace)
    print(f"{deleted:,} events of {options.workspace} deleted")
    readers = [s.name for s in Sources(database).all() if s.workspace_id == options.workspace]
    if readers:
        print(
            f"{', '.join(readers)} still read {options.workspace}: delete the rows in their tables"
            " first, or the next run may bring back what it reads again."
        )
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m engine.ingest.delete")
    parser.add_argument("--workspace", required=True, help="as in ws_shop")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--customer", help="the customer_id whose events go")
    what.add_argument("--older-than", type=_days, metavar="DAYS", help="a whole number from 1 on")
    what.add_argument("--everything", action="store_true", help="the workspace with all its brands")
    return parser.parse_args(arguments)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
