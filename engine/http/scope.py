"""What a request is about: its path, headers and query name a workspace, a brand, a catalog."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request

from engine.errors import Fault
from engine.scope import BRAND_FIELD, CATALOG_FIELD, WORKSPACE_FIELD, Scope, faults_of

BRAND_QUERY: Final = "brand_id"


def scope_of(request: Request) -> tuple[Scope | None, list[Fault]]:
    """The scope, or None and everything that is wrong with it."""
    workspace = request.path_params[WORKSPACE_FIELD]
    header = _joined(request.headers.getlist(BRAND_FIELD))
    query = _joined(request.query_params.getlist(BRAND_QUERY))
    catalog = _joined(request.headers.getlist(CATALOG_FIELD))
    brand = query if header is None else header
    faults = faults_of(workspace, brand, catalog)
    if header is None and query is not None:
        faults = [replace(f, field=BRAND_QUERY) if f.field == BRAND_FIELD else f for f in faults]
    elif header is not None and query is not None and header.lower() != query.lower():
        faults.append(
            Fault(
                BRAND_FIELD,
                f"{header[:80]!a} differs from brand_id {query[:80]!a}; send one of them.",
            )
        )
    if brand is None or faults:
        return None, faults
    return Scope(workspace, brand, catalog), []


def _joined(values: Sequence[str]) -> str | None:
    """One value; several become a list as HTTP writes it, which is no id."""
    return ", ".join(values) if values else None
