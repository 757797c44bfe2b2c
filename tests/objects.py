"""Object stores for tests: real protocols on a free port of the loopback, one server a run."""

import atexit
import base64
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from engine.database.connect import exclusive, open_database
from engine.stores.objects import ObjectStore

NUMBERS: Final = count(1)
KEY_ID: Final = "Kanarie-id-93"
SECRET: Final = "Kanarie-secret-57"
ACCOUNT: Final = "devstoreaccount1"
ACCOUNT_KEY: Final = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
"""Those of Azurite, known to everybody."""
GOOGLE_ACCOUNT: Final = "GOOGLE_SERVICE_ACCOUNT_KEY"


def pem() -> str:
    """The private key of an account of Google's."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


GOOGLE_KEY: Final = pem()
SECRETS: Final = (KEY_ID, SECRET, ACCOUNT_KEY, *GOOGLE_KEY.splitlines()[1:-1])


@dataclass(frozen=True)
class Bucket:
    """An empty bucket below a server, and the variables that open it."""

    url: str
    options: Mapping[str, str] = field(repr=False)

    def place(self, home: Path) -> ObjectStore:
        """Writers are kept apart by the database in `home`, as by that of a server."""
        database = cache(lambda: open_database(f"sqlite:///{home / 'vitrine.db'}"))
        return ObjectStore(self.url, self.options, lambda name: exclusive(database(), name))


def s3(port: int | None = None) -> Bucket:
    """By moto, whose writes are conditional as those of S3 are; it lets every key in."""
    endpoint = f"http://127.0.0.1:{port or _moto()}"
    name = f"lake-{next(NUMBERS)}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()
    options = {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ALLOW_HTTP": "true",
    }
    return Bucket(f"s3://{name}/some/where", options)


def azure() -> Bucket:
    """By Azurite. Skips the test that asks where it is not installed, except in CI."""
    endpoint = f"http://127.0.0.1:{_azurite()}/{ACCOUNT}"
    name = f"lake-{next(NUMBERS)}"
    when = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    signed = "\n".join(f"{header}:{value}" for header, value in when.items())
    text = f"PUT{12 * chr(10)}{signed}\n/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    digest = hmac.digest(base64.b64decode(ACCOUNT_KEY), text.encode(), "sha256")
    allowed = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    headers = when | {"Authorization": allowed, "Content-Length": "0"}
    address = f"{endpoint}/{name}?restype=container"
    urllib.request.urlopen(urllib.request.Request(address, headers=headers, method="PUT")).close()
    options = {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ACCOUNT_KEY": ACCOUNT_KEY,
        "AZURE_STORAGE_ENDPOINT": endpoint,
        "AZURE_ALLOW_HTTP": "true",
    }
    return Bucket(f"abfss://{name}@{ACCOUNT}.dfs.core.windows.net/some/where", options)


def gs() -> Bucket:
    """By moto behind `google_storage`, which lets in whoever has the service account's key."""
    endpoint = f"http://127.0.0.1:{_google()}"
    name = f"lake{next(NUMBERS)}"  # moto does not know a name with a %2D
    allowed = {"Authorization": f"Bearer {jwt.encode({}, GOOGLE_KEY, 'RS256')}"}
    address = f"{endpoint}/{name}"
    urllib.request.urlopen(urllib.request.Request(address, headers=allowed, method="PUT")).close()
    account = {
        "client_email": "vitrine@tests.example",
        "private_key": GOOGLE_KEY,
        "private_key_id": "1",
        "gcs_base_url": endpoint,
    }
    options = {
        GOOGLE_ACCOUNT: json.dumps(account),
        "GOOGLE_ALLOW_HTTP": "true",
    }
    return Bucket(f"gs://{name}/some/where", options)


BUCKETS: Final[dict[str, Callable[[], Bucket]]] = {"s3": s3, "abfss": azure, "gs": gs}


def moto(port: int) -> list[str]:
    return [sys.executable, "-m", "moto.server", "-p", str(port)]


@cache
def _moto() -> int:
    return started(moto)[0]


@cache
def _google() -> int:
    program = Path(__file__).with_name("google_storage.py")
    key = load_pem_private_key(GOOGLE_KEY.encode(), None).public_key()
    public = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return started(lambda port: [sys.executable, "-P", str(program), str(port), public])[0]


@cache
def _azurite() -> int:
    program = shutil.which("azurite-blob") or ""
    if not program and not os.environ.get("CI"):
        pytest.skip("Azurite is not installed; npm install --global azurite")
    assert program, "Azurite is not installed; CI installs it"
    quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence"]
    return started(lambda port: [program, "--blobPort", str(port), *quiet])[0]


def started(command: Callable[[int], list[str]]) -> tuple[int, int]:
    """The port and the process of a server that ends with the run."""
    folder = Path(tempfile.mkdtemp(prefix="vitrine-objects-"))
    port = free_port()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command(port), cwd=folder, stdout=log, stderr=log)
    atexit.register(shutil.rmtree, folder)
    atexit.register(server.wait)
    atexit.register(server.kill)
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port, server.pid
        except OSError:
            dead = server.poll() is not None or time.monotonic() > deadline
            assert not dead, (folder / "log").read_text()
            time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
