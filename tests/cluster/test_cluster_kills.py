"""Parts of a real Spark killed in the middle of a scan: the same answer, or 503 in time.

With `--full` only, for it depends on how long things take: each of them is killed three times, and
what came of it is written to tests/faults/RESULTS.md.
"""

import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from threading import Thread

import polars as pl
import pytest

from engine.engine import Engine
from engine.errors import Unavailable
from engine.scope import Scope
from engine.stores.base import EVENTS
from engine.stores.lake import LakeStore
from tests.cluster.conftest import cluster_at
from tests.cluster.spark import executors_of, kill
from tests.faults.sizes import FULL, record
from tests.generate import NOW, SCOPE

EVENTS_OF = 400_000
DEADLINE = 60
TIMES = 3
TRIES = 5
"""So many scans may be over before they are seen to be under way."""
pytestmark = pytest.mark.skipif(not FULL, reason="kills are timed; they need --full")
BODY = {
    "event_types": None,
    "group_by": "metadata.word",
    "aggregation": "count_distinct",
    "time_window_days": 365,
    "limit": 1000,
}


def busy_shop():
    """Enough to be in the middle of."""
    n = pl.int_range(EVENTS_OF)
    made = pl.select(
        event_id=n.cast(pl.String),
        event_type=pl.lit("agent_view"),
        session_id=pl.format("s{}", n * 7919 % 200_003),
        created_at=pl.lit(NOW) - pl.duration(seconds=EVENTS_OF - n),
        word=pl.format("w{}", n * 104_729 % 5_003),
    )
    blank = EVENTS.to_frame(eager=False).collect()
    words = made["word"].to_list()
    metadata = pl.Series([{"word": word} for word in words], dtype=EVENTS["metadata"])
    made = made.drop("word").with_columns(metadata=metadata)
    return pl.concat([blank, made], how="diagonal").cast(dict(EVENTS)).select(EVENTS.names())


@pytest.fixture(scope="module")
def shop(standalone, tmp_path_factory):
    """The lake, the right answer, and what it takes undisturbed."""
    home = tmp_path_factory.mktemp("shop")
    lake = LakeStore(home / "lake")
    events = busy_shop()
    for part in range(8):
        frame = events.slice(part * EVENTS_OF // 8, EVENTS_OF // 8)
        lake.write(SCOPE.workspace_id, SCOPE.brand_id, [frame])
    return home, lake, Engine(lake).aggregate(BODY, SCOPE, NOW).rows


def kill_executor(spark):
    kill(spark.executors()[0])


def kill_worker(spark):
    worker = spark.workers.pop(0)
    orphans = executors_of(worker)
    worker.kill()
    worker.wait()
    return orphans


def kill_master(spark):
    spark.master.kill()
    spark.master.wait()


def kill_server(spark):
    spark.server.kill()
    spark.server.wait()


KILLS = {
    "executor": kill_executor,
    "worker": kill_worker,
    "server": kill_server,
    "master": kill_master,
}


def test_how_far_it_is(shop, standalone):
    """While a scan runs, and not after it, for its brand alone."""
    home, lake, right = shop
    standalone.mend()
    cluster = cluster_at(home, standalone.remote)
    engine = Engine(lake, cluster=cluster)
    healed(engine, right)
    seen = []
    for _ in range(TRIES):
        shares, found = [], []
        asking = asked(engine, found)
        while asking.is_alive():
            shares.append(cluster.share(SCOPE))
            assert cluster.share(Scope("ws_other", SCOPE.brand_id)) is None
            time.sleep(0.02)
        assert said(found[0], right) == "the same answer"
        told = [share for share in shares if share is not None]
        assert told == sorted(told)
        assert cluster.share(SCOPE) is None
        seen += [share for share in told if 0 < share < 1]
        if seen:
            break
    assert seen
    cluster.close()


@pytest.mark.parametrize("part", KILLS)
def test_killed_in_the_middle(part, shop, standalone):
    home, lake, right = shop
    came, took, healing = Counter(), [], []
    for _ in range(TIMES):
        standalone.mend()
        cluster = cluster_at(home, standalone.remote, cluster_seconds=DEADLINE)
        engine = Engine(lake, cluster=cluster)
        middle = warm(engine, right) * 0.4
        for _ in range(TRIES):
            found = []
            began = time.monotonic()
            asking = asked(engine, found)
            time.sleep(middle)
            if asking.is_alive():
                break
            middle /= 2  # scans get faster while a server is young
        assert asking.is_alive(), "it was over before the kill"
        orphans = KILLS[part](standalone) or ()
        asking.join(DEADLINE + 10)
        took.append(time.monotonic() - began)
        assert took[-1] < DEADLINE + 1
        came[said(found[0], right)] += 1
        for pid in orphans:
            kill(pid)
        if part == "worker":
            standalone.start_worker()
        if part == "server":
            standalone.start_server()
        if part != "master":
            healing.append(healed(engine, right))
        cluster.close()
    healed_in = f" Right again {max(healing):.1f} s later at most." if healing else ""
    record(
        f"Spark: the {part} killed in the middle of a scan",
        f"{TIMES} times, of {EVENTS_OF:,} events on a master, two workers and a Connect server:"
        f" {', '.join(f'{n} times {what}' for what, n in sorted(came.items()))}, after"
        f" {max(took):.1f} s at most; never another answer.{healed_in}",
    )


def asked(engine, found):
    """The thread in which it is."""
    asking = Thread(target=ask, args=(engine, found))
    asking.start()
    return asking


def ask(engine, found):
    try:
        found.append(engine.aggregate(BODY, SCOPE, NOW + timedelta(0)).rows)
    except BaseException as error:
        found.append(error)


def said(found, right):
    if isinstance(found, Unavailable):
        assert int(found.headers["Retry-After"]) > 0
        return "503"
    assert found == right
    return "the same answer"


def warm(engine, right):
    """Seconds of a scan that nothing disturbs, once the server has got going."""
    healed(engine, right)
    began = time.monotonic()
    assert engine.aggregate(BODY, SCOPE, NOW).rows == right
    return time.monotonic() - began


def healed(engine, right):
    """Seconds until there is an answer again."""
    began = time.monotonic()
    while time.monotonic() - began < 90:
        with suppress(Unavailable):
            assert engine.aggregate(BODY, SCOPE, NOW).rows == right
            return time.monotonic() - began
        time.sleep(0.5)
    raise AssertionError("no answer again")
