"""The one place that builds objects."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.cache import Cache
from engine.database.connect import open_database
from engine.demo.build import Demo
from engine.engine import Engine, utc_now
from engine.ingest.follower import Follower
from engine.ingest.imports import Imports
from engine.ingest.inbox import Inbox
from engine.ingest.keeper import Keeper
from engine.ingest.vault import Vault
from engine.rollups.build import Builder
from engine.rollups.roller import Roller
from engine.rollups.rollups import Rollups
from engine.settings import Settings
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from engine.stores.open import open_lake


@dataclass(frozen=True)
class Parts:
    """What a process is made of. token is the bearer token of demo mode; roller is None when
    rollups are off.
    """

    settings: Settings
    lake: LakeStore
    engine: Engine
    inbox: Inbox
    keeper: Keeper
    roller: Roller | None
    follower: Follower
    demo: Demo
    imports: Imports
    token: str


def build(settings: Settings) -> Parts:
    lake = _lake(settings)
    database = open_database(settings.database)
    inbox = Inbox(database, lake, utc_now)
    return Parts(
        settings=settings,
        lake=lake,
        engine=_engine(settings, lake),
        inbox=inbox,
        keeper=Keeper(inbox, lake),
        roller=Roller(Builder(lake, settings.rollups), database, utc_now)
        if settings.use_rollups
        else None,
        follower=Follower(database, lake, utc_now, Vault(settings.secret)),
        demo=Demo(lake, settings.demo_events, utc_now),
        imports=Imports(lake, settings.home / "imports", utc_now),
        token=settings.demo_token or secrets.token_urlsafe(32),
    )


def connect(home: Path | str | None = None) -> Engine:
    """An engine over the lake in `home` (VITRINE_HOME or ~/.vitrine without one)."""
    settings = Settings.read(home=home)
    return _engine(settings, _lake(settings))


def _lake(settings: Settings) -> LakeStore:
    return open_lake(settings, Columns(settings.column_megabytes << 20))


def _engine(settings: Settings, lake: LakeStore) -> Engine:
    rollups = Rollups(settings.rollups, lake, settings.rollup_megabytes << 20)
    return Engine(
        lake, Cache(settings.cache_seconds), utc_now, rollups if settings.use_rollups else None
    )


@contextmanager
def running(parts: Parts) -> Iterator[None]:
    """What goes on behind the answers, while the process serves."""
    at_work = [part for part in (parts.keeper, parts.follower, parts.roller) if part is not None]
    for part in at_work:
        part.start()
    yield
    for part in reversed(at_work):
        part.stop()


@cache
def process() -> Parts:
    """The parts of this process: pages, endpoint and `engine.aggregate` share one cache."""
    return build(Settings.read())
