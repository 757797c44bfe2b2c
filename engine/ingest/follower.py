"""Followed sources are read again and again behind the page, several at once, each by one run."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event, Lock, Thread
from typing import Final

from sqlalchemy import Engine

from engine.database.connect import Busy
from engine.errors import NotFound, Unavailable, VitrineError
from engine.ingest.sources import Source, Sources, sentence, with_password
from engine.ingest.sync import PATIENCE, Sync
from engine.ingest.vault import Vault
from engine.stores.lake import LakeStore

LOOK: Final = 1.0
LOOK_AFTER_ERROR: Final = 10.0
AT_ONCE: Final = 3
ATTENTION: Final = 15
"""How many seconds a server may take while somebody waits for what it says."""
LOG: Final = logging.getLogger("vitrine.follower")


@dataclass(frozen=True)
class Run:
    thread: Thread
    stop: Event


class Follower:
    """Starts a run of each source that is followed and due, and stops those that no longer are.

    What is due stands in the database, so processes that share one take turns; a source that
    another process is reading is left to it. At most AT_ONCE runs, the longest waiting first.
    """

    def __init__(
        self, database: Engine, lake: LakeStore, clock: Callable[[], datetime], vault: Vault
    ) -> None:
        self.sources = Sources(database, vault)
        self._database = database
        self._lake = lake
        self._clock = clock
        self._vault = vault
        self._runs: dict[str, Run] = {}
        self._said: dict[str, str | None] = {}
        self._lock = Lock()
        self._stopped = Event()
        self._wake = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End all runs at their next chunk, and wait for that; the next start goes on."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for run in self._present().values():
            run.stop.set()
        for run in self._present().values():
            run.thread.join()

    def connect(self, source: Source) -> None:
        """Add a source and begin to read it. Raises what Sync.add raises."""
        self._sync(Event(), ATTENTION).add(source)
        self.resume(source.name)

    def look(self, source: Source) -> tuple[int, list[str]]:
        """About how many rows the table has, and its columns that are fields of an event.

        Raises what Sync.add raises.
        """
        table = self._sync(Event(), ATTENTION).look(source)
        return table.expected, table.columns

    def give_password(self, name: str, password: str) -> None:
        """Use another password from now on, if it opens the table. Raises what Sync.add raises."""
        source = self.sources.get(name)
        url = with_password(source.url, password)
        self.sources.closed(replace(source, url=url))
        self.look(replace(source, url=url))
        self.sources.change_password(name, url)
        self.sources.retry(name)
        self._wake.set()

    def resume(self, name: str) -> None:
        self.sources.follow(name, True)
        self._wake.set()

    def pause(self, name: str) -> None:
        """No run begins any more, and the present one ends soon."""
        self.sources.follow(name, False)
        self._wake.set()

    def remove(self, name: str, patience: float = 10) -> None:
        """Forget a source; its events stay. Raises Unavailable while another process reads it."""
        self.pause(name)
        run = self._present().get(name)
        if run is not None:
            run.stop.set()
            run.thread.join(patience)
        try:
            self.sources.remove(name, wait=False)
        except Busy:
            raise Unavailable(
                f"{name} is still being read; try again soon, or stop the command that reads it."
            ) from None

    def is_reading(self, source: Source) -> bool:
        """Whether a run is under way, here or in another process."""
        return source.name in self._present() or self.sources.is_running(source)

    def round(self) -> None:
        """Do once what is due."""
        known = {source.name: source for source in self.sources.all()}
        running = self._present()
        for name, run in running.items():
            if name not in known or not known[name].followed:
                run.stop.set()
        due = [s for s in known.values() if s.followed and s.name not in running and self._due(s)]
        due.sort(key=lambda source: (source.last_run_at is not None, source.last_run_at))
        for source in due[: max(0, AT_ONCE - len(running))]:
            self._begin(source.name)

    def _due(self, source: Source) -> bool:
        return source.due_at is None or source.due_at <= self._clock()

    def _present(self) -> dict[str, Run]:
        with self._lock:
            self._runs = {n: run for n, run in self._runs.items() if run.thread.is_alive()}
            return dict(self._runs)

    def _begin(self, name: str) -> None:
        stop = Event()
        thread = Thread(target=self._read, args=(name, stop), name=f"sync {name}", daemon=True)
        with self._lock:
            thread.start()
            self._runs[name] = Run(thread, stop)

    def _read(self, name: str, stop: Event) -> None:
        said = None
        try:
            self._sync(stop).run(name, wait=False)
        except (Busy, NotFound):
            return
        except VitrineError as error:
            said = error.message
        except Exception as error:
            LOG.exception("reading %s failed", name)
            said = sentence(error)
        if said is not None and said != self._said.get(name):
            LOG.warning("%s", said)
        self._said[name] = said

    def _sync(self, stop: Event, patience: int = PATIENCE) -> Sync:
        return Sync(self._database, self._lake, self._clock, patience, stop=stop, vault=self._vault)

    def _run(self) -> None:
        while not self._stopped.is_set():
            pause = LOOK
            try:
                self.round()
            except Exception:
                LOG.exception("looking for sources that are due failed; it will be tried again")
                pause = LOOK_AFTER_ERROR
            self._wake.wait(pause)
            self._wake.clear()
