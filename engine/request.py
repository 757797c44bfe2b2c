"""What is asked: raw values become one frozen, normal request, or every fault by field."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.contract import FIELDS, METADATA, NUMERIC_AGGREGATIONS, TIME_DIMENSIONS, Field
from engine.errors import Fault, InvalidRequest

UNKNOWN_NAMED: Final = 20


@dataclass(frozen=True)
class AggregateRequest:
    """A valid request in normal form: equal requests ask for the same thing.

    event_types is sorted and unique, None for all; value_field is None unless it is used.
    """

    event_types: tuple[str, ...] | None
    group_by: str
    aggregation: str
    value_field: str | None
    time_window_days: int
    limit: int = 100

    @property
    def metadata_key(self) -> str | None:
        """The key behind group_by `metadata.<key>`."""
        return self.group_by.removeprefix(METADATA) if METADATA in self.group_by else None

    @property
    def is_time(self) -> bool:
        return self.group_by in TIME_DIMENSIONS

    @property
    def is_numeric(self) -> bool:
        return self.aggregation in NUMERIC_AGGREGATIONS

    def to_dict(self) -> dict[str, Any]:
        """The request as the wire's JSON body."""
        types = None if self.event_types is None else list(self.event_types)
        return asdict(self) | {"event_types": types}


def parse(raw: Any, fields: tuple[Field, ...] = FIELDS) -> AggregateRequest:
    """Read a mapping with the wire's names.

    Raises InvalidRequest with every bad field at once.
    """
    if isinstance(raw, AggregateRequest):
        return raw
    request, faults = examine(raw, fields)
    if request is None:
        raise InvalidRequest(faults)
    return request


def examine(
    raw: Any, fields: tuple[Field, ...] = FIELDS
) -> tuple[AggregateRequest | None, list[Fault]]:
    """The request, or None and its faults in the order of the fields."""
    if not isinstance(raw, Mapping):
        return None, [Fault("body", f"{shown(raw)} is not a JSON object; send the six fields.")]
    names = [field.name for field in fields]
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in fields:
        try:
            values[field.name] = _value(field, raw)
        except ValueError as error:
            faults.append(Fault(field.name, str(error)))
    numeric = values.get("aggregation") in NUMERIC_AGGREGATIONS
    if numeric and values.get("value_field", "bad") is None:
        faults.append(_needs_value_field(fields, values["aggregation"]))
        faults.sort(key=lambda fault: names.index(fault.field))
    unknown = [name for name in raw if name not in names]
    faults += [
        Fault(named(name), f"is not a field of a request; the fields are {', '.join(names)}.")
        for name in unknown[:UNKNOWN_NAMED]
    ]
    if len(unknown) > UNKNOWN_NAMED:
        more = len(unknown) - UNKNOWN_NAMED
        faults.append(Fault("body", f"has {more:,} more unknown fields; send only the six."))
    if faults:
        return None, faults
    if not numeric:
        values["value_field"] = None
    return AggregateRequest(**values), []


def loads(text: bytes) -> Any:
    """Strict JSON: no NaN, no duplicate members, no bytes after the value.

    Raises InvalidRequest on field `body`.
    """
    try:
        return json.loads(
            text.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_duplicates
        )
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        message = f"is not valid JSON ({reason}); send one JSON object in UTF-8."
        raise InvalidRequest([Fault("body", message)]) from error


def from_query(
    params: Mapping[str, Sequence[str]], fields: tuple[Field, ...] = FIELDS
) -> dict[str, Any]:
    """Raw values of a URL's parameters, initial values where a field is absent.

    Text that is no number stays text, so that `parse` names it.
    """
    raw: dict[str, Any] = {}
    for field in fields:
        given = params.get(field.name)
        if not given:
            raw[field.name] = field.initial
        elif field.kind == "texts":
            raw[field.name] = list(given)
        elif field.kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", given[-1]):
            raw[field.name] = int(given[-1])
        else:
            raw[field.name] = given[-1]
    return raw


def shown(value: Any, width: int = 80) -> str:
    """A value as JSON for an error message, cut to `width` characters."""
    try:
        text = json.dumps(value, default=str)
    except (ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= width else text[: width - 1] + "…"


def _value(field: Field, raw: Mapping[str, Any]) -> Any:
    if field.name not in raw:
        if field.required:
            raise ValueError(f"is required: {field.rule}. Send for example {field.example}.")
        return field.initial
    value = raw[field.name]
    if value is None and field.nullable:
        return None
    return READERS[field.kind](field, value)


def _fault(field: Field, value: Any) -> ValueError:
    return ValueError(f"{shown(value)} is not {field.rule}. Send for example {field.example}.")


def _read_texts(field: Field, value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple):
        raise _fault(field, value)
    for item in value:
        _read_text(field, item)
    if field.max_items is not None and len(value) > field.max_items:
        raise ValueError(
            f"{len(value)} values are more than the {field.max_items} allowed;"
            f" send {field.max_items} or fewer, or null for all."
        )
    return tuple(sorted(set(value))) or None


def _read_text(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(field.pattern or ".*", value):
        raise _fault(field, value)
    return value


def _read_choice(field: Field, value: Any) -> str:
    if not isinstance(value, str) or value not in field.choices:
        raise _fault(field, value)
    return value


def _read_integer(field: Field, value: Any) -> int:
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    low = float("-inf") if field.minimum is None else field.minimum
    high = float("inf") if field.maximum is None else field.maximum
    if not whole or not low <= value <= high:
        raise _fault(field, value)
    return int(value)


READERS = {
    "texts": _read_texts,
    "text": _read_text,
    "choice": _read_choice,
    "integer": _read_integer,
}


def _needs_value_field(fields: tuple[Field, ...], aggregation: str) -> Fault:
    field = next(field for field in fields if field.name == "value_field")
    return Fault(
        field.name,
        f"is required when aggregation is {aggregation}: {field.rule}."
        f" Send for example {field.example}.",
    )


def named(name: Any) -> str:
    """A stranger's name for a field, fit to be printed: a lone surrogate could not be sent back."""
    plain = isinstance(name, str) and len(name) <= 80 and name.isprintable()
    return str(name) if plain else shown(name)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the member {shown(twice)} stands twice")
    return members
