"""Every setting, from the environment; the names of the variables stand nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

VAULT_VARIABLE: Final = "VITRINE_SECRET"
VAULT_LENGTH: Final = 32


@dataclass(frozen=True)
class Settings:
    """home: where everything is kept. demo_events: the size of the made-up shop, 0 for none.

    demo_token: the endpoint's bearer token, made up at each start when it is None.
    database_url: the metadata database, a SQLite file in `home` when it is empty.
    column_megabytes: how much memory decoded columns of the lake may take.
    secret: encrypts the passwords of sources; without one none is stored.
    """

    home: Path
    demo_events: int = 1_000_000
    demo_token: str | None = None
    database_url: str = ""
    cache_seconds: float = 60
    rate_limit_per_minute: int = 600_000
    column_megabytes: int = 2048
    body_limit: int = 64 * 1024
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, home: Path | str | None = None) -> Self:
        """From VITRINE_HOME (~/.vitrine), VITRINE_DATABASE_URL, VITRINE_DEMO_EVENTS (1000000),
        VITRINE_DEMO_TOKEN, VITRINE_RATE_LIMIT_PER_MINUTE (600000), VITRINE_COLUMN_MEGABYTES (2048)
        and VITRINE_SECRET. Raises ValueError naming the variable.
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
            secret=_secret(environ),
        )

    @property
    def database(self) -> str:
        """The URL of the metadata database."""
        return self.database_url or f"sqlite:///{self.home / 'vitrine.db'}"

    @property
    def lake(self) -> Path:
        return self.home / "lake"


def _whole(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise ValueError(f"{name} is {text!r}; set it to a whole number of {least} or more.")
    return int(text)


def _secret(environ: Mapping[str, str]) -> str | None:
    text = environ.get(VAULT_VARIABLE, "")
    if text and len(text) < VAULT_LENGTH:
        raise ValueError(
            f"{VAULT_VARIABLE} has {len(text)} characters; make one of {VAULT_LENGTH} or more, as"
            " `openssl rand -base64 32` does."
        )
    return text or None
