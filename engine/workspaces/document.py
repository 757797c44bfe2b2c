"""One dashboard as one small file, YAML or JSON: what is kept in git and carried elsewhere.

It names no installation: no workspace, brand, person or time; only its widgets keep their ids.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from engine.database.instants import EPOCH
from engine.errors import Fault, InvalidRequest
from engine.request import loads, shown
from engine.workspaces import plain_yaml
from engine.workspaces.parse import examine_new, parse_new
from engine.workspaces.reconcile import made
from engine.workspaces.widget import REQUEST_NAMES, TITLE, Dashboard, Widget

Format = Literal["yaml", "json"]
FIELD: Final = "document"
LONGEST: Final = 4 << 20
FIRST: Final = (TITLE, *REQUEST_NAMES)


def write(dashboard: Dashboard, format: Format = "yaml") -> str:
    """The same text for the same content, whoever made it and however often it was saved."""
    return _text(dashboard.slug, dashboard.name, dashboard.description, dashboard.widgets, format)


def rewritten(raw: Mapping[str, Any]) -> str:
    """What `write` would say of the dashboard that this makes."""
    new = parse_new(raw)
    return _text(new.slug, new.name, new.description, made(new.widgets, EPOCH), "yaml")


def read(text: str) -> dict[str, Any]:
    """A raw dashboard as `Dashboards.create` takes it; text that begins with { is JSON.

    A widget without an id gets one that comes again with the same file. Raises InvalidRequest: on
    the field `document` for text that cannot be read, else on the dashboard's own.
    """
    if len(text) > LONGEST:
        rule = f"has {len(text):,} characters, more than the {LONGEST:,} of one dashboard."
        raise InvalidRequest([Fault(FIELD, rule)])
    raw = _loaded(text)
    if not isinstance(raw, Mapping):
        rule = "is not a dashboard: an object with slug, name, description and widgets."
        raise InvalidRequest([Fault(FIELD, f"{shown(raw)} {rule}")])
    _, faults = examine_new(raw, with_widgets=True)
    if "widgets" not in raw:
        rule = "is required: a list, which may be empty. All others of the dashboard go."
        faults = [*faults, Fault("widgets", rule)]
    if faults:
        raise InvalidRequest(faults)
    own = {name: value for name, value in raw.items() if name != "layout"}
    widgets = [_with_id(raw["slug"], i, widget) for i, widget in enumerate(raw["widgets"])]
    return {"description": None, **own, "widgets": widgets}


def changes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What `read` gave as `Dashboards.put` takes it, with `adopt`."""
    return {name: value for name, value in raw.items() if name != "slug"}


def _loaded(text: str) -> Any:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return loads(text.lstrip("\ufeff").encode("utf-8", "surrogatepass"))
        except InvalidRequest as error:
            raise InvalidRequest([Fault(FIELD, error.faults[0].message)]) from error
    try:
        return plain_yaml.load(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest([Fault(FIELD, f"is not a plain YAML file: {error}.")]) from error


def _with_id(slug: str, place: int, widget: Mapping[str, Any]) -> dict[str, Any]:
    own_id = widget.get("id") or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{slug}/{place}"))
    return {**widget, "id": own_id}


def _text(
    slug: str, name: str, description: str | None, widgets: Iterable[Widget], format: Format
) -> str:
    value = {
        "slug": slug,
        "name": name,
        "description": description,
        "widgets": [_ordered(widget.to_raw()) for widget in widgets],
    }
    if format == "json":
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return plain_yaml.dump(value)


def _ordered(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A raw widget with the names of its config in an order of their own."""
    config = raw["config"]
    names = [name for name in FIRST if name in config]
    names += sorted(name for name in config if name not in FIRST)
    return {**raw, "config": {name: config[name] for name in names}}
