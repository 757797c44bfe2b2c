"""A request as one statement of PostgreSQL over agent_events, and back.

The statement is the contract's part 2, silences included: a window of whole 24 hours that ends at
the present second, in UTC; one group '' for what is missing; the latest buckets of time, else the
largest values, ties by code point; numbers rounded half-even to 6 digits and added up exactly.
Objects and lists in metadata are keys in PostgreSQL's own spelling, and a number of more than 200
digits, or with an exponent of more than 4, is skipped.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.contract import METADATA, TIME_DIMENSIONS
from engine.request import AggregateRequest
from engine.scope import Scope

NOW: Final = "date_trunc('second', now())"
"""The end of the window, as often as it stands in a statement."""

NUMBER: Final = r"^-?[0-9]{1,200}(\.[0-9]{1,200})?([eE][+-]?[0-9]{1,4})?$"

KEYS: Final = {
    "none": "'all'",
    "event_type": "event_type::text",
    "session": "coalesce(session_id::text, '')",
    "day": "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')",
    "hour": "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24\":00:00Z\"')",
    "product_id": "coalesce(product_id::text, '')",
}
OF_METADATA: Final = (
    "coalesce(case jsonb_typeof(metadata::jsonb -> {key}) when 'number'"
    " then trim_scale((metadata::jsonb ->> {key})::numeric)::text"
    " else metadata::jsonb ->> {key} end, '')"
)
COUNTS: Final = {
    "count": "count(*) as value, count(distinct session_id) as secondary",
    "count_distinct": "count(distinct session_id) as value, count(*) as secondary",
}
TOTAL: Final = "coalesce(sum(number) filter (where abs(number) < 1e24), 0)::double precision"
USED: Final = "count(number) filter (where abs(number) < 1e24)"
NUMERIC: Final = {
    "sum": f"{TOTAL} as value, {USED} as secondary",
    "avg": f"{TOTAL} / greatest({USED}, 1) as value, {USED} as secondary",
}
VALUES: Final = COUNTS | NUMERIC

EXACT: Final = f"""\
exact as (
    select key, case when number ~ '{NUMBER}' then number::numeric end as number
    from picked
), near as (
    select key, round(number, 6) - case
        when abs(round(number, 6) - number) = 0.0000005
            and mod(round(number, 6) * 1000000, 2) <> 0
        then sign(number) * 0.000001 else 0 end as number
    from exact
), """  # noqa: S608  (a text for people; nothing here runs it)

TEXT: Final = r"'((?:[^']|'')*)'"
"""A literal of SQL; its text is the group."""


def sql(request: AggregateRequest, scope: Scope) -> str:
    numeric = request.aggregation in NUMERIC
    grouped = "" if request.group_by == "none" else " group by key"
    columns = [f"{_key(request.group_by)} as key", "nullif(session_id::text, '') as session_id"]
    if numeric:
        field = str(request.value_field)
        text = f"coalesce(nullif({field}::text, ''), metadata::jsonb ->> {_quoted(field)})"
        columns.append(f"{text} as number")
    return (
        "with picked as (\n    select "  # noqa: S608
        + ",\n        ".join(columns)
        + "\n    from agent_events\n    where "
        + "\n        and ".join(_conditions(request, scope))
        + f"\n), {EXACT if numeric else ''}grouped as (\n"
        + f"    select {'key' if grouped else KEYS['none'] + ' as key'},"
        + f" {VALUES[request.aggregation]}\n"
        + f"    from {'near' if numeric else 'picked'}{grouped}\n)\n"
        + _ordered(request)
    )


def of_sql(text: str) -> dict[str, Any]:
    """The body behind a statement of `sql`, whose values may have been changed.

    Raises ValueError naming what cannot be read; a statement that asks for anything else does not
    pass for one that could be asked for.
    """
    text = " ".join(text.split())
    types = re.search(rf"event_type in \(({TEXT}(?:, {TEXT})*)\)", text)
    field = re.search(r"coalesce\(nullif\((\w+)::text, ''\), metadata", text)
    request = AggregateRequest(
        event_types=None if types is None else tuple(_texts(types[1])),
        group_by=_group_by(text),
        aggregation=_aggregation(text),
        value_field=None if field is None else field[1],
        time_window_days=_whole(text, r"- (-?\d{1,9}) \* interval '24 hours'", "time_window_days"),
        limit=_whole(text, r"\blimit (-?\d{1,9})\b", "limit"),
    )
    _compare(text, sql(request, _scope(text)))
    return request.to_dict()


def _key(group_by: str) -> str:
    if group_by in KEYS:
        return KEYS[group_by]
    return OF_METADATA.format(key=_quoted(group_by.removeprefix(METADATA)))


def _conditions(request: AggregateRequest, scope: Scope) -> Iterator[str]:
    yield f"workspace_id = {_quoted(scope.workspace_id)}"
    yield f"brand_id = {_quoted(scope.brand_id)}"
    if scope.catalog_id is not None:
        yield f"catalog_id = {_quoted(scope.catalog_id)}"
    yield f"created_at >= {NOW} - {request.time_window_days} * interval '24 hours'"
    yield f"created_at < {NOW}"
    if request.event_types is not None:
        yield f"event_type in ({', '.join(map(_quoted, request.event_types))})"


def _ordered(request: AggregateRequest) -> str:
    names = "select key, value, secondary"
    if request.group_by in TIME_DIMENSIONS:
        return (
            f"{names}\nfrom (select * from grouped order by key desc"  # noqa: S608
            f" limit {request.limit})"
            " as latest\norder by key;"
        )
    last = "secondary = 0, " if request.aggregation in NUMERIC else ""
    return (
        f'{names}\nfrom grouped\norder by {last}value desc, key collate "C"\nlimit {request.limit};'
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _texts(listed: str) -> list[str]:
    return [text.replace("''", "'") for text in re.findall(TEXT, listed)]


def _group_by(text: str) -> str:
    key = re.search(r"with picked as \( ?select (.*?) as key,", text)
    if key is None:
        raise _missing("group_by", "with picked as (select ... as key")
    for group_by, expression in KEYS.items():
        if key[1] == expression:
            return group_by
    named = re.search(rf"metadata::jsonb ->> {TEXT}", key[1])
    if named is None:
        raise ValueError(f"SQL: {key[1][:80]!a} as key is none of the groups of a request.")
    return METADATA + named[1].replace("''", "'")


def _aggregation(text: str) -> str:
    for aggregation in sorted(VALUES, key=lambda name: -len(VALUES[name])):
        if VALUES[aggregation] in text:
            return aggregation
    raise _missing("aggregation", VALUES["count"])


def _whole(text: str, pattern: str, field: str) -> int:
    number = re.search(pattern, text)
    if number is None:
        raise _missing(field, {"limit": "limit 100"}.get(field, "30 * interval '24 hours'"))
    return int(number[1])


def _scope(text: str) -> Scope:
    ids = []
    for name in ("workspace_id", "brand_id", "catalog_id"):
        value = re.search(rf"\b{name} = {TEXT}", text)
        if value is None and name != "catalog_id":
            raise _missing(name, f"{name} = '...'")
        ids.append(None if value is None else value[1])
    return Scope(str(ids[0]), str(ids[1]), ids[2])


def _compare(given: str, written: str) -> None:
    """Raise ValueError at the first line that is not what `sql` writes for the values found."""
    found = given.rstrip("; ")
    expected = " ".join(written.split()).rstrip("; ")
    if found != expected:
        same = next(
            (i for i, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
            min(len(found), len(expected)),
        )
        begin = max(0, same - 20)
        raise ValueError(
            f"SQL: {found[begin : same + 40]!a} should be {expected[begin : same + 40]!a}. Only"
            " values can be changed in it; build other requests with the controls."
        )


def _missing(field: str, example: str) -> ValueError:
    return ValueError(
        f"SQL: {field} cannot be found; it is read from {example!a} of a statement as this page"
        " writes it."
    )
