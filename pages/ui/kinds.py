"""Which widget types and looks an answer can be drawn as, and which it is until one is chosen."""

from typing import Final

from engine import AggregateRequest

AUTOMATIC: Final = "automatic"
LOOKS: Final = {
    "counter": ("number",),
    "time_series": ("line", "area", "columns", "heatmap"),
    "breakdown_bar": ("bars", "columns", "donut"),
    "funnel": ("funnel",),
    "top_n": ("ranking",),
    "table": ("table",),
}
"""The six widget types with their looks; the first is the usual one."""
LOOK_NAMES: Final = tuple(dict.fromkeys(look for looks in LOOKS.values() for look in looks))
ADDITIVE: Final = ("count", "sum")
"""Aggregations whose rows are parts of a whole."""


def automatic(request: AggregateRequest) -> str:
    """none: a counter; day and hour: a time series; types: bars; everything else: a ranking."""
    if request.group_by == "none":
        return "counter"
    if request.is_time:
        return "time_series"
    return "breakdown_bar" if request.group_by == "event_type" else "top_n"


def fitting(request: AggregateRequest) -> tuple[str, ...]:
    """The types that can say what was asked, the automatic one first."""
    first = automatic(request)
    others = {
        "counter": (),
        "time_series": ("breakdown_bar", "counter"),
        "breakdown_bar": ("top_n", "funnel", "counter"),
        "top_n": ("breakdown_bar", "funnel", "counter"),
    }[first]
    return (first, *others, "table")


def looks(request: AggregateRequest, widget_type: str) -> tuple[str, ...]:
    """The looks of a type that suit the request."""
    unfit = set()
    if request.group_by != "hour":
        unfit.add("heatmap")
    if request.aggregation not in ADDITIVE or request.is_time:
        unfit.add("donut")
    return tuple(look for look in LOOKS[widget_type] if look not in unfit)
