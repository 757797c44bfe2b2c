"""python -m engine.ingest.sync: tables of PostgreSQL servers are read into the lake.

A run reads a table in the order of (created_at, event_id), a chunk at a time, each with a
connection and a COPY of its own. When a chunk is in the lake its last row becomes the cursor; a
run that dies between the two reads that chunk again, and the lake's dedupe by event_id and day
drops what it holds. For the same reason a run may begin `overlap_seconds` before the cursor, to
catch rows that were committed after rows with a later created_at; the cursor never passes the
moment at which its run began, or those that were committed during the run would be missed.
Rows that are committed later than the overlap need a run with `--all`.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

import polars as pl
from deltalake.exceptions import DeltaError
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from engine.database.connect import open_database
from engine.demo.words import WORKSPACE as DEMO_WORKSPACE
from engine.errors import Fault, InvalidRequest, NotFound, Unavailable, VitrineError
from engine.ingest.append import append
from engine.ingest.normalise import normalise
from engine.ingest.source_table import Since, SourceTable
from engine.ingest.sources import AGAIN, OVERLAP, Source, Sources, sentence
from engine.ingest.synced import KEPT, REJECTED, Synced
from engine.ingest.times import YEARS
from engine.ingest.vault import Vault
from engine.scope import WORKSPACE_FIELD
from engine.settings import Settings
from engine.stores.lake import LakeStore
from engine.stores.open import open_lake

CHUNK: Final = 200_000
PATIENCE: Final = 300
SHOWN: Final = 10
PAUSE: Final = AGAIN.total_seconds()
TIMELESS: Final = "is missing or outside the years 1 to 9999"
NAMELESS: Final = "is missing in a row of {}"

Progress = Callable[[int], None]


class Sync:
    """Reads sources into the lake. Thread-safe; any number of processes may share both stores.

    patience: how many seconds a server may take for one chunk. stop: once it is set, a run ends
    early, with everything it reports in the lake. vault: encrypts the passwords of sources.
    """

    def __init__(
        self,
        database: Engine,
        lake: LakeStore,
        clock: Callable[[], datetime],
        patience: int = PATIENCE,
        chunk: int = CHUNK,
        stop: Event | None = None,
        vault: Vault | None = None,
    ) -> None:
        self.sources = Sources(database, vault)
        self._lake = lake
        self._clock = clock
        self._patience = patience
        self._chunk = chunk
        self._stop = stop or Event()

    def add(self, source: Source) -> SourceTable:
        """Store a source whose table can be read, which is returned. Raises what `run` raises."""
        if source.workspace_id == DEMO_WORKSPACE:
            message = f"{DEMO_WORKSPACE} is made anew every day; choose another, as in ws_shop."
            raise InvalidRequest([Fault(WORKSPACE_FIELD, message)])
        self.sources.closed(source)
        table = self.look(source)
        self.sources.add(source)
        return table

    def look(self, source: Source) -> SourceTable:
        """The table of a source with its password, if it can be read; raises what `run` raises."""
        return SourceTable.open(source, self._patience, self._stop)

    def run(
        self,
        name: str,
        progress: Progress = lambda _: None,
        whole: bool = False,
        wait: bool = True,
    ) -> Synced:
        """Read what is new, or with `whole` the table from its first row on.

        progress is told how many rows were read so far. Raises NotFound, InvalidRequest for a
        table that is missing or of another shape, and Unavailable for a server that does not
        answer; what was read until then is stored, and the next run goes on from there. While
        another run reads the source it waits, or, without `wait`, raises Busy.
        """
        with self.sources.running(name, wait):
            source = self.sources.get(name)
            began = self._clock()
            try:
                synced = self._read(source, progress, whole)
            except Exception as error:
                with suppress(DBAPIError):
                    self.sources.ended(name, self._clock(), _told(error))
                raise
            self.sources.ended(name, self._clock(), None, began if synced.complete else None)
        return synced

    def _read(self, source: Source, progress: Progress, whole: bool) -> Synced:
        cursor = source.cursor_created_at, source.cursor_event_id
        since = None if whole else _start(source)
        synced = Synced()
        more = True
        with self._unless_stopped():
            opened = self.sources.opened(source)
            table = SourceTable.open(opened, self._patience, self._stop, since)
            self.sources.began(source.name, self._clock(), table.expected)
            if since is None:
                synced += self._timeless(source, table)
            while more and not self._stop.is_set():
                frame, more = table.next(since, self._chunk)
                if frame.height:
                    part = self._store(source, frame)
                    synced += part
                    since = frame.select("created_at", "event_id").row(-1)
                    cursor = _further(cursor, since, table.now)
                    self.sources.advance(source.name, *cursor, part)
                    progress(synced.read)
        newest = cursor[0]
        lag = None if newest is None else max(self._clock() - newest, timedelta(0))
        return synced + Synced(lag=lag, complete=not more)

    @contextmanager
    def _unless_stopped(self) -> Iterator[None]:
        """A statement that was interrupted to stop is no error."""
        try:
            yield
        except Unavailable:
            if not self._stop.is_set():
                raise

    def _timeless(self, source: Source, table: SourceTable) -> Synced:
        """Rows that have no place in the order are named and counted, by the first run anew."""
        ids = pl.Series("event_id", table.timeless(), dtype=pl.String)
        reasons = ids.to_frame().with_columns(field=pl.lit("created_at"), message=pl.lit(TIMELESS))
        anew = len(ids) if source.cursor_created_at is None else 0
        found = Synced(read=len(ids), rejected=len(ids), rejected_anew=anew, reasons=reasons)
        if len(ids):
            self.sources.advance(
                source.name, source.cursor_created_at, source.cursor_event_id, found
            )
        return found

    def _store(self, source: Source, frame: pl.DataFrame) -> Synced:
        arrival = self._clock()
        raw = frame.with_row_index("row")
        has_id = (pl.col("event_id") != "").fill_null(False)
        nameless = raw.filter(~has_id).select(
            pl.lit(None, pl.String).alias("event_id"),
            pl.lit("event_id").alias("field"),
            pl.format(NAMELESS, "created_at").alias("message"),
        )
        normal = normalise(raw.filter(has_id), arrival, source.name, source.brand_id)
        ids = raw.select("row", "event_id")
        reasons = normal.rejected.join(ids, on="row", how="left", maintain_order="left")
        bad = pl.concat([raw.filter(~has_id)["row"], normal.rejected["row"]]).unique()
        anew = raw.filter(pl.col("row").is_in(bad.implode()), _after(source.cursor_created_at))
        appended = append(self._lake, source.workspace_id, normal.events, arrival)
        return Synced(
            read=frame.height,
            stored=appended.stored,
            duplicates=appended.duplicates,
            rejected=len(bad),
            rejected_anew=anew.height,
            rounded=normal.rounded,
            without_brand=appended.without_brand,
            reasons=pl.concat([nameless, reasons.select(REJECTED.names())]).head(KEPT),
        )


def _after(cursor: datetime | None) -> pl.Expr:
    """Rows that no run had read before."""
    return pl.lit(True) if cursor is None else pl.col("created_at") > cursor


def _told(error: Exception) -> str:
    """What is kept of a failed run: for bad fields not their names, which are those of `add`."""
    if isinstance(error, InvalidRequest):
        return " ".join(fault.message for fault in error.faults)
    return sentence(error)


def _start(source: Source) -> Since | None:
    if source.cursor_created_at is None:
        return None
    if not source.overlap_seconds:
        return source.cursor_created_at, source.cursor_event_id
    overlap = min(timedelta(seconds=source.overlap_seconds), source.cursor_created_at - YEARS[0])
    return source.cursor_created_at - overlap, None


def _further(
    cursor: tuple[datetime | None, str | None], last: Since, now: datetime
) -> tuple[datetime | None, str | None]:
    """The cursor after a chunk: never back, never past the begin of the run."""
    reached = last if last[0] <= now else (now, None)
    return cursor if cursor[0] is not None and reached[0] < cursor[0] else reached


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        settings = Settings.read()
        stop = Event()
        sync = Sync(
            open_database(settings.database),
            open_lake(settings),
            _now,
            options.timeout,
            stop=stop,
            vault=Vault(settings.secret),
        )
        if options.command == "run":
            return _run(sync, options, stop)
        return COMMANDS[options.command](sync, options)
    except (VitrineError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1 if isinstance(error, Unavailable) else 2
    except (DBAPIError, OSError) as error:
        print(sentence(error), file=sys.stderr)
        return 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m engine.ingest.sync", description=Sync.__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="name a table that has the columns of agent_events")
    add.add_argument("name")
    add.add_argument(
        "--url",
        required=True,
        help="postgresql://USER:PASSWORD@HOST:PORT/DATABASE; the password is stored encrypted under"
        " VITRINE_SECRET, or may be left out and be in PGPASSFILE",
    )
    add.add_argument("--table", required=True, help="agent_events or schema.agent_events")
    add.add_argument("--workspace", required=True, help="where its events go, as in ws_shop")
    add.add_argument("--brand", help="a UUID for all rows, in place of the column brand_id")
    add.add_argument(
        "--source-workspace", help="only rows whose workspace_id is this; without it, all rows"
    )
    add.add_argument(
        "--overlap",
        type=int,
        default=OVERLAP,
        help=f"how many seconds late a row may be committed and still be seen ({OVERLAP})",
    )
    run = commands.add_parser("run", help="read what is new")
    run.add_argument("name", nargs="?", help="without it, every source")
    run.add_argument("--follow", action="store_true", help=f"again every {PAUSE:.0f} s")
    run.add_argument("--all", action="store_true", help="from the first row on")
    commands.add_parser("list", help="the sources and how far they were read")
    commands.add_parser("remove", help="forget a source; its events stay").add_argument("name")
    for command in (add, run):
        command.add_argument(
            "--timeout",
            type=int,
            default=PATIENCE,
            help=f"seconds that the server may take for one chunk ({PATIENCE})",
        )
    parser.set_defaults(timeout=PATIENCE)
    return parser.parse_args(arguments)


def _add(sync: Sync, options: argparse.Namespace) -> int:
    schema, _, table = options.table.rpartition(".")
    source = Source(
        options.name,
        options.workspace,
        options.url,
        table,
        table_schema=schema or "public",
        brand_id=options.brand,
        source_workspace_id=options.source_workspace,
        overlap_seconds=options.overlap,
    )
    sync.add(source)
    print(f"{source.name}: {source.table} of {source.address} -> {source.workspace_id}")
    return 0


def _list(sync: Sync, _: argparse.Namespace) -> int:
    for source in sync.sources.all():
        lag = source.lag(_now())
        read = "not read yet" if lag is None else f"newest event {_seconds(lag)} ago"
        print(
            f"{source.name}: {source.table} of {source.address} -> {source.workspace_id},"
            f" {source.events:,} events, {read}"
        )
        if source.last_error:
            print(f"  last run failed: {source.last_error}")
    return 0


def _remove(sync: Sync, options: argparse.Namespace) -> int:
    sync.sources.remove(options.name)
    print(f"{options.name}: removed; its events stay")
    return 0


COMMANDS: Final = {"add": _add, "list": _list, "remove": _remove}


def _run(sync: Sync, options: argparse.Namespace, stop: Event) -> int:
    """A round over the sources; with --follow, rounds until a signal asks to stop."""
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in SIGNALS}
    said: dict[str, str] = {}
    try:
        while True:
            names = [options.name] if options.name else [s.name for s in sync.sources.all()]
            failed = [name for name in names if not _run_one(sync, name, options, said)]
            if not options.follow or stop.wait(PAUSE):
                return 0 if options.follow else int(bool(failed))
            options.all = False
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _run_one(sync: Sync, name: str, options: argparse.Namespace, said: dict[str, str]) -> bool:
    """Whether it went well. A follower says the same thing about a source only once."""
    began = time.perf_counter()
    try:
        synced = sync.run(name, _show_progress, options.all)
    except NotFound:
        raise
    except (VitrineError, DBAPIError, DeltaError, OSError) as error:
        text = sentence(error)
        if said.get(name) != text:
            print(text, file=sys.stderr)
        said[name] = text
        return False
    reasons = [": ".join(filter(None, row)) for row in synced.reasons.head(SHOWN).iter_rows()]
    news = "\n".join(reasons)
    if synced.stored or not options.follow or said.get(name) != news:
        _report(name, synced, time.perf_counter() - began)
    if news and said.get(name) != news:
        print(news, file=sys.stderr)
        if synced.rejected > SHOWN:
            print(f"... {synced.rejected:,} rows in all", file=sys.stderr)
    said[name] = news
    return True


def _report(name: str, synced: Synced, seconds: float) -> None:
    lag = "" if synced.lag is None else f", newest event {_seconds(synced.lag)} ago"
    print(
        f"{name}: {synced.read:,} rows read, {synced.stored:,} stored,"
        f" {synced.duplicates:,} known, {synced.rejected:,} rejected,"
        f" {synced.rounded:,} numbers rounded to 6 digits, {seconds:.1f} s{lag}"
        + ("" if synced.complete else "; stopped before the end"),
        flush=True,
    )
    if synced.without_brand:
        print(
            f"{synced.without_brand:,} events have no brand and are in no brand's answers;"
            " name one with --brand."
        )


def _show_progress(rows: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{rows:,} rows read", end="", file=sys.stderr, flush=True)


def _seconds(span: timedelta) -> str:
    return str(timedelta(seconds=int(span.total_seconds())))


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
