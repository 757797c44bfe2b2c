"""Where a sign-in provider sends people back to: Streamlit reads what it said, and when nothing
came of that, it leads to the first page without a word."""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.workspaces.browser import IDENTITY

CALLBACK: Final = "/oauth2callback"
UNFINISHED: Final = "/?sign_in=unfinished"
ANSWERS: Final = (b"state=", b"error=")
"""In what a provider says of a sign-in, unlike of a sign-out."""


class Callback:
    """ASGI middleware: the page tells that a sign-in came to nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != CALLBACK:
            await self.app(scope, receive, send)
            return
        is_answer = any(part in scope["query_string"] for part in ANSWERS)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 302:
                headers = MutableHeaders(scope=message)
                given = headers.getlist("set-cookie")
                if is_answer and not any(_is_identity(cookie) for cookie in given):
                    headers["location"] = UNFINISHED
            await send(message)

        await self.app(scope, receive, told)


def _is_identity(cookie: str) -> bool:
    """Whether it puts somebody's identity, and does not take it away."""
    name, _, rest = cookie.partition("=")
    return name == IDENTITY and rest.partition(";")[0].strip('"') != ""
