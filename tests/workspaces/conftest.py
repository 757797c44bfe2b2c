import pytest

from engine.database.connect import open_database
from tests.postgres import server
from tests.workspaces.boards import Boards
from tests.workspaces.people import Crew


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'vitrine.db'}"
    else:
        url = server().url(database=server().new("database"))
    engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def boards(database):
    return Boards(database)


@pytest.fixture
def crew(database):
    return Crew(database)
