"""Vitrine's engine: a request of six fields becomes rows.

import engine
eng = engine.connect()
scope = engine.Scope("ws_demo", "11111111-1111-4111-8111-111111111111")
eng.aggregate({"event_types": None, "group_by": "day", "aggregation": "count",
               "time_window_days": 30}, scope)
"""

from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from engine.account import Account
from engine.contract import FIELDS, json_schema
from engine.engine import Engine
from engine.errors import Fault, InvalidRequest, VitrineError
from engine.inventory import Details, Inventory
from engine.request import AggregateRequest, parse
from engine.result import Result, Row
from engine.rollups.rollups import Choice
from engine.scope import Identity, Scope

if TYPE_CHECKING:
    from engine.bootstrap import Parts, connect, process

__all__ = [
    "FIELDS",
    "Account",
    "AggregateRequest",
    "Choice",
    "Details",
    "Engine",
    "Fault",
    "Identity",
    "InvalidRequest",
    "Inventory",
    "Result",
    "Row",
    "Scope",
    "VitrineError",
    "aggregate",
    "connect",
    "copy_path",
    "export_path",
    "json_schema",
    "parse",
    "process",
    "ticket",
]


def __getattr__(name: str) -> Any:
    """`connect` and `process`: a command that needs neither should not wait for all parts."""
    if name not in ("connect", "process"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("engine.bootstrap"), name)


def _parts() -> "Parts":
    parts: Parts = __getattr__("process")()
    return parts


def aggregate(body: Any, scope: Scope, as_of: datetime | None = None) -> Result:
    """`Engine.aggregate` over the default home."""
    return _parts().engine.aggregate(body, scope, as_of)


def ticket(body: Any, scope: Scope, format: str) -> str:
    """What opens the export of a request (csv, xlsx, parquet or png) for five minutes.

    Whoever asks for it must have been allowed to read the scope.
    """
    return _parts().links.ticket(parse(body), scope, format)


def export_path(body: Any, scope: Scope, format: str) -> str:
    """Path and query of an export with its `ticket`, for a link in a browser."""
    return _parts().links.path(parse(body), scope, format)


def copy_path(scope: Scope, id: str, days: int | None = None, event_type: str | None = None) -> str:
    """Path and query of a dashboard's frozen copy with its `ticket`, for a link in a browser."""
    return _parts().links.copy_path(scope, id, days, event_type)
