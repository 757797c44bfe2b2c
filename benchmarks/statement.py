"""A request as SQL, in the forms that one would try for a column store, and its rows back.

Statements return raw keys (numbers of hours and days, codes, nulls) and exact sums; `wire` turns
the few rows that come back into the contract's.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.contract import METADATA
from engine.demo import words
from engine.request import AggregateRequest

HOUR_US: Final = 3_600_000_000
METADATA_KEYS: Final = tuple(words.KEYS)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def column_of(group_by: str) -> str:
    """The column of a flat table: metadata keys have columns of their own, m_country."""
    if group_by.startswith(METADATA):
        return "m_" + group_by.removeprefix(METADATA)
    return {"session": "session_id"}.get(group_by, group_by)


@dataclass(frozen=True)
class Dialect:
    """What differs from database to database.

    keys: expressions of group_by where they are not simply the column. present: whether a
    session's value is one. distinct: the sessions of a group.
    total: an exact sum. text: orders keys by code point.
    types: event types as the column holds them. direct: whether it is worth trying `distinct`.
    """

    keys: dict[str, str]
    session: str = "session_id"
    present: str = "{} is not null"
    distinct: str = "count(distinct session_id)"
    total: str = "sum({})"
    text: str = "coalesce(k, '')"
    integer: str = "bigint"
    double: str = "double"
    instant: str = "timestamptz '{:%Y-%m-%d %H:%M:%S.%f}+00'"
    types: dict[str, str] = field(default_factory=dict)
    direct: bool = True

    def key(self, group_by: str) -> str:
        return "'all'" if group_by == "none" else self.keys.get(group_by, column_of(group_by))

    def condition(self, request: AggregateRequest, as_of: datetime) -> str:
        start = as_of - timedelta(hours=24 * request.time_window_days)
        low, high = self.instant.format(start), self.instant.format(as_of)
        window = f"created_at >= {low} and created_at < {high}"
        if request.event_types is None:
            return window
        types = ", ".join(self.types.get(name, f"'{name}'") for name in request.event_types)
        return f"event_type in ({types}) and {window}"


def statements(request: AggregateRequest, as_of: datetime, dialect: Dialect) -> list[str]:
    """Distinct sessions directly, and in two steps: pairs of key and session, then keys."""
    source = f"from events where {dialect.condition(request, as_of)}"
    key = dialect.key(request.group_by)
    if not request.is_numeric:
        counted = _counted(request, key, source, dialect)
        return [_limited(request, one, "v", "v", dialect) for one in counted]
    total = dialect.total.format(request.value_field)
    numbers = f"count({request.value_field})"
    summed = f"select {key} as k, {total} as t, {numbers} as s {source}{_grouped(request)}"
    value = f"cast(t as {dialect.double})"
    if request.aggregation == "avg":
        value += " / nullif(s, 0)"
    return [_limited(request, summed, f"coalesce({value}, 0)", "t", dialect)]


def _counted(request: AggregateRequest, key: str, source: str, dialect: Dialect) -> list[str]:
    events, sessions = ("v", "s") if request.aggregation == "count" else ("s", "v")
    if request.group_by == "session":
        one = f"select {key} as k, count(*) as n {source} group by k"
        present = f"case when {dialect.present.format('k')} then 1 else 0 end"
        return [f"select k, n as {events}, {present} as {sessions} from ({one}) as g"]
    nothing = request.group_by == "none"
    pairs = (
        f"select {key} as k, {dialect.session} as i, count(*) as n {source}"
        f" group by {'i' if nothing else 'k, i'}"
    )
    two = (
        f"select {key if nothing else 'k'} as k, cast(sum(n) as {dialect.integer}) as {events},"
        f" count(case when {dialect.present.format('i')} then 1 end) as {sessions}"
        f" from ({pairs}) as p{_grouped(request)}"
    )
    one = f"select {key} as k, count(*) as {events}, {dialect.distinct} as {sessions} {source}"
    return [one + _grouped(request), two] if dialect.direct else [two]


def _grouped(request: AggregateRequest) -> str:
    return "" if request.group_by == "none" else " group by k"


def _limited(
    request: AggregateRequest, inner: str, value: str, shown: str, dialect: Dialect
) -> str:
    every = f"select k, {shown} as shown, s from ({inner}) as grouped"
    if request.group_by == "none":
        return every
    order = "k desc"
    if not request.is_time:
        order = f"{value} desc, {dialect.text}"
        if request.is_numeric:
            order = f"case when s = 0 then 1 else 0 end, {order}"
    return f"{every} order by {order} limit {request.limit}"


def wire(rows: list[tuple[Any, ...]], request: AggregateRequest) -> list[tuple[Any, ...]]:
    """Rows of a statement as the contract's key, value, secondary."""
    if request.is_time:
        rows = rows[::-1]
    return [
        (_key(key, request), _value(value, count, request), count) for key, value, count in rows
    ]


def _key(key: Any, request: AggregateRequest) -> str:
    if not request.is_time:
        return "all" if request.group_by == "none" else key or ""
    hours = 24 if request.group_by == "day" else 1
    if isinstance(key, int):
        key = EPOCH + timedelta(hours=hours * key)
    form = "%Y-%m-%d" if hours == 24 else "%Y-%m-%dT%H:00:00Z"
    moment: date = key
    return moment.strftime(form)


def _value(value: Any, count: int, request: AggregateRequest) -> float | int:
    """Sums come as decimals, or as whole millionths; the nearest double, divided once."""
    if not request.is_numeric:
        return int(value)
    exact = Decimal(value or 0)
    if isinstance(value, int):
        exact = exact.scaleb(-6)
    return float(exact) / count if request.aggregation == "avg" and count else float(exact)
