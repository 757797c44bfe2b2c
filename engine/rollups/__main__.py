"""Rollups by command: build what has changed, and say what is rolled up.

python -m engine.rollups [--workspace ws_x] [--rebuild]
"""

import argparse
import sys
import time
from datetime import UTC, datetime

from engine.backends.open import open_cluster
from engine.database.connect import exclusive, open_database
from engine.rollups.build import Builder
from engine.settings import Settings
from engine.stores.open import open_lake


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m engine.rollups", description=__doc__)
    parser.add_argument("--workspace", help="this one only, as in ws_shop")
    parser.add_argument("--rebuild", action="store_true", help="from the events, all of it")
    options = parser.parse_args(arguments)
    settings = Settings.read()
    database = open_database(settings.database)
    builder = Builder(open_lake(settings), settings.rollups, open_cluster(settings))
    brands = [
        (workspace, brand)
        for workspace, brand in builder.lake.tables()
        if brand is not None and options.workspace in (None, workspace)
    ]
    if not brands:
        print(f"There are no events of {options.workspace or 'any workspace'}.", file=sys.stderr)
        return 1
    for workspace, brand in brands:
        began = time.perf_counter()
        with exclusive(database, f"rollups.{workspace}.{brand}"):
            if options.rebuild:
                builder.drop(workspace, brand)
            manifest = builder.build(workspace, brand, datetime.now(UTC).date())
        if manifest is None:
            continue
        seconds = time.perf_counter() - began
        print(f"{workspace} {brand}: days before {manifest.upto} rolled up in {seconds:.1f} s")
        for name in manifest.dimensions:
            print(f"  {name}: {manifest.refused.get(name, 'rolled up')}")
        for name in manifest.refused.keys() - set(manifest.dimensions):
            print(f"  {name}: {manifest.refused[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
