"""A peer in a process of its own: what hangs is killed, what crashes stops nothing else."""

import multiprocessing
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, Self

from engine.request import AggregateRequest

Rows = list[tuple[Any, ...]]


class Peer(Protocol):
    """One way to answer requests over the benchmark's lake; made and used in its own process."""

    def forms(self, request: AggregateRequest, as_of: datetime) -> Sequence[Any]:
        """The request as statements with the same answer; the fastest is measured."""

    def answer(self, form: Any) -> Rows:
        """key, value, secondary in the contract's order, before `statement.wire`."""


class Failed(Exception):
    """A call that gave no answer: too late, or with an error."""


class Worker:
    """Runs calls on a peer one after the other; started by the first call, and after a kill."""

    def __init__(self, make: Callable[[], Peer], deadline: float) -> None:
        self._make = make
        self._deadline = deadline
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection | None = None

    def forms(self, request: AggregateRequest, as_of: datetime) -> list[Any]:
        """Starting the peer is part of the first call, and has no deadline."""
        _, forms = self._call(None, "forms", request, as_of)
        return list(forms)

    def answer(self, form: Any) -> tuple[float, Rows]:
        """Milliseconds, measured beside the peer, and its rows."""
        return self._call(self._deadline, "answer", form)

    def memory(self, name: str = "VmRSS") -> int:
        """Resident bytes, or the most there ever were (VmHWM); 0 when it is not running."""
        if self._process is None or not self._process.is_alive():
            return 0
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return int(fields[name].split()[0]) << 10

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.join(10)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._process = self._pipe = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, deadline: float | None, method: str, *arguments: Any) -> tuple[float, Any]:
        if self._pipe is None:
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._make), daemon=True)
            self._process.start()
            theirs.close()
        try:
            self._pipe.send((method, arguments))
            if not self._pipe.poll(deadline):
                self._kill()
                raise Failed(f"> {deadline:.0f} s")
            milliseconds, answer, error = self._pipe.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError) as broken:
            self._kill()
            raise Failed("crashed") from broken
        if error is not None:
            raise Failed(error)
        return milliseconds, answer

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
        self.close()


def _serve(pipe: Connection, make: Callable[[], Peer]) -> None:
    peer: Peer | None = None
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:
            return
        try:
            peer = peer or make()
            began = time.perf_counter()
            answer = getattr(peer, method)(*arguments)
            pipe.send(((time.perf_counter() - began) * 1000, answer, None))
        except Exception as error:  # the table says it, the run goes on
            pipe.send((0.0, None, f"{type(error).__name__}: {error}"))
