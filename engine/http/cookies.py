"""A browser's cookies in headers: read, put and dropped."""

from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response

from engine.workspaces.browser import IDENTITY, SECURE, SESSION, VISIT, token_in

LONGEST: Final = 65_536
"""Of all cookies; those of a sign-in provider may be long."""


def session_of(headers: Headers, secure: bool = False) -> str | None:
    return _token_of(headers, SESSION, secure)


def visit_of(headers: Headers, secure: bool = False) -> str | None:
    return _token_of(headers, VISIT, secure)


def has_identity(headers: Headers) -> bool:
    """Whether the browser keeps what a sign-in provider said."""
    cookies = "; ".join(headers.getlist("cookie")).split(";")
    return any(cookie.strip().startswith(f"{IDENTITY}=") for cookie in cookies)


def put(response: Response, name: str, token: str, secure: bool, days: int | None = None) -> None:
    response.set_cookie(
        SECURE + name if secure else name,
        token,
        max_age=None if days is None else days * 86_400,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, name: str) -> None:
    """Under both names."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax")
    response.delete_cookie(SECURE + name, path="/", secure=True, httponly=True, samesite="lax")


def _token_of(headers: Headers, name: str, secure: bool) -> str | None:
    """None also where a browser sends several of one name: one of them is somebody else's."""
    text = "; ".join(headers.getlist("cookie"))
    if not text or len(text) > LONGEST:
        return None
    parts = [part.strip().partition("=") for part in text.split(";")]
    names = [key for key, _, _ in parts]
    if names.count(name) > 1 or names.count(SECURE + name) > 1:
        return None
    return token_in({key: value for key, _, value in parts}, name, secure)
