"""Charts of a few strokes: pictures that hold nothing but numbers."""

import base64
from collections.abc import Sequence
from typing import Final

from pages.ui import theme

WIDTH: Final = 200
BARS: Final = 8


def line(values: Sequence[float | None], height: int = 40) -> str:
    """A line with its area over zero, with gaps where there is no value."""
    there = [value for value in values if value is not None]
    if not there:
        return _svg("", height)
    low, high = min(0, *there), max(0, *there)
    strokes, areas = [], []
    for stretch in _stretches(values):
        points = [
            f"{_across(i, len(values)):.1f} {_down(value, low, high, height):.1f}"
            for i, value in stretch
        ]
        if len(points) == 1:
            points *= 2
        path = "M" + "L".join(points)
        base = f"{_down(0, low, high, height):.1f}"
        first, last = (_across(stretch[i][0], len(values)) for i in (0, -1))
        strokes.append(path)
        areas.append(f"{path}L{last:.1f} {base}L{first:.1f} {base}Z")
    colour = theme.accent()
    drawn = (
        f"<path fill='{colour}' opacity='.13' d='{''.join(areas)}'/>"
        f"<path fill='none' stroke='{colour}' stroke-width='1.6' d='{''.join(strokes)}'"
        " vector-effect='non-scaling-stroke'/>"
    )
    return _svg(drawn, height)


def bars(values: Sequence[float], height: int = 40) -> str:
    """The first values as lying bars, the length of each its share of the largest."""
    shown = values[:BARS]
    largest = max((abs(value) for value in shown), default=0) or 1
    step = height / max(len(shown), 4)
    drawn = "".join(
        f"<rect x='0' y='{i * step:.1f}' rx='1' height='{step * 0.7:.1f}'"
        f" width='{max(1, abs(value) / largest * WIDTH):.1f}' fill='{theme.accent(0.85)}'/>"
        for i, value in enumerate(shown)
    )
    return _svg(drawn, height)


def _svg(drawn: str, height: int) -> str:
    """An HTML image: Streamlit takes SVG itself out of HTML."""
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}'"
        f" width='{WIDTH}' height='{height}' preserveAspectRatio='none'>{drawn}</svg>"
    )
    return image(svg, f"width:100%;height:{height}px;display:block")


def image(svg: str, style: str) -> str:
    """An HTML image that is read out as nothing."""
    coded = base64.b64encode(svg.encode()).decode()
    return f"<img alt='' style='{style}' src='data:image/svg+xml;base64,{coded}'>"


def _stretches(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    found: list[list[tuple[int, float]]] = [[]]
    for i, value in enumerate(values):
        if value is not None:
            found[-1].append((i, value))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _across(i: int, count: int) -> float:
    return i / max(count - 1, 1) * WIDTH


def _down(value: float, low: float, high: float, height: int) -> float:
    return height - 2 - (value - low) / ((high - low) or 1) * (height - 4)
