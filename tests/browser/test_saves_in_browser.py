"""A save in a browser whose server dies in the middle of it."""

import os
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, expect

from engine.demo.words import BRANDS, WORKSPACE
from tests.browser.dashboard import (
    FEW,
    PATIENCE,
    DashboardPage,
    expect_kept,
    make,
    saved,
    store,
)
from tests.browser.server import running, serving

ENDLESS: Final = """
create view endless as
    with recursive number(n) as (values (1) union all select n + 1 from number)
    select n from number;
create trigger never_done after insert on dashboard_revisions
    begin select count(*) from endless; end;
"""
"""A save has written the dashboard and its widgets, and gets no further than its revision."""


def wait_until_saving(home: Path, slug: str) -> None:
    """Until the dashboard has been written: its row, as it was, is in SQLite's journal."""
    journal = home / "vitrine.db-journal"
    for _ in range(PATIENCE // 10):
        with suppress(FileNotFoundError):
            if slug.encode() in journal.read_bytes():
                return
        time.sleep(0.01)
    raise AssertionError(f"nothing saves {slug}")


def test_a_server_killed_in_the_middle_of_a_save_leaves_the_old_set_and_the_draft(
    browser: Browser, tmp_path: Path
) -> None:
    with running(tmp_path, 20_000) as (address, process):
        dashboard = make(tmp_path, FEW, "killed-in-a-save")
        before = store(tmp_path).get(WORKSPACE, BRANDS[0], dashboard)
        context = browser.new_context(viewport={"width": 1440, "height": 1200})
        context.set_default_timeout(PATIENCE)
        page = DashboardPage(context.new_page(), address).open(dashboard)
        page.edit()
        page.keys("Days", "ArrowDown")
        expect_kept(tmp_path, dashboard, "Days", (10, 2, 10, 2))
        page.settle()
        with closing(sqlite3.connect(tmp_path / "vitrine.db")) as database:
            database.executescript(ENDLESS)
        page.button("Save").click(no_wait_after=True)
        wait_until_saving(tmp_path, "killed-in-a-save")
        os.kill(process, signal.SIGKILL)
        context.close()
    with closing(sqlite3.connect(tmp_path / "vitrine.db")) as database:
        database.executescript("drop trigger never_done; drop view endless;")
    assert store(tmp_path).get(WORKSPACE, BRANDS[0], dashboard) == before
    with serving(tmp_path, 20_000) as address:
        context = browser.new_context(viewport={"width": 1440, "height": 1200})
        context.set_default_timeout(PATIENCE)
        page = DashboardPage(context.new_page(), address).open(dashboard)
        page.expect_place("Days", 10, 1, 10, 2)
        page.press("Continue")
        page.expect_place("Days", 10, 2, 10, 2)
        page.press("Save")
        expect(page.button("Edit")).to_be_visible(timeout=PATIENCE)
        context.close()
    assert saved(tmp_path, dashboard)["Days"] == (10, 2, 10, 2)
