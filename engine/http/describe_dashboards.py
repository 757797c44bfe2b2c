"""The dashboards' paths and schemas for the OpenAPI document."""

from typing import Any, Final

from engine import errors
from engine.contract import json_schema
from engine.http.conditions import IF_MATCH
from engine.http.describe import (
    ALWAYS,
    INSTANT,
    TEXT,
    UUID_SCHEMA,
    Headers,
    Json,
    Refusals,
    content,
    parameter,
    parameters,
    response,
    responses,
)
from engine.workspaces.parse import (
    BOUNDS,
    CONFIG_BYTES,
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    READ_ONLY,
    SLUG,
    TITLE_LENGTH,
    WIDGETS,
)
from engine.workspaces.permissions import DASHBOARD_FIELD, DASHBOARD_PATH, DASHBOARDS_PATH
from engine.workspaces.widget import COLS, LAYOUT, WIDGET_TYPES

ETAG: Final[Headers] = {"ETag": ("The version, to send as If-Match.", TEXT)}
LOCATION: Final[Headers] = {"Location": ("The path of the dashboard.", TEXT)}
_NAME: Final[Json] = {
    "type": "string",
    "pattern": r"^[^\u0000-\u001f\u007f]+$",
    "minLength": 1,
    "maxLength": NAME_LENGTH,
}
_DESCRIPTION: Final[Json] = {
    "type": ["string", "null"],
    "pattern": r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$",
    "maxLength": DESCRIPTION_LENGTH,
}
_SLUG: Final[Json] = {
    "type": "string",
    "pattern": f"^{SLUG}$",
    "description": "Unique in the brand; it never changes.",
}
_LAYOUT: Final[Json] = {
    "type": "object",
    "properties": {name: {"const": value} for name, value in LAYOUT.items()},
    "additionalProperties": False,
}
_TITLE: Final[Json] = {"type": "string", "maxLength": TITLE_LENGTH}


def paths() -> Json:
    return {
        DASHBOARDS_PATH: {"get": _list(), "post": _create()},
        DASHBOARD_PATH: {"get": _get(), "put": _put(), "delete": _delete()},
    }


def schemas() -> Json:
    return {
        "NewDashboard": _object(
            {"slug": _SLUG, "name": _NAME, "description": _DESCRIPTION, "layout": _LAYOUT},
            required=["slug", "name"],
        ),
        "DashboardChanges": _object(
            {
                "name": _NAME,
                "description": _DESCRIPTION,
                "widgets": {
                    "type": "array",
                    "maxItems": WIDGETS,
                    "items": _ref("NewWidget"),
                    "description": "All of them: a known id updates, no id adds, a missing one"
                    " deletes. Left out, the widgets stay.",
                },
            },
            required=[],
        ),
        "NewWidget": _new_widget(),
        "WidgetConfig": _config(),
        "Widget": _widget(),
        "Dashboard": _dashboard({"widgets": {"type": "array", "items": _ref("Widget")}}),
        "Dashboards": _object(
            {"dashboards": {"type": "array", "items": _dashboard({})}}, required=["dashboards"]
        ),
    }


def _list() -> Json:
    return _operation(
        "listDashboards",
        "The dashboards of a brand, without their widgets",
        responses(response("By name.", "Dashboards", ALWAYS)),
    )


def _create() -> Json:
    answer = response("The dashboard, still empty.", "Dashboard", ALWAYS | ETAG | LOCATION)
    refusals: Refusals = {errors.Conflict: "The slug is taken, or the brand is full."}
    return _operation(
        "createDashboard",
        "Make a dashboard",
        responses(answer, status=201, more=refusals),
        body="NewDashboard",
    )


def _get() -> Json:
    answer = response("The dashboard with its widgets.", "Dashboard", ALWAYS | ETAG)
    return _operation("getDashboard", "Read a dashboard", responses(answer), one=True)


