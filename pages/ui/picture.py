"""An answer as a PNG, drawn by the system's chromium, which is started once and kept open."""

import asyncio
import html
import re
import threading
from collections.abc import Coroutine
from typing import Any, Final

import plotly.graph_objects as go
from kaleido import Kaleido
from kaleido.errors import ChromeNotFoundError

from engine import AggregateRequest, Result, Row
from engine.errors import Unavailable
from engine.result import iso
from pages.ui.series import Bucket, buckets

SECONDS: Final = 20.0
"""How long a picture may take; the first one waits for the browser to start."""
SIZE: Final = {"width": 960, "height": 540, "scale": 2}
BARS: Final = 20
BLUE: Final = "#4f46e5"
INK: Final = "#1e293b"
GRID: Final = "#e2e8f0"
MISSING: Final = "(none)"


class Pictures:
    """Draws one picture at a time. Thread-safe."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._browser: Any = None

    def __call__(self, request: AggregateRequest, result: Result) -> bytes:
        """Raises Unavailable where there is no chromium, and when it does not answer."""
        drawing = self._run(self._draw(figure(request, result).to_plotly_json()))
        try:
            return bytes(drawing.result(self._seconds))
        except ChromeNotFoundError as error:
            raise _no_browser() from error
        except Exception as error:
            drawing.cancel()
            raise Unavailable(
                "The browser that draws pictures does not answer; ask again in a moment, or take"
                " csv, xlsx or parquet.",
                retry_after=5,
            ) from error

    def stop(self) -> None:
        """Close the browser; the next picture would open another."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), loop).result(self._seconds)
        loop.call_soon_threadsafe(loop.stop)

    def _run(self, work: Coroutine[Any, Any, bytes]) -> Any:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._serve, args=(self._loop,), daemon=True).start()
            return asyncio.run_coroutine_threadsafe(self._one_by_one(work), self._loop)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        self._turn = asyncio.Lock()
        loop.run_forever()
        loop.close()

    async def _one_by_one(self, work: Coroutine[Any, Any, bytes]) -> bytes:
        async with self._turn:
            return await work

    async def _draw(self, drawn: dict[str, Any]) -> bytes:
        try:
            if self._browser is None:
                # Without mathjax=False it would ask a stranger's server for that.
                browser = Kaleido(n=1, mathjax=False, timeout=self._seconds)
                await browser.open()
                self._browser = browser
            options = {"format": "png", **SIZE}
            return bytes(await self._browser.calc_fig(drawn, opts=options))
        except BaseException:
            await self._close()
            raise

    async def _close(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.close()


def figure(request: AggregateRequest, result: Result) -> go.Figure:
    """A number, a line over time or bars, with a title that says what they are."""
    if request.group_by == "none":
        chart = _number(request, result.rows[0])
    elif request.is_time:
        chart = _line(request, buckets(request, result) if result.rows else [])
    else:
        chart = _bars(result.rows[:BARS])
    under = _subtitle(request, result)
    return chart.update_layout(
        template="none",
        title={"text": f"<b>{title(request)}</b><br><sup>{under}</sup>", "x": 0.033},
        font={"family": "Inter, Helvetica, Arial, sans-serif", "color": INK, "size": 15},
        colorway=[BLUE],
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 32, "r": 72, "t": 96, "b": 40},
        xaxis={"gridcolor": GRID, "automargin": True},
        yaxis={"gridcolor": GRID, "automargin": True},
        showlegend=False,
    )


def title(request: AggregateRequest) -> str:
    measure = {
        "count": "Events",
        "count_distinct": "Sessions",
        "sum": f"Sum of {request.value_field}",
        "avg": f"Average of {request.value_field}",
    }[request.aggregation]
    by = request.metadata_key or request.group_by.removesuffix("_id").replace("_", " ")
    return measure if request.group_by == "none" else f"{measure} by {harmless(by)}"


def harmless(key: str, width: int = 40) -> str:
    """A key on one line, without what Plotly takes for HTML."""
    line = re.sub(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]+", " ", key)
    line = line if len(line) <= width else line[: width - 1] + "…"
    return html.escape(line) or MISSING


def _subtitle(request: AggregateRequest, result: Result) -> str:
    types = "all event types" if request.event_types is None else ", ".join(request.event_types)
    drawn = len(result.rows) if request.is_time else min(len(result.rows), BARS)
    parts = [
        harmless(types, 60),
        f"{request.time_window_days} × 24 h until {iso(result.window_end)}",
    ]
    if drawn < result.total_groups:
        which = "latest" if request.is_time else "largest"
        parts.append(f"the {which} {drawn:,} of {result.total_groups:,}")
    return " · ".join(parts)


def _number(request: AggregateRequest, row: Row) -> go.Figure:
    if request.is_numeric and row.secondary == 0:
        chart = go.Figure().add_annotation(text="—", showarrow=False, font_size=96)
        return chart.update_xaxes(visible=False).update_yaxes(visible=False)
    form = ",.0f" if row.value == int(row.value) else ",.2f"
    return go.Figure(go.Indicator(mode="number", value=row.value, number={"valueformat": form}))


def _line(request: AggregateRequest, points: list[Bucket]) -> go.Figure:
    """Buckets that the window covers in part are hollow; an average of nothing is a gap."""
    dots = 8 if len(points) <= 62 else 0
    line = go.Scatter(
        x=[point.start for point in points],
        y=[point.value for point in points],
        mode="lines+markers",
        marker={
            "size": [8 if point.share < 1 else dots for point in points],
            "symbol": ["circle-open" if point.share < 1 else "circle" for point in points],
        },
        connectgaps=False,
    )
    usual = "normal" if request.aggregation == "avg" else "tozero"
    return go.Figure(line).update_xaxes(tickangle=0, nticks=8).update_yaxes(rangemode=usual)


def _bars(rows: tuple[Row, ...]) -> go.Figure:
    places = list(range(len(rows)))
    bars = go.Bar(
        x=[row.value for row in rows],
        y=places,
        orientation="h",
        texttemplate="%{x:,.6~r}",
        textposition="outside",
        textangle=0,
        cliponaxis=False,
    )
    return go.Figure(bars).update_yaxes(
        tickvals=places,
        ticktext=[harmless(row.key) for row in rows],
        autorange="reversed",
        showgrid=False,
    )


def _no_browser() -> Unavailable:
    return Unavailable(
        "Pictures need a chromium on the server, and it has none; install one, as in"
        " `apt-get install chromium`, or take csv, xlsx or parquet.",
        retry_after=3600,
    )
