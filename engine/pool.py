"""Where computations wait and run: so many at once, and every workspace in its turn."""

from asyncio import AbstractEventLoop
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from threading import Condition, Event, Thread, local
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from engine.errors import Unavailable

T = TypeVar("T")

PLACES: Final = 128
"""So many computations of one workspace may wait."""
PLACES_OF_ALL: Final = 1_024
"""Beyond this only a workspace that has none waiting may add one."""
GIVES_WAY: Final = 0.05
"""Seconds for which a computation waits at most for those who serve to look at what has come, and
as long again for those of others when its workspace is being refused.
"""

NO_THREAD: Final = "The server has no thread to spare; ask again in a moment."


class Runner(Protocol):
    """Runs computations."""

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":
        """What the work returns or raises; raises Unavailable when it cannot even wait."""

    def released(self) -> AbstractContextManager[None]:
        """Around waiting, inside some work, for what is not done here: others compute meanwhile."""


class Direct:
    """In the caller's thread."""

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":
        job = Job(workspace, work, Future())
        job.run()
        return job.future

    def released(self) -> AbstractContextManager[None]:
        return nullcontext()


class Job(NamedTuple):
    workspace: str
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

    spare: so many slots more, only for workspaces that hold none: whoever asks now and then does
    not wait for those who ask much. A workspace that is being refused holds half of the slots at
    most, and begins nothing while others compute: all of them share Python's one lock.
    """

    def __init__(
        self,
        slots: int,
        places: int = PLACES,
        places_of_all: int = PLACES_OF_ALL,
        spare: int = 0,
    ) -> None:
        self._slots = slots
        self._spare = spare
        self._places = places
        self._places_of_all = places_of_all
        self._lock = Condition()
        self._running: Counter[str] = Counter()
        self._waiting = 0
        self._lines: OrderedDict[str, deque[Job]] = OrderedDict()
        self._thread = local()
        self._serving: AbstractEventLoop | None = None

    def serve(self, loop: AbstractEventLoop | None) -> None:
        """From now on those in line begin only once this event loop has come round.

        What has come is looked at first: a crowd is refused before computations slow it down.
        """
        self._serving = loop

    def submit(self, workspace: str, work: Callable[[], T]) -> "Future[T]":
        """Raises Unavailable at once when the workspace's line is full."""
        job = Job(workspace, work, Future())
        if self._held() is not None:
            job.run()
            return job.future
        with self._lock:
            if not self._has_slot(workspace):
                self._enqueue(job)
                return job.future
            self._running[workspace] += 1
        try:
            self._begin(job)
        except Unavailable:
            with self._lock:
                self._give_back(workspace)
            raise
        return job.future

    @contextmanager
    def released(self) -> Iterator[None]:
        """The slot goes to the next in line. Afterwards its thread is one more than the slots for
        as long as it takes to make rows of what has come.
        """
        workspace = self._held()
        if workspace is None:
            yield
            return
        self._begin_all(self._next(workspace))
        try:
            yield
        finally:
            with self._lock:
                self._running[workspace] += 1

    def _begin_all(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            try:
                self._begin(job)
            except Unavailable as error:
                with self._lock:
                    self._give_back(job.workspace)
                job.future.set_exception(error)

    def is_full(self, workspace: str) -> bool:
        """Whether `submit` would refuse."""
        with self._lock:
            return self._is_full(workspace)

    def let_compute(self, workspace: str, seconds: float) -> None:
        """Wait, so long at most, if the workspace is being refused: until only such compute."""
        with self._lock:
            if self._overflows(workspace):
                self._lock.wait_for(lambda: all(map(self._overflows, self._running)), seconds)

    def _is_full(self, workspace: str) -> bool:
        line = self._lines.get(workspace, ())
        return len(line) >= self._places or (bool(line) and self._waiting >= self._places_of_all)

    def _has_slot(self, workspace: str) -> bool:
        held = self._running[workspace]
        if held and self._overflows(workspace) and held >= self._slots // 2:
            return False
        free = self._slots - self._running.total()
        return free > 0 or (free + self._spare > 0 and not held)

    def _overflows(self, workspace: str) -> bool:
        """Whether its line is full, or was until a moment ago."""
        return len(self._lines.get(workspace, ())) + self._slots >= self._places

    def _enqueue(self, job: Job) -> None:
        workspace = job.workspace
        if self._is_full(workspace):
            count = len(self._lines.get(workspace, ()))
            raise Unavailable(
                f"{count} computations of {workspace} are waiting already; ask again in a moment."
            )
        self._lines.setdefault(workspace, deque()).append(job)
        self._waiting += 1

    def _held(self) -> str | None:
        """The workspace whose slot this thread is."""
        held: str | None = getattr(self._thread, "workspace", None)
        return held

    def _begin(self, job: Job) -> None:
        try:
            Thread(target=self._work, args=(job,), name="slot", daemon=True).start()
        except RuntimeError as error:
            raise Unavailable(NO_THREAD) from error

    def _work(self, job: Job | None) -> None:
        while job is not None:
            self._thread.workspace = job.workspace
            job.run()
            jobs = self._next(job.workspace)
            self._begin_all(jobs[1:])
            job = jobs[0] if jobs else None
            if job is not None:
                self.let_compute(job.workspace, GIVES_WAY)
                self._let_look()

    def _let_look(self) -> None:
        loop = self._serving
        if loop is None:
            return
        come_round = Event()
        with suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(loop.call_soon, come_round.set)
            come_round.wait(GIVES_WAY)

    def _next(self, ended: str) -> list[Job]:
        """The slot of `ended` given back: those that begin now, with the slots they hold. They are
        several when a workspace may hold more again.
        """
        with self._lock:
            self._give_back(ended)
            return list(iter(self._take, None))

    def _take(self) -> Job | None:
        """The oldest job of the workspace that has waited longest for its turn."""
        workspace = next(filter(self._has_slot, self._lines), None)
        if workspace is None:
            return None
        self._waiting -= 1
        line = self._lines.pop(workspace)
        job = line.popleft()
        if line:
            self._lines[workspace] = line
        self._running[workspace] += 1
        return job

    def _give_back(self, workspace: str) -> None:
        self._running[workspace] -= 1
        if not self._running[workspace]:
            del self._running[workspace]
            self._lock.notify_all()
