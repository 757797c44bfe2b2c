"""GET /sign-in turns a ticket into a cookie; GET /sign-out forgets the cookie of an ended session.

Only a response can set a cookie that the page's own scripts do not see.
"""

import re
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from engine.errors import Unauthorized
from engine.http import cookies
from engine.http.envelope import SECURITY
from engine.workspaces.browser import SESSION
from engine.workspaces.entry import Entry, Visit
from engine.workspaces.sign_ins import LASTS

PATH: Final = "/sign-in"
OUT: Final = "/sign-out"
PROVIDER_OUT: Final = "/auth/logout"
"""Streamlit's own: it drops what a provider said, and ends the session there too."""
NEXT: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,4000}", re.ASCII)
"""A place on this server: no other host, no backslash, nothing that breaks a header."""
REFUSED: Final = "/?sign_in=refused"


class SignIn:
    """public_url: how browsers reach the pages; with https:// cookies go over TLS only."""

    def __init__(self, entry: Entry, public_url: str = "") -> None:
        self._entry = entry
        self._public_url = public_url

    def routes(self) -> list[Route]:
        return [Route(PATH, self.enter), Route(OUT, self.leave)]

    async def enter(self, request: Request) -> Response:
        secure = is_secure(request.scope, self._public_url)
        ticket = request.query_params.get("ticket", "")
        visit = cookies.visit_of(request.headers, secure)
        former = cookies.session_of(request.headers)
        try:
            if visit is None:
                raise Unauthorized("The browser keeps no cookies.")
            where = Visit(visit, address_of(request))
            session = await to_thread.run_sync(self._entry.complete, ticket, where, former)
        except Unauthorized:
            return RedirectResponse(REFUSED, 303, SECURITY)
        response = RedirectResponse(place(request.query_params.get("next", "/")), 303, SECURITY)
        cookies.put(response, SESSION, session, secure, LASTS.days)
        return response

    async def leave(self, request: Request) -> Response:
        """The page has ended the session; a link of another site that leads here ends nothing but
        what is over."""
        session = cookies.session_of(request.headers)
        over = session is None or not await to_thread.run_sync(self._entry.is_open, session)
        onward = over and cookies.has_identity(request.headers)
        response = RedirectResponse(PROVIDER_OUT if onward else "/", 303, SECURITY)
        if over:
            cookies.drop(response, SESSION)
        return response


def place(text: str) -> str:
    """Where to go after the sign-in; what is no place on this server becomes the first page."""
    return text if NEXT.fullmatch(text) else "/"


def is_secure(scope: Scope, public_url: str) -> bool:
    return scope.get("scheme") == "https" or public_url.startswith("https://")


def address_of(request: Request) -> str:
    return "" if request.client is None else request.client.host
