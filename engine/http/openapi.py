"""The API as an OpenAPI 3.1 document, made from the fields of a request and the tree of errors."""

from dataclasses import replace
from typing import Any, Final

from engine import errors
from engine.contract import FIELDS as REQUEST_FIELDS
from engine.contract import MEASURES, Field, json_schema
from engine.exports import FORMATS
from engine.http.scope import BRAND_QUERY, CATALOG_QUERY
from engine.ingest.normalise import FIELDS
from engine.ingest.posted import AT_MOST, LONGEST_ID, OTHER_NAMES, PARTS
from engine.scope import (
    BRAND_FIELD,
    CATALOG_FIELD,
    UUID,
    WORKSPACE,
    WORKSPACE_FIELD,
    WORKSPACE_LENGTH,
)

Json = dict[str, Any]
Headers = dict[str, tuple[str, Json]]

AGGREGATE_PATH: Final = f"/api/workspace/{{{WORKSPACE_FIELD}}}/dashboards/aggregate"
EXPORT_PATH: Final = f"{AGGREGATE_PATH}/export"
EVENTS_PATH: Final = f"/api/workspace/{{{WORKSPACE_FIELD}}}/events"

REFUSALS: Final[dict[type[errors.VitrineError], str]] = {
    errors.InvalidRequest: "Something in the request is not valid; details names every field.",
    errors.Unauthorized: "The token is missing (AUTH_001) or not valid (AUTH_002).",
    errors.Forbidden: "The workspace or brand is not open to the caller.",
    errors.NotFound: "There is nothing at this path.",
    errors.MethodNotAllowed: "The path has other methods; Allow lists them.",
    errors.PayloadTooLarge: "The body is longer than a request can be.",
    errors.UnsupportedMediaType: "The body is of another media type, or not in UTF-8.",
    errors.TooManyRequests: "Too many requests in this minute (RATE_001) or at once (RATE_002).",
    errors.Unavailable: "The events cannot be read or stored now, or too much is waiting.",
}

_COUNT: Final = {"type": "integer", "minimum": 0}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string"}
_UUID: Final[Json] = {
    "type": "string",
    "format": "uuid",
    "pattern": f"^{UUID.replace('a-f', 'a-fA-F')}$",
}

ALWAYS: Final[Headers] = {
    "X-Request-Id": ("Names this request in the log.", {"type": "string", "pattern": "^req_"}),
    "X-RateLimit-Limit": ("Requests a minute.", _COUNT),
    "X-RateLimit-Remaining": ("Requests left in this minute.", _COUNT),
    "X-RateLimit-Reset": ("When the minute ends, in Unix seconds.", _COUNT),
}
ANNOUNCEMENTS: Final[Headers] = {
    "X-Total-Groups": ("How many rows there were before the limit.", _COUNT),
    "X-Truncated": ("Whether the limit cut rows.", {"type": "boolean"}),
    "X-Window-Start": ("The first instant that counts.", _INSTANT),
    "X-Window-End": ("The first instant after the window.", _INSTANT),
    "X-Data-Version": ("Changes whenever the events do.", _TEXT),
    "Server-Timing": ("Milliseconds in the engine, and whether the cache answered.", _TEXT),
}
ATTACHMENT: Final[Headers] = {"Content-Disposition": ("A name for the file.", _TEXT)}
WITH_STATUS: Final[dict[int, Headers]] = {
    401: {"WWW-Authenticate": ("The scheme to use.", _TEXT)},
    405: {"Allow": ("The methods this path has.", _TEXT)},
    429: {"Retry-After": ("Seconds to wait.", _COUNT)},
    503: {"Retry-After": ("Seconds to wait.", _COUNT)},
}

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
        "generated_at": _INSTANT,
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

ERROR: Final = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]+$"},
                "message": {"type": "string"},
                "request_id": {"type": "string", "pattern": "^req_[0-9a-f]{32}$"},
                "details": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                        "required": ["field", "message"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["code", "message", "request_id", "details"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}


def document() -> Json:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Vitrine", "version": "1"},
        "paths": {
            AGGREGATE_PATH: {"post": _aggregate()},
            EXPORT_PATH: {"get": _export()},
            EVENTS_PATH: {"post": _events()},
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
        "parameters": _parameters(
            "The brand; send it as this header, as brand_id, or the same in both.",
            "Narrows the brand to one of its catalogs.",
        ),
        "requestBody": {"required": True, "content": _content("AggregateRequest")},
        "responses": _responses(_response(answer, "Result", ALWAYS | ANNOUNCEMENTS)),
    }


def _export() -> Json:
    media: Json = {form.media_type.split(";")[0]: {"schema": {}} for form in FORMATS.values()}
    file = _response("The rows as a file.", "Result", ALWAYS | ANNOUNCEMENTS | ATTACHMENT)
    required = _parameter(
        "format", "query", {"type": "string", "enum": list(FORMATS)}, "Of the file.", required=True
    )
    return {
        "operationId": "exportRows",
        "summary": "The rows of a widget aggregation as a file",
        "description": "Parameters as in the address of a page: one that is absent has its default"
        " value. A CSV or XLSX whose rows the limit has cut says so in a column `note`.",
        "security": [{"bearerAuth": []}, {"ticket": []}],
        "parameters": [
            *_parameters(
                "The brand; send it as this header, as brand_id, or the same in both.",
                "Narrows the brand to one of its catalogs.",
            ),
            _parameter(CATALOG_QUERY, "query", _UUID, "The catalog, for those without headers."),
            required,
            *(
                _parameter(field.name, "query", _in_an_address(field), field.help)
                for field in REQUEST_FIELDS
            ),
        ],
        "responses": _responses(file | {"content": media}),
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
        "parameters": _parameters(
            "The brand of events that name none; no event may name another one.",
            "The catalog of events that name none.",
        ),
        "requestBody": {
            "required": True,
            "content": {**_content("EventsRequest"), "application/x-ndjson": {"schema": lines}},
        },
        "responses": _responses(_response(answer, "Stored", ALWAYS)),
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
    "brand_id": _UUID | {"type": ["string", "null"]},
    "catalog_id": _UUID | {"type": ["string", "null"]},
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


def _responses(success: Json) -> Json:
    refusals = {
        str(error.status): _response(meaning, "Error", ALWAYS | WITH_STATUS.get(error.status, {}))
        for error, meaning in REFUSALS.items()
    }
    return {"200": success, **refusals}


def _parameters(brand: str, catalog: str) -> list[Json]:
    workspace = {"type": "string", "pattern": f"^{WORKSPACE}$", "maxLength": WORKSPACE_LENGTH}
    return [
        _parameter(WORKSPACE_FIELD, "path", workspace, "The workspace.", required=True),
        _parameter(BRAND_FIELD, "header", _UUID, brand),
        _parameter(BRAND_QUERY, "query", _UUID, "The brand, for callers that cannot send headers."),
        _parameter(CATALOG_FIELD, "header", _UUID, catalog),
    ]


def _parameter(
    name: str, place: str, schema: Json, description: str, *, required: bool = False
) -> Json:
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": schema,
    }


def _response(description: str, schema: str, headers: Headers) -> Json:
    return {
        "description": description,
        "headers": {
            name: {"description": text, "required": True, "schema": header}
            for name, (text, header) in headers.items()
        },
        "content": _content(schema),
    }


def _content(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
