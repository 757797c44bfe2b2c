"""From a dashboard and what is to change to the dashboard after it; reads and writes nothing."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from engine.errors import Fault, InvalidRequest
from engine.workspaces.parse import Asked, Changes
from engine.workspaces.stored import in_order
from engine.workspaces.widget import Dashboard, Widget


def reconcile(before: Dashboard, changes: Changes, now: datetime, adopt: bool = False) -> Dashboard:
    """The next version, or `before` itself where nothing would change.

    A widget with a known id is updated, one without an id is new, and those that are not named go.
    Raises InvalidRequest for an unknown id, unless `adopt`: then it is a new widget of that id.
    """
    after = before
    if "name" in changes.given:
        after = replace(after, name=changes.name)
    if "description" in changes.given:
        after = replace(after, description=changes.description)
    if "widgets" in changes.given:
        after = replace(after, widgets=_reconciled(before, changes.widgets, now, adopt))
    if (after.name, after.description) == (before.name, before.description) and (
        _same_objects(after.widgets, before.widgets)
    ):
        return before
    return replace(after, version=before.version + 1, updated_at=now)


def made(asked: Iterable[Asked], now: datetime) -> tuple[Widget, ...]:
    """New widgets, under their own ids where they have some."""
    return in_order(_made(one, now) for one in asked)


def _reconciled(
    before: Dashboard, asked: tuple[Asked, ...], now: datetime, adopt: bool
) -> tuple[Widget, ...]:
    known = {widget.id: widget for widget in before.widgets}
    faults = [
        Fault(
            f"widgets[{i}].id",
            f"{one.id} is no widget of this dashboard; leave the id out to add a widget.",
        )
        for i, one in enumerate(asked)
        if one.id is not None and one.id not in known and not adopt
    ]
    if faults:
        raise InvalidRequest(faults)
    return in_order(
        _updated(known[one.id], one, now) if one.id in known else _made(one, now) for one in asked
    )


def _updated(widget: Widget, asked: Asked, now: datetime) -> Widget:
    after = replace(
        widget,
        widget_type=asked.widget_type,
        position=asked.position,
        config=asked.config,
        updated_at=now,
    )
    return widget if content(widget) == content(after) else after


def _made(asked: Asked, now: datetime) -> Widget:
    own_id = asked.id or str(uuid.uuid4())
    return Widget(own_id, asked.widget_type, asked.position, asked.config, now, now)


def content(widget: Widget) -> str:
    """Equal for equal widgets only: 1, 1.0 and true are three values, the order of names is not."""
    return json.dumps(widget.to_raw(), sort_keys=True)


def _same_objects(these: tuple[Widget, ...], those: tuple[Widget, ...]) -> bool:
    return len(these) == len(those) and all(
        one is other for one, other in zip(these, those, strict=True)
    )
