"""How far the scans are that run on the cluster at this moment."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock, get_ident

from pyspark.sql.connect.shell.progress import StageInfo

from engine.scope import Scope


class Underway:
    """The Spark client says in the thread of each call how far it is. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._scans: dict[int, tuple[Scope, float]] = {}

    @contextmanager
    def scan(self, scope: Scope) -> Iterator[None]:
        """Around a scan, in the thread that waits for it."""
        with self._lock:
            self._scans[get_ident()] = scope, 0.0
        try:
            yield
        finally:
            with self._lock:
                del self._scans[get_ident()]

    def share(self, scope: Scope) -> float | None:
        """0 to 1 of the brand's scan that is least far, as its tasks are done; None without one."""
        with self._lock:
            return min((share for of, share in self._scans.values() if of == scope), default=None)

    def heard(self, stages: Iterable[StageInfo] | None, **_: object) -> None:
        """What the client says. Stages come to be known on the way; the share never goes back."""
        known = list(stages or ())
        tasks = sum(stage.num_tasks for stage in known)
        done = sum(stage.num_completed_tasks for stage in known)
        with self._lock:
            found = self._scans.get(get_ident())
            if found is not None and tasks:
                self._scans[get_ident()] = found[0], max(found[1], min(done / tasks, 1.0))
