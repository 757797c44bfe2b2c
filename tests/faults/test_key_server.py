"""A key server that hangs while unknown keys are asked for: one fetch in thirty seconds, and those
with a known key notice nothing."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

import pytest

from engine.errors import Unauthorized, Unavailable
from engine.http.access_token import AccessTokens
from engine.http.keyring import PAUSE, Keyring, fetcher
from tests.api.provider import AUDIENCE, SUBJECT, provider
from tests.faults.sizes import FULL, SEED, record, size
from tests.workspaces.people import NOW

KIDS = size(1_000, 10_000)
KNOWN = size(100, 10_000)
HOUR = 3_600.0
PATIENCE = 0.5
"""Seconds for a fetch, shorter than in earnest, so that an hour of them passes soon."""


class Timer:
    now = 1_000.0

    def __call__(self):
        return self.now


def test_an_hour_of_unknown_keys_while_the_server_hangs():
    timer, chance = Timer(), random.Random(SEED)
    with provider() as issuer:
        keyring = Keyring(fetcher(issuer.keys_url, PATIENCE), timer)
        tokens = AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)
        keyring.start()
        keyring.join()
        good = issuer.token(NOW.timestamp()).encode()
        unknown = [forged(issuer, chance) for _ in range(KIDS)]
        issuer.mode, asked = "hangs", issuer.asked
        steps, spent, done = int(HOUR / PAUSE), [], threading.Event()

        def attack(tokens_of_step):
            for token in tokens_of_step:
                with pytest.raises(Unauthorized):
                    tokens.read(token)

        def work():
            while not done.is_set():
                began = time.perf_counter()
                assert tokens.read(good).subject == SUBJECT
                spent.append(time.perf_counter() - began)
                time.sleep(0.0005)

        with ThreadPoolExecutor(4) as threads:
            at_work = [threads.submit(work) for _ in range(2)]
            for step in count():
                if step >= steps and len(spent) >= KNOWN:
                    break
                timer.now += PAUSE if step < steps else 0
                share = unknown[step % steps :: steps]
                list(threads.map(attack, (share[::2], share[1::2])))
            done.set()
            for one in at_work:
                one.result()
        fetches = issuer.asked - asked
        assert fetches <= steps
        spent.sort()
        p50, p99 = (spent[int(len(spent) * share)] for share in (0.5, 0.99))
        assert (p99 if FULL else p50) < 0.05
        rotated = seen_after(issuer, timer, keyring, tokens)
    assert rotated <= 60
    record(
        "A key server that hangs",
        f"{KIDS:,} random kids in an hour of 30-second steps, and again until enough was seen:"
        f" {fetches} fetches, at most one in a step; {len(spent):,} tokens of a known key in p50"
        f" {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, at most {spent[-1] * 1e3:.1f} ms. A rotation"
        f" was seen {rotated:.0f} s after the server was back.",
    )


def test_at_most_one_fetch_in_thirty_seconds():
    """As the server sees it, whoever asks for what."""
    timer, times = Timer(), []

    def fetch():
        times.append(timer.now)
        raise OSError("gone")

    keyring = Keyring(fetch, timer)
    chance = random.Random(SEED)
    for _ in range(20_000):
        timer.now += chance.expovariate(1)
        with pytest.raises(Unavailable):
            keyring.key(f"kid-{chance.random()}", "RS256")
        keyring.join()
    apart = [later - before for before, later in pairwise(times)]
    assert len(times) > 500
    assert min(apart) >= PAUSE


def forged(issuer, chance):
    """Of a key that nobody has heard of."""
    return issuer.token(NOW.timestamp(), {"kid": f"kid-{chance.getrandbits(64):x}"}).encode()


def seen_after(issuer, timer, keyring, tokens):
    """How many seconds after the server is back its new key is taken."""
    issuer.mode = "good"
    issuer.release.set()
    keyring.join()
    issuer.rotate("rsa-2")
    token, began = issuer.token(NOW.timestamp()).encode(), timer.now
    while timer.now - began < 120:
        try:
            tokens.read(token)
            break
        except Unauthorized:
            keyring.join()
            timer.now += 1
    return timer.now - began
