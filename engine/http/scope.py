"""What a request is about: its path, headers and query name a workspace, a brand, a catalog."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from starlette.requests import Request

from engine.errors import Fault
from engine.scope import BRAND_FIELD, CATALOG_FIELD, WORKSPACE_FIELD, Scope, faults_of

BRAND_QUERY: Final = "brand_id"
CATALOG_QUERY: Final = "catalog_id"


def scope_of(
    request: Request, catalog_query: str | None = None
) -> tuple[Scope | None, list[Fault]]:
    """The scope, or None and everything that is wrong with it.

    catalog_query: the parameter of a route whose callers cannot send headers.
    """
    workspace = request.path_params[WORKSPACE_FIELD]
    brand, brand_field, faults = _either(request, BRAND_FIELD, BRAND_QUERY)
    catalog, catalog_field, more_faults = _either(request, CATALOG_FIELD, catalog_query)
    names = {BRAND_FIELD: brand_field, CATALOG_FIELD: catalog_field}
    malformed = faults_of(workspace, brand, catalog)
    faults = [replace(fault, field=names.get(fault.field, fault.field)) for fault in malformed] + (
        faults + more_faults
    )
    if brand is None or faults:
        return None, faults
    return Scope(workspace, brand, catalog), []


def _either(
    request: Request, header: str, parameter: str | None
) -> tuple[str | None, str, list[Fault]]:
    """The one value of a header and a parameter, the name under which it came, and a fault when
    they differ.
    """
    sent = _joined(request.headers.getlist(header))
    asked = None
    # Few requests have a query, and parsing has its cost also where it is empty.
    if parameter is not None and request.scope["query_string"]:
        asked = _joined(request.query_params.getlist(parameter))
    if sent is None and asked is not None:
        return asked, str(parameter), []
    if sent is not None and asked is not None and sent.lower() != asked.lower():
        message = f"{sent[:80]!a} differs from {parameter} {asked[:80]!a}; send one of them."
        return sent, header, [Fault(header, message)]
    return sent, header, []


def _joined(values: Sequence[str]) -> str | None:
    """One value; several become a list as HTTP writes it, which is no id."""
    return ", ".join(values) if values else None
