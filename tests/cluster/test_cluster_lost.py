"""A cluster that is not there, goes, or stands still: 503 in time, and again answers afterwards."""

import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from engine.backends import connection as connections
from engine.backends.cluster import Reading, _partials
from engine.engine import Engine
from engine.errors import Unavailable
from engine.plan import plan
from engine.request import parse
from engine.stores.base import touching
from tests.api import wire
from tests.api.shop import served
from tests.cluster.asking import Both
from tests.cluster.conftest import cluster_at
from tests.cluster.sailing import Sail
from tests.cluster.spark import free_port
from tests.generate import NOW, SCOPE, Sample, event
from tests.rollups.brand import Brand

PATIENCE = 1.0
REST = 0.5
SLACK = 3.0
"""Seconds that a busy machine may take longer."""


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", PATIENCE)
    monkeypatch.setattr(connections, "FIRST", 10.0)
    monkeypatch.setattr(connections, "REST", REST)


@pytest.fixture(scope="module")
def sail(tmp_path_factory):
    with Sail(tmp_path_factory.mktemp("sail")) as server:
        yield server


def asked(sample):
    body = {"event_types": None, "group_by": "product_id", "aggregation": "sum", "limit": 10}
    return body | {"value_field": "amount", "time_window_days": 365}, sample.instants[0], None


def refused(both, within):
    """How long it took to be told."""
    began = time.monotonic()
    body, as_of, _ = asked(both.sample)
    with pytest.raises(Unavailable) as caught:
        both.there.aggregate(body, SCOPE, as_of)
    took = time.monotonic() - began
    assert took < within
    assert int(caught.value.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in caught.value.message
    return took


def heals(both, within=15):
    until = time.monotonic() + within
    while time.monotonic() < until:
        with suppress(Unavailable):
            return both.check(*asked(both.sample))
        time.sleep(0.1)
    raise AssertionError("it did not heal")


def in_the_middle(monkeypatch, act):
    """Do something between the plan of a scan and its answer."""
    events = Reading.events

    def stopping(*arguments):
        found = events(*arguments)
        monkeypatch.setattr(Reading, "events", events)
        act()
        return found

    monkeypatch.setattr(Reading, "events", stopping)


def test_nobody_is_there(tmp_path):
    both = Both.over(tmp_path, cluster_at(tmp_path, f"sc://127.0.0.1:{free_port()}"), 42_000)
    refused(both, within=5)
    # Whoever asks next is told at once.
    refused(both, within=PATIENCE)


def test_the_endpoint_without_its_cluster(tmp_path):
    """What rollups hold is 200, the rest 503 with Retry-After, soon."""
    brand = Brand(tmp_path)
    brand.write([event(str(day), NOW - timedelta(days=day, hours=1)) for day in range(40)])
    brand.build(NOW)
    gone = cluster_at(tmp_path, f"sc://127.0.0.1:{free_port()}", cluster_seconds=3)
    rollups = brand.engine._rollups
    engine = Engine(brand.lake, clock=lambda: NOW, rollups=rollups, cluster=gone)
    headers = wire.HEADERS | {"X-Active-Brand": SCOPE.brand_id}
    with TestClient(served(engine)) as client:

        def answer(**changes):
            began = time.monotonic()
            address = wire.address(SCOPE.workspace_id)
            given = client.post(address, headers=headers, json=wire.BODY | changes)
            assert time.monotonic() - began < 5
            return given

        assert answer().json()["rows"][0]["value"] == 30
        refused = answer(aggregation="sum", value_field="product_id")
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "UNAVAILABLE"
        assert int(refused.headers["Retry-After"]) > 0
        assert answer(group_by="day", limit=1).status_code == 200


def test_killed_in_the_middle_and_started_again(sail, tmp_path, monkeypatch):
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote), 42_001)
    both.check(*asked(both.sample))
    in_the_middle(monkeypatch, sail.kill)
    refused(both, within=5)
    sail.start()
    heals(both)


def test_frozen_between_scans(sail, tmp_path):
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote), 42_002)
    both.check(*asked(both.sample))
    sail.freeze()
    try:
        refused(both, within=PATIENCE + SLACK)
    finally:
        sail.thaw()
    heals(both)


def test_frozen_in_the_middle(sail, tmp_path, monkeypatch):
    """Told at the deadline; threads that waited for the server end too."""
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote, cluster_seconds=4), 42_003)
    both.check(*asked(both.sample))
    in_the_middle(monkeypatch, sail.freeze)
    try:
        refused(both, within=4 + SLACK)
        time.sleep(PATIENCE + SLACK)
        assert both.there._cluster._line._running.total() == 0
    finally:
        sail.thaw()
    heals(both)


def test_too_slow(sail, tmp_path, monkeypatch):
    """What runs too long is told to stop by its tag, and the session goes on."""
    cluster = cluster_at(tmp_path, sail.remote, cluster_seconds=4)
    both = Both.over(tmp_path, cluster, 42_004)
    both.check(*asked(both.sample))
    stopped = []
    interrupt = connections.Connection.interrupt

    def recording(self, opened, tag):
        stopped.append(tag)
        interrupt(self, opened, tag)

    monkeypatch.setattr(connections.Connection, "interrupt", recording)
    in_the_middle(monkeypatch, lambda: time.sleep(5))
    assert refused(both, within=4 + SLACK) >= 4
    until = time.monotonic() + 20
    while not stopped and time.monotonic() < until:
        time.sleep(0.1)
    assert len(stopped) == 1
    both.check(*asked(both.sample))


def files_of(both):
    """Those that the request of `asked` reads."""
    _, as_of, _ = asked(both.sample)
    found = touching(both.lake.snapshot(SCOPE), as_of - timedelta(365), as_of)
    assert len(found) > 2
    return [Path(file.uri.removeprefix("file://")) for file in found]


def test_files_that_are_gone(sail, tmp_path):
    """Never an answer with a gap: an error, or the present state when there is a newer one."""
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote), 42_005)
    one, *others = files_of(both)
    one.unlink()
    refused(both, within=5)
    for file in others:
        file.unlink()
    refused(both, within=5)


def test_a_file_that_goes_in_the_middle(sail, tmp_path, monkeypatch):
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote), 42_007)
    in_the_middle(monkeypatch, files_of(both)[1].unlink)
    refused(both, within=5)


def test_an_answer_that_is_not_whole():
    """Rows that got lost on the way are noticed."""
    body, as_of, _ = asked(Sample.make(1))
    planned = plan(parse(body), SCOPE, as_of)
    rows = [{"key": key, "total": 1, "numbers": 1, "groups": None} for key in "abc"]
    last = {"key": None, "total": None, "numbers": None, "groups": 3}
    assert _partials(pa.Table.from_pylist([*rows, last]), planned).groups == 3
    for table in ([*rows[1:], last], [*rows, last, last], [*rows, last | {"groups": 4}]):
        with pytest.raises(Unavailable, match="not whole"):
            _partials(pa.Table.from_pylist(table), planned)


def test_many_at_once(sail, tmp_path):
    """They share one session."""
    both = Both.over(tmp_path, cluster_at(tmp_path, sail.remote), 42_007)
    errors = []

    def ask(part):
        try:
            for one in part:
                both.check(*one)
        except BaseException as error:
            errors.append(error)

    drawn = list(both.sample.requests())
    threads = [Thread(target=ask, args=(drawn[i : i + 3],)) for i in range(0, 30, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
