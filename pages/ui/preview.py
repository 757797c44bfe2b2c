"""A dashboard as a small picture: where its widgets lie, and a few strokes of what they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.workspaces.widget import COLS
from pages.ui import spark, theme

CELL: Final = 12
ROW: Final = 30
GAP: Final = 4
ROWS: Final = 5
"""As many rows are seen of a card's picture; what lies below is cut off."""
MOST: Final = 12
"""As many at most of a picture that shows all."""
SERIES: Final = (0.35, 0.6, 0.45, 0.8, 0.62, 0.95, 0.7)
SHARES: Final = (1.0, 0.72, 0.5, 0.34, 0.2)


def small(widgets: Sequence[Mapping[str, Any]]) -> str:
    """HTML of the first rows; widgets are raw, as `Dashboards.put` takes them."""
    return _framed(widgets, ROWS)


def whole(widgets: Sequence[Mapping[str, Any]]) -> str:
    """HTML of all of it, unless that is a lot."""
    below = max((one["position"]["y"] + one["position"]["h"] for one in widgets), default=0)
    return _framed(widgets, min(max(below, ROWS), MOST))


def _framed(widgets: Sequence[Mapping[str, Any]], rows: int) -> str:
    drawn = "".join(_card(widget) for widget in widgets if widget["position"]["y"] < rows)
    width, height = COLS * CELL + GAP, rows * ROW + GAP
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'"
        f" width='{width}' height='{height}'>{drawn}</svg>"
    )
    return f"<div class='thumb'>{spark.image(svg, 'width:100%;display:block')}</div>"


def _card(widget: Mapping[str, Any]) -> str:
    place = widget["position"]
    left, top = place["x"] * CELL + GAP, place["y"] * ROW + GAP
    width, height = place["w"] * CELL - GAP, place["h"] * ROW - GAP
    inside = (left + 5, top + 5, max(width - 10, 1), max(height - 10, 1))
    drawn = STROKES.get(widget["widget_type"], _lines)(widget["config"], *inside)
    return (
        f"<rect x='{left}' y='{top}' width='{width}' height='{height}' rx='3'"
        f" fill='{theme.card()}' stroke='{theme.accent(0.25)}' stroke-width='.8'/>{drawn}"
    )


def _counter(_: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    number = _bar(x, y + h * 0.3, w * 0.34, min(h * 0.4, 8), 0.9)
    return number + _curve(x + w * 0.45, y, w * 0.55, h)


def _time_series(config: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    look = config.get("look")
    if look == "heatmap":
        return _fields(x, y, w, h)
    return _columns(x, y, w, h) if look == "columns" else _curve(x, y, w, h)


def _breakdown(config: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    look = config.get("look")
    if look == "donut":
        return _ring(x, y, w, h)
    return _columns(x, y, w, h) if look == "columns" else _bars(config, x, y, w, h)


def _bars(_: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    step = h / len(SHARES)
    bars = (_bar(x, y + i * step, w * s, step * 0.66, 0.75) for i, s in enumerate(SHARES))
    return "".join(bars)


def _funnel(_: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    step = h / 4
    shares = SHARES[:4]
    return "".join(
        _bar(x + w * (1 - share) / 2, y + i * step, w * share, step * 0.84, 0.85 - i * 0.15)
        for i, share in enumerate(shares)
    )


def _lines(_: Mapping[str, Any], x: float, y: float, w: float, h: float) -> str:
    count = max(int(h // 8), 1)
    return "".join(
        _bar(x, y + i * 8, w * 0.55, 2, 0.45) + _bar(x + w * 0.75, y + i * 8, w * 0.25, 2, 0.8)
        for i in range(count)
    )


def _curve(x: float, y: float, w: float, h: float) -> str:
    step = w / (len(SERIES) - 1)
    points = " ".join(f"{x + i * step:.1f},{y + h * (1 - s):.1f}" for i, s in enumerate(SERIES))
    base = f"{x + w:.1f},{y + h:.1f} {x:.1f},{y + h:.1f}"
    return (
        f"<polygon fill='{theme.accent(0.14)}' points='{points} {base}'/>"
        f"<polyline fill='none' stroke='{theme.accent()}' stroke-width='1.3' points='{points}'/>"
    )


def _columns(x: float, y: float, w: float, h: float) -> str:
    step = w / len(SERIES)
    return "".join(
        _bar(x + i * step, y + h * (1 - s), step * 0.68, h * s, 0.8) for i, s in enumerate(SERIES)
    )


def _fields(x: float, y: float, w: float, h: float) -> str:
    across, down = 9, 5
    return "".join(
        _bar(
            x + i * w / across,
            y + j * h / down,
            w / across - 1,
            h / down - 1,
            0.12 + 0.8 * SERIES[(i + j * 2) % len(SERIES)] * (i + 1) / across,
        )
        for i in range(across)
        for j in range(down)
    )


def _ring(x: float, y: float, w: float, h: float) -> str:
    radius = max(min(w, h) / 2 - 4, 2)
    round_it = 6.283 * radius
    circle = f"cx='{x + w / 2:.1f}' cy='{y + h / 2:.1f}' r='{radius:.1f}' fill='none'"
    return "".join(
        f"<circle {circle} stroke='{theme.accent(opacity)}' stroke-width='{radius * 0.42:.1f}'"
        f" stroke-dasharray='{round_it * share:.1f} {round_it:.1f}'"
        f" stroke-dashoffset='{-round_it * start:.1f}'/>"
        for start, share, opacity in ((0, 0.46, 0.95), (0.48, 0.28, 0.6), (0.78, 0.2, 0.3))
    )


def _bar(x: float, y: float, w: float, h: float, opacity: float) -> str:
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(w, 0.5):.1f}' height='{max(h, 0.5):.1f}'"
        f" rx='1' fill='{theme.accent(round(opacity, 2))}'/>"
    )


STROKES: Final = {
    "counter": _counter,
    "time_series": _time_series,
    "breakdown_bar": _breakdown,
    "funnel": _funnel,
    "top_n": _bars,
    "table": _lines,
}
