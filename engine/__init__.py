"""Vitrine's engine: a request of six fields becomes rows.

import engine
eng = engine.connect()
scope = engine.Scope("ws_demo", "11111111-1111-4111-8111-111111111111")
eng.aggregate({"event_types": None, "group_by": "day", "aggregation": "count",
               "time_window_days": 30}, scope)
"""

from datetime import datetime
from typing import Any

from engine.account import Account
from engine.bootstrap import connect, process
from engine.contract import FIELDS, json_schema
from engine.engine import Engine
from engine.errors import Fault, InvalidRequest, VitrineError
from engine.inventory import Details, Inventory
from engine.request import AggregateRequest, parse
from engine.result import Result, Row
from engine.rollups.rollups import Choice
from engine.scope import Identity, Scope

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
    "export_path",
    "json_schema",
    "parse",
    "process",
    "ticket",
]


def aggregate(body: Any, scope: Scope, as_of: datetime | None = None) -> Result:
    """`Engine.aggregate` over the default home."""
    return process().engine.aggregate(body, scope, as_of)


def ticket(body: Any, scope: Scope, format: str) -> str:
    """What opens the export of a request (csv, xlsx, parquet or png) for five minutes.

    Whoever asks for it must have been allowed to read the scope.
    """
    return process().links.ticket(parse(body), scope, format)


def export_path(body: Any, scope: Scope, format: str) -> str:
    """Path and query of an export with its `ticket`, for a link in a browser."""
    return process().links.path(parse(body), scope, format)
