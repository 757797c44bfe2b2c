"""A lake in an object store: S3 and what speaks like it, Google's and Azure's.

The Delta library and Polars reach it by the same options, which are variables of the environment
(AWS_..., GOOGLE_..., AZURE_...). Commits are conditional writes of the library; whatever else must
not happen twice at a time is kept apart by a lock that all writers share.
"""

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import obstore
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import from_url

from engine.stores.place import LOG, Table, commit_name

PATIENT: Final = {
    "connect_timeout": "3s",
    "timeout": "30s",
    "max_retries": "3",
    "retry_timeout": "10s",
}
"""For files of events: a request may take this long, and is repeated within the last of these."""
QUICK: Final = {"connect_timeout": "3s", "timeout": "4s"}
"""For lists and commits: they come first, so they are what notices that the store is away."""
PART: Final = 8 << 20
"""Bytes of a file that go in one request."""
CLIENT: Final = (
    "allow_http",
    "allow_invalid_certificates",
    "proxy_ca_certificate",
    "proxy_excludes",
    "proxy_url",
)
"""Variables end so that are about the connection, not the store."""
COMMIT: Final = re.compile(rf"/{LOG}/\d{{20}}\.(json|checkpoint.*parquet)$")
COLOURS: Final = re.compile(r"\x1b\[\d+m")
STATUS: Final = re.compile(r"\b[45]\d\d [A-Z][A-Za-z -]+")
CODE: Final = re.compile(r"<Code>(\w+)</Code>")
ADDRESS: Final = re.compile(r"\bhttps?://\S+")
KIND: Final = re.compile(r"HttpError \{\s*kind: (\w+)")
KINDS: Final = {"Connect": "no connection", "Timeout": "no answer in time"}
SECRET_LENGTH: Final = 8
"""No key is shorter; a switch such as `true` is, and is left in what is told."""
DEBUG: Final = "\n\nDebug source"


class Unreachable(OSError):
    """The object store does not answer, or does not let us in."""


class ObjectStore:
    """Below `url`; `lock` gives the lock of a name that all writers share."""

    listing_lasts = 1.0

    def __init__(
        self,
        url: str,
        options: Mapping[str, str],
        lock: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self.root = url.rstrip("/")
        self.options = {**PATIENT, **options}
        self.scan_options: Mapping[str, Any] = {
            **options,
            "connect_timeout": PATIENT["connect_timeout"],
            "timeout": PATIENT["timeout"],
            "max_retries": int(PATIENT["max_retries"]),
            "retry_timeout_ms": 10_000,
        }
        self._secrets = [value for value in options.values() if len(value) >= SECRET_LENGTH]
        self._lock = lock
        self._known: set[Table] = set()
        with self._named():
            self._files = _opened(self.root, options, QUICK)
            connect_and_answer = {name: PATIENT[name] for name in QUICK}
            self._large = _opened(self.root, options, connect_and_answer)

    def path(self, table: Table) -> str:
        return "/".join((self.root, *table))

    def check(self) -> None:
        with self._named():
            self._folders("")

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Tell which variable is to be mended."""
        try:
            with self.reached():
                yield
        except (OSError, DeltaError) as error:
            raise ValueError(
                f"VITRINE_LAKE is {self.root}, but {error};"
                " check the URL, the network and the variables with the keys."
            ) from None

    @contextmanager
    def reached(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise FileNotFoundError(self._told(error)) from None
        except (OSError, BaseError) as error:
            raise Unreachable(f"the lake cannot be reached: {self._told(error)}") from None
        except DeltaError as error:
            raise type(error)(self._told(error)) from None

    def tables(self, workspace: str | None = None) -> list[Table]:
        if workspace is None:
            workspaces = [name for name in self._folders("") if name.startswith("ws_")]
        else:
            workspaces = [workspace]
        found = [(name, folder) for name in workspaces for folder in self._folders(name)]
        # What a first commit that was interrupted left behind is no table.
        there = {table for table in found if table in self._known or self.exists(table)}
        self._known = there | {table for table in self._known if table[0] not in workspaces}
        return sorted(there)

    def exists(self, table: Table) -> bool:
        logs = obstore.list(self._files, "/".join((*table, LOG)))
        return any(COMMIT.search(file["path"]) for files in logs for file in files)

    def may_have(self, table: Table, version: int) -> bool:  # noqa: ARG002
        return True

    def mark(self, table: Table, version: int) -> Hashable | None:
        try:
            commit = obstore.head(self._files, "/".join((*table, LOG, commit_name(version))))
        except FileNotFoundError:
            return None
        return commit["e_tag"], commit["last_modified"], commit["size"]

    def is_last(self, table: Table, version: int, mark: Hashable) -> bool:  # noqa: ARG002
        return False

    def commit(self, table: Table, version: int) -> str | None:
        try:
            found = obstore.get(self._files, "/".join((*table, LOG, commit_name(version))))
        except FileNotFoundError:
            return None
        return bytes(found.bytes()).decode()

    def bring(self, table: Table, file: Path, within: str) -> None:
        obstore.put(self._large, "/".join((*table, within)), file, chunk_size=PART)
        file.unlink()

    def bytes(self, table: Table) -> int:
        below = obstore.list(self._files, "/".join(table))
        return sum(file["size"] for files in below for file in files)

    def drop(self, workspace: str) -> None:
        """Logs first: without them the rest is no table any more."""
        names = [file["path"] for files in obstore.list(self._files, workspace) for file in files]
        logs = [name for name in names if f"/{LOG}/" in name]
        obstore.delete(self._files, logs)
        obstore.delete(self._files, [name for name in names if name not in set(logs)])

    def durable(self, table: Table) -> AbstractContextManager[None]:  # noqa: ARG002
        """What an object store has taken, it keeps."""
        return nullcontext()

    def writing(self, workspace: str) -> AbstractContextManager[None]:
        return self._lock(f"lake.{workspace}")

    def _folders(self, below: str) -> list[str]:
        found = obstore.list_with_delimiter(self._files, below)["common_prefixes"]
        return [name.rpartition("/")[2] for name in found]

    def _told(self, error: Exception) -> str:
        """The cause of an error of the libraries, without addresses: those may be signed."""
        text, _, debug = COLOURS.sub("", str(error)).partition(DEBUG)
        status, code, kind = STATUS.search(text), CODE.search(text), KIND.search(debug)
        if status is not None:
            text = status[0] + (f" ({code[1]})" if code else "")
        elif kind is not None and kind[1] in KINDS:
            text = KINDS[kind[1]]
        else:
            text = ": ".join(line.strip(" ↳") for line in text.strip().splitlines()[-2:])
        text = ADDRESS.sub("...", text)
        for secret in self._secrets:
            text = text.replace(secret, "...")
        return text


def _opened(url: str, options: Mapping[str, str], patience: Mapping[str, str]) -> Any:
    """The Delta library's own file system stops all threads of the process while it waits; this
    one does not, but takes no variable that it does not know.
    """
    client: Any = dict(patience)
    known: Any = {}
    for name, value in options.items():
        _, _, end = name.lower().partition("_")
        if end in CLIENT:
            client[end] = value
        elif _is_known(url, name.lower(), value):
            known[name.lower()] = value
    retry: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=3)}
    return from_url(url, config=known, client_options=client, retry_config=retry)


def _is_known(url: str, name: str, value: str) -> bool:
    alone: Any = {name: value}
    try:
        from_url(url, config=alone)
    except UnknownConfigurationKeyError:
        return False
    except BaseError:
        return True
    return True
