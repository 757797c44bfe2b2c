"""Files that people bring: looked at, then loaded behind the page, one at a time per workspace."""

import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import BinaryIO, Final, Literal

import polars as pl

from engine.demo.words import WORKSPACE as DEMO_WORKSPACE
from engine.errors import Fault, InvalidRequest, VitrineError
from engine.ingest.load import Loaded, load
from engine.ingest.mapping import Mapping
from engine.ingest.refuse import count_rows
from engine.scope import BRAND_FIELD, WORKSPACE_FIELD, faults_of
from engine.stores.lake import LakeStore

State = Literal["queued", "running", "done", "failed", "cancelled"]
BATCH: Final = 50_000
KEPT: Final = 20
LEFTOVER: Final = timedelta(days=1)
FORMULA: Final = r"^[=+\-@\t\r\n]"
LOG: Final = logging.getLogger("vitrine.imports")


class Cancelled(Exception):
    """Somebody does not want the import any more; nothing of it is stored."""


class Import:
    """One file on its way into the lake. Its attributes may be read at any time.

    rows: read so far, of about `total`. loaded: what became of them, once it is done. error: why it
    failed. storing: everything was read and it is too late to cancel.
    """

    def __init__(
        self, path: Path, workspace: str, brand: str | None, mapping: Mapping, who: str
    ) -> None:
        self.id = secrets.token_hex(8)
        self.path = path
        self.name = path.name
        self.workspace = workspace
        self.brand = brand
        self.mapping = mapping
        self.who = who
        self.bytes = path.stat().st_size
        self.state: State = "queued"
        self.rows = 0
        self.total = 0
        self.storing = False
        self.seconds = 0.0
        self.loaded: Loaded | None = None
        self.error: str | None = None
        self.finished = Event()
        self._unwanted = False
        self._lock = Lock()

    @property
    def share(self) -> float:
        """How much of the file was read, from 0 to 1. Lines are counted as rows beforehand."""
        return min(1.0, self.rows / self.total) if self.total else 0.0

    @property
    def bytes_read(self) -> int:
        return round(self.share * self.bytes)

    @property
    def cancelled(self) -> bool:
        """Whether somebody wants it to stop, or it has."""
        return self._unwanted

    def cancel(self) -> bool:
        """Stop it at the next batch; False when it is too late, because it is being stored."""
        with self._lock:
            self._unwanted = self._unwanted or not (self.storing or self.finished.is_set())
            return self._unwanted

    def run(self, lake: LakeStore, arrival: datetime) -> None:
        """Load the file; what goes wrong is kept in `error`."""
        began = time.perf_counter()
        try:
            self.raise_if_cancelled()
            self.state = "running"
            self.total = count_rows(self.path, self.raise_if_cancelled)
            self.loaded = load(
                lake,
                self.path,
                self.workspace,
                arrival,
                self.brand,
                self._progress,
                mapping=self.mapping,
                storing=self._storing,
                batch=BATCH,
            )
            self.state = "done"
        except Cancelled:
            self.state = "cancelled"
        except VitrineError as error:
            self.error, self.state = error.message, "failed"
        except Exception as error:
            LOG.exception("importing %s failed", self.name)
            self.error, self.state = f"It could not be stored: {error}", "failed"
        finally:
            self.seconds = time.perf_counter() - began

    def raise_if_cancelled(self) -> None:
        if self._unwanted:
            raise Cancelled

    def _progress(self, rows: int) -> None:
        self.rows = rows
        self.raise_if_cancelled()

    def _storing(self) -> None:
        with self._lock:
            self.raise_if_cancelled()
            self.storing = True


class Imports:
    """The last imports of this process, and the folder where uploads wait for theirs."""

    def __init__(self, lake: LakeStore, folder: Path, clock: Callable[[], datetime]) -> None:
        self._lake = lake
        self._folder = folder
        self._clock = clock
        self._imports: list[Import] = []
        self._lock = Lock()

    def keep(self, name: str, upload: BinaryIO) -> Path:
        """Write an upload to a file that only this user may read; `drop` or an import ends it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)
        self._drop_leftovers()
        folder = self._folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        path = folder / re.sub(r"[^\w.() -]", "_", Path(name).name)[-100:]
        path.touch(mode=0o600, exist_ok=False)
        with path.open("wb") as file:
            shutil.copyfileobj(upload, file, 1 << 20)
        return path

    def drop(self, path: Path) -> None:
        """Delete a kept upload that nobody imports."""
        with self._lock:
            wanted = any(job.path == path and not job.finished.is_set() for job in self._imports)
        if not wanted:
            self._delete(path)

    def start(
        self,
        path: Path,
        workspace: str,
        brand: str | None,
        mapping: Mapping,
        who: str = "demo",
    ) -> Import:
        """Import a kept upload. brand: the brand of all rows; without it each row has its own.

        Raises InvalidRequest when workspace, brand or mapping cannot be.
        """
        faults = [*target_faults(workspace, brand), *mapping.faults()]
        if faults:
            raise InvalidRequest(faults)
        job = Import(path, workspace, brand and brand.lower(), mapping, who)
        with self._lock:
            earlier = [j for j in self._imports if j.workspace == workspace]
            self._imports.append(job)
            over = [j for j in self._imports if j.finished.is_set()][
                : max(0, len(self._imports) - KEPT)
            ]
            self._imports = [j for j in self._imports if j not in over]
        thread = Thread(target=self._run, args=(job, earlier), name=f"import {job.id}", daemon=True)
        thread.start()
        return job

    def of(self, who: str) -> list[Import]:
        """The imports somebody started, the last one first."""
        with self._lock:
            return [job for job in reversed(self._imports) if job.who == who]

    def _run(self, job: Import, earlier: list[Import]) -> None:
        try:
            while not all(other.finished.is_set() for other in earlier) and not job.cancelled:
                time.sleep(0.05)
            job.run(self._lake, self._clock())
        finally:
            self._delete(job.path)
            job.finished.set()

    def _delete(self, path: Path) -> None:
        if path.parent.parent == self._folder:
            shutil.rmtree(path.parent, ignore_errors=True)

    def _drop_leftovers(self) -> None:
        """Uploads of processes and visitors that left before they imported them."""
        oldest = self._clock() - LEFTOVER
        for path in self._folder.glob("*/*"):
            if path.stat().st_mtime < oldest.timestamp():
                self.drop(path)


def target_faults(workspace: str, brand: str | None) -> list[Fault]:
    """What is wrong with the place an import should go to."""
    found = [
        fault
        for fault in faults_of(workspace, brand, None)
        if brand is not None or fault.field != BRAND_FIELD
    ]
    if workspace == DEMO_WORKSPACE:
        message = (
            f"{workspace} belongs to the demo shop, which is made anew every day; import into"
            " another workspace, as in ws_shop."
        )
        found.append(Fault(WORKSPACE_FIELD, message))
    return found


def rejected_csv(rejected: pl.DataFrame) -> bytes:
    """The rejected rows as a file; no cell of it is a formula to a spreadsheet."""
    texts = pl.col(pl.String)
    safe = pl.when(texts.str.contains(FORMULA)).then(pl.lit("'") + texts).otherwise(texts)
    columns = rejected.select("row", "field", "message").cast({"field": pl.String})
    return columns.with_columns(safe.name.keep()).write_csv().encode()
