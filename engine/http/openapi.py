"""The API as an OpenAPI 3.1 document, made from the fields of a request and the tree of errors."""

from dataclasses import replace
from typing import Final

from engine.contract import FIELDS as REQUEST_FIELDS
from engine.contract import MEASURES, Field, json_schema
from engine.exports import FORMATS
from engine.http import describe_dashboards
from engine.http.describe import (
    ALWAYS,
    COUNT,
    ERROR,
    INSTANT,
    TEXT,
    UUID_SCHEMA,
    Headers,
    Json,
    content,
    parameter,
    parameters,
    response,
    responses,
)
from engine.http.scope import CATALOG_QUERY
from engine.ingest.normalise import FIELDS
from engine.ingest.posted import AT_MOST, LONGEST_ID, OTHER_NAMES, PARTS
from engine.workspaces.permissions import (
    AGGREGATE_PATH,
    DASHBOARD_FIELD,
    EVENTS_PATH,
    EXPORT_PATH,
    FROZEN_PATH,
)

ANNOUNCEMENTS: Final[Headers] = {
    "X-Total-Groups": ("How many rows there were before the limit.", COUNT),
    "X-Truncated": ("Whether the limit cut rows.", {"type": "boolean"}),
    "X-Window-Start": ("The first instant that counts.", INSTANT),
    "X-Window-End": ("The first instant after the window.", INSTANT),
    "X-Data-Version": ("Changes whenever the events do.", TEXT),
    "Server-Timing": ("Milliseconds in the engine, and whether the cache answered.", TEXT),
}
ATTACHMENT: Final[Headers] = {"Content-Disposition": ("A name for the file.", TEXT)}
RESULT: Final = {
    "type": "object",
    "properties": {
        "rows": {
            "type": "array",
            "maxItems": 1000,
            "items": {
                "type": "object",
                "properties": {
                    "key": {"type": "string"},
                    "value": {"type": "number"},
                    "secondary": {"type": "integer", "minimum": 0},
                },
                "required": ["key", "value", "secondary"],
                "additionalProperties": False,
            },
        },
        "generated_at": INSTANT,
        "cache_hit": {"type": "boolean"},
    },
    "required": ["rows", "generated_at", "cache_hit"],
    "additionalProperties": False,
}

