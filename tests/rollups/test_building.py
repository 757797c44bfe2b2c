"""Builds: what is built anew and what is not, after a crash, behind a lake that changes."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from engine.database.connect import open_database
from engine.ingest.delete import Deletion
from engine.ingest.inbox import Inbox
from engine.rollups.build import PARTS, EventsUnreadable
from engine.rollups.coded import Dictionaries
from engine.rollups.roller import Roller
from engine.rollups.shelf import FORMAT, Shelf
from engine.rollups.state import State
from engine.stores.lake import LakeSnapshot
from tests.generate import SCOPE, event
from tests.rollups.brand import Brand, bodies

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
BRAND = SCOPE.workspace_id, SCOPE.brand_id
BODIES = bodies((None, ["agent_atc"]), ("count", "count_distinct", "sum"))


def shop(days=50, prefix=""):
    return [
        event(
            f"{prefix}{hour}",
            NOW - timedelta(hours=hour),
            event_type=("agent_view", "agent_atc", "agent_purchase")[hour % 3],
            session_id=f"s{hour // 5}",
            product_id=f"p{hour % 7}",
            customer_id="Ada" if hour % 11 == 0 else None,
            metadata={"colour": "Ada's own" if hour % 11 == 0 else f"c{hour % 4}"},
        )
        for hour in range(1, days * 24)
    ]


def right(brand):
    """All answers are; how many came from rollups."""
    return brand.check([(body, NOW, None) for body in BODIES])


@pytest.fixture
def built(brand):
    brand.write(shop())
    return brand, brand.build(NOW)


def test_nothing_new_is_not_built_again(built):
    brand, first = built
    assert brand.build(NOW) == first
    brand.write([event("today", NOW - timedelta(hours=1), session_id="s0")])
    brand.compact()
    again = brand.build(NOW)
    assert (again.build, again.cells) == (first.build, first.cells)
    assert again.version != first.version
    assert right(brand) == len(BODIES)


def test_a_late_event_builds_its_day_and_month_only(built):
    brand, first = built
    brand.write([event("late", NOW - timedelta(days=40), session_id="alone")])
    second = brand.build(NOW)
    changed = {cell for cell, by in second.cells.items() if first.cells.get(cell) != by}
    assert changed == {"2026-10-14", "2026-10"}
    assert right(brand) == len(BODIES)


def test_a_session_that_goes_on_builds_where_it_was(built):
    """It is no longer of one day alone."""
    brand, first = built
    brand.write([event("late", NOW - timedelta(days=40), session_id="s21")])
    second = brand.build(NOW)
    changed = {cell for cell, by in second.cells.items() if first.cells.get(cell) != by}
    assert changed == {"2026-10-14", "2026-10", "2026-11-18"}
    assert {day for day, by in second.coded.items() if first.coded.get(day) != by} == {"2026-10-14"}
    assert right(brand) == len(BODIES)


def test_a_new_day_and_a_new_month(built):
    brand, first = built
    later = brand.builder.build(*BRAND, datetime(2026, 12, 1, tzinfo=UTC).date())
    assert {"2026-11-23", "2026-11"} <= later.cells.keys() - first.cells.keys()
    assert right(brand) == len(BODIES)


def test_where_sessions_were_seen_is_written_in_parts(brand):
    """Of a day what is new only, and all again before there are many files to read."""
    brand.write(shop(days=80))
    brand.build(NOW - timedelta(days=20))
    parts = []
    for days in range(19, -1, -1):
        manifest = brand.build(NOW - timedelta(days=days))
        parts.append(len(manifest.registry))
        shelf = brand.builder.shelf(*BRAND)
        kept = sorted(shelf.folder.glob("*-registry.parquet"))
        assert {shelf.path(build, "registry") for build in manifest.registry} <= {*kept}
    assert parts == [*range(2, PARTS + 1), *range(1, 6)]
    seen = shelf.registry(manifest)
    brand.builder.drop(*BRAND)
    at_once = brand.build(NOW)
    made_at_once = shelf.registry(at_once)
    assert made_at_once.later.is_empty()
    assert_frame_equal(seen.as_one(), made_at_once.first, check_row_order=False)
    assert_series_equal(seen.spanning, made_at_once.spanning)
    assert_series_equal(seen.spanning_months, made_at_once.spanning_months)
    assert_frame_equal(
        seen.days_of(seen.spanning), made_at_once.days_of(seen.spanning), check_row_order=False
    )
    assert right(brand) == len(BODIES)


def test_what_is_most_of_the_sessions_is_read_as_one(brand):
    brand.write(shop())
    shelf = brand.builder.shelf(*BRAND)
    brand.build(NOW - timedelta(days=45))
    manifest = brand.build(NOW - timedelta(days=20))
    assert shelf.registry(manifest).later.is_empty()
    assert not shelf.registry(brand.build(NOW)).later.is_empty()


def test_a_month_without_events_at_its_end(brand):
    """It is folded all the same, as soon as it is over."""
    brand.write([event(str(day), NOW - timedelta(days=day)) for day in range(35, 60)])
    brand.build(NOW - timedelta(days=30))
    later = brand.build(NOW)
    assert "2026-10" in later.cells
    assert right(brand) == len(BODIES)


@pytest.mark.parametrize("writes", [0, 1, 40, 150])
def test_a_build_that_is_cut_short(brand, monkeypatch, writes):
    """At any file: what was there goes on answering, and the next build starts again."""
    brand.write(shop())
    brand.build(NOW - timedelta(days=20))
    before = brand.builder.shelf(*BRAND).manifest()
    whole, left = Shelf.write, iter(range(writes))

    def write(*arguments):
        if next(left, None) is None:
            raise OSError("no space left")
        whole(*arguments)

    brand.write([event("late", NOW - timedelta(days=40), session_id="s21")])
    monkeypatch.setattr(Shelf, "write", write)
    with pytest.raises(OSError, match="no space"):
        brand.build(NOW)
    monkeypatch.undo()
    assert brand.builder.shelf(*BRAND).manifest() == before
    right(brand)
    brand.build(NOW)
    assert right(brand) == len(BODIES)


@pytest.mark.parametrize("kind", ["*.ids.parquet", "*-dictionaries.parquet", "*-registry.parquet"])
def test_a_build_on_broken_files_begins_anew_next_time(built, kind):
    brand, _ = built
    for path in brand.builder.root.rglob(kind):
        path.write_bytes(b"broken")
    brand.write([event("late", NOW - timedelta(days=40), session_id="s21")])
    with pytest.raises(pl.exceptions.ComputeError):
        brand.build(NOW)
    brand.build(NOW)
    assert right(brand) == len(BODIES)


@pytest.mark.parametrize("error", [FileNotFoundError, pl.exceptions.ComputeError])
def test_a_lake_that_cannot_be_read_costs_no_rollups(built, monkeypatch, error):
    brand, first = built

    def fail(*_):
        raise error("out of reach")

    brand.write([event("today", NOW - timedelta(hours=1)), event("late", NOW - timedelta(days=9))])
    monkeypatch.setattr(LakeSnapshot, "events", fail)
    right(brand)
    refused = brand.engine.explain(BODIES[0], SCOPE, NOW).refused
    assert [refusal.reason for refusal in refused] == ["events_unreadable"]
    with pytest.raises(EventsUnreadable, match="out of reach"):
        brand.build(NOW)
    monkeypatch.undo()
    assert brand.builder.shelf(*BRAND).manifest() == first
    assert right(brand) == len(BODIES)


def test_months_of_years_with_three_digits(brand):
    now = datetime(1000, 1, 15, 5, tzinfo=UTC)
    brand.write([event(str(day), now - timedelta(days=day)) for day in range(1, 60)])
    brand.build(now)
    brand.check([(BODIES[0] | {"time_window_days": 70}, now, None)])
    assert "months" in [segment.source for segment in brand.engine.planned.segments]


def test_dictionaries_are_loaded_once(built, monkeypatch):
    """However many come at the same time: two sets would give a new text two codes."""
    brand, _ = built
    loaded, whole = [], Dictionaries.from_frame

    def load(frame):
        time.sleep(0.05)
        loaded.append(frame)
        return whole(frame)

    monkeypatch.setattr(Dictionaries, "from_frame", load)
    # Later Pythons do not hold a lock around a cached property.
    monkeypatch.setattr(State.known, "lock", nullcontext())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: brand.engine.explain(BODIES[0], SCOPE, NOW), range(4)))
    assert len(loaded) == 1


def test_what_no_manifest_names_is_swept(built):
    brand, _ = built
    folder = brand.builder.shelf(*BRAND).folder
    for day in range(30, 36):
        brand.write([event(f"late{day}", NOW - timedelta(days=day), session_id=f"n{day}")])
        brand.build(NOW)
    named = {path.name for path in folder.glob("*.parquet")}
    # A day has seven files, a month five, one is of the whole, others are
    # the parts of the registry; one build before is kept.
    manifest = brand.builder.shelf(*BRAND).manifest()
    cells = len(manifest.cells) * 5 + len(manifest.coded) * 2 + 1 + len(manifest.registry)
    assert cells < len(named) <= cells + 2 * 5 + 2 + 1


def test_another_process_reads_the_next_build(built, tmp_path):
    brand, _ = built
    other = Brand(tmp_path)
    other.events = brand.events
    assert right(other) == len(BODIES)
    brand.write([event("late", NOW - timedelta(days=40), session_id="s21")])
    brand.build(NOW)
    assert right(other) == len(BODIES)


def test_without_rollups_nothing_is_lost(built):
    brand, _ = built
    brand.builder.drop(*BRAND)
    assert right(brand) == 0
    brand.build(NOW)
    assert right(brand) == len(BODIES)


def test_another_version_begins_anew(built):
    brand, first = built
    manifest = brand.builder.shelf(*BRAND).folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', '"format": 0'))
    assert right(brand) == 0
    assert brand.build(NOW).build > first.build
    assert right(brand) == len(BODIES)


def test_a_deleted_customer_is_in_no_rollup(built, tmp_path):
    brand, _ = built
    database = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    inbox = Inbox(database, brand.lake, lambda: NOW)
    deletion = Deletion(brand.lake, inbox, database, brand.builder.root)
    assert deletion.customer(SCOPE.workspace_id, "Ada") > 0
    brand.events = [made for made in brand.events if made["customer_id"] != "Ada"]
    assert not any(brand.builder.root.rglob("*.parquet"))
    right(brand)
    brand.build(NOW)
    assert right(brand) == len(BODIES)
    assert not any(b"Ada" in path.read_bytes() for path in brand.builder.root.rglob("*.parquet"))


def test_a_reader_of_rollups_that_were_deleted(built):
    """What it keeps of them is in no answer of those that are built then."""
    brand, first = built
    assert right(brand) == len(BODIES)
    brand.delete("Ada")
    brand.builder.drop(*BRAND)
    assert brand.build(NOW).build > first.build
    assert right(brand) == len(BODIES)


def roller(brand, tmp_path, warm):
    return Roller(brand.builder, open_database(f"sqlite:///{tmp_path / 'x.db'}"), lambda: NOW, warm)


def test_roller_builds_every_brand_and_warms_it_once(brand, tmp_path):
    brand.write(shop())
    brand.lake.write("ws_other", None, [brand.lake.open(*BRAND).all_events().collect()])
    warmed = []
    follow = roller(brand, tmp_path, lambda *of: warmed.append(of))
    assert follow.share == 0
    follow.round()
    assert (warmed, follow.share) == ([BRAND], 1.0)
    assert right(brand) == len(BODIES)
    follow.round()
    assert warmed == [BRAND]
    brand.write([event("late", NOW - timedelta(days=40))])
    follow.round()
    assert warmed == [BRAND, BRAND]


def test_roller_goes_on_after_a_failure(brand, tmp_path, caplog):
    brand.write(shop(2))

    def fail(*_):
        raise RuntimeError("cold")

    with caplog.at_level(logging.ERROR, logger="vitrine.rollups"):
        roller(brand, tmp_path, fail).round()
    assert "rollups of ws_test" in caplog.text
    right(brand)
