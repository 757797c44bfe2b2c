"""What is behind one row: narrow to it, or see its newest events."""

import re
from hashlib import sha256
from typing import Final

import polars as pl
import streamlit as st

from engine import FIELDS, Scope, VitrineError
from engine.contract import MEASURES
from pages.ui import session, text
from pages.ui.answer import NAME
from pages.ui.charts.drawing import Drawing
from pages.ui.words import say

COUNT: Final = 20
FIRST: Final = ("created_at", "event_type", "session_id", "product_id", *MEASURES, "metadata")


def behind(drawing: Drawing, scope: Scope, chart: str) -> None:
    """A card for the row that was clicked, or nothing."""
    picked = session.picked(chart)
    if picked is None:
        return
    key: str = picked[0]
    with st.container(key="card_behind", gap="small"):
        st.markdown(f"#### {text.for_markdown(text.plain(key))}")
        with st.container(horizontal=True, gap="small"):
            if drawing.request.group_by == "event_type" and _is_selectable(key):
                only = st.button(
                    say("Only this type"),
                    key="narrow",
                    icon=":material/filter_alt:",
                    on_click=session.set_control,
                    args=("event_types", [key]),
                )
                if only:
                    st.rerun()
            if st.button(say("Close"), key="close_behind", icon=":material/close:"):
                session.unpick(NAME)
                st.rerun()
        try:
            events = session.engine().samples(
                drawing.request, scope, key, as_of=drawing.result.generated_at, count=COUNT
            )
        except VitrineError as error:
            st.error(text.for_markdown(error.message))
            return
        st.caption(say("The newest events of this row, at most {count}", count=COUNT))
        st.dataframe(_cells(events), hide_index=True, key="samples")


def row_picker(drawing: Drawing, chart: str) -> None:
    """The same by keyboard, found by typing."""
    places = list(range(len(drawing.keys)))
    # Another request has other rows, and a picker of its own.
    name = f"row_{sha256(chart.encode()).hexdigest()[:12]}"

    def chosen() -> None:
        place = session.control(name)
        session.pick(chart, None if place is None else (drawing.keys[place],))

    st.selectbox(
        say("Look behind a row"),
        places,
        index=None,
        format_func=lambda place: text.plain(drawing.keys[place]),
        placeholder=say("Choose a row"),
        key=name,
        on_change=chosen,
    )


def _is_selectable(key: str) -> bool:
    pattern = next(field.pattern for field in FIELDS if field.name == "event_types")
    return re.fullmatch(pattern or "", key) is not None


def _cells(events: pl.DataFrame) -> pl.DataFrame:
    """Only columns that hold something, each text one harmless line."""
    held = [name for name in events.columns if events[name].null_count() < events.height]
    held = list(dict.fromkeys(name for name in (*FIRST, *held) if name in held))
    texts = [name for name in held if events.schema[name] == pl.String]
    return events.select(held).with_columns(
        pl.col(pl.Decimal).cast(pl.Float64),
        *(
            pl.Series(name, [v if v is None else text.plain(v, 300) for v in events[name]])
            for name in texts
        ),
        *([pl.col("created_at").dt.strftime("%Y-%m-%d %H:%M:%S")] if "created_at" in held else []),
    )
