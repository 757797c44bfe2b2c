"""Which of some events the lake holds, from hashes of ids that are kept in memory."""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.stores.base import EVENTS
from engine.stores.lake import STATISTICS_STEP, LakeFile, LakeSnapshot

DAY: Final = pl.col("created_at").dt.date().alias("day")
WANTED: Final = ("event_id", "created_at")
MOST: Final = 16 << 20
"""Hashes that are kept, 8 bytes each."""
ENTRY: Final = 32
"""What the place of a file's day takes beside its hashes, as so many of them."""

Hashes = NDArray[np.uint64]


class StoredIds:
    """Remembers the hashes of a lake file's ids, day by day, for a lake file never changes.

    A hash only says where to look: what it finds is compared by the ids in the file. So a batch of
    new events costs the same whether its day has a thousand events or ten million. What was used
    least recently is forgotten. Thread-safe.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[tuple[str, date], Hashes] = OrderedDict()
        self._lock = Lock()

    def find(
        self, snapshots: Iterable[LakeSnapshot], wanted: Mapping[date, pl.Series]
    ) -> pl.DataFrame:
        """The events of these days that have an id wanted on one of them, in WANTED and `day`."""
        days = sorted(wanted)
        hashes = {day: np.unique(hashes_of(ids)) for day, ids in wanted.items()}
        found = []
        for snapshot in snapshots:
            for file, touched in _touching(snapshot.files, days):
                kept = self._of(snapshot, file, touched)
                met = [day for day in touched if _meet(kept[day], hashes[day])]
                if met:
                    ids = pl.concat([wanted[day] for day in met]).unique()
                    of_file = replace(snapshot, files=(file,)).on_days(_series(met), WANTED)
                    found.append(of_file.join(ids.to_frame().lazy(), on="event_id", how="semi"))
        empty = EVENTS.to_frame().lazy().select(WANTED)
        return pl.concat([empty, *found]).with_columns(DAY).collect(engine="streaming")

    def _of(
        self, snapshot: LakeSnapshot, file: LakeFile, days: Sequence[date]
    ) -> dict[date, Hashes]:
        with self._lock:
            known = {
                day: self._kept[file.uri, day] for day in days if (file.uri, day) in self._kept
            }
            for day in known:
                self._kept.move_to_end((file.uri, day))
        missing = [day for day in days if day not in known]
        if missing:
            read = _read(snapshot, file, missing)
            self._keep(file, read)
            known |= read
        return known

    def _keep(self, file: LakeFile, read: Mapping[date, Hashes]) -> None:
        with self._lock:
            for day, hashes in read.items():
                if (file.uri, day) not in self._kept:
                    self._kept[file.uri, day] = hashes
                    self._size += len(hashes) + ENTRY
            while self._size > self._most:
                _, hashes = self._kept.popitem(last=False)
                self._size -= len(hashes) + ENTRY


def hashes_of(ids: pl.Series) -> Hashes:
    hashes: Hashes = ids.hash().to_numpy()
    return hashes


def _touching(
    files: Sequence[LakeFile], days: Sequence[date]
) -> Iterable[tuple[LakeFile, Sequence[date]]]:
    """Files with days of theirs; files come by their first event, and none is of two months."""
    if not days:
        return
    month = datetime(days[0].year, days[0].month, 1, tzinfo=UTC)
    for file in files[bisect_left(files, month, key=lambda file: file.first) :]:
        if file.first.date() > days[-1]:
            return
        last = (file.last + STATISTICS_STEP).date()
        touched = days[bisect_left(days, file.first.date()) : bisect_right(days, last)]
        if touched:
            yield file, touched


def _read(snapshot: LakeSnapshot, file: LakeFile, days: Sequence[date]) -> dict[date, Hashes]:
    rows = replace(snapshot, files=(file,)).on_days(_series(days), WANTED)
    frame = rows.select("event_id", DAY).collect(engine="streaming")
    parts: dict[Any, pl.DataFrame] = frame.partition_by("day", as_dict=True)
    nothing = pl.Series(dtype=pl.String)
    return {
        day: np.sort(hashes_of(parts[(day,)]["event_id"] if (day,) in parts else nothing))
        for day in days
    }


def _meet(sorted_hashes: Hashes, wanted: Hashes) -> bool:
    """Whether two ascending arrays share a value."""
    if len(sorted_hashes) == 0:
        return False
    places = np.searchsorted(sorted_hashes, wanted)
    places[places == len(sorted_hashes)] = 0
    return bool((sorted_hashes[places] == wanted).any())


def _series(days: Sequence[date]) -> pl.Series:
    return pl.Series("day", days, dtype=pl.Date)
