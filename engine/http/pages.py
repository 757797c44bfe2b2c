"""What the responses of the pages carry that Streamlit does not send: headers that keep other
sites out, and the cookie by which a browser is told from another."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import VitrineError
from engine.http import cookies
from engine.http.sign_in import is_secure
from engine.workspaces.browser import VISIT
from engine.workspaces.links import PARAMETER
from engine.workspaces.permissions import SHARED_PATH
from engine.workspaces.tokens import new_token

BY_NOBODY: Final = "frame-ancestors 'none'"
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
        BY_NOBODY,
    )
)
POLICY_NAME: Final = "Content-Security-Policy"
FRAME_OPTIONS: Final = "X-Frame-Options"
HEADERS: Final = {
    POLICY_NAME: POLICY,
    "X-Content-Type-Options": "nosniff",
    FRAME_OPTIONS: "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
OF_SHARED: Final = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""Of the page behind a share link: its address is a secret, and its link may end at any time."""
Framers = Callable[[str, str], Sequence[str]]
"""The origins of sites that may frame what the link of a token shows to a network address."""
TLS: Final = ("Strict-Transport-Security", "max-age=31536000")


class PageHeaders:
    """ASGI middleware. A header that a response has already stays as it is.

    visits: whether browsers get a cookie of their own, which signing in takes. framers: without it
    nobody frames anything.
    """

    def __init__(
        self,
        app: ASGIApp,
        visits: Callable[[], bool],
        public_url: str = "",
        framers: Framers | None = None,
    ) -> None:
        self.app = app
        self._visits = visits
        self._public_url = public_url
        self._framers = framers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secure = is_secure(scope, self._public_url)
        is_shared = scope["path"] == SHARED_PATH
        visit = None if is_shared else await self._visit(scope, secure)
        stamps = HEADERS | (dict([TLS]) if secure else {})
        if is_shared:
            stamps = await self._framed(scope, stamps)

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with(message["headers"], stamps)
                headers = MutableHeaders(scope=message)
                if is_shared:
                    headers.update(OF_SHARED)
                if visit is not None and _is_page(headers):
                    headers.append("set-cookie", visit)
                    headers["cache-control"] = "no-store"
                if secure:
                    message["headers"] = [_over_tls(*header) for header in message["headers"]]
            await send(message)

        await self.app(scope, receive, stamped)

    async def _framed(self, scope: Scope, stamps: dict[str, str]) -> dict[str, str]:
        """The headers with which the sites that the link names may frame it. The older header knows
        all sites or none: it is not sent then."""
        tokens = QueryParams(scope["query_string"]).getlist(PARAMETER)
        if self._framers is None or len(tokens) != 1:
            return stamps
        host, _ = scope.get("client") or ("", 0)
        try:
            origins = await to_thread.run_sync(self._framers, tokens[0], host)
        except VitrineError:
            return stamps
        if not origins:
            return stamps
        policy = POLICY.replace(BY_NOBODY, f"frame-ancestors {' '.join(origins)}")
        others = {name: value for name, value in stamps.items() if name != FRAME_OPTIONS}
        return others | {POLICY_NAME: policy}

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


def _with(
    headers: Sequence[tuple[bytes, bytes]], more: Mapping[str, str]
) -> list[tuple[bytes, bytes]]:
    """The headers, and those of `more` that are not among them."""
    sent = {name.lower() for name, _ in headers}
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in more.items()]
    return [*headers, *(pair for pair in pairs if pair[0] not in sent)]


def _is_page(headers: Headers) -> bool:
    return headers.get("content-type", "text/html").startswith("text/html")


def _over_tls(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Streamlit's own cookies know nothing of the TLS before it."""
    bare = name.lower() == b"set-cookie" and b"; secure" not in value.lower()
    return name, value + b"; Secure" if bare else value
