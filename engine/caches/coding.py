"""Results as text, for places that other processes read."""

import json
from datetime import UTC, datetime
from typing import Any

from engine.result import Result, Row


class ResultCoding:
    """Every field of a result, and every part of its key."""

    def name(self, key: Any) -> str:
        scope, request, version, second = key
        of_scope = (scope.workspace_id, scope.brand_id, scope.catalog_id)
        of_data = (version, second and second.isoformat())
        return json.dumps([*of_scope, *of_data, request.to_dict()], sort_keys=True)

    def encode(self, answer: Result) -> dict[str, Any]:
        return {
            "rows": [list(row) for row in answer.rows],
            "generated_at": answer.generated_at.isoformat(),
            "total_groups": answer.total_groups,
            "window_start": answer.window_start.isoformat(),
            "data_version": answer.data_version,
            "milliseconds": answer.milliseconds,
        }

    def decode(self, value: Any) -> Result:
        return Result(
            rows=tuple(_row(*row) for row in value["rows"]),
            generated_at=_instant(value["generated_at"]),
            cache_hit=False,
            total_groups=_typed(value["total_groups"], int),
            window_start=_instant(value["window_start"]),
            data_version=_typed(value["data_version"], str),
            milliseconds=_typed(value["milliseconds"], float),
        )


def _row(key: Any, value: Any, secondary: Any) -> Row:
    return Row(_typed(key, str), _typed(value, int, float), _typed(secondary, int))


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_typed(value, str))
    if instant.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return instant.astimezone(UTC)


def _typed(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise TypeError(f"{type(value).__name__} is none of {types}")
    return value
