"""The API alone, without pages, over the lake of VITRINE_HOME: `uvicorn engine.http.app:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from engine.bootstrap import Parts, process, running
from engine.http.doors import announce, authenticator
from engine.http.health import Health
from engine.http.log import hide_queries
from engine.http.loopback import LoopbackOnly
from engine.http.overload import Overload
from engine.http.routes import routes
from engine.http.start import refuse_public_demo, refuse_weak_secret
from engine.workspaces.rate import RateLimit

HERE: Final = "127.0.0.1"
"""Where uvicorn listens unless it is told another address, which it does not tell the app."""


def standalone(parts: Parts) -> Starlette:
    public_url = parts.settings.public_url
    if parts.demo_mode.is_on():
        refuse_public_demo(HERE, public_url)
    refuse_weak_secret(HERE, parts.settings.secret, public_url)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        told = announce(parts, "http://127.0.0.1:8501")
        if told is not None and (parts.settings.demo_token is None or not parts.demo_mode.is_on()):
            print(told, flush=True)
        with running(parts):
            yield

    return Starlette(
        routes=routes(
            parts.engine,
            parts.settings,
            authenticator(parts),
            parts.inbox,
            Health(parts.checks, parts.warming),
            parts.links,
            dashboards=parts.dashboards,
            audit=parts.people.audit,
            needs_caller=lambda: not parts.demo_mode.is_on(),
        ),
        middleware=[
            Middleware(Overload, parts.pool, RateLimit(parts.settings.rate_limit_per_minute)),
            Middleware(LoopbackOnly, parts.demo_mode.is_on),
        ],
        lifespan=lifespan,
    )


hide_queries()
app = standalone(process())
