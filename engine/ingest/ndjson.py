"""NDJSON becomes raw frames: lines of a common shape fast, all others one by one."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, Final

import msgspec
import polars as pl
from msgspec.structs import astuple

from engine.contract import MEASURES
from engine.errors import Fault, InvalidRequest
from engine.ingest.canonical import canonical_text
from engine.ingest.join import joined
from engine.ingest.lines import Bytes, whole_lines
from engine.ingest.members import members_in, objects_in
from engine.ingest.metadata import FLAT, NO_JSON, entries_of_flat, read_objects
from engine.numbers import MEASURE_LIMIT
from engine.request import loads

ASIDE: Final = {"row": "row ", "fault": "fault "}
"""A file's columns that are called like ours; as keys of the metadata they lose the space."""
WIDEST: Final = 100
"""Rows with more different names than this are read one by one: a shape has room for every name."""
FEW: Final = 2_000
"""So many lines and fewer are not divided further to find the ones that have no common shape."""
BYTES: Final = 1 << 20
"""So much of a file is read at a time: little, so that its values stay in the processor's cache."""
LINE_LIMIT: Final = 16 << 20
NAMES_LIMIT: Final = 1000
UNSPEAKABLE: Final = r'[\\"\x00-\x1f]'
"""What a name may not contain to be part of a shape."""

Value = dict[str, Any] | Fault
Members = tuple[pl.Series | None, int]
"""A member of each row as a column, and how many there are, with those of objects in them."""
Reader = Callable[[str, list[Any]], Members | None]


