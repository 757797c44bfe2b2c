"""Events of a file wait until all of it was read: in memory and, if they are many, on disk."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.stores.base import EVENTS

HELD: Final = 768 << 20
"""Bytes of events that are held in memory, more than a million usual ones."""
SLICE: Final = 1 << 17
"""Events that are handed over at a time."""
KEYS: Final = ("event_id", "created_at", "arrived", "row", "brand_id")
MONTH: Final = pl.col("created_at").dt.date().dt.month_start().alias("month")

OWN_TEXTS: Final = pl.CompatLevel.oldest()
"""Texts one after the other, in place of views of a batch's."""

Cell = tuple[Any, Any]
"""A brand and a month."""


class Waiting:
    """Holds normal events (EVENTS, `brand_id`, `row`, `arrived`) by brand and month."""

    def __init__(self, held: int = HELD) -> None:
        self._most = held
        self._held: dict[Cell, list[pl.DataFrame]] = {}
        self._files: dict[Cell, list[Path]] = {}
        self._bytes: dict[Cell, int] = {}
        self._in_memory: dict[Cell, int] = {}
        self._keys: list[pl.DataFrame] = []
        self._folder: TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, events: pl.DataFrame) -> None:
        self._keys.append(_copied(events.select(KEYS)))
        each = events.estimated_size() / max(1, events.height)
        cells = events.drop("arrived").with_columns(MONTH)
        for cell, part in _by_cell(cells):
            size = round(each * part.height)
            self._held.setdefault(cell, []).append(part.select(*EVENTS.names(), "row"))
            self._in_memory[cell] = self._in_memory.get(cell, 0) + size
            self._bytes[cell] = self._bytes.get(cell, 0) + size
        if sum(self._in_memory.values()) > self._most:
            while sum(self._in_memory.values()) > self._most // 2:
                self._put_aside(max(self._in_memory, key=lambda cell: self._in_memory[cell]))

    def keys(self) -> pl.DataFrame:
        """KEYS of all events, in the order they came; they are held no longer."""
        keys, self._keys = self._keys, []
        return pl.concat(keys)

    def take(self, brand: str | None, kept: npt.NDArray[np.bool_]) -> Iterator[pl.DataFrame]:
        """A brand's events whose place in `kept`, their row, is true: EVENTS, month by month.

        They come by time, but where a month has more than are held at once it comes in pieces.
        """
        for cell in sorted((c for c in self._bytes if c[0] == brand), key=lambda c: c[1]):
            pieces: Iterator[pl.DataFrame] = self._pieces(cell)
            if self._bytes[cell] <= self._most:
                pieces = iter([pl.concat(pieces)])
            for piece in pieces:
                mask = kept[piece["row"].to_numpy()]
                chosen = piece if mask.all() else piece.filter(pl.Series(mask))
                yield from _ordered(chosen).select(EVENTS.names()).iter_slices(SLICE)

    def _pieces(self, cell: Cell) -> Iterator[pl.DataFrame]:
        yield from (pl.read_ipc(file) for file in self._files.get(cell, ()))
        if cell in self._held:
            yield pl.concat(self._held.pop(cell))

    def _put_aside(self, cell: Cell) -> None:
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="vitrine-")
        del self._in_memory[cell]
        files = self._files.setdefault(cell, [])
        number = sum(map(len, self._files.values()))
        files.append(Path(self._folder.name) / f"{number}.arrow")
        _ordered(pl.concat(self._held.pop(cell))).write_ipc(
            files[-1], compression="lz4", compat_level=OWN_TEXTS
        )


def _by_cell(events: pl.DataFrame) -> Iterable[tuple[Cell, pl.DataFrame]]:
    of = events.select("brand_id", "month")
    if of.select(pl.struct(pl.all()).rle_id().last() == 0).item():
        return [(of.row(0), events)]
    parts: dict[Cell, pl.DataFrame] = events.partition_by("brand_id", "month", as_dict=True)
    return parts.items()


def _copied(keys: pl.DataFrame) -> pl.DataFrame:
    """The same, but without a hold on the batch that they were read with."""
    file = BytesIO()
    keys.cast({"brand_id": pl.Categorical}).write_ipc(file, compat_level=OWN_TEXTS)
    return pl.read_ipc(file.getvalue())


def _ordered(events: pl.DataFrame) -> pl.DataFrame:
    if events["created_at"].is_sorted():
        return events
    return events.sort("created_at", maintain_order=True)
