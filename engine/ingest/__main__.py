"""python -m engine.ingest FILE --workspace ws_x [--brand UUID] [--dates month-first]"""

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import InvalidRequest
from engine.ingest.load import Loaded, load
from engine.ingest.mapping import Mapping
from engine.ingest.normalise import FIELDS
from engine.ingest.times import DATES, YEAR_LAST, Dates
from engine.scope import BRAND_FIELD, faults_of
from engine.settings import Settings
from engine.stores.open import open_lake

SHOWN = 10


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        lake = open_lake(Settings.read())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    faults = [
        fault
        for fault in faults_of(options.workspace, options.brand, None)
        if options.brand is not None or fault.field != BRAND_FIELD
    ]
    if faults:
        print("; ".join(fault.message for fault in faults), file=sys.stderr)
        return 2
    began = time.perf_counter()
    try:
        loaded = load(
            lake,
            options.file,
            options.workspace,
            datetime.now(UTC),
            options.brand and options.brand.lower(),
            progress=_show_progress,
            mapping=_mapping(options.dates),
        )
    except (InvalidRequest, OSError) as error:
        print(f"\n{error}" if sys.stderr.isatty() else error, file=sys.stderr)
        return 1
    _report(loaded, options, time.perf_counter() - began)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m engine.ingest", description=load.__doc__)
    parser.add_argument("file", type=Path, help="a .csv, .ndjson, .jsonl, .parquet or .xlsx file")
    parser.add_argument("--workspace", required=True, help="as in ws_shop")
    parser.add_argument("--brand", help="a UUID for all rows, in place of the column brand_id")
    parser.add_argument(
        "--dates", choices=DATES, help="what comes first in dates that end with their year"
    )
    return parser.parse_args(arguments)


def _mapping(dates: Dates | None) -> Mapping | None:
    """Columns are what they are called."""
    return None if dates is None else Mapping({name: name for name in FIELDS}, dates=dates)


def _show_progress(rows: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{rows:,} rows read", end="", file=sys.stderr, flush=True)


def _report(loaded: Loaded, options: argparse.Namespace, seconds: float) -> None:
    rejected_rows = loaded.rejected["row"].n_unique()
    print(
        f"{options.file.name} -> {options.workspace}: {loaded.read:,} rows read,"
        f" {loaded.stored:,} stored, {loaded.duplicates:,} duplicates, {rejected_rows:,} rejected,"
        f" {loaded.rounded:,} numbers rounded to 6 digits, {seconds:.1f} s"
    )
    if loaded.without_brand:
        print(
            f"{loaded.without_brand:,} events have no brand and are in no brand's answers;"
            " name one with --brand."
        )
    for row, field, message in loaded.rejected.head(SHOWN).iter_rows():
        print(f"row {row}: {field}: {message}", file=sys.stderr)
    if loaded.rejected.height > SHOWN:
        print(f"... and {loaded.rejected.height - SHOWN:,} more", file=sys.stderr)
    messages = loaded.rejected.filter(field="created_at")["message"]
    year_last = f"{YEAR_LAST.removesuffix('$')} is not a time"
    if options.dates is None and messages.str.contains(year_last).any():
        print("Say with --dates what comes first in dates such as 3/4/2026.", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
