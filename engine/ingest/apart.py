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
from io import BufferedReader, BytesIO
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Final, cast

import msgspec
import polars as pl

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
    """The lines of a file that begin in its bytes from `start` to before `end`."""

    path: str
    start: int
    end: int
    batch: int

    def read(self) -> list[pl.DataFrame]:
        """Raises LongLine, its number counted from the part's first row, and ValueError."""
        with open(self.path, "rb") as file:
            start, end = _line_after(file, self.start), _line_after(file, self.end)
            file.seek(start)
            return list(read_lines(_Stretch(file, end - start), self.batch))


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
    """What became of a part, in a line; frames of these sizes follow, each a stream of Arrow."""

    sizes: list[int] = []
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
        return [pl.read_ipc_stream(given.read(size)) for size in found.sizes]


def is_worth_it(path: Path, batch: int) -> bool:
    return READERS > 1 and batch >= MANY and path.stat().st_size >= LARGE


def read_apart(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    """What `read_ndjson` makes of a file."""
    yield from joined(_frames(path, batch), batch)


def _frames(path: Path, batch: int) -> Iterator[pl.DataFrame]:
    size, path = path.stat().st_size, path.resolve()
    names: dict[str, None] = {}
    rows = 0
    for frames in _in_order(
        Part(str(path), i, min(i + PART, size), batch) for i in range(0, size, PART)
    ):
        try:
            found = frames.result()
        except LongLine as error:
            raise LongLine(rows + error.number) from None
        for frame in found:
            refuse_names(names, (name for name in frame.columns if name != "fault"))
            rows += frame.height
            yield frame


def _in_order(parts: Iterator[Part]) -> Iterator[Future[list[pl.DataFrame]]]:
    with ExitStack() as stack:
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
        for part in parts:
            waiting.append(threads.submit(read, part))
            if len(waiting) > AHEAD * READERS:
                yield waiting.popleft()
        yield from waiting


def _packed(frame: pl.DataFrame) -> bytes:
    """As Arrow's stream, its texts one after the other: in less than half the time of pickling."""
    stream = BytesIO()
    frame.write_ipc_stream(stream, compat_level=pl.CompatLevel.oldest())
    return stream.getvalue()


def main() -> None:
    wanted = sys.stdout.buffer
    for line in sys.stdin.buffer:
        frames: list[bytes] = []
        try:
            part = msgspec.json.decode(line, type=Part)
            frames = list(map(_packed, part.read()))
            found = Found(list(map(len, frames)))
        except LongLine as error:
            found = Found(long_line=error.number)
        except Exception as error:
            found = Found(error=str(error))
        wanted.writelines([msgspec.json.encode(found), b"\n", *frames])
        wanted.flush()


if __name__ == "__main__":
    main()
