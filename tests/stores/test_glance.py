"""A glance tells the present state of a brand or nothing, never an older state."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.stores.lake import LakeStore
from engine.stores.memory import MemoryStore
from tests.generate import NOW, SCOPE, append, event, frame

OTHER = replace(SCOPE, workspace_id="ws_other")


def events(name: str):
    return frame([event(name, NOW - timedelta(hours=1))])


@pytest.fixture
def store(tmp_path: Path) -> LakeStore:
    return LakeStore(tmp_path / "lake")


def put(tmp_path: Path, name: str) -> None:
    """As another process does it."""
    append(tmp_path, SCOPE, events(name))


def test_nothing_is_known_before_it_was_opened(store: LakeStore, tmp_path: Path):
    assert store.glance(SCOPE) is None
    put(tmp_path, "1")
    assert store.glance(SCOPE) is None
    opened = store.snapshot(SCOPE)
    assert store.glance(SCOPE) is opened
    assert store.glance(OTHER) is None


def test_another_ones_commit_is_seen(store: LakeStore, tmp_path: Path):
    put(tmp_path, "1")
    for n in range(12):
        before = store.snapshot(SCOPE)
        assert store.glance(SCOPE) is before
        put(tmp_path, f"more {n}")
        assert store.glance(SCOPE) is None
        assert store.snapshot(SCOPE).version != before.version
        assert store.glance(SCOPE) is store.snapshot(SCOPE)


def test_own_writes_deletions_and_compactions_are_seen(store: LakeStore, tmp_path: Path):
    put(tmp_path, "1")
    store.snapshot(SCOPE)
    names = SCOPE.workspace_id, SCOPE.brand_id
    store.write(*names, [events("2")])
    assert store.glance(SCOPE) is None
    store.snapshot(SCOPE)
    assert store.delete(*names, "event_id = '2'") == 1
    assert store.glance(SCOPE) is None
    for n in range(16):
        put(tmp_path, f"small {n}")
    store.snapshot(SCOPE)
    store.tidy(*names)
    assert store.glance(SCOPE) is None


def test_a_table_dropped_or_made_anew_is_seen(store: LakeStore, tmp_path: Path):
    put(tmp_path, "1")
    old = store.snapshot(SCOPE)
    store.drop(SCOPE.workspace_id)
    assert store.glance(SCOPE) is None
    put(tmp_path, "2")
    assert store.glance(SCOPE) is None
    assert store.snapshot(SCOPE).version != old.version


def test_memory_always_knows():
    store = MemoryStore({(SCOPE.workspace_id, SCOPE.brand_id): events("1")})
    assert store.glance(SCOPE) is store.snapshot(SCOPE)
    store.put(SCOPE.workspace_id, SCOPE.brand_id, events("2"))
    assert store.glance(SCOPE).version == store.snapshot(SCOPE).version == "1"
