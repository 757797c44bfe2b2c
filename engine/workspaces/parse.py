"""What is asked of a dashboard: raw values become frozen, valid ones, or every fault by field."""

import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from engine.errors import Fault, InvalidRequest
from engine.request import UNKNOWN_NAMED, examine, named, shown
from engine.scope import UUID
from engine.workspaces.widget import (
    COLS,
    LAYOUT,
    REQUEST_NAMES,
    TITLE,
    WIDGET_TYPES,
    Position,
    Widget,
)

SLUG: Final = r"[a-z][a-z0-9-]{1,62}"
NAME_LENGTH: Final = 120
DESCRIPTION_LENGTH: Final = 2_000
NAME: Final = rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{NAME_LENGTH}}}"
DESCRIPTION: Final = rf"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]{{0,{DESCRIPTION_LENGTH}}}"
WIDGETS: Final = 100
CONFIG_BYTES: Final = 16 * 1024
CONFIG_DEPTH: Final = 32
TITLE_LENGTH: Final = 200
BOUNDS: Final = {"x": (0, COLS - 1), "y": (0, 10_000), "w": (1, COLS), "h": (1, 100)}
OF_WIDGET: Final = ("id", "widget_type", "position", "config")
READ_ONLY: Final = ("dashboard_id", "created_at", "updated_at")
"""What a widget has when it is read; sent back, it is not looked at."""
SLUG_RULE: Final = 'a slug (a-z, then 1 to 62 of a-z, 0-9 and -). Send for example "shop-overview".'
NAME_RULE: Final = "a name: 1 to 120 characters, without line breaks or control characters."
DESCRIPTION_RULE: Final = (
    "a description: at most 2000 characters without control characters, or null."
)
LAYOUT_RULE: Final = f"the one layout there is; leave it out, or send {json.dumps(LAYOUT)}."


@dataclass(frozen=True)
class Asked:
    """A widget as it is to be; without an id it is new."""

    id: str | None
    widget_type: str
    position: Position
    config: Mapping[str, Any]


@dataclass(frozen=True)
class NewDashboard:
    slug: str
    name: str
    description: str | None = None
    widgets: tuple[Asked, ...] = ()


@dataclass(frozen=True)
class Changes:
    """given: the names of the fields that are to change; the others are as good as absent."""

    given: frozenset[str] = frozenset()
    name: str = ""
    description: str | None = None
    widgets: tuple[Asked, ...] = ()


def asked_of(widget: Widget) -> Asked:
    return Asked(widget.id, widget.widget_type, widget.position, widget.config)


def parse_new(raw: Any) -> NewDashboard:
    """Read what makes a dashboard, its widgets included. Raises InvalidRequest."""
    if isinstance(raw, NewDashboard):
        return raw
    new, faults = examine_new(raw, with_widgets=True)
    if new is None:
        raise InvalidRequest(faults)
    return new


def parse_changes(raw: Any) -> Changes:
    """Read what is to change. Raises InvalidRequest."""
    if isinstance(raw, Changes):
        return raw
    changes, faults = examine_changes(raw)
    if changes is None:
        raise InvalidRequest(faults)
    return changes


def examine_new(raw: Any, with_widgets: bool = False) -> tuple[NewDashboard | None, list[Fault]]:
    """What makes a dashboard, or None and every fault."""
    fields = ("slug", "name", "description", "layout", *(["widgets"] if with_widgets else []))
    if not isinstance(raw, Mapping):
        return None, [_no_object("body", raw, fields)]
    faults: list[Fault] = []
    faults += _text("slug", raw, SLUG, SLUG_RULE, required=True)
    faults += _text("name", raw, NAME, NAME_RULE, required=True)
    faults += _text("description", raw, DESCRIPTION, DESCRIPTION_RULE, nullable=True)
    if "layout" in raw and not _is_layout(raw["layout"]):
        faults.append(_wrong("layout", raw, LAYOUT_RULE))
    widgets, more = _widgets(raw.get("widgets", []) if with_widgets else [])
    faults += more + _unknown("", raw, fields)
    if faults:
        return None, faults
    return NewDashboard(raw["slug"], raw["name"], raw.get("description"), widgets), []


