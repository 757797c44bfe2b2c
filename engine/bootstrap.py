"""The one place that builds objects."""

from functools import cache
from pathlib import Path

from engine.cache import Cache
from engine.engine import Engine
from engine.settings import Settings
from engine.stores.lake import LakeStore


def connect(home: Path | str | None = None) -> Engine:
    """An engine over the lake in `home` (VITRINE_HOME or ~/.vitrine without one)."""
    return build(Settings.read(home=home))


def build(settings: Settings) -> Engine:
    return Engine(LakeStore(settings.lake), Cache(settings.cache_seconds))


@cache
def default_engine() -> Engine:
    """The engine of this process: pages, endpoint and `engine.aggregate` share it and its cache."""
    return connect()
