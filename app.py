"""Both doors of one process: Streamlit's pages for people, the endpoint for programs."""

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from engine import process
from engine.bootstrap import running
from engine.http.accept import accept_many
from engine.http.callback import Callback
from engine.http.doors import announce, authenticator
from engine.http.health import Health
from engine.http.log import hide_queries
from engine.http.loopback import LoopbackOnly
from engine.http.overload import Overload
from engine.http.pages import PageHeaders
from engine.http.routes import RoutesFirst, routes
from engine.http.sign_in import SignIn
from engine.http.start import refuse_public_demo, refuse_weak_secret, refuse_weak_sign_in
from engine.http.uploads import UploadsOfMembers
from engine.workspaces.rate import RateLimit
from pages.ui import provider, shell
from pages.ui.picture import Pictures

# The first visitor does not wait for these; and imported by the threads of two visitors, Plotly
# would see pandas half made.
for module in ("pandas", "pages.ui.charts", "pages.ui.controls"):
    import_module(module)
hide_queries()
accept_many()
parts = process()
in_demo = parts.demo_mode.is_on
address = st.get_option("server.address")
public_url = parts.settings.public_url
if in_demo():
    refuse_public_demo(address, public_url)
refuse_weak_secret(address, parts.settings.secret, public_url)
if provider.is_set():
    refuse_weak_sign_in(*provider.settings(), public_url)
health = Health(parts.checks, parts.warming)
pictures = Pictures()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    told = announce(parts, f"http://{address}:{st.get_option('server.port')}")
    if told is not None:
        print(told, flush=True)
    threading.Thread(target=_make_demo, name="demo", daemon=True).start()
    with running(parts):
        yield
    pictures.stop()


def _make_demo() -> None:
    def report(share: float) -> None:
        full = round(share * 30)
        end = "\n" if share >= 1 else "\r"
        print(f"demo shop [{'#' * full}{' ' * (30 - full)}] {share:4.0%}", end=end, flush=True)

    if not in_demo():
        return
    if parts.demo.ready:
        parts.demo.furnish()
    else:
        parts.demo.build(report if sys.stdout.isatty() else lambda _: None)


def _may_upload(session: str | None) -> bool:
    return in_demo() or (
        session is not None and parts.people.access.of_session(session) is not None
    )


async def _explore(request: Request) -> RedirectResponse:
    """The first page is at /, and Streamlit knows no other address of it."""
    return RedirectResponse(str(request.url.replace(path="/", scheme="", netloc="")))


api = routes(
    parts.engine,
    parts.settings,
    authenticator(parts),
    parts.inbox,
    health,
    parts.links,
    pictures,
    parts.dashboards,
    parts.people.audit,
    needs_caller=lambda: not in_demo(),
    share_links=parts.share_links,
)
sign_in = SignIn(parts.people.entry, public_url)
app = st.App(
    "pages/main.py",
    middleware=[
        # Outermost, for a crowd is refused with as little work as can be.
        Middleware(Overload, parts.pool, RateLimit(parts.settings.rate_limit_per_minute)),
        Middleware(LoopbackOnly, in_demo),
        Middleware(PageHeaders, lambda: not in_demo(), public_url, parts.share_links.framers),
        Middleware(UploadsOfMembers, _may_upload, public_url),
        Middleware(Callback),
        Middleware(
            RoutesFirst,
            [*api, *sign_in.routes(), Route("/explore", _explore), *shell.routes()],
        ),
    ],
    lifespan=lifespan,
)
