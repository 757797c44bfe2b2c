"""A request as text for people to take along: JSON, cURL, Python or SQL, and back again."""

import json
from typing import Any, Final

from engine.errors import Fault, InvalidRequest
from engine.request import AggregateRequest, loads, shown
from engine.scope import Scope
from engine.snippets.programs import curl, of_curl, of_python, python
from engine.snippets.sql import of_sql, sql

KINDS: Final = ("json", "curl", "python", "sql")
LONGEST: Final = 64 * 1024
"""Characters of a text that is read; nothing that is written comes near it."""


def write(kind: str, request: AggregateRequest, scope: Scope, origin: str, token: str) -> str:
    """The request as one of KINDS.

    cURL and Python ask the endpoint at `origin`, as in http://127.0.0.1:8501, with the bearer
    token; each prints the endpoint's answer. SQL is for the table agent_events of the original, in
    PostgreSQL 13 or later.
    """
    if kind == "json":
        return json.dumps(request.to_dict(), indent=2)
    if kind == "sql":
        return sql(request, scope)
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of snippet; take one of {', '.join(KINDS)}.")
    return (curl if kind == "curl" else python)(request, scope, origin, token)


def read(text: str) -> dict[str, Any]:
    """The body in a text of any of KINDS, for `parse` to judge.

    Programs may look different from those of `write`; SQL may differ in its values only. Raises
    InvalidRequest on field `body`, naming the kind and what could not be read.
    """
    stripped = text.strip().removeprefix("\ufeff").removeprefix("$ ").lstrip()
    first = stripped.split(None, 1)[0].lower() if stripped else ""
    if not stripped or len(stripped) > LONGEST:
        raise _unreadable(f"holds {len(text):,} characters; paste JSON, cURL, Python or SQL.")
    try:
        if first.startswith("{"):
            body = loads(stripped.encode("utf-8", "surrogatepass"))
        elif first in ("curl", "curl.exe"):
            body = loads(of_curl(stripped).encode("utf-8", "surrogatepass"))
        elif first in ("select", "with"):
            body = of_sql(stripped)
        else:
            body = of_python(stripped)
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(body, dict):
        raise _unreadable(f"{shown(body)} is not a JSON object; paste the six fields.")
    return body


def _unreadable(message: str) -> InvalidRequest:
    return InvalidRequest([Fault("body", message)])
