"""Receipts: what was asked, about which events, and what the answer was, with a short hash of it
all; and the way to ask again and compare."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Final

from engine.engine import Engine
from engine.errors import Fault, InvalidRequest
from engine.request import AggregateRequest, parse
from engine.result import Result, iso
from engine.scope import Scope

LENGTH: Final = 16
"""Characters of a hash: enough to see by eye and to compare by telephone."""
HASH: Final = "receipt"
NAMED: Final = 10
"""So many differences are named."""
FAULT: Final = "is not a receipt; take it from a frozen copy as it was made."


@dataclass(frozen=True)
class Verdict:
    """same: whether the answer is what the receipt says. said: what there is to say, in lines."""

    same: bool
    said: tuple[str, ...]


def receipt(request: AggregateRequest, scope: Scope, result: Result) -> dict[str, Any]:
    """Everything that makes the answer what it is, and its hash; can be kept as JSON."""
    said = {
        "request": request.to_dict(),
        "scope": {
            "workspace_id": scope.workspace_id,
            "brand_id": scope.brand_id,
            "catalog_id": scope.catalog_id,
        },
        "generated_at": iso(result.generated_at),
        "data_version": result.data_version,
        "total_groups": result.total_groups,
        "rows": [list(row) for row in result.rows],
    }
    return said | {HASH: digest(said)}


def digest(said: Mapping[str, Any]) -> str:
    """Of everything but the hash itself, however it is written down."""
    content = {name: value for name, value in said.items() if name != HASH}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()[:LENGTH]


def verify(raw: Any, engine: Engine) -> Verdict:
    """Ask the same again, up to the same moment, and compare. Raises InvalidRequest for what is no
    receipt, and what `Engine.aggregate` does."""
    try:
        scope, end = Scope(**raw["scope"]), datetime.fromisoformat(raw["generated_at"])
        request, rows, version = parse(raw["request"]), raw["rows"], raw["data_version"]
        given, groups, found = raw[HASH], raw["total_groups"], digest(raw)
        before = [(str(key), value, secondary) for key, value, secondary in rows]
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest([Fault(HASH, FAULT)]) from error
    if found != given:
        line = f"the receipt says {str(given)[:40]!a}, and what it stands on gives {found}"
        return Verdict(same=False, said=(f"it was changed: {line}",))
    result = engine.aggregate(request, scope, as_of=end)
    lines = _differences(before, [tuple(row) for row in result.rows])
    if groups != result.total_groups:
        lines.append(f"groups: {groups!r} then, {result.total_groups} now")
    same = not lines
    if version != result.data_version:
        versions = f"{str(version)[:80]!a} then, {result.data_version!a} now"
        but = "; these rows have not" if same else ""
        lines.append(f"the data has changed since: {versions}{but}")
    return Verdict(same, tuple(lines))


def _differences(before: list[tuple[Any, ...]], after: list[tuple[Any, ...]]) -> list[str]:
    """By place and key, the first ones in full."""
    lines = []
    for place, (old, new) in enumerate(zip_longest(before, after), 1):
        if old != new:
            lines.append(f"row {place}: {_row(old)} then, {_row(new)} now")
    more = len(lines) - NAMED
    return [*lines[:NAMED], *([f"and {more:,} rows more"] if more > 0 else [])]


def _row(row: tuple[Any, ...] | None) -> str:
    if row is None:
        return "none"
    key, value, secondary = row
    return f"{key[:80]!a} = {value!r} ({secondary!r})"
