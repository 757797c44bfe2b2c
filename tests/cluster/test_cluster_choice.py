"""When a scan goes to the cluster, with which reason, and what is said of it."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from engine.backends.open import open_cluster
from engine.engine import Engine
from engine.errors import Unavailable
from engine.execute import scan
from engine.plan import Load, plan
from engine.pool import Pool
from engine.request import parse
from engine.settings import Settings
from engine.stores.lake import LakeStore
from pages.ui.account import SOURCES
from pages.ui.portuguese import PORTUGUESE
from tests.generate import SCOPE, append, event, frame
from tests.rollups.brand import Brand

NOW = datetime(2026, 11, 23, 5, 31, 56, tzinfo=UTC)
COUNT = {"event_types": None, "group_by": "none", "aggregation": "count", "time_window_days": 30}
REMOTE = "sc://127.0.0.1:15002"


class Elsewhere:
    """A cluster that is this machine; or one that is gone, with an error."""

    def __init__(self, most, error=None):
        self.most = most
        self.error = error
        self.asked = 0

    def scan(self, planned, scope, snapshot):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return scan(planned, snapshot)

    def warm(self):
        pass


def events(days):
    return [event(str(day), NOW - timedelta(days=day, hours=1)) for day in range(days)]


def reasons(load, sources="rollups_off"):
    planned = plan(parse(COUNT), SCOPE, NOW, sources, load)
    assert planned.is_scan
    where = {segment.source for segment in planned.segments}
    return where, [(refused.source, refused.reason, refused.detail) for refused in planned.refused]


def test_no_cluster():
    assert reasons(None) == ({"scan"}, [("rollups", "rollups_off", "")])


def test_more_than_is_done_here():
    where, (_, refused) = reasons(Load(2_001, 2_000))
    assert where == {"cluster"}
    detail = "2,001 events are more than 2,000"
    assert refused == ("scan", "scan_over_cluster_rows", detail)


def test_not_more_than_is_done_here():
    where, (_, refused) = reasons(Load(2_000, 2_000))
    assert where == {"scan"}
    detail = "2,000 events are not more than 2,000"
    assert refused == ("cluster", "scan_within_cluster_rows", detail)


def test_only_files_of_the_window_count(tmp_path):
    append(tmp_path, SCOPE, frame(events(10)))
    append(tmp_path, SCOPE, frame([event("old", NOW - timedelta(days=300))]))
    engine = Engine(LakeStore(tmp_path / "lake"), cluster=Elsewhere(10))
    assert engine.explain(COUNT, SCOPE, NOW).segments[0].source == "scan"
    year = COUNT | {"time_window_days": 365}
    assert engine.explain(year, SCOPE, NOW).segments[0].source == "cluster"


def test_rollups_answer_whatever_became_of_the_cluster(tmp_path):
    brand = Brand(tmp_path)
    brand.write(events(60))
    brand.build(NOW)
    gone = Elsewhere(0, Unavailable("gone", retry_after=5))
    engine = Engine(brand.lake, rollups=brand.engine._rollups, cluster=gone)
    assert engine.aggregate(COUNT, SCOPE, NOW).rows[0].value == 30
    assert gone.asked == 0
    by_id = COUNT | {"aggregation": "sum", "value_field": "product_id"}
    with pytest.raises(Unavailable, match="gone"):
        engine.aggregate(by_id, SCOPE, NOW)


def test_account_names_it(tmp_path):
    append(tmp_path, SCOPE, frame(events(10)))
    engine = Engine(LakeStore(tmp_path / "lake"), cluster=Elsewhere(0))
    account = engine.account(COUNT, SCOPE, NOW)
    assert [segment.source for segment in account.segments] == ["cluster"]
    assert [r.reason for r in account.refused] == ["rollups_off", "scan_over_cluster_rows"]


def test_pages_say_so_in_both_languages():
    """In "How was this computed?"."""
    assert SOURCES["cluster"] in PORTUGUESE


def test_waiting_for_it_takes_no_slot(tmp_path):
    """With one slot, what is computed here is answered while the cluster works."""
    append(tmp_path, SCOPE, frame(events(10)))
    pool = Pool(1)
    answered = []

    class Slow(Elsewhere):
        def scan(self, planned, scope, snapshot):
            answered.append(pool.submit("ws_other", lambda: "meanwhile").result(30))
            return super().scan(planned, scope, snapshot)

    engine = Engine(LakeStore(tmp_path / "lake"), runner=pool, cluster=Slow(0))
    assert engine.aggregate(COUNT, SCOPE, NOW).rows[0].value == 10
    assert answered == ["meanwhile"]
    assert pool.submit("ws_test", lambda: 7).result(30) == 7


def test_settings():
    assert Settings.read({}).spark_remote == ""
    for url in (REMOTE, "sc://spark.example.org:443/;use_ssl=true;token=abc", "sc://[::1]:15002"):
        assert Settings.read({"VITRINE_SPARK_REMOTE": f" {url} "}).spark_remote == url
    assert Settings.read({"VITRINE_CLUSTER": " Always "}).cluster == "always"
    with pytest.raises(ValueError, match="VITRINE_CLUSTER is 'on'; set it to always, auto or off"):
        Settings.read({"VITRINE_CLUSTER": "on"})


@pytest.mark.parametrize(
    "url",
    [
        "spark://Kanarie:7077",
        "sc://",
        "sc://Kanarie/path",
        "sc://host:1/;Kanarie",
        "sc://host:15002/;token=Kanarie",
        "sc://localhost.example.org:15002/;token=Kanarie",
    ],
)
def test_bad_remotes_are_refused_without_repeating_secrets(url):
    with pytest.raises(ValueError, match="VITRINE_SPARK_REMOTE") as caught:
        Settings.read({"VITRINE_SPARK_REMOTE": url})
    assert "Kanarie" not in str(caught.value)


def test_switches(tmp_path):
    assert open_cluster(Settings(tmp_path)) is None
    assert open_cluster(Settings(tmp_path, spark_remote=REMOTE, cluster="off")) is None
    for settings, most in (({"cluster": "always"}, 0), ({"cluster_rows": 7}, 7)):
        assert open_cluster(Settings(tmp_path, spark_remote=REMOTE, **settings)).most == most


def test_without_the_client(tmp_path):
    """The engine works without the extra; asking for a cluster says how to get it."""
    code = """
import sys
sys.modules["pyspark"] = None
from engine.backends.open import open_cluster
from engine.bootstrap import connect
from engine.settings import Settings
from pathlib import Path
home = Path(sys.argv[1])
connect(home)
try:
    open_cluster(Settings(home, spark_remote="sc://127.0.0.1:1"))
except ValueError as error:
    print(error)
"""
    ran = [sys.executable, "-c", code, str(tmp_path)]
    said = subprocess.run(ran, capture_output=True, text=True, check=True).stdout
    assert "uv sync --extra cluster" in said
