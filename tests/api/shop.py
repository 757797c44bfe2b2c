"""Two small shops in memory, and the endpoint in front of an engine."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
from starlette.applications import Starlette

from engine.engine import Engine
from engine.http.auth import Authenticator, DemoAuthenticator
from engine.http.routes import routes
from engine.settings import Settings
from engine.stores.base import EVENTS
from engine.stores.memory import MemoryStore
from tests.api import wire

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)


def events(name: str, count: int) -> pl.DataFrame:
    """Events whose ids are the same in every shop; its name stands in every other id."""
    blank: dict[str, Any] = dict.fromkeys(EVENTS.names())
    return pl.DataFrame(
        [
            blank
            | {
                "event_id": f"event_{i}",
                "catalog_id": wire.CATALOG if i % 3 else None,
                "event_type": ("agent_view", "agent_atc", "agent_purchase")[i % 3],
                "session_id": f"{name}_session_{i % 40}",
                "product_id": f"{name}_product_{i % 7}",
                "created_at": NOW - timedelta(hours=i + 1),
                "amount": i % 11,
                "metadata": {"shop": name, "emoji": "\U0001f600", "n": str(i % 5)},
            }
            for i in range(count)
        ],
        schema=EVENTS,
    )


def two_shops() -> MemoryStore:
    return MemoryStore(
        {
            (wire.SPACE, wire.BRAND): events("one", 300),
            (wire.OTHER_SPACE, wire.OTHER_BRAND): events("two", 200),
        }
    )


def open_shops() -> Engine:
    return Engine(two_shops(), clock=lambda: NOW)


def served(
    engine: Any,
    settings: Settings | None = None,
    auth: Authenticator | None = None,
    inbox: Any = None,
    **options: Any,
) -> Starlette:
    """The endpoint alone; everything is open to wire.TOKEN unless `auth` says otherwise.

    options: the other arguments of `routes`.
    """
    auth = auth or DemoAuthenticator(wire.TOKEN, engine)
    settings = settings or Settings(home=Path("unused"))
    return Starlette(routes=routes(engine, settings, auth, inbox, **options))
