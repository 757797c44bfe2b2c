"""The API alone, without pages, over the lake of VITRINE_HOME: `uvicorn engine.http.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware

from engine.bootstrap import Parts, process, running
from engine.http.auth import DemoAuthenticator
from engine.http.health import Health
from engine.http.loopback import LoopbackOnly
from engine.http.routes import routes


def standalone(parts: Parts) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if parts.settings.demo_token is None:
            print(f"bearer token: {parts.token}", flush=True)
        with running(parts):
            yield

    auth = DemoAuthenticator(parts.token, parts.engine)
    return Starlette(
        routes=routes(
            parts.engine,
            parts.settings,
            auth,
            parts.inbox,
            Health(parts.checks, parts.warming),
            parts.links,
            dashboards=parts.dashboards,
        ),
        middleware=[Middleware(LoopbackOnly)],
        lifespan=lifespan,
    )


app = standalone(process())
