"""Dashboards in a folder, a file each, and those of a brand: from one to the other."""

import difflib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.errors import InvalidRequest, VitrineError
from engine.workspaces import document
from engine.workspaces.dashboards import Dashboards
from engine.workspaces.document import Format
from engine.workspaces.widget import Dashboard

FORMATS: Final[dict[str, Format]] = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}
SUBJECT: Final = "command"
"""Who changed a dashboard, in its revisions."""


@dataclass(frozen=True)
class Said:
    """What became of one dashboard or file; text: one line, or several of a difference."""

    text: str
    failed: bool = False
    differs: bool = False


class Folder:
    def __init__(self, path: Path, dashboards: Dashboards, workspace: str, brand: str) -> None:
        self._path = path
        self._dashboards = dashboards
        self._scope = (workspace, brand)

    def export(self, format: Format) -> Iterator[Said]:
        """Write every dashboard; one that has a file in another format keeps that."""
        self._path.mkdir(parents=True, exist_ok=True)
        for listed in self._dashboards.list(*self._scope, SUBJECT):
            dashboard = self._dashboards.get(*self._scope, listed.id)
            path = self._file(dashboard.slug) or self._path / f"{dashboard.slug}.{format}"
            text = document.write(dashboard, FORMATS[path.suffix])
            if path.exists() and path.read_bytes() == text.encode():
                yield Said(f"{path.name}: unchanged")
                continue
            _replace(path, text)
            yield Said(f"{path.name}: written")

    def apply(self) -> Iterator[Said]:
        """Bring the brand to what the files say, unless one of them is bad: then nothing is.

        Dashboards without a file stay.
        """
        files, bad = self._read()
        yield from bad
        if bad:
            yield Said("nothing was applied: all files have to be good", failed=True)
            return
        for path, raw in files.items():
            try:
                yield Said(f"{path.name}: {self._apply(raw)}")
            except VitrineError as error:
                yield Said(f"{path.name}: not applied: {error.message}", failed=True)

    def diff(self) -> Iterator[Said]:
        """What `apply` would change, as unified differences, and which dashboards have no file."""
        files, bad = self._read()
        yield from bad
        for path, raw in files.items():
            here = self._dashboards.by_slug(*self._scope, raw["slug"])
            before = [] if here is None else document.write(here).splitlines(keepends=True)
            after = document.rewritten(raw).splitlines(keepends=True)
            origin = "/dev/null" if here is None else f"brand/{raw['slug']}"
            lines = "".join(difflib.unified_diff(before, after, origin, f"folder/{path.name}"))
            if lines:
                yield Said(lines.rstrip("\n"), differs=True)
        kept = {raw["slug"] for raw in files.values()}
        for listed in self._dashboards.list(*self._scope, SUBJECT):
            if listed.slug not in kept and not bad:
                yield Said(f"{listed.slug}: not in the folder", differs=True)

    def _apply(self, raw: dict[str, Any]) -> str:
        here = self._dashboards.by_slug(*self._scope, raw["slug"])
        if here is None:
            self._dashboards.create(*self._scope, SUBJECT, raw)
            return "created"
        after = self._put(here, raw)
        return (
            "unchanged" if after.version == here.version else f"changed to version {after.version}"
        )

    def _put(self, here: Dashboard, raw: dict[str, Any]) -> Dashboard:
        changes = document.changes(raw)
        return self._dashboards.put(*self._scope, here.id, SUBJECT, changes, adopt=True)

    def _read(self) -> tuple[dict[Path, dict[str, Any]], list[Said]]:
        """The good files, and what is wrong with the others."""
        files: dict[Path, dict[str, Any]] = {}
        bad: list[Said] = []
        owners: dict[str, str] = {}
        for path in sorted(p for p in self._path.iterdir() if p.suffix in FORMATS):
            try:
                raw = document.read(path.read_bytes().decode())
            except InvalidRequest as error:
                reasons = (f"{path.name}: {fault.field} {fault.message}" for fault in error.faults)
                bad += [Said(reason, failed=True) for reason in reasons]
                continue
            except (OSError, UnicodeDecodeError) as error:
                bad.append(Said(f"{path.name}: cannot be read as UTF-8 text: {error}", failed=True))
                continue
            other = owners.setdefault(raw["slug"], path.name)
            if other != path.name:
                text = f"{path.name}: slug {raw['slug']} is also that of {other}"
                bad.append(Said(text, failed=True))
            files[path] = raw
        return files, bad

    def _file(self, slug: str) -> Path | None:
        paths = (self._path / f"{slug}{suffix}" for suffix in FORMATS)
        return next((path for path in paths if path.exists()), None)


def _replace(path: Path, text: str) -> None:
    """All of the file, or what was there before."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(text.encode())
    part.replace(path)
