"""The lake that the settings name, for the server and for commands."""

from functools import cache

from sqlalchemy import Engine

from engine.database.connect import exclusive, open_database
from engine.settings import Settings
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from engine.stores.objects import ObjectStore


def open_lake(settings: Settings, columns: Columns | None = None) -> LakeStore:
    """Raises ValueError, naming VITRINE_LAKE, when the lake cannot be reached.

    Writers of an object store keep apart by a lock of the metadata database, which is opened when
    the first lock is taken.
    """
    if not isinstance(settings.lake, str):
        return LakeStore(settings.lake, columns)

    @cache
    def database() -> Engine:
        return open_database(settings.database)

    store = ObjectStore(
        settings.lake, settings.lake_options, lambda name: exclusive(database(), name)
    )
    store.check()
    return LakeStore(store, columns)
