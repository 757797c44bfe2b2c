"""A request as a command of cURL and as a program of Python's standard library, and back."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

from engine.contract import FIELDS
from engine.request import AggregateRequest
from engine.scope import BRAND_FIELD, CATALOG_FIELD, Scope

BODY_OPTIONS: Final = (
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--json",
)
NAMES: Final = frozenset(field.name for field in FIELDS)

PYTHON: Final = """\
import json
import urllib.request

body = {body}
request = urllib.request.Request(
    {url!r},
    data=json.dumps(body).encode(),
    headers={headers},
)
with urllib.request.urlopen(request) as answer:
    print(answer.read().decode())
"""


def curl(request: AggregateRequest, scope: Scope, origin: str, token: str) -> str:
    headers = _headers(scope, token).items()
    return " \\\n  ".join(
        [
            f"curl -s {shlex.quote(_url(scope, origin))}",
            *(f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers),
            f"-d {shlex.quote(json.dumps(request.to_dict()))}",
        ]
    )


def python(request: AggregateRequest, scope: Scope, origin: str, token: str) -> str:
    return PYTHON.format(
        body=_literal(request.to_dict()),
        url=_url(scope, origin),
        headers=_literal(_headers(scope, token), indent=4),
    )


def of_curl(text: str) -> str:
    """The body that a command sends. Raises ValueError."""
    try:
        words = shlex.split(re.sub(r"\\\r?\n", " ", text))
    except ValueError as error:
        raise ValueError(f"cURL: the quotes do not match ({error}).") from error
    bodies = list(_bodies(words))
    if len(bodies) != 1:
        raise ValueError(f"cURL: it has {len(bodies)} bodies; write one, as in -d '{{...}}'.")
    if bodies[0].startswith("@"):
        raise ValueError(f"cURL: the body is in the file {bodies[0][1:]!a}; write it after -d.")
    return bodies[0]


def of_python(text: str) -> dict[str, Any]:
    """The dictionary of a program that has most of the six fields. Raises ValueError."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" (line {error.lineno}: {error.msg})" if isinstance(error, SyntaxError) else ""
        raise ValueError(
            f"is not JSON, cURL, SQL, nor Python{where}; paste one of them as a whole."
        ) from error
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Dict) and _fields_of(node)]
    if not found:
        raise ValueError(f"Python: no dictionary has a field such as {FIELDS[1].name!r}.")
    try:
        body: dict[str, Any] = ast.literal_eval(max(found, key=_fields_of))
    except (ValueError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(
            "Python: the dictionary of the request holds more than texts, numbers, lists and None;"
            " write the values themselves."
        ) from error
    return body


def _bodies(words: list[str]) -> Iterator[str]:
    following = iter(words[1:])
    for word in following:
        name, equals, value = word.partition("=")
        if word in BODY_OPTIONS or word == "-d":
            yield next(following, "")
        elif equals and name in BODY_OPTIONS:
            yield value
        elif word.startswith("-d"):
            yield word[2:]


def _fields_of(node: ast.Dict) -> int:
    return sum(isinstance(key, ast.Constant) and key.value in NAMES for key in node.keys)


def _url(scope: Scope, origin: str) -> str:
    return f"{origin}/api/workspace/{scope.workspace_id}/dashboards/aggregate"


def _headers(scope: Scope, token: str) -> dict[str, str]:
    catalog = {} if scope.catalog_id is None else {CATALOG_FIELD: scope.catalog_id}
    return {
        "Authorization": f"Bearer {token}",
        BRAND_FIELD: scope.brand_id,
        **catalog,
        "Content-Type": "application/json",
    }


def _literal(values: dict[str, Any], indent: int = 0) -> str:
    """A dictionary, a line for each of its items."""
    items = "".join(f"{' ' * indent}    {key!r}: {value!r},\n" for key, value in values.items())
    return f"{{\n{items}{' ' * indent}}}"
