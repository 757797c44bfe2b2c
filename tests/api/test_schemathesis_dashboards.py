"""Everything schemathesis checks holds for dashboards too.

The document cannot say which dashboards there are, nor which ids their widgets have: the caller's
copy does.
"""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import hypothesis
import schemathesis

from engine.database.connect import open_database
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.permissions import DASHBOARD_PATH, DASHBOARDS_PATH
from tests.api import wire
from tests.api.boards import boards_app
from tests.api.test_schemathesis import EXAMPLES, asked_of, own_document

FINE = {"POST": {201, 409}, "GET": {200}, "PUT": {200}, "DELETE": {204, 404}}


def boards() -> Any:
    """A copy of the document, about one dashboard that is kept and one that is deleted."""
    database = open_database(f"sqlite:///{Path(mkdtemp()) / 'vitrine.db'}")
    store = Dashboards(database, lambda: datetime.now(UTC))
    kept, gone = (
        store.create(wire.SPACE, wire.BRAND, "ana", {"slug": slug, "name": "N"}).id
        for slug in ("kept", "gone")
    )
    narrow = own_document()
    narrow["paths"] = {path: narrow["paths"][path] for path in (DASHBOARDS_PATH, DASHBOARD_PATH)}
    for operations in narrow["paths"].values():
        for method, operation in operations.items():
            there = {p["name"]: p for p in operation["parameters"] if p["name"] != "brand_id"}
            there["workspaceId"]["schema"] |= {"enum": [wire.SPACE]}
            there["X-Active-Brand"]["schema"] |= {"enum": [wire.BRAND]}
            there["X-Active-Brand"]["required"] = True
            if "dashboardId" in there:
                there["dashboardId"]["schema"] |= {"enum": [gone if method == "delete" else kept]}
            if "If-Match" in there:
                there["If-Match"]["schema"] |= {"enum": ["*"]}
            operation["parameters"] = list(there.values())
    del narrow["components"]["schemas"]["NewWidget"]["properties"]["id"]
    return asked_of(narrow, boards_app(store))


@schemathesis.pytest.parametrize(boards=boards())
@hypothesis.settings(max_examples=EXAMPLES, derandomize=EXAMPLES == 50, deadline=None)
def test_every_check_of_dashboards(case: Any) -> None:
    answer = case.call_and_validate()
    if case.meta.generation.mode.is_positive:
        assert answer.status_code in FINE[case.method]
