"""Every setting, from the environment; the names of the variables stand nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Settings:
    """home: where everything is kept. demo: sign in by itself on loopback, with a made-up shop."""

    home: Path
    demo: bool = True
    demo_token: str | None = None
    cache_seconds: float = 60
    rate_limit_per_minute: int = 600_000
    body_limit: int = 64 * 1024

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, home: Path | str | None = None) -> Self:
        """VITRINE_HOME (~/.vitrine), VITRINE_DEMO (on), VITRINE_DEMO_TOKEN,
        VITRINE_RATE_LIMIT_PER_MINUTE. Raises ValueError naming the variable.
        """
        chosen = home or environ.get("VITRINE_HOME") or Path.home() / ".vitrine"
        return cls(
            home=Path(chosen).expanduser().absolute(),
            demo=_switch(environ, "VITRINE_DEMO", default=True),
            demo_token=environ.get("VITRINE_DEMO_TOKEN") or None,
            rate_limit_per_minute=_positive(environ, "VITRINE_RATE_LIMIT_PER_MINUTE", 600_000),
        )

    @property
    def lake(self) -> Path:
        return self.home / "lake"


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in ("", "on", "off"):
        raise ValueError(f"{name} is {text!r}; set it to on or off, or leave it unset.")
    return text == "on" if text else default


def _positive(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ValueError(f"{name} is {text!r}; set it to a whole number of 1 or more.")
    return int(text)
