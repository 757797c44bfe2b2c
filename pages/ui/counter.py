"""One large number, what it was before, how near the goal, and its way through the window."""

import html

import streamlit as st

from pages.ui import spark, text
from pages.ui.charts.drawing import Drawing
from pages.ui.numbers import signed, written
from pages.ui.words import say


def counter(drawing: Drawing) -> None:
    """drawing.total is the number, drawing.before_total that of the window before."""
    before = drawing.before_total
    parts = [f"<div class='number' data-painted>{html.escape(_number(drawing))}</div>"]
    if before is not None and drawing.total is not None:
        parts.append(_change(drawing, drawing.total, before))
    if drawing.view.goal is not None:
        parts.append(_goal(drawing, drawing.view.goal))
    trend = spark.line(drawing.trend, height=70) if drawing.trend else ""
    st.html(f"<div class='counter'><div>{''.join(parts)}</div>{trend}</div>")


def _number(drawing: Drawing) -> str:
    form = drawing.view.number_format
    return written(drawing.total, "plain" if form == "percent" and _counts(drawing) else form)


def _counts(drawing: Drawing) -> bool:
    """Of what is the whole itself, every percentage would be 100."""
    return drawing.request.aggregation != "avg"


def _change(drawing: Drawing, now: float, before: float) -> str:
    was = say("{value} in the window before", value=drawing.label(before))
    if not before:
        return f"<p class='quiet'>{html.escape(was)}</p>"
    change = (now - before) / abs(before)
    way = "up" if change > 0 else "down" if change < 0 else ""
    arrow = {"up": "▲ ", "down": "▼ ", "": ""}[way]
    return (
        f"<p class='beside'><span class='change {way}'>{arrow}{html.escape(signed(change))}</span>"
        f"<span class='quiet'>{html.escape(was)}</span></p>"
    )


def _goal(drawing: Drawing, goal: float) -> str:
    now = drawing.total or 0
    share = now / goal if goal else 0
    form = drawing.view.number_format
    said = say(
        "{share} of the goal of {goal}",
        share=written(share, "percent"),
        goal=written(goal, "plain" if form == "percent" and _counts(drawing) else form),
    )
    return (
        f"<div class='beside'><div class='meter'><i style='width:{min(max(share, 0), 1):.1%}'></i>"
        f"</div><span class='quiet'>{html.escape(text.plain(said))}</span></div>"
    )
