"""A real Redis server for tests, one for the whole run, on a free port of the loopback."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import redis

PROGRAM: Final = "redis-server"


class Server:
    """Keeps nothing on disk; can be killed, frozen and started again on the same port."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-redis-"))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly"]
        self._process = subprocess.Popen(
            [PROGRAM, *options, "no", "--dir", str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(500):
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
        pytest.fail("redis-server does not answer")

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def server() -> Server:
    """Skips the test that asks where Redis is not installed, except in CI."""
    require()
    started = Server()
    atexit.register(started.end)
    return started


def require() -> None:
    if not shutil.which(PROGRAM) and not os.environ.get("CI"):
        pytest.skip("Redis is not installed; apt-get install redis-server")
    assert shutil.which(PROGRAM), "Redis is not installed: no redis-server"
