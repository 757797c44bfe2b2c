"""Files of events that no table has yet, and the commit with which a table takes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import uuid4

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake import Schema as DeltaSchema
from deltalake.transaction import AddAction, create_table_with_add_actions

from engine.stores.base import EVENTS

PARTITION: Final = "month"
MONTH: Final = pl.col("created_at").dt.strftime("%Y-%m").alias(PARTITION)
TABLE_PROPERTIES: Final = {
    "delta.dataSkippingStatsColumns": "created_at",
    # To open a table is to read all commits since its last checkpoint.
    "delta.checkpointInterval": "20",
}
COMMIT: Final = CommitProperties(max_commit_retries=100)
"""Writers without a common lock may each come first many times before it is another's turn."""
GROUP: Final = 1 << 18
"""Rows that a reader skips or reads together."""
ONCE: Final = ("event_id", "created_at")
"""Times and ids hardly repeat, so a dictionary of them only costs."""
SCHEMA: Final = (
    EVENTS.to_frame().select(pl.all(), MONTH).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
)
OF_FILES: Final = SCHEMA.remove(SCHEMA.get_field_index(PARTITION))
IN_DICTIONARIES: Final = [
    *(name for name in OF_FILES.names if name not in (*ONCE, "metadata")),
    *("metadata.key_value.key", "metadata.key_value.value"),
]


@dataclass(frozen=True)
class Written:
    """A Parquet file of events of one month, by created_at, and where it will be in a table.

    modified: milliseconds since 1970.
    """

    path: Path
    within: str
    month: str
    first: datetime
    last: datetime
    rows: int
    size: int
    modified: int

    @property
    def added(self) -> AddAction:
        """What the log says of it, as the library itself says it: times have milliseconds there."""
        statistics = {
            "numRecords": self.rows,
            "minValues": {"created_at": _milliseconds(self.first)},
            "maxValues": {"created_at": _milliseconds(self.last)},
            "nullCount": {"created_at": 0},
        }
        return AddAction(
            path=self.within,
            size=self.size,
            partition_values={PARTITION: self.month},
            modification_time=self.modified,
            data_change=True,
            stats=json.dumps(statistics, separators=(",", ":")),
        )


def batches_of(frame: pl.DataFrame) -> list[pa.RecordBatch]:
    """Of SCHEMA, which is that of a table."""
    table = frame.select(*EVENTS.names(), MONTH).to_arrow(compat_level=pl.CompatLevel.oldest())
    batches: list[pa.RecordBatch] = table.cast(SCHEMA).to_batches()
    return batches


def write_file(folder: Path, events: pl.DataFrame) -> Written:
    """Write events of one month, at least one, that are in the order of created_at.

    The file is like those of the Delta library, whose writer takes twice the time, works on one
    core and needs the table.
    """
    path = folder / f"{uuid4()}.parquet"
    with pq.ParquetWriter(
        path,
        OF_FILES,
        compression="NONE",
        use_dictionary=IN_DICTIONARIES,
        write_statistics=["created_at"],
        store_decimal_as_integer=True,
        store_schema=False,
    ) as file:
        for rows in events.select(EVENTS.names()).iter_slices(GROUP):
            table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            file.write_table(table.cast(OF_FILES), GROUP)
    status = path.stat()
    first, last = events["created_at"][0], events["created_at"][-1]
    month = first.isoformat()[:7]
    return Written(
        path=path,
        within=f"{PARTITION}={month}/part-{path.name}",
        month=month,
        first=first,
        last=last,
        rows=events.height,
        size=status.st_size,
        modified=status.st_mtime_ns // 10**6,
    )


def commit(
    table: DeltaTable | None,
    path: Path | str,
    files: Sequence[Written],
    options: dict[str, str] | None,
) -> None:
    """Make files that are in their places part of a table; None: it is created at `path`."""
    added = [file.added for file in files]
    schema = DeltaSchema.from_arrow(SCHEMA)
    if table is not None:
        table.create_write_transaction(
            [*added], "append", schema, PARTITION, commit_properties=COMMIT
        )
        return
    create_table_with_add_actions(
        str(path),
        schema,
        added,
        "error",
        PARTITION,
        configuration=TABLE_PROPERTIES,
        storage_options=options,
        commit_properties=COMMIT,
    )


def _milliseconds(instant: datetime) -> str:
    """Cut off, as the statistics of Delta are."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
