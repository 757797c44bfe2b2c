"""The address is the request and its view: a link sets the controls, they write the address."""

import re
from collections.abc import Mapping
from typing import Any, Final

from engine import FIELDS
from engine.contract import NUMERIC_AGGREGATIONS, Field
from engine.request import examine, from_query
from pages.ui import session, view
from pages.ui.panel import EXPLORE, Panel
from pages.ui.view import View
from pages.ui.words import say

USUAL_VALUE: Final = "amount"
BETWEEN: Final = " · "
"""Stands between the parts of an option's label, one of which is its name."""
Fields = tuple[Field, ...]


def read(fields: Fields = FIELDS) -> None:
    """Set the controls as the address says, when it says something new.

    What is wrong with it is kept as a notice of its control, which starts with its usual value.
    """
    understand(fields)
    if not session.address_is_news(_names(fields), first=fields[0].name):
        return
    link = session.link_parameters()
    raw = from_query(link, fields)
    _, faults = examine(raw, fields)
    values = {field.name: raw[field.name] for field in fields}
    initial = {field.name: field.initial for field in fields}
    for fault in (fault for fault in faults if fault.field in link):
        _say(link, fault.field, fault.message)
        values[fault.field] = initial[fault.field]
    values["event_types"] = list(dict.fromkeys(values["event_types"] or []))
    seen, bad = view.from_link(link)
    for name, rule in bad.items():
        _say(link, name, say("It has to be {rule}.", rule=rule))
    session.put_controls(values | view.to_controls(seen))


def understand(fields: Fields = FIELDS, panel: Panel = EXPLORE) -> None:
    """Take labels for the names in them: a browser sends the label of an option, and when its
    counts have changed since, Streamlit hands the label on.
    """
    for field in fields:
        said = panel.says(field.name)
        if isinstance(said, str):
            panel.put({field.name: _name_in(said, field)})
        elif isinstance(said, list):
            panel.put({field.name: [_name_in(label, field) for label in said]})


def _name_in(label: str, field: Field) -> str:
    pattern = field.pattern or "|".join(field.choices)
    parts = label.split(BETWEEN)
    return next((part for part in parts if re.fullmatch(pattern, part)), label)


def body(fields: Fields = FIELDS, panel: Panel = EXPLORE) -> dict[str, Any]:
    """What the controls say, as a request's body."""
    said = {field.name: panel.says(field.name, field.initial) for field in fields}
    if said["aggregation"] not in NUMERIC_AGGREGATIONS:
        said["value_field"] = None
    return said | {"event_types": list(said["event_types"] or []) or None}


def set_body(body: Mapping[str, Any], fields: Fields = FIELDS) -> None:
    """Let the controls say another request; to be called before they are drawn."""
    known = {field.name: body.get(field.name, field.initial) for field in fields}
    session.set_controls(known | {"event_types": list(known["event_types"] or [])})


def seen(panel: Panel = EXPLORE) -> View:
    """What the controls of the view say."""
    usual = View()
    goal = panel.says("goal")
    return View(
        widget_type=panel.says("widget_type") or usual.widget_type,
        look=panel.says("look") or "",
        number_format=panel.says("number_format") or usual.number_format,
        compare=bool(panel.says("compare")),
        goal=None if goal is None else float(goal),
    )


def write(body: Mapping[str, Any], seen: View, fields: Fields = FIELDS) -> None:
    """Let the address say what differs from the usual."""
    said: dict[str, list[str]] = {}
    for field in fields:
        value = body.get(field.name)
        if value is not None and value != field.initial:
            said[field.name] = [str(v) for v in (value if isinstance(value, list) else [value])]
    said |= {name: [text] for name, text in view.to_link(seen).items()}
    session.write_address(said, _names(fields))


def choose_aggregation(panel: Panel = EXPLORE) -> None:
    """A sum or an average starts with a number, so that there is something to see at once."""
    session.forget_notices()
    numeric = panel.says("aggregation") in NUMERIC_AGGREGATIONS
    if numeric and not panel.says("value_field"):
        panel.set("value_field", USUAL_VALUE)


def _names(fields: Fields) -> tuple[str, ...]:
    return (*(field.name for field in fields), *view.NAMES)


def _say(link: Mapping[str, list[str]], name: str, why: str) -> None:
    asked = ", ".join(link[name])
    text = say("The link asked for {name} = {asked}.", name=name, asked=asked[:200])
    after = say("The control shows what is used in its place.")
    session.say_of_link(f"{text} {why} {after}", name)
