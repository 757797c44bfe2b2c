"""The public keys of a sign-in provider, kept here so that its failures do not become ours."""

import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Final

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from engine.errors import InvalidRequest, Unavailable
from engine.request import loads

FRESH: Final = 300.0
"""Seconds after which keys in use are fetched anew, so that one that was withdrawn goes."""
PAUSE: Final = 30.0
"""Seconds between the beginnings of two fetches, whatever is asked for."""
STALE: Final = 86_400.0
"""Seconds for which keys are good while the provider cannot be reached."""
PATIENCE: Final = 10.0
"""Seconds for a whole fetch."""
LONGEST: Final = 256 * 1024
MOST_KEYS: Final = 100
LEAST_BITS: Final = 2048
KINDS: Final = {"RS256": "RSA", "ES256": "EC"}

logger = logging.getLogger(__name__)


class Keyring:
    """Keys by kid and algorithm. Nobody ever waits here for the provider: fetches happen in a
    thread of their own, one at a time.

    fetch: gives the provider's JSON Web Key Set. timer: seconds that only grow.
    """

    def __init__(
        self, fetch: Callable[[], bytes], timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._timer = timer
        self._lock = threading.Lock()
        self._keys: Mapping[tuple[str, str], Any] = {}
        self._fetched_at: float | None = None
        self._begun_at: float | None = None
        self._thread: threading.Thread | None = None

    def key(self, kid: str, algorithm: str) -> Any:
        """The public key, or None when the provider has none of that name and algorithm.

        Raises Unavailable while no keys have been had, or not for a day.
        """
        with self._lock:
            now = self._timer()
            age = None if self._fetched_at is None else now - self._fetched_at
            found = self._keys.get((kid, algorithm))
            if age is None or age >= FRESH or found is None:
                self._begin(now)
            if age is None or age >= STALE:
                raise Unavailable(
                    "The sign-in provider's keys are not here yet; try again in a moment.",
                    retry_after=2,
                )
            return found

    def start(self) -> None:
        """Fetch the keys before they are needed."""
        with self._lock:
            self._begin(self._timer())

    def join(self, seconds: float = PATIENCE) -> None:
        """Wait for a fetch that is under way; for tests."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _begin(self, now: float) -> None:
        """Fetch in the background, unless it is too early for that."""
        busy = self._thread is not None and self._thread.is_alive()
        if busy or (self._begun_at is not None and now - self._begun_at < PAUSE):
            return
        self._begun_at = now
        self._thread = threading.Thread(target=self._refresh, name="keyring", daemon=True)
        self._thread.start()

    def _refresh(self) -> None:
        try:
            keys = read_keys(self._fetch())
        except Exception as error:
            logger.warning("the sign-in provider's keys were not read: %s", type(error).__name__)
            return
        with self._lock:
            self._keys, self._fetched_at = keys, self._timer()


def read_keys(text: bytes) -> dict[tuple[str, str], Any]:
    """The usable keys of a key set, by kid and algorithm; others in it are passed over.

    Raises ValueError when there is none.
    """
    try:
        listed = loads(text)["keys"][:MOST_KEYS]
    except (InvalidRequest, TypeError, KeyError) as error:
        raise ValueError("this is no JSON Web Key Set") from error
    keys = {}
    for raw in listed:
        if not isinstance(raw, dict) or not isinstance(kid := raw.get("kid"), str):
            continue
        for algorithm, kind in KINDS.items():
            if raw.get("kty") == kind and raw.get("alg", algorithm) == algorithm:
                key = _public_key(raw, algorithm)
                if key is not None:
                    keys[kid, algorithm] = key
    if not keys:
        raise ValueError("there is no usable key in the set")
    return keys


def _public_key(raw: Mapping[str, Any], algorithm: str) -> Any:
    if raw.get("use", "sig") != "sig" or "d" in raw:
        return None
    if algorithm == "ES256" and raw.get("crv") != "P-256":
        return None
    try:
        key = PyJWK.from_dict(dict(raw), algorithm).key
    except (PyJWTError, ValueError, TypeError):
        return None
    return key if algorithm == "ES256" or key.key_size >= LEAST_BITS else None


def fetcher(url: str, patience: float = PATIENCE) -> Callable[[], bytes]:
    """Reads the document at `url`, without following redirects, in limited time and size."""
    opener = urllib.request.build_opener(_NoRedirects())

    def fetch() -> bytes:
        deadline = time.monotonic() + patience
        # The settings take https only, or http of this machine.
        request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310
        with opener.open(request, timeout=patience / 2) as response:
            text = b""
            while part := response.read1(65_536):
                text += part
                if len(text) > LONGEST or time.monotonic() > deadline:
                    raise OSError("the key set is too long or too slow")
        return text

    return fetch


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
