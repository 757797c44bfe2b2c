"""Where computations wait and run: so many at once, and every workspace in its turn."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, Thread, local
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from engine.errors import Unavailable

T = TypeVar("T")

PLACES: Final = 128
"""So many computations of one workspace may wait."""
PLACES_OF_ALL: Final = 1_024
"""Beyond this only a workspace that has none waiting may add one."""

NO_THREAD: Final = "The server has no thread to spare; ask again in a moment."


class Runner(Protocol):
    """Runs computations."""

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":
        """What the work returns or raises; raises Unavailable when it cannot even wait."""

    def is_full(self, workspace: str, /) -> bool:
        """Whether `submit` would refuse."""

    def released(self) -> AbstractContextManager[None]:
        """Around waiting, inside some work, for what is not done here: others compute meanwhile."""


class Direct:
    """In the caller's thread."""

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":  # noqa: ARG002
        job = Job(work, Future())
        job.run()
        return job.future

    def is_full(self, _: str, /) -> bool:
        return False

    def released(self) -> AbstractContextManager[None]:
        return nullcontext()


class Job(NamedTuple):
    work: Callable[[], Any]
    future: "Future[Any]"

    def run(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work())
        except BaseException as error:  # a panic in a native library is no Exception
            self.future.set_exception(error)


class Pool:
    """A thread is a slot: it is held until the work really ends, whoever has gone away by then.

    Threads end when nothing waits. Work may submit more work; that runs at once, in its own slot,
    so that slots never wait for slots.
    """

    def __init__(
        self, slots: int, places: int = PLACES, places_of_all: int = PLACES_OF_ALL
    ) -> None:
        self._slots = slots
        self._places = places
        self._places_of_all = places_of_all
        self._lock = Lock()
        self._running = 0
        self._waiting = 0
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()
        self._thread = local()

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":
        """Raises Unavailable at once when the workspace's line is full."""
        job = Job(work, Future())
        if getattr(self._thread, "is_slot", False):
            job.run()
            return job.future
        with self._lock:
            if self._running >= self._slots:
                self._enqueue(workspace, job)
                return job.future
            self._running += 1
        try:
            Thread(target=self._work, args=(job,), name="slot", daemon=True).start()
        except RuntimeError as error:
            with self._lock:
                self._running -= 1
            raise Unavailable(NO_THREAD) from error
        return job.future

    @contextmanager
    def released(self) -> Iterator[None]:
        """The slot goes to the next in line. Afterwards its thread is one more than the slots for
        as long as it takes to make rows of what has come.
        """
        if not getattr(self._thread, "is_slot", False):
            yield
            return
        self._hand_on()
        try:
            yield
        finally:
            with self._lock:
                self._running += 1

    def _hand_on(self) -> None:
        with self._lock:
            job = self._next()
            if job is None:
                self._running -= 1
                return
        try:
            Thread(target=self._work, args=(job,), name="slot", daemon=True).start()
        except RuntimeError:
            with self._lock:
                self._running -= 1
            job.future.set_exception(Unavailable(NO_THREAD))

    def is_full(self, workspace: str) -> bool:
        with self._lock:
            return self._is_full(workspace)

    def _is_full(self, workspace: str) -> bool:
        line = self._lines.get(workspace, ())
        return len(line) >= self._places or (bool(line) and self._waiting >= self._places_of_all)

    def _enqueue(self, workspace: str, job: Job) -> None:
        if self._is_full(workspace):
            count = len(self._lines.get(workspace, ()))
            raise Unavailable(
                f"{count} computations of {workspace} are waiting already; ask again in a moment."
            )
        self._lines.setdefault(workspace, deque()).append(job)
        self._waiting += 1

    def _work(self, job: Job | None) -> None:
        self._thread.is_slot = True
        while job is not None:
            job.run()
            with self._lock:
                job = self._next()
                if job is None:
                    self._running -= 1

    def _next(self) -> Job | None:
        """The oldest of the workspace that has waited longest for its turn."""
        if not self._lines:
            return None
        workspace, line = self._lines.popitem(last=False)
        self._waiting -= 1
        job = line.popleft()
        if line:
            self._lines[workspace] = line
        return job
