"""Where a lake is: what a local folder and an object store do differently."""

import fcntl
import json
import os
import shutil
from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from stat import S_ISREG
from typing import Any, Final, Protocol, TypeAlias
from urllib.parse import unquote

from deltalake import DeltaTable

LOG: Final = "_delta_log"


def commit_name(version: int) -> str:
    return f"{version:020}.json"


Table: TypeAlias = tuple[str, str]
"""The folder of a workspace, and in it that of the table."""


class Place(Protocol):
    @property
    def root(self) -> Path | str: ...

    @property
    def options(self) -> dict[str, str] | None:
        """How the Delta library gets there."""

    @property
    def scan_options(self) -> Mapping[str, Any] | None:
        """How Polars gets there."""

    @property
    def listing_lasts(self) -> float:
        """For how many seconds a list of brands is fresh enough for readers."""

    def path(self, table: Table) -> Path | str: ...

    def check(self) -> None:
        """Raises ValueError, naming the variable to mend, when nothing can be read there."""

    def reached(self) -> AbstractContextManager[None]:
        """Around whatever goes there: its errors become Unreachable, and tell no secret."""

    def tables(self, workspace: str | None = None) -> list[Table]:
        """Every table, or every one of a workspace, in their order."""

    def exists(self, table: Table) -> bool: ...

    def may_have(self, table: Table, version: int) -> bool:
        """False when it is certain, and quickly known, that there is no such commit."""

    def mark(self, table: Table, version: int) -> Hashable | None:
        """Tells a commit from that of a table made anew under the same path; None if it is gone."""

    def is_last(self, table: Table, version: int, mark: Hashable) -> bool:
        """Whether it is seen without waiting that this commit is still the last one."""

    def commit(self, table: Table, version: int) -> str | None:
        """The actions of a commit, one a line; None if the log no longer has it."""

    def bring(self, table: Table, file: Path, within: str) -> None:
        """Put a file of this machine into a table's folder, where no commit names it yet."""

    def bytes(self, table: Table) -> int:
        """Of all that is in a table's folder."""

    def drop(self, workspace: str) -> None:
        """Delete all that is in a workspace."""

    def durable(self, table: Table) -> AbstractContextManager[None]:
        """Around commits to a table: when it is over, they will survive a power cut."""

    def writing(self, workspace: str) -> AbstractContextManager[None]:
        """One writer of a workspace at a time, over all processes."""


class LocalFolder:
    """On this machine; processes of it may share one."""

    options = None
    scan_options = None
    listing_lasts = 0.0

    def __init__(self, root: Path) -> None:
        self.root: Path | str = root
        self._root = root
        self._folder = str(root)

    def path(self, table: Table) -> Path:
        return self._root.joinpath(*table)

    def check(self) -> None:
        """A folder that is missing is made by the first write."""

    def reached(self) -> AbstractContextManager[None]:
        return nullcontext()

    def tables(self, workspace: str | None = None) -> list[Table]:
        # A first commit that was interrupted leaves a log without entries. To look for that commit
        # is quicker than to list all, while it is there.
        logs = sorted(
            log
            for log in self._root.glob(f"{workspace or 'ws_*'}/*/{LOG}")
            if (log / commit_name(0)).exists() or any(log.glob("*.json"))
        )
        return [(log.parent.parent.name, log.parent.name) for log in logs]

    def exists(self, table: Table) -> bool:
        return DeltaTable.is_deltatable(str(self.path(table)))

    def may_have(self, table: Table, version: int) -> bool:
        return os.path.exists(self._commit(table, version))

    def mark(self, table: Table, version: int) -> Hashable | None:
        try:
            commit = os.stat(self._commit(table, version))
        except FileNotFoundError:
            return None
        return commit.st_ino, commit.st_mtime_ns

    def is_last(self, table: Table, version: int, mark: Hashable) -> bool:
        return not self.may_have(table, version + 1) and self.mark(table, version) == mark

    def _commit(self, table: Table, version: int) -> str:
        """A plain text: every request asks for it, and paths cost more than the look itself."""
        workspace, brand = table
        return f"{self._folder}/{workspace}/{brand}/{LOG}/{commit_name(version)}"

    def commit(self, table: Table, version: int) -> str | None:
        try:
            return (self.path(table) / LOG / commit_name(version)).read_text()
        except FileNotFoundError:
            return None

    def bring(self, table: Table, file: Path, within: str) -> None:
        target = self.path(table) / within
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)

    def bytes(self, table: Table) -> int:
        return sum(map(_size, self.path(table).rglob("*")))

    def drop(self, workspace: str) -> None:
        shutil.rmtree(self._root / workspace)

    @contextmanager
    def durable(self, table: Table) -> Iterator[None]:
        """Delta does not wait for the disk; this does."""
        folder = self.path(table)
        folder.mkdir(parents=True, exist_ok=True)
        before = _latest(folder)
        yield
        _sync(folder, before)

    @contextmanager
    def writing(self, workspace: str) -> Iterator[None]:
        folder = self._root / workspace
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".writing").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _latest(path: Path) -> int:
    """The version of a table, without reading what is in its log; -1 where there is none."""
    commits = (path / LOG).glob(f"{'[0-9]' * 20}.json")
    return max((int(commit.stem) for commit in commits), default=-1)


def _sync(path: Path, before: int) -> None:
    """Wait until the commits after version `before` are on disk."""
    log = path / LOG
    made = [log / "_last_checkpoint"]
    for version in range(before + 1, _latest(path) + 1):
        commit = log / commit_name(version)
        actions = map(json.loads, commit.read_text().splitlines())
        made += [path / unquote(action["add"]["path"]) for action in actions if "add" in action]
        made += [commit, commit.with_suffix(".checkpoint.parquet")]
    folders = [file.parent for file in made] + [path, path.parent]
    for target in dict.fromkeys(made + folders):
        if target.exists():
            sync(target)


def sync(path: Path) -> None:
    """Wait until a file or folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _size(path: Path) -> int:
    """The bytes of a file, 0 for a folder and for what a vacuum has just deleted."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if S_ISREG(status.st_mode) else 0