def examine_changes(raw: Any) -> tuple[Changes | None, list[Fault]]:
    """What is to change, or None and every fault."""
    fields = ("name", "description", "widgets")
    if not isinstance(raw, Mapping):
        return None, [_no_object("body", raw, fields)]
    faults: list[Fault] = []
    if "slug" in raw:
        rule = "never changes, so that links keep working; leave it out, or duplicate the dashboard"
        faults.append(Fault("slug", f"{rule} to have another one."))
    faults += _text("name", raw, NAME, NAME_RULE)
    faults += _text("description", raw, DESCRIPTION, DESCRIPTION_RULE, nullable=True)
    widgets, more = _widgets(raw.get("widgets", []))
    faults += more + _unknown("", raw, fields, ("slug",))
    if faults:
        return None, faults
    given = frozenset(name for name in fields if name in raw)
    return Changes(given, raw.get("name", ""), raw.get("description"), widgets), []


def _widgets(raw: Any) -> tuple[tuple[Asked, ...], list[Fault]]:
    if not isinstance(raw, list | tuple):
        rule = "is not a list of widgets; leave it out to keep those there are."
        return (), [Fault("widgets", f"{shown(raw)} {rule}")]
    if len(raw) > WIDGETS:
        rule = f"are more than the {WIDGETS} of one dashboard; make a second one."
        return (), [Fault("widgets", f"{len(raw):,} widgets {rule}")]
    asked: list[Asked] = []
    faults: list[Fault] = []
    seen: set[str] = set()
    for i, one in enumerate(raw):
        widget, more = _widget(one)
        if widget is not None and widget.id is not None and widget.id in seen:
            more = [Fault("id", f"{widget.id} stands twice; a widget has one place.")]
        faults += [replace(f, field=f"widgets[{i}]{_after(f.field)}") for f in more]
        if widget is not None:
            asked.append(widget)
            seen.add(widget.id or "")
    return tuple(asked), faults


def _after(field: str) -> str:
    return f".{field}" if field else ""


def _widget(raw: Any) -> tuple[Asked | None, list[Fault]]:
    if not isinstance(raw, Mapping):
        return None, [_no_object("", raw, OF_WIDGET)]
    faults: list[Fault] = []
    given_id = raw.get("id")
    if given_id is not None and not (
        isinstance(given_id, str) and re.fullmatch(UUID, given_id.lower())
    ):
        faults.append(Fault("id", f"{shown(given_id)} is not a UUID; leave it out for a new one."))
    kind = raw.get("widget_type")
    if not isinstance(kind, str) or kind not in WIDGET_TYPES:
        faults.append(_wrong("widget_type", raw, f"one of {', '.join(WIDGET_TYPES)}."))
    position, more = _position(raw)
    faults += more + _config(raw) + _unknown("", raw, OF_WIDGET, READ_ONLY)
    if faults or position is None:
        return None, faults
    own_id = given_id.lower() if isinstance(given_id, str) else None
    return Asked(own_id, str(kind), position, dict(raw["config"])), []


def _position(raw: Mapping[str, Any]) -> tuple[Position | None, list[Fault]]:
    given = raw.get("position")
    if not isinstance(given, Mapping):
        return None, [_wrong("position", raw, "an object with x, y, w and h.")]
    faults = []
    for name, (low, high) in BOUNDS.items():
        if not _is_whole(given.get(name), low, high):
            rule = f"a whole number from {low} to {high}."
            faults.append(replace(_wrong(name, given, rule), field=f"position.{name}"))
    faults += _unknown("position.", given, BOUNDS)
    if faults:
        return None, faults
    position = Position(**{name: int(given[name]) for name in BOUNDS})
    if position.x + position.w > COLS:
        rule = f"reaches beyond the {COLS} columns from x {position.x} on; make it narrower."
        return None, [Fault("position.w", f"{position.w} {rule}")]
    return position, []


