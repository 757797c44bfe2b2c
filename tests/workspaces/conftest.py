import pytest

from engine.database.connect import open_database
from tests.postgres import server
from tests.workspaces.people import Crew


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    if request.param == "sqlite":
        engine = open_database(f"sqlite:///{tmp_path / 'vitrine.db'}")
    else:
        engine = open_database(server().url(database=server().new("database")))
    yield engine
    engine.dispose()


@pytest.fixture
def crew(database):
    return Crew(database)
