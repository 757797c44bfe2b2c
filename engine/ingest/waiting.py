"""Events of a file wait until all of it was read: in memory and, if they are many, on disk."""

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.stores.base import EVENTS
from engine.stores.written import Written, write_file

HELD: Final = 512 << 20
"""Bytes of events that are held in memory, more than a million usual ones."""
WRITERS: Final = 2
"""Months that are written at once when all was read; each may take the memory twice."""
WORTH_A_FILE: Final = 64
"""A month of which a batch had nothing is written if it has more than this part of these bytes."""
KEYS: Final = ("event_id", "created_at", "arrived", "row", "brand_id")
MONTH: Final = pl.col("created_at").dt.date().dt.month_start().alias("month")

FEW_RUNS: Final = 8
OWN_TEXTS: Final = pl.CompatLevel.oldest()
"""Texts one after the other, in place of views of a batch's."""

Rows = npt.NDArray[np.uint32]
Cell = tuple[Any, Any]
"""A brand and a month."""


class _Piece(NamedTuple):
    """Events of a cell in a file, and their rows in the order of the file."""

    number: int
    file: Written
    rows: Rows


class Waiting:
    """Holds normal events (EVENTS, `brand_id`, `row`, `arrived`) by brand and month.

    While more are read, those of months that seem to be complete, or too many, are written to files
    that a table can adopt as they are, unless some of their events turn out to be there already.
    """

    def __init__(self, held: int = HELD) -> None:
        self._most = held
        self._held: dict[Cell, list[pl.DataFrame]] = {}
        self._in_memory: Counter[Cell] = Counter()
        self._bytes: Counter[Cell] = Counter()
        self._pieces: dict[Cell, list[Future[_Piece]]] = {}
        self._last: Future[_Piece] | None = None
        self._keys: list[pl.DataFrame] = []
        self._folder = TemporaryDirectory(prefix="vitrine-")
        self._aside = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._aside.shutdown(cancel_futures=True)
        self._folder.cleanup()

    def add(self, events: pl.DataFrame) -> None:
        self._keys.append(_copied(events.select(KEYS)))
        each = events.estimated_size() / max(1, events.height)
        present = set()
        for cell, part in _by_cell(events.drop("arrived").with_columns(MONTH)):
            size = round(each * part.height)
            self._held.setdefault(cell, []).append(part.select(*EVENTS.names(), "row"))
            self._in_memory[cell] += size
            self._bytes[cell] += size
            present.add(cell)
        for cell, size in list(self._in_memory.items()):
            if cell not in present and size > self._most // WORTH_A_FILE:
                self._put_aside(cell)
        if self._in_memory.total() > self._most:
            while self._in_memory.total() > self._most // 2:
                self._put_aside(max(self._in_memory, key=lambda cell: self._in_memory[cell]))

    def keys(self) -> pl.DataFrame:
        """KEYS of all events, in the order they came; they are held no longer."""
        keys, self._keys = self._keys, []
        return pl.concat(keys)

    def take(self, brand: str | None, kept: npt.NDArray[np.bool_]) -> list[Written]:
        """A brand's events whose place in `kept`, their row, is true, in files.

        The files of a month come one after the other in time, but where one has more events than
        are held at once and these did not come by time.
        """
        cells = [cell for cell in self._bytes if cell[0] == brand]
        with ThreadPoolExecutor(WRITERS) as writers:
            written = list(writers.map(lambda cell: self._files(cell, kept), cells))
        return sorted((file for files in written for file in files), key=lambda file: file.first)

    def _files(self, cell: Cell, kept: npt.NDArray[np.bool_]) -> list[Written]:
        pieces = [piece.result() for piece in self._pieces.pop(cell, ())]
        held = self._held.pop(cell, [])
        if not pieces:
            return self._written(held, kept)
        if held:
            pieces.append(self._write(len(pieces), held))
        pieces = [piece for piece in pieces if kept[piece.rows].any()]
        pieces.sort(key=lambda piece: (piece.file.first, piece.number))
        apart = all(
            (one.file.last, one.number) < (other.file.first, other.number)
            for one, other in pairwise(pieces)
        )
        if apart or self._bytes[cell] > self._most:
            return [file for piece in pieces for file in self._chosen(piece, kept)]
        pieces.sort(key=lambda piece: piece.number)
        return self._written(map(_events, pieces), kept)

    def _chosen(self, piece: _Piece, kept: npt.NDArray[np.bool_]) -> list[Written]:
        return [piece.file] if kept[piece.rows].all() else self._written([_events(piece)], kept)

    def _written(
        self, frames: Iterable[pl.DataFrame], kept: npt.NDArray[np.bool_]
    ) -> list[Written]:
        events = pl.concat(frames)
        chosen = kept[events["row"].to_numpy()]
        events = events if chosen.all() else events.filter(pl.Series(chosen))
        return [write_file(Path(self._folder.name), _ordered(events))] if events.height else []

    def _put_aside(self, cell: Cell) -> None:
        """In another thread; one cell at a time, for it takes memory until it is on disk."""
        if self._last is not None:
            self._last.result()
        pieces = self._pieces.setdefault(cell, [])
        del self._in_memory[cell]
        self._last = self._aside.submit(self._write, len(pieces), self._held.pop(cell))
        pieces.append(self._last)

    def _write(self, number: int, frames: list[pl.DataFrame]) -> _Piece:
        events = _ordered(pl.concat(frames))
        frames.clear()
        return _Piece(number, write_file(Path(self._folder.name), events), events["row"].to_numpy())


def _events(piece: _Piece) -> pl.DataFrame:
    return pl.read_parquet(piece.file.path).with_columns(row=pl.Series(piece.rows))


def _by_cell(events: pl.DataFrame) -> Iterable[tuple[Cell, pl.DataFrame]]:
    """Runs of one cell where they are few, without a copy, else cell by cell."""
    runs = events.select(pl.struct("brand_id", "month").rle_id().alias("run")).to_series()
    number = runs[-1] + 1 if len(runs) else 0
    if number > FEW_RUNS:
        parts: dict[Cell, pl.DataFrame] = events.partition_by("brand_id", "month", as_dict=True)
        return parts.items()
    ends = [*(runs.search_sorted(pl.Series(range(number), dtype=runs.dtype))), len(runs)]
    return [
        (events.select("brand_id", "month").row(start), events.slice(start, end - start))
        for start, end in pairwise(ends)
    ]


def _copied(keys: pl.DataFrame) -> pl.DataFrame:
    """The same, but without a hold on the batch that they were read with."""
    file = BytesIO()
    keys.cast({"brand_id": pl.Categorical}).write_ipc(file, compat_level=OWN_TEXTS)
    return pl.read_ipc(file.getvalue())


def _ordered(events: pl.DataFrame) -> pl.DataFrame:
    if events["created_at"].is_sorted():
        return events
    return events.sort("created_at", maintain_order=True)
