"""The one place that builds objects."""

import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.cache import Cache
from engine.demo.build import Demo
from engine.engine import Engine, utc_now
from engine.settings import Settings
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore


@dataclass(frozen=True)
class Parts:
    """What a process is made of. token is the bearer token of demo mode."""

    settings: Settings
    engine: Engine
    demo: Demo
    token: str


def build(settings: Settings) -> Parts:
    lake = LakeStore(settings.lake, Columns(settings.column_megabytes << 20))
    return Parts(
        settings=settings,
        engine=Engine(lake, Cache(settings.cache_seconds), utc_now),
        demo=Demo(lake, settings.demo_events, utc_now),
        token=settings.demo_token or secrets.token_urlsafe(32),
    )


def connect(home: Path | str | None = None) -> Engine:
    """An engine over the lake in `home` (VITRINE_HOME or ~/.vitrine without one)."""
    return build(Settings.read(home=home)).engine


@cache
def process() -> Parts:
    """The parts of this process: pages, endpoint and `engine.aggregate` share one cache."""
    return build(Settings.read())
