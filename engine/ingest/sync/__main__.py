"""Sources by command: python -m engine.ingest.sync (add | list | remove | run)."""

import argparse
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Final

from deltalake.exceptions import DeltaError
from sqlalchemy.exc import DBAPIError

from engine.database.connect import open_database
from engine.errors import NotFound, Unavailable, VitrineError
from engine.ingest.sources import AGAIN, OVERLAP, Source, sentence
from engine.ingest.sync import PATIENCE, Sync
from engine.ingest.synced import Synced
from engine.ingest.vault import Vault
from engine.settings import Settings
from engine.stores.open import open_lake

SHOWN: Final = 10
PAUSE: Final = AGAIN.total_seconds()


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
