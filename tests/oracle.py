"""The contract's part 2 in plain Python: what every engine must answer, bit for bit.

Written to be read beside the contract, slowly and without cleverness. Events are dictionaries.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]
Answer: TypeAlias = tuple[str, int | float, int]

IDS = ("session_id", "product_id", "agent_id", "customer_id")


def answer(
    events: Iterable[Event], body: dict[str, Any], as_of: datetime, catalog: str | None = None
) -> tuple[list[Answer], int]:
    """The rows (key, value, secondary), and how many there were before the limit."""
    chosen = [event for event in events if asked_for(event, body, as_of, catalog)]
    groups: dict[str, list[Event]] = {"all": []} if body["group_by"] == "none" else {}
    for event in chosen:
        groups.setdefault(key_of(event, body["group_by"]), []).append(event)
    rows = [(key, *measured(members, body)) for key, members in groups.items()]
    limit = body.get("limit", 100)
    if body["group_by"] in ("day", "hour"):
        rows.sort(key=lambda row: row[0])
        kept = rows[-limit:]
    else:
        nothing_last = body["aggregation"] in ("sum", "avg")
        # Python compares texts by code point.
        rows.sort(key=lambda row: (nothing_last and row[2] == 0, -row[1], row[0]))
        kept = rows[:limit]
    return [(key, on_the_wire(value), secondary) for key, value, secondary in kept], len(rows)


def asked_for(event: Event, body: dict[str, Any], as_of: datetime, catalog: str | None) -> bool:
    end = as_of.astimezone(UTC)
    start = end - body["time_window_days"] * timedelta(hours=24)
    if not start <= event["created_at"] < end:
        return False
    if body["event_types"] and event["event_type"] not in body["event_types"]:
        return False
    return catalog is None or event["catalog_id"] == catalog


def key_of(event: Event, group_by: str) -> str:
    created = event["created_at"].astimezone(UTC)
    if group_by == "none":
        return "all"
    if group_by == "day":
        return created.date().isoformat()
    if group_by == "hour":
        return f"{created.date().isoformat()}T{created.hour:02}:00:00Z"
    if group_by.startswith("metadata."):
        return (event["metadata"] or {}).get(group_by[len("metadata.") :]) or ""
    column = {"session": "session_id"}.get(group_by, group_by)
    return event[column] or ""


def measured(events: list[Event], body: dict[str, Any]) -> tuple[int | float, int]:
    """value and secondary."""
    sessions = {event["session_id"] for event in events} - {None}
    if body["aggregation"] == "count":
        return len(events), len(sessions)
    if body["aggregation"] == "count_distinct":
        return len(sessions), len(events)
    numbers = [number_of(event, body["value_field"]) for event in events]
    used = [number for number in numbers if number is not None]
    # Dividing integers of any size gives the nearest double.
    total = float(sum(used, Fraction(0)))
    if body["aggregation"] == "avg" and used:
        return total / len(used), len(used)
    return total, len(used)


def number_of(event: Event, field: str) -> Fraction | None:
    if field not in IDS:
        # Ingest has moved numbers of metadata into the columns.
        return None if event[field] is None else Fraction(event[field])
    text = event[field]
    if text is None:
        text = (event["metadata"] or {}).get(field)
    return None if text is None else number_of_text(text)


def number_of_text(text: str) -> Fraction | None:
    """Rounded half-even to 6 fractional digits; None from 10^24 up, and when it is no number."""
    match = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(?:[eE]([+-]?[0-9]+))?", text)
    if match is None:
        return None
    digits, exponent = Fraction(match[1]), int(match[2] or 0)
    # Far beyond what the limits let through, and small enough for Python's integers.
    exponent = max(-5000, min(5000, exponent))
    micros = round(digits * Fraction(10) ** (exponent + 6))
    return Fraction(micros, 10**6) if abs(micros) < 10 ** (24 + 6) else None


def on_the_wire(value: int | float) -> int | float:
    """Integral up to 2^53: a JSON integer."""
    return int(value) if value == int(value) and abs(value) <= 2**53 else value