STORED: Final = {
    "type": "object",
    "properties": {
        "stored": {"type": "integer", "minimum": 0, "maximum": AT_MOST},
        "duplicates": {"type": "integer", "minimum": 0, "maximum": AT_MOST},
        "rejected": {
            "type": "array",
            "description": "Every reason, so an event may stand here more than once.",
            "items": {
                "type": "object",
                "properties": {
                    "index": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": AT_MOST - 1,
                        "description": "The event's place in the request, from 0 on.",
                    },
                    "field": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["index", "field", "message"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["stored", "duplicates", "rejected"],
    "additionalProperties": False,
}


def document() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vitrine", "version": "1"},
        "paths": {
            AGGREGATE_PATH: {"post": _aggregate()},
            EXPORT_PATH: {"get": _export()},
            FROZEN_PATH: {"get": _frozen()},
            EVENTS_PATH: {"post": _events()},
            **describe_dashboards.paths(),
        },
        "components": {
            "securitySchemes": {
                "bearerAuth": {"type": "http", "scheme": "bearer"},
                "ticket": {
                    "type": "apiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "Opens one export for five minutes; pages put it into links.",
                },
            },
            "schemas": {
                "AggregateRequest": json_schema(),
                "Result": RESULT,
                "Event": _event(),
                "EventsRequest": EVENTS_REQUEST,
                "Stored": STORED,
                **describe_dashboards.schemas(),
                "Error": ERROR,
            },
        },
    }


def _aggregate() -> Json:
    answer = "The rows, and when they were computed."
    return {
        "operationId": "aggregate",
        "summary": "Run a widget aggregation",
        "security": [{"bearerAuth": []}],
        "parameters": parameters(
            "The brand; send it as this header, as brand_id, or the same in both.",
            "Narrows the brand to one of its catalogs.",
        ),
        "requestBody": {"required": True, "content": content("AggregateRequest")},
        "responses": responses(response(answer, "Result", ALWAYS | ANNOUNCEMENTS)),
    }


def _export() -> Json:
    media: Json = {form.media_type.split(";")[0]: {"schema": {}} for form in FORMATS.values()}
    file = response("The rows as a file.", "Result", ALWAYS | ANNOUNCEMENTS | ATTACHMENT)
    required = parameter(
        "format", "query", {"type": "string", "enum": list(FORMATS)}, "Of the file.", required=True
    )
    return {
        "operationId": "exportRows",
        "summary": "The rows of a widget aggregation as a file",
        "description": "Parameters as in the address of a page: one that is absent has its default"
        " value. A CSV or XLSX whose rows the limit has cut says so in a column `note`.",
        "security": [{"bearerAuth": []}, {"ticket": []}],
        "parameters": [
            *_in_an_address_or_header(),
            required,
            *(
                parameter(field.name, "query", _in_an_address(field), field.help)
                for field in REQUEST_FIELDS
            ),
        ],
        "responses": responses(file | {"content": media}),
    }


def _in_an_address_or_header() -> list[Json]:
    """The scope of what browsers ask for too."""
    return [
        *parameters(
            "The brand; send it as this header, as brand_id, or the same in both.",
            "Narrows the brand to one of its catalogs.",
        ),
        parameter(CATALOG_QUERY, "query", UUID_SCHEMA, "The catalog, for those without headers."),
    ]


def _frozen() -> Json:
    """Beside the paths of dashboards: it is made of answers."""
    page = response("The copy, which needs nothing else.", "Result", ALWAYS | ATTACHMENT)
    types = {"type": "array", "items": {"type": "string"}, "maxItems": 1}
    days = {"type": "integer", "minimum": 1, "maximum": 365}
    return {
        "operationId": "freezeDashboard",
        "summary": "A dashboard as one HTML file, with receipts of its answers",
        "security": [{"bearerAuth": []}, {"ticket": []}],
        "parameters": [
            *_in_an_address_or_header(),
            parameter(DASHBOARD_FIELD, "path", UUID_SCHEMA, "The dashboard.", required=True),
            parameter("time_window_days", "query", days, "Of all widgets, instead of their own."),
            parameter("event_types", "query", types, "The only event type of all widgets."),
        ],
        "responses": responses(page | {"content": {"text/html": {"schema": {}}}}),
    }


def _in_an_address(field: Field) -> Json:
    """A field's schema as a parameter, which cannot be null but absent."""
    return replace(field, nullable=False).json_schema()


def _events() -> Json:
    lines = {"type": "string", "description": f"An Event a line, at most {AT_MOST:,}."}
    answer = "What became of the events; all that are stored are safe on disk."
    return {
        "operationId": "postEvents",
        "summary": "Store events",
        "description": "Send the same request again when its answer does not come: an event_id"
        " that is known on that UTC day is a duplicate. Events without one are named after the"
        " whole request, so the same body again within 24 hours is the same events. The events of"
        f" one request are of at most {PARTS} months of brands.",
        "security": [{"bearerAuth": []}],
        "parameters": parameters(
            "The brand of events that name none; no event may name another one.",
            "The catalog of events that name none.",
        ),
        "requestBody": {
            "required": True,
            "content": {**content("EventsRequest"), "application/x-ndjson": {"schema": lines}},
        },
        "responses": responses(response(answer, "Stored", ALWAYS)),
    }


EVENTS_REQUEST: Final = {
    "type": "object",
    "properties": {
        "events": {
            "type": "array",
            "maxItems": AT_MOST,
            "items": {"$ref": "#/components/schemas/Event"},
        }
    },
    "required": ["events"],
    "additionalProperties": False,
}


_ANY_TEXT: Final[Json] = {"type": ["string", "number", "null"]}
_MEASURE: Final[Json] = {"exclusiveMinimum": -(10**12), "exclusiveMaximum": 10**12}
_WHEN: Final = "ISO 8601, or seconds, milliseconds or microseconds since 1970."

OF_EVENT: Final[dict[str, Json]] = {
    "event_id": _ANY_TEXT | {"maxLength": LONGEST_ID},
    "event_type": {"type": "string", "minLength": 1},
    "brand_id": UUID_SCHEMA | {"type": ["string", "null"]},
    "catalog_id": UUID_SCHEMA | {"type": ["string", "null"]},
    "created_at": _ANY_TEXT | {"description": _WHEN},
    "metadata": {"type": ["object", "null"]},
    **dict.fromkeys(MEASURES, _ANY_TEXT | _MEASURE),
}
"""What fields of an event may hold; others hold any text."""


def _event() -> Json:
    """An event under our names and the others that are read; a bad one is rejected by itself."""
    own = {name: OF_EVENT.get(name, _ANY_TEXT) for name in (*FIELDS, "workspace_id")}
    others = {
        other: ({} if other == "productIds" else own[name]) | {"description": f"Means {name}."}
        for name, names in OTHER_NAMES.items()
        for other in names
    }
    required = [{"required": [name]} for name in ("event_type", *OTHER_NAMES["event_type"])]
    return {
        "type": "object",
        "description": "Members that are not listed become metadata.",
        "properties": own | others,
        "anyOf": required,
    }
