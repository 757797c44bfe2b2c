"""The product itself, started as a newcomer starts it, and a browser to look at it with."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from engine.demo.words import BRANDS, WORKSPACE

ROOT: Final = Path(__file__).parents[2]
TOKEN: Final = "browser-test"
ARGUMENTS: Final = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def serving(home: Path, events: int) -> Iterator[str]:
    """The address of a server over `home`, with a demo shop of so many events."""
    with running(home, events) as (address, _):
        yield address


@contextmanager
def running(home: Path, events: int) -> Iterator[tuple[str, int]]:
    """The address of such a server, and the id of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "VITRINE_HOME": str(home),
        "VITRINE_DEMO_EVENTS": str(events),
        "VITRINE_DEMO_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    log = home / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, server, log)
        yield address, server.pid
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


def chromium_path() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield browser
        browser.close()


def posted(address: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the endpoint answers to the same request."""
    request = urllib.request.Request(
        f"{address}/api/workspace/{WORKSPACE}/dashboards/aggregate",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {TOKEN}",
            "X-Active-Brand": BRANDS[0],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    return answer
