"""Every setting, from the environment; the names of the variables stand nowhere else."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

KEYS_OF: Final = {"s3": "AWS_", "gs": "GOOGLE_", "abfss": "AZURE_"}
"""How the variables begin that say how to reach an object store; its libraries name them."""
OBJECT_STORE: Final = re.compile(
    r"((s3|gs)://[a-z0-9][a-z0-9._-]+|abfss://[a-z0-9-]+@[a-z0-9]+\.dfs\.[a-z.]+)(/[\w.=-]+)*/?",
    re.ASCII,
)
VAULT_VARIABLE: Final = "VITRINE_SECRET"
VAULT_LENGTH: Final = 32
REDIS: Final = ("redis", "rediss", "unix")
ROLES: Final = ("owner", "admin", "editor", "viewer")
SPARK: Final = re.compile(r"sc://([\w.-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(/(;[\w-]+=[^;\s]+)*)?")
SWITCH: Final = ("on", "off")
CLUSTER: Final = ("always", "auto", "off")
EXAMPLE: Final = "redis://localhost:6379/0"


@dataclass(frozen=True)
class Settings:
    """home: where everything is kept. demo_events: the size of the made-up shop, 0 for none.

    demo_token: the endpoint's bearer token, made up at each start when it is None.
    database_url: the metadata database, a SQLite file in `home` when it is empty.
    column_megabytes: how much memory decoded columns of the lake may take.
    rollup_megabytes: how much memory folded rollups may take. use_rollups: off, every request
    scans.
    lake_url: where the lake is, a folder or an object store's URL; in `home` when it is empty.
    lake_options: how to reach an object store, with its keys.
    secret: encrypts the passwords of sources; without one none is stored.
    demo: whether everybody on the loopback address is signed in; None: while there is no account.
    oidc_issuer, oidc_audience: what access tokens of a sign-in provider say; none are taken when
    they are empty. oidc_keys_url: where its keys are. public_url: how browsers reach the pages.
    redis_url: where answers are shared by processes; they are not when it is empty.
    spark_remote: a Spark Connect server that scans what is too much here, sc://...; none when it is
    empty. cluster: `auto`, scans of more than `cluster_rows` events are done there; `always`, all
    of them; `off`. cluster_seconds: how long one may take.
    slots: how many computations run at once. requests_at_once: of one caller.
    """

    home: Path
    demo_events: int = 1_000_000
    demo_token: str | None = None
    database_url: str = ""
    cache_seconds: float = 60
    rate_limit_per_minute: int = 600_000
    column_megabytes: int = 1024
    rollup_megabytes: int = 1024
    use_rollups: bool = True
    body_limit: int = 64 * 1024
    lake_url: str = ""
    lake_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str | None = field(default=None, repr=False)
    redis_url: str = ""
    slots: int = max(2, os.cpu_count() or 1)
    requests_at_once: int = 1_000
    dashboards_write_role: str = "editor"
    demo: bool | None = None
    oidc_issuer: str = ""
    oidc_audience: str = ""
    oidc_keys_url: str = ""
    public_url: str = ""
    spark_remote: str = field(default="", repr=False)
    cluster: str = "auto"
    cluster_rows: int = 50_000_000
    cluster_seconds: int = 120

    @classmethod
    def read(cls, environ: Mapping[str, str] = os.environ, home: Path | str | None = None) -> Self:
        """From VITRINE_HOME (~/.vitrine), VITRINE_LAKE (lake in the home), VITRINE_DATABASE_URL,
        VITRINE_DEMO_EVENTS (1000000), VITRINE_DEMO_TOKEN, VITRINE_RATE_LIMIT_PER_MINUTE (600000),
        VITRINE_COLUMN_MEGABYTES (1024), VITRINE_ROLLUP_MEGABYTES (1024), VITRINE_ROLLUPS (on),
        VITRINE_SECRET, VITRINE_REDIS_URL, VITRINE_SLOTS (processors, at least 2),
        VITRINE_REQUESTS_AT_ONCE (1000), VITRINE_DASHBOARDS_WRITE_ROLE (editor), VITRINE_DEMO
        (on, off), VITRINE_OIDC_ISSUER, VITRINE_OIDC_AUDIENCE, VITRINE_OIDC_KEYS_URL (the issuer's
        .well-known/jwks.json), VITRINE_URL, VITRINE_SPARK_REMOTE, VITRINE_CLUSTER (auto),
        VITRINE_CLUSTER_ROWS (50000000) and VITRINE_CLUSTER_SECONDS (120). A `home` that is given
        has its lake in it. Raises ValueError naming the variable.
        """
        chosen = home or environ.get("VITRINE_HOME") or Path.home() / ".vitrine"
        lake = "" if home else _lake(environ.get("VITRINE_LAKE", "").strip())
        issuer, audience, keys = _provider(environ)
        begin = KEYS_OF.get(lake.partition("://")[0])
        return cls(
            home=Path(chosen).expanduser().absolute(),
            demo_events=_whole(environ, "VITRINE_DEMO_EVENTS", 1_000_000, least=0),
            demo_token=environ.get("VITRINE_DEMO_TOKEN") or None,
            database_url=environ.get("VITRINE_DATABASE_URL", ""),
            rate_limit_per_minute=_whole(
                environ, "VITRINE_RATE_LIMIT_PER_MINUTE", 600_000, least=1
            ),
            column_megabytes=_whole(environ, "VITRINE_COLUMN_MEGABYTES", 1024, least=1),
            rollup_megabytes=_whole(environ, "VITRINE_ROLLUP_MEGABYTES", 1024, least=1),
            use_rollups=_choice(environ, "VITRINE_ROLLUPS", SWITCH, "on") == "on",
            lake_url=lake,
            lake_options={
                name: value for name, value in environ.items() if begin and name.startswith(begin)
            },
            secret=_secret(environ),
            redis_url=_redis(environ, "VITRINE_REDIS_URL"),
            slots=_whole(environ, "VITRINE_SLOTS", cls.slots, least=1),
            requests_at_once=_whole(
                environ, "VITRINE_REQUESTS_AT_ONCE", cls.requests_at_once, least=1
            ),
            dashboards_write_role=_choice(
                environ, "VITRINE_DASHBOARDS_WRITE_ROLE", ROLES, "editor"
            ),
            demo=_choice(environ, "VITRINE_DEMO", SWITCH, "on") == "on"
            if environ.get("VITRINE_DEMO")
            else None,
            oidc_issuer=issuer,
            oidc_audience=audience,
            oidc_keys_url=keys,
            public_url=_web(environ, "VITRINE_URL").rstrip("/"),
            spark_remote=_spark(environ, "VITRINE_SPARK_REMOTE"),
            cluster=_choice(environ, "VITRINE_CLUSTER", CLUSTER, "auto"),
            cluster_rows=_whole(environ, "VITRINE_CLUSTER_ROWS", cls.cluster_rows, least=0),
            cluster_seconds=_whole(
                environ, "VITRINE_CLUSTER_SECONDS", cls.cluster_seconds, least=1
            ),
        )

    @property
    def database(self) -> str:
        """The URL of the metadata database."""
        return self.database_url or f"sqlite:///{self.home / 'vitrine.db'}"

    @property
    def lake(self) -> Path | str:
        """The folder of the lake, or the URL of its object store."""
        if OBJECT_STORE.fullmatch(self.lake_url):
            return self.lake_url
        return Path(self.lake_url).expanduser().absolute() if self.lake_url else self.home / "lake"

    @property
    def rollups(self) -> Path:
        return self.home / "rollups"


def _lake(text: str) -> str:
    if "://" in text and not OBJECT_STORE.fullmatch(text):
        # The text is not repeated: there may be a password in it.
        raise ValueError(
            f"VITRINE_LAKE, a URL of {text.partition('://')[0]}://, names no place for a lake; set"
            " it to a folder, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or"
            " abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PREFIX, with letters, digits and"
            " . _ - = in the prefix and keys in variables such as AWS_SECRET_ACCESS_KEY only."
        )
    return text


def _redis(environ: Mapping[str, str], name: str) -> str:
    url = environ.get(name, "").strip()
    scheme, separator, _ = url.partition("://")
    if url and (not separator or scheme not in REDIS):
        # Not the value: it may hold a password.
        raise ValueError(
            f"{name} is not the URL of a Redis; it begins with {', '.join(REDIS)}, as in {EXAMPLE}."
        )
    return url


def _spark(environ: Mapping[str, str], name: str) -> str:
    """A token goes over TLS, or to this machine only."""
    url = environ.get(name, "").strip()
    # Not the value in messages: it may hold a token.
    if url and not SPARK.fullmatch(url):
        raise ValueError(
            f"{name} is not the address of a Spark Connect server; it is sc://HOST:PORT, with"
            " /;use_ssl=true;token=... after it where the server asks for them."
        )
    local = url.startswith(("sc://localhost:", "sc://localhost/"))
    if ";token=" in url and ";use_ssl=true" not in url and not local:
        raise ValueError(f"{name} has a token that anybody could read; add ;use_ssl=true to it.")
    return url


def _choice(environ: Mapping[str, str], name: str, options: Sequence[str], default: str) -> str:
    text = environ.get(name, "").strip().lower() or default
    if text not in options:
        known = f"{', '.join(options[:-1])} or {options[-1]}"
        raise ValueError(f"{name} is {text!r}; set it to {known}.")
    return text


def _whole(environ: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise ValueError(f"{name} is {text!r}; set it to a whole number of {least} or more.")
    return int(text)


def _provider(environ: Mapping[str, str]) -> tuple[str, str, str]:
    issuer = _web(environ, "VITRINE_OIDC_ISSUER")
    audience = environ.get("VITRINE_OIDC_AUDIENCE", "").strip()
    if bool(issuer) != bool(audience):
        raise ValueError(
            "VITRINE_OIDC_ISSUER and VITRINE_OIDC_AUDIENCE belong together; set both or none."
        )
    keys = _web(environ, "VITRINE_OIDC_KEYS_URL")
    if issuer and not keys:
        keys = f"{issuer.rstrip('/')}/.well-known/jwks.json"
    return issuer, audience, keys


def _web(environ: Mapping[str, str], name: str) -> str:
    """An address of the web; without TLS only one of this machine."""
    url = environ.get(name, "").strip()
    parts = urlsplit(url)
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    if url and not (local or (parts.scheme == "https" and parts.hostname)):
        raise ValueError(f"{name} is {url[:80]!r}; it begins with https:// and names a host.")
    return url


def _secret(environ: Mapping[str, str]) -> str | None:
    text = environ.get(VAULT_VARIABLE, "")
    if text and len(text) < VAULT_LENGTH:
        raise ValueError(
            f"{VAULT_VARIABLE} has {len(text)} characters; make one of {VAULT_LENGTH} or more, as"
            " `openssl rand -base64 32` does."
        )
    return text or None
