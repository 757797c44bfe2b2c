"""Servers that start fast: what takes long to import is imported once, and each is a fork.

    python -m tests.faults.fork

Reads ports from its input, a line each, and writes the process id of the server there. Nothing is
imported beforehand that starts threads which a fork would lose.
"""

import os
import signal
import sys

import alembic.command
import deltalake
import polars
import pyarrow.dataset
import sqlalchemy.dialects.sqlite
import starlette.applications
import uvicorn

PRELOADED = (alembic, deltalake, polars, pyarrow, sqlalchemy, starlette)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(int(line))
            os._exit(0)
        print(child, flush=True)


def serve(port: int) -> None:
    """As `uvicorn engine.http.app:app` does, but the lake is tidied all the time."""
    from engine.ingest import keeper  # noqa: PLC0415
    from engine.stores import lake  # noqa: PLC0415

    keeper.TIDY_EVERY = 0.3
    lake.SMALL_FILES = 4
    uvicorn.run("engine.http.app:app", host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
