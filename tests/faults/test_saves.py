"""A process that dies while it saves a dashboard leaves the old widgets or the new, never a mix."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.database.connect import open_database
from engine.workspaces.dashboards import REVISIONS, Dashboards
from engine.workspaces.widget import Dashboard
from tests.faults.server import ROOT
from tests.faults.sizes import SEED, record, size
from tests.postgres import server
from tests.workspaces.boards import BRAND, WORKSPACE, raw, widget

KILLS = size(3, 100)
STEPS = 14
SCOPE = (WORKSPACE, BRAND)

SAVE = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from engine.database.connect import open_database
from engine.workspaces.dashboards import Dashboards
from tests.workspaces.boards import BRAND, WORKSPACE, raw, widget

def save(store, id):
    board = store.get(WORKSPACE, BRAND, id)
    title = str(board.version + 1)
    kept = [one | {"config": one["config"] | {"title": title}} for one in raw(board)[5:]]
    new = [widget(y=y, title=title) for y in range(5)]
    changes = {"widgets": kept + new, "name": title}
    print(store.put(WORKSPACE, BRAND, id, "ana", changes).version, flush=True)

def opened(url):
    database = open_database(url)
    return database, Dashboards(database, lambda: datetime.now(UTC))
"""

FOREVER = (
    SAVE
    + """
_, store = opened(sys.argv[1])
while True:
    save(store, sys.argv[2])
"""
)

DYING = (
    SAVE
    + """
def die_at(steps):
    def step(*_):
        nonlocal steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return step

for steps, id in enumerate(sys.argv[2:], 3):  # the first statement reads, after a begin
    if os.fork() == 0:
        database, store = opened(sys.argv[1])
        step = die_at(steps)
        event.listen(database, "before_cursor_execute", step)
        event.listen(database, "commit", step)
        save(store, id)
        os._exit(0)
    os.wait()
"""
)
"""A process for each dashboard, which dies a step later each time."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: Any, tmp_path: Any) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'vitrine.db'}"
    return server().url(database=server().new("database"))


@pytest.fixture
def store(url: str) -> Iterator[Dashboards]:
    database = open_database(url)
    yield Dashboards(database, lambda: datetime.now(UTC))
    database.dispose()


def made(store: Dashboards, slug: str = "shop") -> Dashboard:
    widgets = [widget(y=y, title="1") for y in range(10)]
    return store.create(*SCOPE, "ana", {"slug": slug, "name": "1", "widgets": widgets})


def started(program: str, url: str, *ids: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", program, url, *ids]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def whole(store: Dashboards, id: str, told: int) -> Dashboard:
    """The dashboard, of which everything belongs to one version: the last that was told, or next.

    It can be had back from any version that is kept, and saved again.
    """
    board = store.get(*SCOPE, id)
    assert board.version in (told, told + 1)
    assert len(board.widgets) == 10
    assert {one.title for one in board.widgets} == {board.name} == {str(board.version)}
    numbers = [one.number for one in store.revisions(*SCOPE, id)]
    assert numbers == list(range(board.version, 0, -1))[:REVISIONS]
    assert raw(store.revision(*SCOPE, id, board.version)) == raw(board)
    return board


def test_death_at_every_step(url: str, store: Dashboards) -> None:
    """Before each statement of a save and before its commit, until one does not die."""
    boards = [made(store, f"shop-{number}") for number in range(STEPS)]
    store._database.dispose()
    process = started(DYING, url, *(board.id for board in boards))
    told = process.communicate(timeout=120)[0].split()
    died = STEPS - len(told)
    assert set(told) == {"2"}
    assert died > 6, "a save has as many steps"
    versions = [whole(store, board.id, 1).version for board in boards]
    assert versions == [1] * died + [2] * len(told)


def test_death_at_any_time(url: str, store: Dashboards) -> None:
    draw = random.Random(SEED)
    board = made(store)
    for _ in range(KILLS):
        told = store.get(*SCOPE, board.id).version
        process = started(FOREVER, url, board.id)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(draw.random() * 0.2)
        process.kill()
        told = max([told + 1, *map(int, process.communicate()[0].split())])
        board = whole(store, board.id, told)
    record(
        f"Saves of dashboards on {url.partition(':')[0]}",
        f"{KILLS} processes were killed while they saved, {board.version:,} versions in all: every"
        " version that was told is there, and each set of widgets is whole.",
    )
