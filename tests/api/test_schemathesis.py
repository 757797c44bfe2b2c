"""Everything schemathesis checks holds: what the document allows is accepted, the rest refused.

A document cannot say "one of these two parameters", nor which brands are open to a caller. So two
callers each get a copy that says it for them, one with its brand in the header and one in the
query. Exports have a view for counts and one for numbers, as `value_field` depends on the
aggregation, and no pictures, which need a browser. No check is left out.

EXAMPLES=2000 asks for more than the usual number of random requests.
"""

import json
import os
from typing import Any

import hypothesis
import schemathesis

from engine.contract import NUMERIC_AGGREGATIONS
from engine.http.openapi import document
from engine.workspaces.permissions import AGGREGATE_PATH, EXPORT_PATH
from tests.api import wire
from tests.api.shop import open_shops, served

EXAMPLES = int(os.environ.get("EXAMPLES", "50"))


def own_document() -> Any:
    """One whose parts are shared with nobody, to be changed."""
    return json.loads(json.dumps(document()))


def seen_by(brand: str, unused: str, path: str = AGGREGATE_PATH, numbers: bool = False) -> Any:
    """The document as it is for a caller whose brand stands in the parameter `brand`."""
    narrow = own_document()
    narrow["paths"] = {path: narrow["paths"][path]}
    (operation,) = narrow["paths"][path].values()
    operation["security"] = [{"bearerAuth": []}]
    parameters = {p["name"]: p for p in operation["parameters"] if p["name"] != unused}
    parameters["workspaceId"]["schema"] |= {"enum": [wire.SPACE]}
    parameters[brand]["schema"] |= {"enum": [wire.BRAND]}
    parameters[brand]["required"] = True
    if path == EXPORT_PATH:
        del parameters["catalog_id"]  # it may not differ from the header
        parameters["format"]["schema"]["enum"].remove("png")
        aggregations = parameters["aggregation"]["schema"]["enum"]
        chosen = [name for name in aggregations if (name in NUMERIC_AGGREGATIONS) == numbers]
        parameters["aggregation"] |= {"schema": {"enum": chosen}, "required": True}
        parameters["value_field"]["required"] = numbers
    operation["parameters"] = list(parameters.values())
    return asked_of(narrow, served(open_shops()))


def asked_of(narrow: Any, app: Any) -> Any:
    """The schema to ask an app by, as who is signed in."""
    signed_in = {"auth": {"openapi": {"bearerAuth": {"bearer": wire.TOKEN}}}}
    config = schemathesis.Config.from_dict(signed_in)
    schema: Any = schemathesis.openapi.from_dict(narrow, config=config)
    schema.app = app
    return schema


@schemathesis.pytest.parametrize(
    header=seen_by("X-Active-Brand", unused="brand_id"),
    query=seen_by("brand_id", unused="X-Active-Brand"),
    counts=seen_by("brand_id", unused="X-Active-Brand", path=EXPORT_PATH),
    numbers=seen_by("X-Active-Brand", unused="brand_id", path=EXPORT_PATH, numbers=True),
)
@hypothesis.settings(max_examples=EXAMPLES, derandomize=EXAMPLES == 50, deadline=None)
def test_every_check(case: Any) -> None:
    answer = case.call_and_validate()
    if case.meta.generation.mode.is_positive:
        assert answer.status_code == 200
