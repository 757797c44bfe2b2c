"""python -m engine.workspaces export|apply|diff FOLDER --workspace ws_x --brand UUID"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from engine.database.connect import open_database
from engine.errors import VitrineError
from engine.scope import faults_of
from engine.settings import Settings
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.folder import Folder

DESCRIPTION = """Dashboards as files, so that they can live in git.
export writes a file for each dashboard of the brand. apply makes the dashboards what the files
say, and nothing when one of them is bad. diff shows what apply would change, and exits with 1 when
something differs."""


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    faults = faults_of(options.workspace, options.brand, None)
    if faults:
        print("; ".join(fault.message for fault in faults), file=sys.stderr)
        return 2
    if options.command != "export" and not options.folder.is_dir():
        print(f"{options.folder} is not a folder; export makes one.", file=sys.stderr)
        return 2
    try:
        database = open_database(Settings.read().database)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except DBAPIError as error:
        print("The database cannot be opened:", " ".join(str(error.orig).split()), file=sys.stderr)
        return 1
    dashboards = Dashboards(database, lambda: datetime.now(UTC))
    folder = Folder(options.folder, dashboards, options.workspace, options.brand.lower())
    try:
        return _run(folder, options)
    except (VitrineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        database.dispose()


def _run(folder: Folder, options: argparse.Namespace) -> int:
    steps = {
        "export": lambda: folder.export(options.format),
        "apply": folder.apply,
        "diff": folder.diff,
    }
    worst = 0
    for said in steps[options.command]():
        print(said.text, file=sys.stderr if said.failed else sys.stdout, flush=True)
        worst |= said.failed or said.differs
    return int(worst)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m engine.workspaces",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("export", "apply", "diff"))
    parser.add_argument("folder", type=Path, help="of .yaml or .json files, one a dashboard")
    parser.add_argument("--workspace", required=True, help="as in ws_shop")
    parser.add_argument("--brand", required=True, help="a UUID")
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml", help="of new files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
