"""What the description of every path has: parameters, headers and refusals."""

from typing import Any, Final

from engine import errors
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
Refusals = dict[type[errors.VitrineError], str]

REFUSALS: Final[Refusals] = {
    errors.InvalidRequest: "Something in the request is not valid; details names every field.",
    errors.Unauthorized: "The token is missing (AUTH_001) or not valid (AUTH_002).",
    errors.Forbidden: "The workspace or brand is not open to the caller (AUTH_004), or their"
    " role may not do this (AUTH_003).",
    errors.NotFound: "There is nothing at this path, or nothing of this id.",
    errors.MethodNotAllowed: "The path has other methods; Allow lists them.",
    errors.PayloadTooLarge: "The body is longer than a request can be.",
    errors.UnsupportedMediaType: "The body is of another media type, or not in UTF-8.",
    errors.TooManyRequests: "Too many requests in this minute (RATE_001) or at once (RATE_002).",
    errors.Unavailable: "Nothing can be read or stored now, or too much is waiting.",
}

COUNT: Final = {"type": "integer", "minimum": 0}
INSTANT: Final = {"type": "string", "format": "date-time"}
TEXT: Final = {"type": "string"}
UUID_SCHEMA: Final[Json] = {
    "type": "string",
    "format": "uuid",
    "pattern": f"^{UUID.replace('a-f', 'a-fA-F')}$",
}

ALWAYS: Final[Headers] = {
    "X-Request-Id": ("Names this request in the log.", {"type": "string", "pattern": "^req_"}),
    "X-RateLimit-Limit": ("Requests a minute.", COUNT),
    "X-RateLimit-Remaining": ("Requests left in this minute.", COUNT),
    "X-RateLimit-Reset": ("When the minute ends, in Unix seconds.", COUNT),
}
WITH_STATUS: Final[dict[int, Headers]] = {
    401: {"WWW-Authenticate": ("The scheme to use.", TEXT)},
    405: {"Allow": ("The methods this path has.", TEXT)},
    429: {"Retry-After": ("Seconds to wait.", COUNT)},
    503: {"Retry-After": ("Seconds to wait.", COUNT)},
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


def responses(success: Json, status: int = 200, more: Refusals | None = None) -> Json:
    """By status. more: what this path refuses beside what every path does."""
    refusals = {
        str(error.status): response(meaning, "Error", ALWAYS | WITH_STATUS.get(error.status, {}))
        for error, meaning in {**REFUSALS, **(more or {})}.items()
    }
    return {str(status): success, **refusals}


def parameters(brand: str, catalog: str) -> list[Json]:
    workspace = {"type": "string", "pattern": f"^{WORKSPACE}$", "maxLength": WORKSPACE_LENGTH}
    return [
        parameter(WORKSPACE_FIELD, "path", workspace, "The workspace.", required=True),
        parameter(BRAND_FIELD, "header", UUID_SCHEMA, brand),
        parameter(
            BRAND_QUERY, "query", UUID_SCHEMA, "The brand, for callers that cannot send headers."
        ),
        parameter(CATALOG_FIELD, "header", UUID_SCHEMA, catalog),
    ]


def parameter(
    name: str, place: str, schema: Json, description: str, *, required: bool = False
) -> Json:
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": schema,
    }


def response(description: str, schema: str, headers: Headers) -> Json:
    return {
        "description": description,
        "headers": {
            name: {"description": text, "required": True, "schema": header}
            for name, (text, header) in headers.items()
        },
        "content": content(schema),
    }


def content(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
