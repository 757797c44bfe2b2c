"""A real PostgreSQL server for tests, one for the whole run, on a free port of the loopback."""

import atexit
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

PLACES: Final = "/usr/lib/postgresql/*/bin/pg_ctl"
ACCOUNT: Final = "postgres"
PASSWORD: Final = "Kanarie-81"
NUMBERS: Final = count(1)


class Server:
    """Started by its constructor; passwords are checked as on any server (SCRAM).

    folder: where its database is or will be, a new one without it. options: lines of its
    configuration.
    """

    def __init__(self, programs: Path, folder: Path | None = None, options: str = "") -> None:
        self._programs = programs
        self.folder = folder or Path(tempfile.mkdtemp(prefix="vitrine-postgres-"))
        self.port = _free_port()
        if not (self.folder / "data").exists():
            self._make()
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                f"listen_addresses = '127.0.0.1'\nport = {self.port}\nfsync = off\n"
                f"unix_socket_directories = '{self.folder}'\nmax_connections = 60\n{options}"
            )
        self.start()

    def _make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, ACCOUNT)
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self._run("initdb", "--auth=scram-sha-256", f"--username={ACCOUNT}", f"--pwfile={secret}")

    def start(self) -> None:
        self._run("pg_ctl", "--wait", f"--log={self.folder / 'log'}", "start")

    def stop(self, mode: str = "immediate") -> None:
        self._run("pg_ctl", "--wait", f"--mode={mode}", "stop")

    def end(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, user: str = ACCOUNT, password: str = PASSWORD, database: str = ACCOUNT) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = ACCOUNT) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url(database=database), autocommit=True)

    def new(self, kind: str) -> str:
        """The name of a new, empty `database` or `schema`."""
        name = f"test_{next(NUMBERS)}"
        with self.connect() as connection:
            connection.execute(SQL("create " + kind + " {}").format(Identifier(name)))
        return name

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), f"--pgdata={self.folder / 'data'}", *arguments]
        if os.geteuid() == 0:
            # The server refuses to be root.
            command = ["runuser", "-u", ACCOUNT, "--", *command]
        with (self.folder / "output").open("a+") as output:
            done = subprocess.run(
                command, cwd=self.folder, stdout=output, stderr=output, check=False
            )
            output.seek(0)
            assert done.returncode == 0, output.read()


@cache
def server() -> Server:
    """Skips the test that asks where PostgreSQL is not installed, except in CI."""
    found = sorted(glob.glob(PLACES))
    if not found and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed; apt-get install postgresql")
    assert found, f"PostgreSQL is not installed: no {PLACES}"
    if os.geteuid() == 0:
        pwd.getpwnam(ACCOUNT)
    started = Server(Path(found[-1]).parent)
    atexit.register(started.end)
    return started


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
