"""A server that speaks Spark Connect: Sail in this process, and a real Spark where there is one."""

import pytest

from engine.bootstrap import cluster_of
from engine.settings import Settings
from tests.cluster import spark


def cluster_at(home, remote, **settings):
    """That every scan goes to."""
    return cluster_of(Settings(home, spark_remote=remote, cluster="always", **settings))


@pytest.fixture(scope="session")
def sail():
    """Its address; it ends with the process."""
    server = pytest.importorskip("pysail.spark").SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    host, port = server.listening_address
    yield f"sc://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def standalone(tmp_path_factory):
    """A master, two workers and a Connect server, each a process of its own."""
    if (missing := spark.missing()) is not None:
        pytest.skip(missing)
    with spark.Standalone(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["sail", "spark"])
def remote(request):
    if request.param == "sail":
        return request.getfixturevalue("sail")
    standalone = request.getfixturevalue("standalone")
    standalone.mend()
    return standalone.remote
