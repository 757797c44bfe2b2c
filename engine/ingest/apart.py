"""Parts of a large NDJSON file are read by processes of their own.

What makes rows of texts holds Python's lock, so threads would read one after the other, and a
server's other threads would wait for them.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO, Final, cast

import msgspec
import polars as pl
import pyarrow as pa

from engine.ingest.join import joined
from engine.ingest.ndjson import LINE_LIMIT, LongLine, read_lines, refuse_names

ROOT: Final = Path(__file__).parents[2]
LARGE: Final = 64 << 20
"""A file of so many bytes is worth the half second until another process reads."""
MANY: Final = 10_000
"""Who asks for fewer rows at a time does not want them all."""
PART: Final = 16 << 20
READERS: Final = min(4, os.cpu_count() or 1)
AHEAD: Final = 2
"""So many parts for each reader wait in memory to be used, at most."""
BLOCK: Final = 1 << 20


class Part(msgspec.Struct, frozen=True):
    """The lines of a file that begin in its bytes from `start` to before `end`.

    folder: where the frames are put. A pipe would copy them twice more, a tenth of all the time.
    """

    path: str
    start: int
    end: int
    batch: int
    folder: str

    def read(self) -> list[pl.DataFrame]:
        """Raises LongLine, its number counted from the part's first row, and ValueError."""
        with open(self.path, "rb") as file:
            start, end = _line_after(file, self.start), _line_after(file, self.end)
            file.seek(start)
            return list(joined(read_lines(_Stretch(file, end - start), self.batch), self.batch))


class _Stretch:
    """A file that ends earlier."""

    def __init__(self, file: BufferedReader, size: int) -> None:
        self._file = file
        self._left = size

    def readinto(self, place: memoryview) -> int:
        read = self._file.readinto(place[: self._left])
        self._left -= read
        return read


def _line_after(file: BufferedReader, place: int) -> int:
    """Where the first line begins that begins at `place` or later; beyond it when the line before
    is too long, which whoever has the beginning of that one will find.
    """
    if place == 0:
        return 0
    file.seek(place - 1)
    passed = place - 1
    while passed <= place + LINE_LIMIT and (block := file.read(BLOCK)):
        found = block.find(b"\n")
        if found >= 0:
            return passed + found + 1
        passed += len(block)
    return passed


class Found(msgspec.Struct):
    """What became of a part: the files of its frames, in Arrow's form, or what was wrong."""

    frames: list[str] = []
    long_line: int | None = None
    error: str | None = None


class Reader:
    """A process that reads one part after the other. It ends with the one that started it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "engine.ingest.apart"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def read(self, part: Part) -> list[pl.DataFrame]:
        """What the part's own `read` returns and raises, OSError when the process is gone."""
        wanted, given = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        with suppress(BrokenPipeError):
            wanted.write(msgspec.json.encode(part) + b"\n")
            wanted.flush()
        if not (line := given.readline()):
            raise ChildProcessError("a process that read parts of the file has ended")
        found = msgspec.json.decode(line, type=Found)
        if found.long_line is not None:
            raise LongLine(found.long_line)
        if found.error is not None:
            raise ValueError(found.error)
        return [_taken(Path(name)) for name in found.frames]


def _taken(path: Path) -> pl.DataFrame:
    """The frame in a file, which is gone from the disk when nobody has the frame any more."""
    table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    path.unlink()
    return cast(pl.DataFrame, pl.from_arrow(table, rechunk=False))


def is_worth_it(path: Path, batch: int) -> bool:
    return READERS > 1 and batch >= MANY and path.stat().st_size >= LARGE


def read_apart(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    """What `read_ndjson` makes of a file."""
    yield from joined(_frames(path, batch), batch)


def _frames(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    names: dict[str, None] = {}
    rows = 0
    for frames in _in_order(path, batch):
        try:
            found = frames.result()
        except LongLine as error:
            raise LongLine(rows + error.number) from None
        for frame in found:
            refuse_names(names, (name for name in frame.columns if name != "fault"))
            rows += frame.height
            yield frame


def _in_order(path: Path, batch: int) -> Iterator[Future[list[pl.DataFrame]]]:
    size, file = path.stat().st_size, str(path.resolve())
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="vitrine-"))
        readers: SimpleQueue[Reader] = SimpleQueue()
        for _ in range(READERS):
            reader = Reader()
            stack.callback(reader.close)
            readers.put(reader)

        def read(part: Part) -> list[pl.DataFrame]:
            reader = readers.get()
            try:
                return reader.read(part)
            finally:
                readers.put(reader)

        threads = ThreadPoolExecutor(READERS)
        stack.callback(threads.shutdown, cancel_futures=True)
        waiting: deque[Future[list[pl.DataFrame]]] = deque()
        for start in range(0, size, PART):
            part = Part(file, start, min(start + PART, size), batch, folder)
            waiting.append(threads.submit(read, part))
            if len(waiting) > AHEAD * READERS:
                yield waiting.popleft()
        yield from waiting


def _put(frame: pl.DataFrame, folder: str) -> str:
    """The path of a file with the frame; texts one after the other are written fastest."""
    with NamedTemporaryFile(dir=folder, delete=False) as file:
        frame.write_ipc(file, compat_level=pl.CompatLevel.oldest())
    return file.name


def main() -> None:
    for line in sys.stdin.buffer:
        try:
            part = msgspec.json.decode(line, type=Part)
            found = Found([_put(frame, part.folder) for frame in part.read()])
        except LongLine as error:
            found = Found(long_line=error.number)
        except Exception as error:
            found = Found(error=str(error))
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
