"""Every setting, from the environment; the names of the variables stand nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

REDIS: Final = ("redis", "rediss", "unix")
EXAMPLE: Final = "redis://localhost:6379/0"


@dataclass(frozen=True)
class Settings:
    """home: where everything is kept. demo_events: the size of the made-up shop, 0 for none.

    demo_token: the endpoint's bearer token, made up at each start when it is None.
    database_url: the metadata database, a SQLite file in `home` when it is empty.
    column_megabytes: how much memory decoded columns of the lake may take.
    redis_url: where answers are shared by processes; they are not when it is empty.
    slots: how many computations run at once. requests_at_once: of one caller.
    """

    home: Path
    demo_events: int = 1_000_000
    demo_token: str | None = None
    database_url: str = ""
    cache_seconds: float = 60
    rate_limit_per_minute: int = 600_000
    column_megabytes: int = 2048
    body_limit: int = 64 * 1024
    redis_url: str = ""
    slots: int = max(2, os.cpu_count() or 1)
    requests_at_once: int = 1_000

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, home: Path | str | None = None) -> Self:
        """From VITRINE_HOME (~/.vitrine), VITRINE_DATABASE_URL, VITRINE_DEMO_EVENTS (1000000),
        VITRINE_DEMO_TOKEN, VITRINE_RATE_LIMIT_PER_MINUTE (600000), VITRINE_COLUMN_MEGABYTES
        (2048), VITRINE_REDIS_URL, VITRINE_SLOTS (processors, at least 2) and
        VITRINE_REQUESTS_AT_ONCE (1000). Raises ValueError naming the variable.
        """
        chosen = home or environ.get("VITRINE_HOME") or Path.home() / ".vitrine"
        return cls(
            home=Path(chosen).expanduser().absolute(),
            demo_events=_whole(environ, "VITRINE_DEMO_EVENTS", 1_000_000, least=0),
            demo_token=environ.get("VITRINE_DEMO_TOKEN") or None,
            database_url=environ.get("VITRINE_DATABASE_URL", ""),
            rate_limit_per_minute=_whole(
                environ, "VITRINE_RATE_LIMIT_PER_MINUTE", 600_000, least=1
            ),
            column_megabytes=_whole(environ, "VITRINE_COLUMN_MEGABYTES", 2048, least=1),
            redis_url=_redis(environ, "VITRINE_REDIS_URL"),
            slots=_whole(environ, "VITRINE_SLOTS", cls.slots, least=1),
            requests_at_once=_whole(
                environ, "VITRINE_REQUESTS_AT_ONCE", cls.requests_at_once, least=1
            ),
        )

    @property
    def database(self) -> str:
        """The URL of the metadata database."""
        return self.database_url or f"sqlite:///{self.home / 'vitrine.db'}"

    @property
    def lake(self) -> Path:
        return self.home / "lake"


def _redis(environ: Mapping[str, str], name: str) -> str:
    url = environ.get(name, "").strip()
    scheme, separator, _ = url.partition("://")
    if url and (not separator or scheme not in REDIS):
        # Not the value: it may hold a password.
        raise ValueError(
            f"{name} is not the URL of a Redis; it begins with {', '.join(REDIS)}, as in {EXAMPLE}."
        )
    return url


def _whole(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise ValueError(f"{name} is {text!r}; set it to a whole number of {least} or more.")
    return int(text)
