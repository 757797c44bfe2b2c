"""Everything that can go wrong, as it is told to people and programs.

VitrineError
├── InvalidRequest        400  VALIDATION_ERROR
├── Unauthorized          401  AUTH_001 (missing) · AUTH_002 (invalid)
├── Forbidden             403  AUTH_003 (role) · AUTH_004 (workspace or brand)
├── NotFound              404  NOT_FOUND
├── MethodNotAllowed      405  METHOD_NOT_ALLOWED
├── Conflict              409  CONFLICT
├── PreconditionFailed    412  PRECONDITION_FAILED
├── PayloadTooLarge       413  PAYLOAD_TOO_LARGE
├── UnsupportedMediaType  415  UNSUPPORTED_MEDIA_TYPE
├── TooManyRequests       429  RATE_001 (in a minute) · RATE_002 (at once)
└── Unavailable           503  UNAVAILABLE
"""

from dataclasses import dataclass
from typing import Any, Final

IN_MESSAGE: Final = 6


@dataclass(frozen=True)
class Fault:
    """What is wrong with one field of a request."""

    field: str
    message: str


class VitrineError(Exception):
    """An error with a code and an HTTP status; the message names value, rule and way out."""

    status = 500
    code = "INTERNAL"

    def __init__(
        self, message: str, *, code: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.headers = headers or {}
        self.faults: tuple[Fault, ...] = ()

    def to_dict(self, request_id: str) -> dict[str, Any]:
        """The one error envelope of the API."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "request_id": request_id,
                "details": [{"field": f.field, "message": f.message} for f in self.faults],
            }
        }


class InvalidRequest(VitrineError):
    """Carries every fault at once, in the order of the fields."""

    status = 400
    code = "VALIDATION_ERROR"

    def __init__(self, faults: list[Fault]) -> None:
        if len(faults) == 1:
            message = f"{faults[0].field}: {faults[0].message}"
        else:
            names = ", ".join(fault.field for fault in faults[:IN_MESSAGE])
            message = f"{len(faults)} things are not valid, see details: {names}"
        super().__init__(message)
        self.faults = tuple(faults)


class Unauthorized(VitrineError):
    status = 401
    code = "AUTH_001"


class Forbidden(VitrineError):
    status = 403
    code = "AUTH_004"


class NotFound(VitrineError):
    status = 404
    code = "NOT_FOUND"


class MethodNotAllowed(VitrineError):
    status = 405
    code = "METHOD_NOT_ALLOWED"


class Conflict(VitrineError):
    """The name is taken, or there is no room for more; nothing was changed."""

    status = 409
    code = "CONFLICT"


class PreconditionFailed(VitrineError):
    """Somebody else changed it since it was read; nothing was overwritten."""

    status = 412
    code = "PRECONDITION_FAILED"


class PayloadTooLarge(VitrineError):
    status = 413
    code = "PAYLOAD_TOO_LARGE"


class UnsupportedMediaType(VitrineError):
    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"


class TooManyRequests(VitrineError):
    status = 429
    code = "RATE_001"


class Unavailable(VitrineError):
    """The server cannot answer now; `Retry-After` says when to ask again, in seconds."""

    status = 503
    code = "UNAVAILABLE"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})
