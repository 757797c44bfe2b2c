"""The API as an OpenAPI 3.1 document, made from the fields of a request and the tree of errors."""

from typing import Any, Final

from engine import errors
from engine.contract import json_schema
from engine.http.scope import BRAND_QUERY
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

REFUSALS: Final[dict[type[errors.VitrineError], str]] = {
    errors.InvalidRequest: "Something in the request is not valid; details names every field.",
    errors.Unauthorized: "The token is missing (AUTH_001) or not valid (AUTH_002).",
    errors.Forbidden: "The workspace or brand is not open to the caller.",
    errors.NotFound: "There is nothing at this path.",
    errors.MethodNotAllowed: "The path has other methods; Allow lists them.",
    errors.PayloadTooLarge: "The body is longer than a request can be.",
    errors.UnsupportedMediaType: "The body is not JSON in UTF-8.",
    errors.TooManyRequests: "Too many requests in this minute.",
    errors.Unavailable: "The events cannot be read now.",
}

_COUNT: Final = {"type": "integer", "minimum": 0}
_INSTANT: Final = {"type": "string", "format": "date-time"}
_TEXT: Final = {"type": "string"}

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
        "paths": {AGGREGATE_PATH: {"post": _aggregate()}},
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
            "schemas": {"AggregateRequest": json_schema(), "Result": RESULT, "Error": ERROR},
        },
    }


def _aggregate() -> Json:
    body = {"required": True, "content": _content("AggregateRequest")}
    answer = "The rows, and when they were computed."
    return {
        "operationId": "aggregate",
        "summary": "Run a widget aggregation",
        "security": [{"bearerAuth": []}],
        "parameters": _parameters(),
        "requestBody": body,
        "responses": {
            "200": _response(answer, "Result", ALWAYS | ANNOUNCEMENTS),
            **{
                str(error.status): _response(
                    meaning, "Error", ALWAYS | WITH_STATUS.get(error.status, {})
                )
                for error, meaning in REFUSALS.items()
            },
        },
    }


def _parameters() -> list[Json]:
    uuid = {"type": "string", "format": "uuid", "pattern": f"^{UUID.replace('a-f', 'a-fA-F')}$"}
    workspace = {"type": "string", "pattern": f"^{WORKSPACE}$", "maxLength": WORKSPACE_LENGTH}
    brand = "The brand; send it as this header, as brand_id, or the same in both."
    return [
        _parameter(WORKSPACE_FIELD, "path", workspace, "The workspace.", required=True),
        _parameter(BRAND_FIELD, "header", uuid, brand),
        _parameter(BRAND_QUERY, "query", uuid, "The brand, for callers that cannot send headers."),
        _parameter(CATALOG_FIELD, "header", uuid, "Narrows the brand to one of its catalogs."),
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
