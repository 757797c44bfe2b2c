"""The numbers of a dashboard: all widgets from one batch, what stands beside them from another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from engine import FIELDS, AggregateRequest, Result, Scope, VitrineError, parse
from pages.ui import session
from pages.ui.charts.bars import BAR_HEIGHT
from pages.ui.charts.drawing import BARS, Drawing
from pages.ui.composing import compose, wanted
from pages.ui.grid.asked import Asked
from pages.ui.grid.place import Widget, room
from pages.ui.view import NAMES, View, as_text, from_link
from pages.ui.waiting import share_done

AnswerUntil = Callable[[Sequence[tuple[Any, datetime]]], list[Result | VitrineError]]
"""`Engine.batch_until` for one scope and one state of its events."""


@dataclass(frozen=True)
class Answered:
    """Drawings by widget id; an error in the place of one; None where no event can match."""

    drawings: Mapping[str, Drawing | VitrineError | None]

    @property
    def oldest(self) -> datetime | None:
        """When the oldest answer was computed; None without answers."""
        found = [d.result.generated_at for d in self.drawings.values() if isinstance(d, Drawing)]
        return min(found, default=None)


def body_of(widget: Widget) -> dict[str, Any]:
    """The six fields of its request."""
    config = widget["config"]
    return {field.name: config.get(field.name, field.initial) for field in FIELDS}


def view_of(widget: Widget) -> View:
    """How it is looked at; what is not understood is the usual."""
    config = widget["config"]
    said = {name: [as_text(config[name])] for name in NAMES if config.get(name) is not None}
    return replace(from_link(said)[0], widget_type=widget["widget_type"])


def answers(widgets: Sequence[Widget], asked: Asked, scope: Scope) -> Answered:
    """Raises nothing: what goes wrong with one widget is told in its place."""
    found: dict[str, Drawing | VitrineError | None] = {}
    bodies = {}
    for widget in widgets:
        body = asked.body(body_of(widget))
        if body is None:
            found[widget["id"]] = None
        else:
            bodies[widget["id"]] = body
    try:
        # What stands beside the answers is of the same events, or others would not complete them.
        snapshot = session.engine().state(scope)
        beside = partial(session.engine().batch_until, scope=scope, snapshot=snapshot)
        with share_done() as watch:
            results = session.engine().batch(bodies.values(), scope, snapshot, watch)
    except VitrineError as error:
        return Answered(found | dict.fromkeys(bodies, error))
    by_id = {widget["id"]: widget for widget in widgets}
    main = dict(zip(bodies, results, strict=True))
    return Answered(found | _composed(by_id, bodies, main, beside))


def _composed(
    widgets: Mapping[str, Widget],
    bodies: Mapping[str, Mapping[str, Any]],
    results: Mapping[str, Result | VitrineError],
    answer_until: AnswerUntil,
) -> dict[str, Drawing | VitrineError | None]:
    requests: dict[str, tuple[AggregateRequest, View]] = {}
    plan = []
    found: dict[str, Drawing | VitrineError | None] = {}
    for name, result in results.items():
        if isinstance(result, VitrineError):
            found[name] = result
            continue
        request = parse(bodies[name])
        view = view_of(widgets[name]).fit(request)
        requests[name] = request, view
        beside = wanted(request, result, view, trend=True)
        plan += [(name, part, asked) for part, asked in beside.items()]
    more = answer_until([asked for _, _, asked in plan])
    beside_of: dict[str, dict[str, Result]] = {name: {} for name in requests}
    for (name, part, _), result in zip(plan, more, strict=True):
        if isinstance(result, VitrineError):
            found[name] = result
        else:
            beside_of[name][part] = result
    for name, (request, view) in requests.items():
        result = results[name]
        if name not in found and isinstance(result, Result):
            drawing = compose(bodies[name], request, result, view, beside_of[name])
            found[name] = replace(drawing, most=_bars(widgets[name]))
    return found


def _bars(widget: Widget) -> int:
    """So many have room in its card."""
    return max(1, min(BARS, room(widget) // BAR_HEIGHT))