def _put() -> Json:
    answer = response("The dashboard as it is now.", "Dashboard", ALWAYS | ETAG)
    return _operation(
        "putDashboard",
        "Change a dashboard and its widgets, all or nothing",
        responses(answer, more=_CHANGED),
        body="DashboardChanges",
        one=True,
        condition=True,
    )


def _delete() -> Json:
    answer = {key: value for key, value in response("", "", ALWAYS).items() if key != "content"}
    return _operation(
        "deleteDashboard",
        "Delete a dashboard; it can be had back for 30 days",
        responses(answer | {"description": "It is deleted."}, status=204, more=_CHANGED),
        one=True,
        condition=True,
    )


_CHANGED: Final[Refusals] = {errors.PreconditionFailed: "It is at another version than If-Match."}


def _operation(
    name: str,
    summary: str,
    answers: Json,
    body: str = "",
    one: bool = False,
    condition: bool = False,
) -> Json:
    given = parameters(
        "The brand; send it as this header, as brand_id, or the same in both.",
        "Changes nothing here: a dashboard belongs to a brand.",
    )
    if one:
        given.append(
            parameter(DASHBOARD_FIELD, "path", UUID_SCHEMA, "The dashboard.", required=True)
        )
    if condition:
        text = "The ETag that the change is based on; without it, any version is."
        given.append(parameter(IF_MATCH, "header", TEXT, text))
    return {
        "operationId": name,
        "summary": summary,
        "security": [{"bearerAuth": []}],
        "parameters": given,
        **({"requestBody": {"required": True, "content": content(body)}} if body else {}),
        "responses": answers,
    }


def _position() -> Json:
    bounds = {
        name: {"type": "integer", "minimum": low, "maximum": high}
        for name, (low, high) in BOUNDS.items()
    }
    fits = [
        {"properties": {"x": {"maximum": COLS - wide}, "w": {"maximum": wide}}}
        for wide in range(1, COLS + 1)
    ]
    text = f"In cells of {COLS} columns: x + w is at most {COLS}."
    return _object(bounds) | {"description": text, "anyOf": fits}


def _new_widget() -> Json:
    own = {
        "id": UUID_SCHEMA | {"type": ["string", "null"]},
        "widget_type": {"type": "string", "enum": list(WIDGET_TYPES)},
        "position": _position(),
        "config": _ref("WidgetConfig"),
    }
    as_read = {name: {"description": "As it was read; not looked at."} for name in READ_ONLY}
    return _object(own | as_read, required=["widget_type", "position", "config"])


def _config() -> Json:
    """The request's own schema, which here may have other members beside it."""
    request = json_schema()
    return request | {
        "title": "WidgetConfig",
        "description": f"At most {CONFIG_BYTES:,} bytes; members that are not listed are kept.",
        "properties": {"title": _TITLE, **request["properties"]},
        "additionalProperties": True,
    }


def _widget() -> Json:
    return _object(
        {
            "id": UUID_SCHEMA,
            "dashboard_id": UUID_SCHEMA,
            "widget_type": {"type": "string", "enum": list(WIDGET_TYPES)},
            "position": _position(),
            "config": _ref("WidgetConfig"),
            "created_at": INSTANT,
            "updated_at": INSTANT,
        }
    )


def _dashboard(more: Json) -> Json:
    return _object(
        {
            "id": UUID_SCHEMA,
            "workspace_id": TEXT,
            "brand_id": UUID_SCHEMA,
            "slug": _SLUG,
            "name": _NAME,
            "description": _DESCRIPTION,
            "layout": _LAYOUT | {"required": list(LAYOUT)},
            "created_by": TEXT,
            "created_at": INSTANT,
            "updated_at": INSTANT,
            **more,
        }
    )


def _object(properties: Json, required: list[str] | None = None) -> Json:
    """Without `required`, all of them are."""
    names = list(properties) if required is None else required
    return {
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": False,
    }


def _ref(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}
