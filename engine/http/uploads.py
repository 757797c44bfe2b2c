"""Streamlit keeps in memory what any open page uploads, also that of a guest at a share link or at
the sign-in: here only members upload."""

from collections.abc import Callable
from typing import Final

from anyio import to_thread
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.http import cookies
from engine.http.sign_in import is_secure

PATH: Final = "/_stcore/upload_file/"
REFUSED: Final = "Sign in to upload files."


class UploadsOfMembers:
    """ASGI middleware. may: whether who has this session, or none, may upload."""

    def __init__(
        self, app: ASGIApp, may: Callable[[str | None], bool], public_url: str = ""
    ) -> None:
        self.app = app
        self._may = may
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        uploads = scope["type"] == "http" and PATH in scope["path"]
        if uploads and scope["method"] != "OPTIONS" and not await self._is_allowed(scope):
            refusal = PlainTextResponse(REFUSED, 403, {"Connection": "close"})
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _is_allowed(self, scope: Scope) -> bool:
        secure = is_secure(scope, self._public_url)
        session = cookies.session_of(Headers(scope=scope), secure)
        try:
            return await to_thread.run_sync(self._may, session)
        except (DBAPIError, PoolTimeout):
            return False
