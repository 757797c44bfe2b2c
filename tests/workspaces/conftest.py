import pytest

from engine.database.connect import open_database
from tests.postgres import server
from tests.workspaces.boards import Boards
from tests.workspaces.people import Crew

KINDS = ("sqlite", "postgresql")


def opened(kind, folder):
    """A new database of this kind."""
    if kind == "sqlite":
        return open_database(f"sqlite:///{folder / 'vitrine.db'}")
    return open_database(server().url(database=server().new("database")))


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    engine = opened(request.param, tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def boards(database):
    return Boards(database)


@pytest.fixture
def crew(database):
    return Crew(database)


@pytest.fixture(scope="module", params=KINDS)
def lasting(request, tmp_path_factory):
    """Boards that all examples of a property share."""
    engine = opened(request.param, tmp_path_factory.mktemp("boards"))
    yield Boards(engine)
    engine.dispose()
