"""Servers that speak Spark Connect: Sail, and a real Spark where there is one."""

import pytest

from engine.backends.open import open_cluster
from engine.settings import Settings
from tests.cluster import spark
from tests.cluster.sailing import Sail


def cluster_at(home, remote, **settings):
    """That every scan goes to."""
    return open_cluster(Settings(home, spark_remote=remote, cluster="always", **settings))


@pytest.fixture(scope="session")
def sail(tmp_path_factory):
    with Sail(tmp_path_factory.mktemp("sail")) as server:
        yield server


@pytest.fixture(scope="session")
def sail_workers(tmp_path_factory):
    """One whose workers share the work and send each other its parts, as those of a cluster do."""
    with Sail(tmp_path_factory.mktemp("workers"), mode="local-cluster") as server:
        yield server


@pytest.fixture(scope="session")
def standalone(tmp_path_factory):
    """A master, two workers and a Connect server, each a process of its own."""
    if (missing := spark.missing()) is not None:
        pytest.skip(missing)
    with spark.Standalone(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster


@pytest.fixture(scope="module", params=["sail", "sail_workers", "standalone"])
def remote(request):
    """The address of each."""
    server = request.getfixturevalue(request.param)
    if request.param == "standalone":
        server.mend()
    return server.remote
