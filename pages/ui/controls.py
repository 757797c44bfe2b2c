"""Six controls, one for each field of a request, with what is wrong beside the one that is."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from engine import FIELDS, Details, Fault, Inventory
from engine.contract import DIMENSIONS, MEASURES, METADATA, NUMERIC_AGGREGATIONS, Field
from pages.ui import address, session, text
from pages.ui.address import BETWEEN
from pages.ui.numbers import compact, written
from pages.ui.panel import EXPLORE, Panel
from pages.ui.words import both, say

WINDOWS: Final = (7, 30, 90, 365)
NAMES: Final = text.GROUP_NAMES | {
    "count": "Count of events",
    "count_distinct": "Distinct sessions",
    "sum": "Sum",
    "avg": "Average",
}
"""Words for dimensions and aggregations; other names stand for themselves."""


class Offer:
    """What the pickers offer: names with their counts, as labels."""

    def __init__(self, inventory: Inventory, details: Details | None) -> None:
        self.types = askable("event_types", inventory.event_types)
        self.keys = askable("group_by", inventory.metadata_keys, METADATA)
        self.details = {} if details is None else details.keys

    def type_label(self, name: str) -> str:
        count = self.types.get(name)
        return text.plain(name) if count is None else f"{name}{BETWEEN}{written(count)}"

    def group_label(self, name: str) -> str:
        if name in NAMES:
            return _choice_label(name)
        key = name.removeprefix(METADATA)
        if key not in self.keys:
            return text.plain(name)
        parts = [name, both("{n} event", "{n} events", self.keys[key], n=compact(self.keys[key]))]
        if key in self.details:
            values = self.details[key].values
            parts.append(both("{n} value", "{n} values", values, n=compact(values)))
        return BETWEEN.join(parts)

    def near(self, name: str, known: Sequence[str]) -> list[str]:
        """Known names that look like an unknown one."""
        found = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        return [*found, *(other for other in known if name in other and other not in found)][:3]


def askable(field: str, names: Mapping[str, int], before: str = "") -> dict[str, int]:
    """Those that a request may name: what is stored may be called anything."""
    pattern = next(f.pattern for f in FIELDS if f.name == field) or ""
    return {name: n for name, n in names.items() if re.fullmatch(pattern, before + name)}


def request_controls(
    offer: Offer,
    body: Mapping[str, Any],
    faults: Sequence[Fault] = (),
    fields: tuple[Field, ...] = FIELDS,
    panel: Panel = EXPLORE,
) -> None:
    """Draw the control of each field; what it says is in the session before it is drawn."""
    for field in fields:
        if field.name != "value_field" or body["aggregation"] in NUMERIC_AGGREGATIONS:
            draw = DRAW.get(field.name) or DRAW_KIND[field.kind]
            draw(field, offer, panel)
        for notice in session.notices(panel.key(field.name)):
            st.warning(text.for_markdown(notice), icon=":material/link_off:")
        for fault in (fault for fault in faults if fault.field == field.name):
            st.error(text.for_markdown(fault.message), icon=":material/error:")


def _common(field: Field, panel: Panel) -> dict[str, Any]:
    return {
        "label": say(field.label),
        "key": panel.key(field.name),
        "help": text.for_markdown(say(field.help)),
        "on_change": session.forget_notices,
    }


def _event_types(field: Field, offer: Offer, panel: Panel) -> None:
    chosen = panel.says(field.name) or []
    options = list(dict.fromkeys([*offer.types, *chosen]))
    st.multiselect(
        options=options,
        format_func=offer.type_label,
        placeholder=say("All event types"),
        max_selections=field.max_items,
        **_common(field, panel),
    )
    for name in (name for name in chosen if name not in offer.types):
        near = offer.near(name, [other for other in offer.types if other not in chosen])
        replaced = [[other if one == name else one for one in chosen] for other in near]
        _suggest(field, panel, name, near, [list(dict.fromkeys(new)) for new in replaced])


def _group_by(field: Field, offer: Offer, panel: Panel) -> None:
    chosen = panel.says(field.name)
    options = [*DIMENSIONS, *(METADATA + key for key in offer.keys)]
    known = chosen in options
    st.selectbox(
        options=options if known else [*options, chosen],
        format_func=offer.group_label,
        **_common(field, panel),
    )
    if not known:
        near = offer.near(str(chosen), options)
        _suggest(field, panel, str(chosen), near, near)


def _suggest(
    field: Field, panel: Panel, name: str, near: Sequence[str], values: Sequence[Any]
) -> None:
    """Say that no event has this name, and offer those that look like it."""
    with st.container(gap="xsmall"):
        said = say("No event has {name}.", name=text.plain(name, 60))
        st.caption(text.for_markdown(f"{said} {say('Did you mean:') if near else ''}"))
        with st.container(horizontal=True, gap="xsmall"):
            for other, value in zip(near, values, strict=True):
                st.button(
                    text.for_markdown(other),
                    key=panel.key(f"near_{field.name}_{name}_{other}"),
                    on_click=panel.set,
                    args=(field.name, value),
                )


def _choice(field: Field, _: Offer, panel: Panel) -> None:
    common = _common(field, panel)
    if field.name == "aggregation":
        common |= {"on_change": address.choose_aggregation, "args": (panel,)}
    st.selectbox(options=list(field.choices), format_func=_choice_label, **common)


def _choice_label(name: str) -> str:
    return f"{say(NAMES[name])}{BETWEEN}{name}" if name in NAMES else name


def _value_field(field: Field, _: Offer, panel: Panel) -> None:
    # Ids may be added up too, but nobody wants to: a link that does so keeps its choice.
    chosen = panel.says(field.name)
    extra = [chosen] if chosen in field.choices and chosen not in MEASURES else []
    st.selectbox(
        options=[*MEASURES, *extra],
        index=None,
        placeholder=say("Choose a number"),
        **_common(field, panel),
    )


def _integer(field: Field, _: Offer, panel: Panel) -> None:
    st.number_input(
        min_value=field.minimum, max_value=field.maximum, step=1, **_common(field, panel)
    )


def _window(field: Field, _: Offer, panel: Panel) -> None:
    days = panel.says(field.name)
    st.slider(min_value=field.minimum, max_value=field.maximum, **_common(field, panel))
    with st.container(horizontal=True, gap="xsmall", key=panel.key("windows")):
        for window in WINDOWS:
            st.button(
                f"{window} d",
                key=panel.key(f"window_{window}"),
                type="primary" if window == days else "secondary",
                on_click=panel.set,
                args=(field.name, window),
                help=say("The last {days} times 24 hours", days=window),
            )


def _text(field: Field, _: Offer, panel: Panel) -> None:
    st.text_input(**_common(field, panel))


Draw = Callable[[Field, Offer, Panel], None]
DRAW_KIND: Final[dict[str, Draw]] = {
    "texts": _event_types,
    "text": _text,
    "choice": _choice,
    "integer": _integer,
}
DRAW: Final[dict[str, Draw]] = {
    "event_types": _event_types,
    "group_by": _group_by,
    "value_field": _value_field,
    "time_window_days": _window,
}