def _is_whole(value: Any, low: int, high: int) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and low <= value <= high and value == value // 1


def _config(raw: Mapping[str, Any]) -> list[Fault]:
    given = raw.get("config")
    if not isinstance(given, Mapping):
        return [_wrong("config", raw, "an object with a title and the fields of a request.")]
    if bad := list(islice(_not_json(given), UNKNOWN_NAMED)):
        return [Fault(f"config{path}", reason) for path, reason in bad]
    size = len(json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode())
    if size > CONFIG_BYTES:
        rule = f"has {size:,} bytes as JSON, more than the {CONFIG_BYTES:,} of one widget."
        return [Fault("config", rule)]
    faults = []
    title = given.get(TITLE, "")
    if not isinstance(title, str) or len(title) > TITLE_LENGTH:
        rule = f"is not a title: text of at most {TITLE_LENGTH} characters."
        faults.append(Fault(TITLE, f"{shown(title)} {rule}"))
    _, more = examine({name: given[name] for name in REQUEST_NAMES if name in given})
    return [replace(fault, field=f"config.{fault.field}") for fault in faults + more]


def _not_json(value: Any, path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """Where something stands that cannot be stored and given back as JSON, and why."""
    if depth > CONFIG_DEPTH:
        yield "", f"is nested deeper than {CONFIG_DEPTH} levels."
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if not isinstance(name, str):
                yield path, f"has the name {shown(name)}, which is no text."
                return
            if _has_surrogate(name):
                yield path, f"has the name {shown(name)}, which is half a character."
                return
            yield from _not_json(part, f"{path}.{named(name)}", depth + 1)
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _not_json(part, f"{path}[{i}]", depth + 1)
    elif isinstance(value, str):
        if _has_surrogate(value):
            yield path, f"{shown(value)} has half a character in it."
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, f"{value} is too large for a number."
    elif value is not None and not isinstance(value, int | float):
        yield path, f"{shown(value)} is a {type(value).__name__}, which JSON does not have."


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _is_layout(raw: Any) -> bool:
    """Whether it says nothing but what is so anyway; true is not 1."""
    return (
        isinstance(raw, Mapping)
        and set(raw) <= set(LAYOUT)
        and all(not isinstance(value, bool) and value == LAYOUT[n] for n, value in raw.items())
    )


def _text(
    field: str,
    raw: Mapping[str, Any],
    pattern: str,
    rule: str,
    *,
    required: bool = False,
    nullable: bool = False,
) -> list[Fault]:
    if field not in raw:
        return [_wrong(field, raw, rule)] if required else []
    value = raw[field]
    if (value is None and nullable) or (isinstance(value, str) and re.fullmatch(pattern, value)):
        return []
    return [_wrong(field, raw, rule)]


def _wrong(field: str, raw: Mapping[str, Any], rule: str) -> Fault:
    if field not in raw:
        return Fault(field, f"is required: {rule}")
    return Fault(field, f"{shown(raw[field])} is not {rule}")


def _no_object(field: str, raw: Any, fields: Collection[str]) -> Fault:
    return Fault(field, f"{shown(raw)} is not a JSON object with {', '.join(fields)}.")


def _unknown(
    prefix: str, raw: Mapping[str, Any], fields: Collection[str], besides: Collection[str] = ()
) -> list[Fault]:
    unknown = [name for name in raw if name not in fields and name not in besides]
    rule = f"is not a field here; the fields are {', '.join(fields)}."
    faults = [Fault(f"{prefix}{named(name)}", rule) for name in unknown[:UNKNOWN_NAMED]]
    if len(unknown) > UNKNOWN_NAMED:
        more = len(unknown) - UNKNOWN_NAMED
        faults.append(Fault(prefix.rstrip(".") or "body", f"has {more:,} more unknown fields."))
    return faults
