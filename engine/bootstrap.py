"""The one place that builds objects."""

import asyncio
import gc
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Final

from sqlalchemy import Engine as Database

from engine.backends.base import Backend
from engine.backends.open import open_cluster
from engine.cache import Cache
from engine.caches.base import Answers
from engine.caches.coding import ResultCoding
from engine.database.connect import open_database
from engine.demo.build import Demo
from engine.demo.furnish import furnish
from engine.engine import Engine, utc_now
from engine.exports.links import Links
from engine.ingest.follower import Follower
from engine.ingest.imports import Imports
from engine.ingest.inbox import Inbox
from engine.ingest.keeper import Keeper
from engine.ingest.vault import Vault
from engine.pool import Pool
from engine.rollups.build import Builder
from engine.rollups.roller import Roller
from engine.rollups.rollups import Rollups
from engine.scope import DEMO_SUBJECT, Identity, Role, demo_identity
from engine.settings import Settings
from engine.stores.columns import Columns
from engine.stores.lake import LakeStore
from engine.stores.open import open_lake
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.demo_mode import DemoMode
from engine.workspaces.links import ShareLinks
from engine.workspaces.people import People

SWITCH: Final = 0.001
"""Seconds after which a computation lets the event loop go on, which answers and refuses."""
YOUNG: Final = 20_000
"""By so many objects their number grows until the garbage collector looks at the young ones. After
the usual 700 it came ten times a second, with 500 connections open, and stopped all requests for 5
to 16 ms each time. Requests leave it nothing to find."""
CACHE_ROWS: Final = 400_000
"""Rows of answers that are kept in memory, about 270 bytes each with their JSON."""


@dataclass(frozen=True)
class Parts:
    """What a process is made of. token is the bearer token of demo mode; roller is None when
    rollups are off.

    checks: what must be reachable, by name; each raises when it is not. warming: how far the parts
    are that answer faster once they are warm, as shares of 1.
    """

    settings: Settings
    lake: LakeStore
    engine: Engine
    cluster: Backend | None
    pool: Pool
    inbox: Inbox
    keeper: Keeper
    roller: Roller | None
    follower: Follower
    demo: Demo
    imports: Imports
    dashboards: Dashboards
    people: People
    demo_mode: DemoMode
    links: Links
    share_links: ShareLinks
    token: str
    checks: Mapping[str, Callable[[], object]]
    warming: Callable[[], Mapping[str, float]]


def build(settings: Settings) -> Parts:
    lake = _lake(settings)
    database = open_database(settings.database)
    inbox = Inbox(database, lake, utc_now)
    cluster = open_cluster(settings)
    pool = _pool(settings)
    engine = _engine(settings, lake, cluster, pool)
    dashboards = Dashboards(database, utc_now, Role(settings.dashboards_write_role))
    people = People.over(database, utc_now, engine.brands)
    demo_mode = DemoMode(settings.demo, people.accounts.any)
    roller = None
    if settings.use_rollups:
        roller = Roller(Builder(lake, settings.rollups, cluster), database, utc_now, engine.warm)
    return Parts(
        settings=settings,
        lake=lake,
        engine=engine,
        cluster=cluster,
        pool=pool,
        inbox=inbox,
        keeper=Keeper(inbox, lake),
        roller=roller,
        follower=Follower(database, lake, utc_now, Vault(settings.secret)),
        demo=Demo(lake, settings.demo_events, utc_now, lambda: furnish(dashboards, settings.home)),
        imports=Imports(lake, settings.home / "imports", utc_now),
        dashboards=dashboards,
        people=people,
        demo_mode=demo_mode,
        links=Links(settings.secret),
        share_links=_share_links(database, engine, dashboards, people, demo_mode),
        token=settings.demo_token or secrets.token_urlsafe(32),
        checks={"database": lambda: _reach(database), "lake": lambda: _list(settings, lake)},
        warming=lambda: {} if roller is None else {"rollups": roller.share},
    )


def _share_links(
    database: Database, engine: Engine, dashboards: Dashboards, people: People, demo: DemoMode
) -> ShareLinks:
    def rights(subject: str) -> Identity | None:
        """Demo mode's one person shares as long as that is on."""
        if subject == DEMO_SUBJECT and demo.is_on():
            return demo_identity(engine.brands())
        return people.access.of_subject(subject)

    return ShareLinks(database, utc_now, dashboards, rights, people.audit)


def connect(home: Path | str | None = None) -> Engine:
    """An engine over the lake in `home` (VITRINE_HOME or ~/.vitrine without one)."""
    settings = Settings.read(home=home)
    return _engine(settings, _lake(settings), open_cluster(settings), _pool(settings))


def _pool(settings: Settings) -> Pool:
    return Pool(settings.slots, spare=1)


def _lake(settings: Settings) -> LakeStore:
    return open_lake(settings, Columns(settings.column_megabytes << 20))


def _engine(settings: Settings, lake: LakeStore, cluster: Backend | None, pool: Pool) -> Engine:
    cache = Cache(
        settings.cache_seconds,
        CACHE_ROWS,
        shared=_shared(settings),
        weigh=lambda result: 1 + len(result.rows),
    )
    rollups = Rollups(settings.rollups, lake, settings.rollup_megabytes << 20)
    return Engine(
        lake,
        cache,
        utc_now,
        pool,
        rollups if settings.use_rollups else None,
        cluster,
    )


def _shared(settings: Settings) -> Answers | None:
    if not settings.redis_url:
        return None
    # The client takes a second to import; most processes do not need it.
    from engine.caches.redis import RedisAnswers  # noqa: PLC0415

    return RedisAnswers(settings.redis_url, ResultCoding(), settings.cache_seconds)


def _reach(database: Database) -> None:
    """Ask it for nothing, and without the transaction in which SQLite would wait for a writer."""
    connection = database.raw_connection()
    try:
        connection.cursor().execute("select 1")
    finally:
        connection.close()


def _list(settings: Settings, lake: LakeStore) -> None:
    """A lake's folder comes with the first event; the home is there from the start."""
    if isinstance(settings.lake, str):
        lake.place.check()
    else:
        os.listdir(settings.lake if settings.lake.exists() else settings.home)


@contextmanager
def running(parts: Parts) -> Iterator[None]:
    """What goes on behind the answers, while the process serves; on its event loop."""
    parts.pool.serve(asyncio.get_running_loop())
    sys.setswitchinterval(SWITCH)
    # What is there by now stays: to look through it again would stop requests for a tenth of a
    # second at a time.
    gc.freeze()
    gc.set_threshold(YOUNG)
    at_work = [part for part in (parts.keeper, parts.follower, parts.roller) if part is not None]
    for part in at_work:
        part.start()
    if parts.cluster is not None:
        Thread(target=parts.cluster.warm, name="cluster", daemon=True).start()
    yield
    parts.pool.serve(None)
    for part in reversed(at_work):
        part.stop()


@cache
def process() -> Parts:
    """The parts of this process: pages, endpoint and `engine.aggregate` share one cache."""
    return build(Settings.read())
