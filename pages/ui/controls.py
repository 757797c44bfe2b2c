"""Six controls, one for each field of a request, bound to the address."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from engine import FIELDS, Inventory
from engine.contract import DIMENSIONS, MEASURES, METADATA, NUMERIC_AGGREGATIONS, Field
from pages.ui import session

WINDOWS: Final = (7, 30, 90, 365)
BIND: Final[dict[str, Any]] = {
    "bind": "query-params",
    "on_change": session.forget_notices,
}


def request_controls(
    inventory: Inventory, asked: dict[str, Any], fields: tuple[Field, ...] = FIELDS
) -> dict[str, Any]:
    """Draw a control for each field and return the body they say.

    asked: valid values of the address; its own types, keys and fields are offered too.
    """
    body: dict[str, Any] = {}
    for field in fields:
        if field.name == "value_field" and body["aggregation"] not in NUMERIC_AGGREGATIONS:
            body[field.name] = None
            continue
        draw = DRAW.get(field.name) or DRAW_KIND[field.kind]
        body[field.name] = draw(field, inventory, asked.get(field.name))
    return body


def _common(field: Field) -> dict[str, Any]:
    return {"label": field.label, "key": field.name, "help": field.help, **BIND}


def _event_types(field: Field, inventory: Inventory, asked: Any) -> Any:
    asked = asked if isinstance(asked, list) else []
    options = list(dict.fromkeys([*inventory.event_types, *asked]))
    chosen = st.multiselect(
        options=options,
        placeholder="All event types",
        max_selections=field.max_items,
        **_common(field),
    )
    return list(chosen) or None


def _group_by(field: Field, inventory: Inventory, asked: Any) -> Any:
    options = [*DIMENSIONS, *(METADATA + key for key in inventory.metadata_keys)]
    if isinstance(asked, str) and asked not in options:
        options.append(asked)
    return st.selectbox(
        options=options,
        index=options.index(field.initial),
        **_common(field),
    )


def _choice(field: Field, _: Inventory, __: Any) -> Any:
    options = list(field.choices)
    return st.selectbox(
        options=options,
        index=options.index(field.initial) if field.initial in options else 0,
        **_common(field),
    )


def _value_field(field: Field, _: Inventory, asked: Any) -> Any:
    # Ids may be added up too, but nobody wants to: a link that does so keeps its choice.
    options = [*MEASURES, *([asked] if asked in field.choices and asked not in MEASURES else [])]
    return st.selectbox(options=options, index=options.index("amount"), **_common(field))


def _integer(field: Field, _: Inventory, __: Any) -> Any:
    return st.number_input(
        min_value=field.minimum,
        max_value=field.maximum,
        value=field.initial,
        step=1,
        **_common(field),
    )


def _window(field: Field, _: Inventory, __: Any) -> int:
    days: int = st.slider(
        min_value=field.minimum, max_value=field.maximum, value=field.initial, **_common(field)
    )
    with st.container(horizontal=True, gap="xsmall", key="windows"):
        for window in WINDOWS:
            st.button(
                f"{window} d",
                key=f"window_{window}",
                type="primary" if window == days else "secondary",
                on_click=session.set_control,
                args=(field.name, window),
                help=f"The last {window} times 24 hours",
            )
    return days


Draw = Callable[[Field, Inventory, Any], Any]
DRAW_KIND: Final[dict[str, Draw]] = {
    "texts": _event_types,
    "text": _group_by,
    "choice": _choice,
    "integer": _integer,
}
DRAW: Final[dict[str, Draw]] = {"value_field": _value_field, "time_window_days": _window}
