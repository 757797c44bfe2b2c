"""Everything schemathesis checks holds: what the document allows is accepted, the rest refused.

A document cannot say "one of these two parameters", nor which brands are open to a caller. So two
callers each get a copy that says it for them, one with its brand in the header and one in the
query. No check is left out.

EXAMPLES=2000 asks for more than the usual number of random requests.
"""

import os
from typing import Any

import hypothesis
import schemathesis

from engine.http.openapi import AGGREGATE_PATH, document
from tests.api import wire
from tests.api.shop import open_shops, served

EXAMPLES = int(os.environ.get("EXAMPLES", "50"))


def seen_by(brand: str, unused: str) -> Any:
    """The document as it is for a caller whose brand stands in the parameter `brand`."""
    narrow = document()
    path = narrow["paths"][AGGREGATE_PATH]
    narrow["paths"] = {AGGREGATE_PATH: path}
    parameters = {p["name"]: p for p in path["post"]["parameters"] if p["name"] != unused}
    parameters["workspaceId"]["schema"] |= {"enum": [wire.SPACE]}
    parameters[brand]["schema"] |= {"enum": [wire.BRAND]}
    parameters[brand]["required"] = True
    path["post"]["parameters"] = list(parameters.values())
    signed_in = {"auth": {"openapi": {"bearerAuth": {"bearer": wire.TOKEN}}}}
    config = schemathesis.Config.from_dict(signed_in)
    schema: Any = schemathesis.openapi.from_dict(narrow, config=config)
    schema.app = served(open_shops())
    return schema


@schemathesis.pytest.parametrize(
    header=seen_by("X-Active-Brand", unused="brand_id"),
    query=seen_by("brand_id", unused="X-Active-Brand"),
)
@hypothesis.settings(max_examples=EXAMPLES, derandomize=EXAMPLES == 50, deadline=None)
def test_every_check(case: Any) -> None:
    answer = case.call_and_validate()
    if case.meta.generation.mode.is_positive:
        assert answer.status_code == 200
