"""Opens a brand's rollups for one state of its events, and answers plans from them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final, Protocol

import polars as pl

from engine.execute import Partials
from engine.plan import Plan, Sources
from engine.rollups.answer import Answer
from engine.rollups.cells import SESSION
from engine.rollups.coded import LAST_BIT, TYPE
from engine.rollups.kept import Kept
from engine.rollups.shelf import Shelf
from engine.rollups.state import UNREADABLE, Opened, State, Unanswerable
from engine.rollups.top import Top
from engine.scope import Scope
from engine.stores.base import Snapshot

BUDGET: Final = 1 << 30
LOG: Final = logging.getLogger("vitrine.rollups")


class Changes(Protocol):
    """A store that can say which days changed between two versions of a brand's events."""

    def changed_days(
        self, workspace: str, brand: str | None, since: str, until: str
    ) -> frozenset[date] | None: ...


@dataclass(frozen=True)
class Choice:
    """upto: days before it are rolled up. refused: by dimension why it is not, "" if it is."""

    upto: date
    refused: Mapping[str, str]


@dataclass
class _Held:
    """What was opened last: `changed` are the days that differ between its build and `version`."""

    mark: tuple[int, int]
    state: State
    version: str
    changed: frozenset[date]


class Rollups:
    """The rollups below `root`, as far as they have been built. Thread-safe.

    budget: bytes of folded tables and coded events kept in memory.
    """

    def __init__(self, root: Path, store: Changes, budget: int = BUDGET) -> None:
        self._root = root
        self._store = store
        self._kept = Kept(budget)
        self._held: dict[Shelf, _Held] = {}
        self._lock = Lock()

    def open(self, scope: Scope, snapshot: Snapshot) -> Opened | str:
        """The rollups for this state of the brand, or the reason why there are none."""
        held = self._current(Shelf(self._root / scope.workspace_id / scope.brand_id))
        if held is None:
            return "rollup_not_built"
        changed = self._changed(held, scope, snapshot.version)
        if changed is None:
            return "rollup_behind_lake"
        try:
            with self._lock:
                # The first to come loads the dictionaries: a second set would give other codes.
                sources = _sources(held.state, changed)
        except UNREADABLE as error:
            return _unreadable(held.state, error)
        return Opened(held.state, snapshot, sources)

    def choice(self, scope: Scope) -> Choice | None:
        """What is rolled up of a brand, and why the rest is not; None before the first build."""
        held = self._current(Shelf(self._root / scope.workspace_id / scope.brand_id))
        if held is None:
            return None
        manifest = held.state.manifest
        names = dict.fromkeys((*manifest.dimensions, *sorted(manifest.refused)))
        return Choice(manifest.upto, {name: manifest.refused.get(name, "") for name in names})

    def _changed(self, held: _Held, scope: Scope, version: str) -> frozenset[date] | None:
        """The days that differ between the rollups and a version of the events."""
        with self._lock:
            since, known = held.version, held.changed
        if since == version:
            return known
        more = self._store.changed_days(scope.workspace_id, scope.brand_id, since, version)
        if more is None:
            return None
        with self._lock:
            held.version, held.changed = version, known | more
        return known | more

    def _current(self, shelf: Shelf) -> _Held | None:
        mark = shelf.mark()
        with self._lock:
            held = self._held.get(shelf)
            if held is not None and held.mark == mark:
                return held
            manifest = shelf.manifest()
            if mark is None or manifest is None:
                self._held.pop(shelf, None)
                return None
            if held is None or held.state.manifest.build != manifest.build:
                state = State(shelf, manifest, self._kept)
            else:
                state = held.state
                state.manifest = manifest
            held = self._held[shelf] = _Held(mark, state, manifest.version, frozenset())
            return held

    def partials(self, plan: Plan, opened: Opened) -> Partials:
        """What the plan's rollups and events say.

        Raises Unanswerable when something turns out to be missing.
        """
        answer = Top if plan.request.group_by == SESSION else Answer
        try:
            return answer(plan, opened).partials()
        except UNREADABLE as error:
            raise Unanswerable(_unreadable(opened.state, error)) from error


def _unreadable(state: State, error: Exception) -> str:
    """The reason's name. Files that are gone or broken are built anew."""
    LOG.error("rollups in %s cannot be read: %s", state.shelf.folder.name, error)
    if isinstance(error, FileNotFoundError | pl.exceptions.ComputeError):
        state.shelf.discard(state.manifest.build)
    return "rollup_unreadable"


def _sources(state: State, changed: frozenset[date]) -> Sources:
    manifest = state.manifest
    stale = frozenset(day for day in changed if day < manifest.upto)
    return Sources(
        upto=manifest.upto,
        changed=stale,
        refused=manifest.refused,
        shared_bit=frozenset(state.known[TYPE].texts[LAST_BIT + 1 :].to_list()),
        countable=not manifest.collision,
        months=frozenset(manifest.months - {day.replace(day=1) for day in stale}),
    )
