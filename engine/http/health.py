"""GET /healthz: the process lives. GET /readyz: it can answer, and how warm it is. Both are open
to everybody, so they name what is wrong and nothing else."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from engine.http.envelope import json_response

PATIENCE: Final = 2.0
"""Seconds a check may take."""

Checks = Mapping[str, Callable[[], object]]
"""What an answer needs, by name; a check that raises says that it is not there."""

logger = logging.getLogger(__name__)


class Health:
    """warming: how far the parts are that answer faster once they are warm, as shares of 1."""

    def __init__(
        self,
        checks: Checks,
        warming: Callable[[], Mapping[str, float]] = dict,
        patience: float = PATIENCE,
    ) -> None:
        self._checks = checks
        self._warming = warming
        self._patience = patience
        self._under_way: dict[str, Future[str]] = {}

    async def alive(self, _: Request) -> Response:
        return json_response({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        found = await asyncio.gather(*(self._ask(name) for name in self._checks))
        reasons = {name: why for name, why in zip(self._checks, found, strict=True) if why}
        if reasons:
            body: dict[str, Any] = {"status": "unready", "reasons": reasons}
            return json_response(body, 503, {"Retry-After": "1"})
        warming = dict(self._warming())
        warm = all(share >= 1 for share in warming.values())
        return json_response({"status": "ready", "warm": warm, "warming": warming})

    async def _ask(self, name: str) -> str:
        """Why the check fails, "" when it does not; one that is stuck is not begun again."""
        check = self._under_way.get(name)
        if check is None or check.done():
            check = self._under_way[name] = Future()
            Thread(target=self._run, args=(name, check), name=f"ready-{name}", daemon=True).start()
        try:
            answer = asyncio.shield(asyncio.wrap_future(check))
            return await asyncio.wait_for(answer, self._patience)
        except TimeoutError:
            return f"it has not answered for {self._patience:g} seconds"

    def _run(self, name: str, check: "Future[str]") -> None:
        check.set_running_or_notify_cancel()
        try:
            self._checks[name]()
        except BaseException as error:
            logger.warning("not ready: %s", name, exc_info=error)
            check.set_result("it cannot be reached")
        else:
            check.set_result("")