class LongLine(ValueError):
    """number: of the line in what was read, from 1 on."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return f"line {self.number:,} is longer than 16 MiB; a row ends with a line break"


def read_ndjson(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    """Frames of up to `batch` rows; lines that are no JSON object keep the reason in `fault`."""
    with path.open("rb") as file:
        yield from joined(read_lines(file, batch), batch)


def read_lines(file: Bytes, batch: int) -> Iterator[pl.DataFrame]:
    """Smaller frames of all lines of a file. Raises LongLine, and ValueError for too many names."""
    shape = _Shape()
    before = 0
    for text in whole_lines(file, BYTES, LINE_LIMIT):
        frame = shape.whole(text) if len(text) <= LINE_LIMIT else None
        if frame is not None and frame.height <= batch:
            before += frame.height
            yield frame
            continue
        lines = bytes(text).split(b"\n")
        _refuse_long(lines, before)
        before += len(lines) - 1
        lines = [line.removeprefix(BOM_UTF8) for line in lines if line and not line.isspace()]
        for start in range(0, len(lines), batch):
            yield from _divided(lines[start : start + batch], shape)


def _refuse_long(lines: Sequence[bytes], before: int) -> None:
    """before: how many lines of the file came before these."""
    for number, line in enumerate(lines, start=before + 1):
        if len(line) > LINE_LIMIT:
            raise LongLine(number)


def _divided(lines: list[bytes], shape: "_Shape") -> Iterator[pl.DataFrame]:
    frame = shape.frame(lines)
    if frame is not None:
        yield frame
    elif len(lines) <= FEW:
        yield _one_by_one(lines, shape.names)
    else:
        half = len(lines) // 2
        for part in (lines[:half], lines[half:]):
            yield from _divided(part, shape)


class _Shape:
    """The names that rows have had so far, and a decoder that knows them.

    The decoder is strict, but where a member stands twice the last one wins in silence. So the
    members that were found are compared with those that the text must have at least.
    """

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self._names: list[str] = []
        self._mixed: set[str] = set()
        self._any_is_mixed = False
        self._build()

    def _build(self) -> None:
        """One decoder takes any value, the other texts, or doubles, where nothing else was met."""
        any_value = dict.fromkeys(self._names, Any) | {"metadata": msgspec.Raw}
        usual: dict[str, Any] = {
            name: float | None if name in MEASURES else str | None for name in self._names
        }
        usual |= dict.fromkeys(self._names if self._any_is_mixed else self._mixed, Any)
        self._decode = _decoder(self._names, any_value).decode
        self._decode_usual = _decoder(self._names, usual | {"metadata": FLAT | None}).decode_lines

    def whole(self, text: bytes | memoryview) -> pl.DataFrame | None:
        """What `frame` makes of the lines of a text, or None when that has to do it.

        One call decodes all lines, but it takes any white space between two values.
        """
        objects = objects_in(text)
        if objects is None:
            return None
        try:
            rows = self._decode_usual(text)
            if len(rows) != objects:
                return None
            return self._columns(rows, [None] * len(rows), members_in(text), self._usual)
        except (*NO_JSON, UnicodeEncodeError) as error:
            if isinstance(error, msgspec.ValidationError) and not self._any_is_mixed:
                self._any_is_mixed = True
                self._build()
            return None

    def _usual(self, name: str, cells: list[Any]) -> Members | None:
        if name == "metadata":
            return _flat_metadata(cells)
        known = not (self._any_is_mixed or name in self._mixed)
        return _usual_members(name, cells) if known else _members(name, cells)

    def frame(self, lines: list[bytes]) -> pl.DataFrame | None:
        """What `_one_by_one` makes, or None when that has to do it."""
        if not self._names:
            self._learn(lines[:FEW])
        try:
            read = self._read(lines)
            if read is None and self._learn(lines):
                read = self._read(lines)
            return None if read is None else self._columns(*read, _any_members)
        except (RecursionError, UnicodeEncodeError):
            return None

    def _learn(self, lines: Iterable[bytes]) -> bool:
        """Whether these lines have names that are new, and not too many or too odd."""
        names = dict.fromkeys(self._names)
        for line in lines:
            try:
                row = NAMES.decode(line)
            except NO_JSON:
                continue
            names |= dict.fromkeys(row)
            self._mixed |= {
                name
                for name, value in row.items()
                if name not in MEASURES and bytes(value)[:1] not in b'"n'
            }
        known = len(self._names)
        refuse_names(self.names, names)
        if len(names) > WIDEST or any(re.search(UNSPEAKABLE, name) for name in names):
            return False
        self._names = list(names)
        if len(names) > known:
            self._any_is_mixed = False  # it was a name that was not known, not a type
        self._build()
        return len(names) > known

    def _read(self, lines: list[bytes]) -> tuple[list[Any], list[str | None], int] | None:
        """Rows, faults, and how many members the lines of the rows have at least."""
        decode = self._decode
        try:
            rows = [decode(line) for line in lines]
            return rows, [None] * len(lines), members_in(b"\n".join(lines))
        except NO_JSON:
            pass
        nothing = decode(b"{}")
        rows, good = [], []
        faults: list[str | None] = []
        for line in lines:
            try:
                rows.append(decode(line))
                faults.append(None)
                good.append(line)
            except NO_JSON:
                value = _value(line)
                if not isinstance(value, Fault):
                    return None
                rows.append(nothing)
                faults.append(value.message)
        return rows, faults, members_in(b"\n".join(good))

    def _columns(
        self, rows: list[Any], faults: list[str | None], members: int, read: Reader
    ) -> pl.DataFrame | None:
        columns = {"fault": pl.Series(faults, dtype=pl.String)}
        found = 0
        places = {name: i for i, name in enumerate(self._names)}
        # By place in a tuple: to look up an attribute of each row takes longer.
        tuples = list(map(astuple, rows))
        for name in (name for name in self.names if name in places):
            i = places[name]
            cells = [row[i] for row in tuples]
            column_and_members = read(name, cells)
            if column_and_members is None or _name(name) in columns:
                return None
            column, inner = column_and_members
            if column is not None:
                columns[_name(name)] = column
            found += inner
        return pl.DataFrame(columns) if found == members else None


NAMES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decoder(names: list[str], types: Mapping[str, Any]) -> msgspec.json.Decoder[Any]:
    """Of rows with members of these names, which are their fields f0, f1, ..."""
    fields = [(f"f{i}", types[name], msgspec.UNSET) for i, name in enumerate(names)]
    called = {f"f{i}": name for i, name in enumerate(names)}
    row = msgspec.defstruct("Row", fields, rename=called, forbid_unknown_fields=True, gc=False)
    return msgspec.json.Decoder(row)


def _usual_members(name: str, cells: list[Any]) -> Members | None:
    """`_members` of what a decoder took for texts or, of a measure, for doubles."""
    is_measure = name in MEASURES
    column: pl.Series | None
    try:
        column = pl.Series(cells, dtype=pl.Float64 if is_measure else pl.String)
    except ValueError:  # some are absent
        column, count = _members(name, cells)
    else:
        count = len(cells)
    if is_measure and column is not None and not _within(column):
        return None  # a whole number may have lost digits
    return column, count


def _within(numbers: pl.Series) -> bool:
    if numbers.dtype != pl.Float64:
        return numbers.null_count() == len(numbers)
    return numbers.is_between(-MEASURE_LIMIT, MEASURE_LIMIT, closed="none").all()


def _any_members(name: str, cells: list[Any]) -> Members | None:
    return _raw_metadata(cells) if name == "metadata" else _members(name, cells)


def _members(name: str, cells: list[Any]) -> Members:
    kinds = {*map(type, cells)}
    # Never nested lists: Polars takes gigabytes to find out that a deep one is no text.
    if kinds <= {str, NoneType}:
        return pl.Series(cells, dtype=pl.String), len(cells)
    if name in MEASURES and kinds <= {float, NoneType}:
        numbers = pl.Series(cells, dtype=pl.Float64)
        if _within(numbers):
            return numbers, len(cells)
    absent = cells.count(msgspec.UNSET)
    if absent == len(cells):
        return None, 0
    cells = [None if cell is msgspec.UNSET else cell for cell in cells]
    inner = 0
    if not {*map(type, cells)}.isdisjoint((dict, list)):
        inner = sum(map(_inner, cells))
    return _column(name, cells), len(cells) - absent + inner


def _inner(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_inner, value.values()))
    return sum(map(_inner, value)) if isinstance(value, list) else 0


def _flat_metadata(cells: list[Any]) -> Members:
    """The column, and how many members its objects have, which are flat."""
    absent = cells.count(msgspec.UNSET)
    if absent == len(cells):
        return None, 0
    entries, members = entries_of_flat(cells)
    return entries, len(cells) - absent + members


def _raw_metadata(cells: list[Any]) -> Members | None:
    """The column, and how many members its texts may have. Many rows share one text."""
    absent = cells.count(msgspec.UNSET)
    if absent == len(cells):
        return None, 0
    places = {b"null": 0}
    codes = [
        0 if cell is msgspec.UNSET else places.setdefault(bytes(cell), len(places))
        for cell in cells
    ]
    starts = {text[:1] for text in places}
    if starts <= {b"{", b"n"}:
        texts, members = read_objects(list(places))
        if texts.null_count():
            return None
    elif starts <= {b'"', b"n"}:
        texts = pl.Series([msgspec.json.decode(text) for text in places], dtype=pl.String)
        members = [members_in(text) for text in places]
    else:
        return None
    rows = pl.Series(codes, dtype=pl.UInt32)
    inner = int(pl.Series(members, dtype=pl.Int64).gather(rows).sum())
    return texts.gather(rows), len(cells) - absent + inner


def refuse_names(known: dict[str, None], more: Iterable[str]) -> None:
    known |= dict.fromkeys(more)
    if len(known) > NAMES_LIMIT:
        raise ValueError(f"its rows have more than {NAMES_LIMIT:,} names, which are columns")


def _one_by_one(lines: list[bytes], names: dict[str, None]) -> pl.DataFrame:
    values = [_value(line) for line in lines]
    for value in values:
        refuse_names(names, value if isinstance(value, dict) else ())
    try:
        return _by_column(values, names)
    except (RecursionError, UnicodeEncodeError):
        return _by_row(values)


def _value(line: bytes) -> Value:
    try:
        value: Any = loads(line)
    except InvalidRequest as error:
        return error.faults[0]
    return value if isinstance(value, dict) else Fault("body", "is not a JSON object")


def _by_column(values: list[Value], names: Iterable[str]) -> pl.DataFrame:
    """What `_by_row` makes, a column at a time; it cannot say which row is nested too deeply."""
    rows = [{} if isinstance(value, Fault) else value for value in values]
    given: dict[str, Any] = {}
    for row in rows:
        given |= row
    faults = [value.message if isinstance(value, Fault) else None for value in values]
    columns = {"fault": pl.Series(faults, dtype=pl.String)}
    for name in (name for name in names if name in given):
        if _name(name) in columns:
            return _by_row(values)
        columns[_name(name)] = _column(name, [row.get(name) for row in rows])
    return pl.DataFrame(columns)


def _column(name: str, cells: Sequence[Any]) -> pl.Series:
    kinds = {*map(type, cells)} - {NoneType}
    if kinds <= {str}:
        return pl.Series(cells, dtype=pl.String)
    if name in MEASURES and kinds <= {int, float}:
        numbers = [cell for cell in cells if cell is not None]
        if min(numbers) > -MEASURE_LIMIT and max(numbers) < MEASURE_LIMIT:
            return pl.Series(cells, dtype=pl.Float64, strict=False)
    return pl.Series([_cell(name, cell) for cell in cells], dtype=pl.String)


def _by_row(values: list[Value]) -> pl.DataFrame:
    rows = [_row(value) for value in values]
    names = dict.fromkeys(["fault", *(name for row in rows for name in row)])
    return pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names}
    )


def _row(value: Value) -> dict[str, str | None]:
    if isinstance(value, Fault):
        return {"fault": value.message}
    try:
        return {_name(name): _cell(name, item) for name, item in value.items()}
    except RecursionError:
        return {"fault": "is nested too deeply"}


def _name(name: str) -> str:
    return ASIDE.get(name, str(canonical_text(name)))


def _cell(name: str, value: Any) -> str | None:
    is_json = name == "metadata" and value is not None and not isinstance(value, str)
    return json.dumps(value) if is_json else canonical_text(value)
