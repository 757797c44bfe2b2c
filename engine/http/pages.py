"""What the responses of the pages carry that Streamlit does not send: headers that keep other
sites out, and the cookie by which a browser is told from another."""

from collections.abc import Callable
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.http import cookies
from engine.http.sign_in import is_secure
from engine.workspaces.browser import VISIT
from engine.workspaces.tokens import new_token

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        # Streamlit starts by an inline script, and its charts compile expressions.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "connect-src 'self' data: blob:",
        "frame-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TLS: Final = ("Strict-Transport-Security", "max-age=31536000")


class PageHeaders:
    """ASGI middleware. A header that a response has already stays as it is.

    visits: whether browsers get a cookie of their own, which signing in takes.
    """

    def __init__(self, app: ASGIApp, visits: Callable[[], bool], public_url: str = "") -> None:
        self.app = app
        self._visits = visits
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secure = is_secure(Request(scope), self._public_url)
        visit = await self._visit(scope, secure)

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (*HEADERS.items(), *([TLS] if secure else [])):
                    headers.setdefault(name, value)
                kind = headers.get("content-type", "text/html")
                if visit is not None and kind.startswith("text/html"):
                    headers.append("set-cookie", visit)
                    headers["cache-control"] = "no-store"
                if secure:
                    message["headers"] = [_over_tls(*header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, stamped)

    async def _visit(self, scope: Scope, secure: bool) -> str | None:
        """The cookie for a browser that has none yet."""
        headers = Headers(scope=scope)
        if scope["method"] != "GET" or "text/html" not in headers.get("accept", ""):
            return None
        if cookies.visit_of(headers, secure) is not None:
            return None
        if not await to_thread.run_sync(self._visits):
            return None
        made = Response()
        cookies.put(made, VISIT, new_token(), secure)
        return made.headers["set-cookie"]


def _over_tls(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Streamlit's own cookies know nothing of the TLS before it."""
    bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if bare else value
