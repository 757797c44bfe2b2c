"""Access tokens: a corpus of forged, confused and broken ones, and keys that come and go."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from engine.database.connect import open_database
from engine.errors import Unauthorized, Unavailable
from engine.http.access_token import LEEWAY, LIFETIME, AccessTokens
from engine.http.auth import PeopleAuthenticator
from engine.http.keyring import FRESH, PAUSE, STALE, Keyring, fetcher, read_keys
from tests.api import wire
from tests.api.provider import AUDIENCE, SUBJECT, encoded, provider
from tests.api.shop import open_shops, served
from tests.workspaces.people import BRAND, NOW, PLACE, Crew

SECONDS = NOW.timestamp()


class Timer:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def shared():
    """A provider and a reader of its tokens for tests that leave them as they are."""
    with provider() as issuer:
        keyring = Keyring(fetcher(issuer.keys_url))
        keyring.start()
        keyring.join()
        yield issuer, AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)


@pytest.fixture
def issuer():
    with provider() as started:
        yield started


@pytest.fixture
def timer():
    return Timer()


@pytest.fixture
def keyring(issuer, timer):
    return Keyring(fetcher(issuer.keys_url, patience=1), timer)


@pytest.fixture
def tokens(issuer, keyring):
    keyring.start()
    keyring.join()
    return AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)


def read(tokens, token):
    return tokens.read(token.encode("latin-1"))


def test_a_good_token(shared):
    issuer, tokens = shared
    assert read(tokens, issuer.token(SECONDS)).subject == SUBJECT
    for changes in (
        {"aud": ["https://other.example", AUDIENCE]},
        {"iat": SECONDS + LEEWAY - 0.5, "exp": SECONDS + 60},
        {"iat": SECONDS - 100, "exp": SECONDS - LEEWAY + 0.5},
        {"nbf": SECONDS + LEEWAY - 1},
        {"exp": int(SECONDS) + LIFETIME},
        {"scope": "read", "azp": "client", "gty": "client-credentials", "typ": "Bearer"},
    ):
        assert read(tokens, issuer.token(SECONDS, **changes)).subject == SUBJECT
    for kind in ("JWT", "at+jwt", "AT+JWT", "application/at+jwt"):
        assert read(tokens, issuer.token(SECONDS, {"typ": kind})).subject == SUBJECT


def test_only_a_verified_email_counts(shared):
    issuer, tokens = shared
    for verified, email in (
        (True, "ana@example.com"),
        (False, None),
        ("true", None),
        (1, None),
        (None, None),
    ):
        token = issuer.token(SECONDS, email="ana@example.com", email_verified=verified)
        assert read(tokens, token).email == email
    assert read(tokens, issuer.token(SECONDS, email=["a@x"], email_verified=True)).email is None


BAD_CLAIMS = [
    {"iss": None},
    {"iss": "https://evil.example/"},
    {"iss": "HTTP://127.0.0.1/"},
    {"iss": ["https://evil.example/"]},
    {"aud": None},
    {"aud": "https://other.example"},
    {"aud": AUDIENCE + "/"},
    {"aud": [[AUDIENCE]]},
    {"aud": [AUDIENCE, 1]},
    {"aud": {AUDIENCE: 1}},
    {"aud": []},
    {"sub": None},
    {"sub": ""},
    {"sub": 1},
    {"sub": "two words"},
    {"sub": "x" * 256},
    {"sub": [SUBJECT]},
    {"exp": None},
    {"exp": SECONDS - LEEWAY},
    {"exp": 0},
    {"exp": -1},
    {"exp": str(int(SECONDS) + 60)},
    {"exp": 1e30},
    {"exp": 1e11},
    {"exp": True},
    {"exp": [SECONDS + 60]},
    {"exp": int(SECONDS) + LIFETIME + 1},
    {"exp": SECONDS - 1, "iat": SECONDS},
    {"iat": None},
    {"iat": SECONDS + LEEWAY + 1, "exp": SECONDS + 3600},
    {"iat": str(int(SECONDS))},
    {"iat": False},
    {"iat": 0},
    {"nbf": SECONDS + LEEWAY + 1},
    {"nbf": "now"},
    {"nbf": 1e30},
    {"typ": "ID"},
    {"typ": "Refresh"},
    {"nonce": "n"},
    {"at_hash": "n"},
    {"c_hash": ""},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=str)
def test_bad_claims(shared, changes):
    issuer, tokens = shared
    with pytest.raises(Unauthorized) as refused:
        read(tokens, issuer.token(SECONDS, **changes))
    assert refused.value.code == "AUTH_002"


BAD_HEADERS = [
    {"alg": "none"},
    {"alg": "None"},
    {"alg": "HS256"},
    {"alg": "RS384"},
    {"alg": "PS256"},
    {"alg": "ES256"},
    {"alg": "rs256"},
    {"alg": ["RS256"]},
    {"alg": None},
    {"alg": 1},
    {"kid": None},
    {"kid": ""},
    {"kid": 7},
    {"kid": "x" * 256},
    {"kid": "../../dev/null"},
    {"kid": "rsa-1' or '1'='1"},
    {"kid": ["rsa-1"]},
    {"typ": "id+jwt"},
    {"typ": "dpop+jwt"},
    {"typ": 1},
    {"typ": ["at+jwt"]},
    {"crit": ["exp"]},
    {"jku": "https://evil.example/jwks"},
    {"jwk": {"kty": "RSA"}},
    {"x5u": "https://evil.example"},
    {"x5c": ["MII"]},
    {"b64": False},
    {"zip": "DEF"},
    {"enc": "A128GCM"},
]


@pytest.mark.parametrize("changes", BAD_HEADERS, ids=str)
def test_bad_headers(shared, changes):
    """Signed by the right key all the same."""
    issuer, tokens = shared
    header = {"alg": "RS256", "kid": issuer.kid, "typ": "at+jwt"} | changes
    body = json.dumps(issuer.claims(SECONDS)).encode()
    with pytest.raises(Unauthorized):
        read(tokens, issuer.signed(json.dumps(header).encode(), body))
    named = {name: value for name, value in header.items() if value is not None}
    with pytest.raises(Unauthorized):
        read(tokens, issuer.signed(json.dumps(named).encode(), body))


def corpus(issuer):
    """Tokens that are broken in other ways than by a claim."""
    good = issuer.token(SECONDS)
    head, body, signature = good.split(".")
    header = b'{"alg":"RS256","kid":"%s"}' % issuer.kid.encode()
    claims = json.dumps(issuer.claims(SECONDS))
    none = encoded(b'{"alg":"none","kid":"rsa-1"}')
    yield from ("", ".", "..", "...", "a.b", good + ".", "." + good, good + "\n", " " + good)
    yield from (
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
    )
    yield from (f"{head}.{body}.{signature}=", f"{head}=.{body}.{signature}", good * 2)
    yield from (f"{head}.{body}.{encoded(bytes(256))}", f"{head}.{body}.{encoded(b'x')}")
    yield f"{head}.{encoded(json.dumps(issuer.claims(SECONDS, sub='eve')).encode())}.{signature}"
    yield issuer.confused(SECONDS)
    yield issuer.token(SECONDS, padding="x" * 9000)
    yield issuer.signed(header, claims.encode("utf-16"))
    yield issuer.signed(header.decode().encode("utf-16"), claims.encode())
    yield issuer.signed(header, b'{"sub":"eve",' + claims[1:].encode())
    yield issuer.signed(header[:-1] + b',"alg":"RS256"}', claims.encode())
    yield issuer.signed(header, claims.encode() + b"{}")
    yield issuer.signed(header, claims.replace(str(int(SECONDS) + 3600), "NaN").encode())
    yield issuer.signed(header, claims.replace(str(int(SECONDS) + 3600), "Infinity").encode())
    yield issuer.signed(header, claims.replace(str(int(SECONDS) + 3600), "9" * 5000).encode())
    yield from (issuer.signed(header, text) for text in (b"[]", b"1", b"null", b"", b"[" * 5000))
    yield from (issuer.signed(text, claims.encode()) for text in (b"[]", b"{}", b"null", b"\xff"))
    for i in range(0, len(good), 7):
        other = "A" if good[i] != "A" else "B"
        yield good[:i] + other + good[i + 1 :]
        yield good[:i] + good[i + 1 :]


def test_broken_and_tampered_tokens(shared):
    issuer, tokens = shared
    seen = list(corpus(issuer))
    assert len(seen) > 150
    for token in seen:
        with pytest.raises(Unauthorized) as refused:
            read(tokens, token)
        assert refused.value.status == 401
        assert len(token) < 30 or token not in refused.value.message


def test_a_key_of_another_kind_does_not_fit(issuer, timer):
    """ES256 signed by a key that the set calls RSA, and the other way round."""
    keyring = Keyring(fetcher(issuer.keys_url), timer)
    issuer.rotate("one", "ec")
    keyring.start()
    keyring.join()
    tokens = AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)
    assert read(tokens, issuer.token(SECONDS)).subject == SUBJECT
    issuer.rotate("one", "rsa")
    with pytest.raises(Unauthorized):
        read(tokens, issuer.token(SECONDS))


def test_rotation_is_seen(issuer, timer, keyring, tokens):
    before = issuer.token(SECONDS)
    assert read(tokens, before)
    issuer.rotate("rsa-2")
    after = issuer.token(SECONDS)
    timer.now += PAUSE
    with pytest.raises(Unauthorized):
        read(tokens, after)
    keyring.join()
    assert read(tokens, after)
    with pytest.raises(Unauthorized):
        read(tokens, before)


def test_a_withdrawn_key_goes(issuer, timer, keyring, tokens):
    before = issuer.token(SECONDS)
    issuer.rotate("rsa-2")
    assert read(tokens, before)
    timer.now += FRESH
    assert read(tokens, before)
    keyring.join()
    with pytest.raises(Unauthorized):
        read(tokens, before)


@pytest.mark.parametrize("mode", ["broken", "garbage", "hangs"])
def test_keys_stay_while_the_provider_is_away(issuer, timer, keyring, tokens, mode):
    token = issuer.token(SECONDS)
    issuer.mode = mode
    fetched = timer.now
    for _ in range(4):
        timer.now += FRESH
        assert read(tokens, token)
        keyring.join(5)
    timer.now = fetched + STALE - 1
    assert read(tokens, token)
    timer.now = fetched + STALE
    with pytest.raises(Unavailable):
        read(tokens, token)
    keyring.join(5)
    issuer.mode = "good"
    issuer.release.set()
    timer.now += PAUSE
    with pytest.raises(Unavailable):
        read(tokens, token)
    keyring.join(5)
    assert read(tokens, token)


def test_without_keys_it_says_so(issuer, timer, keyring):
    issuer.mode = "broken"
    tokens = AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)
    with pytest.raises(Unavailable, match="keys are not here yet") as refused:
        read(tokens, issuer.token(SECONDS))
    assert refused.value.headers == {"Retry-After": "2"}
    with pytest.raises(Unauthorized):
        read(tokens, issuer.confused(SECONDS))


def test_a_storm_of_unknown_kids_while_the_provider_hangs(issuer, timer, keyring, tokens):
    """At most one fetch in thirty seconds, and known keys answer as fast as ever."""
    issuer.mode = "hangs"
    timer.now += PAUSE
    asked = issuer.asked
    good = issuer.token(SECONDS)
    forged = [issuer.token(SECONDS, {"kid": f"kid-{i}"}) for i in range(50)]

    def forge(i):
        with pytest.raises(Unauthorized):
            read(tokens, forged[i % 50])

    def ask(_):
        began = time.perf_counter()
        assert read(tokens, good)
        return time.perf_counter() - began

    with ThreadPoolExecutor(4) as threads:
        storm = threads.map(forge, range(2_000))
        spent = sorted(threads.map(ask, range(500)))
        list(storm)
    assert issuer.asked - asked <= 1
    assert spent[int(len(spent) * 0.5)] < 0.05


def test_unusable_keys_are_passed_over(issuer):
    [good] = json.loads(issuer.document())["keys"]
    unusable = [
        good | {"use": "enc", "kid": "a"},
        good | {"alg": "RS512", "kid": "b"},
        good | {"kty": "oct", "k": "c2VjcmV0", "kid": "c"},
        good | {"n": "AQAB", "kid": "d"},
        {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "e"},
        good | {"d": "AQAB", "kid": "f"},
        {name: value for name, value in good.items() if name != "kid"},
        good | {"kid": 1},
        None,
        "key",
    ]
    keys = read_keys(json.dumps({"keys": [*unusable, good]}).encode())
    assert list(keys) == [(issuer.kid, "RS256")]
    for text in (b"", b"[]", b"{}", b'{"keys": 1}', json.dumps({"keys": unusable}).encode()):
        with pytest.raises(ValueError, match=r"no usable key|no JSON Web Key Set"):
            read_keys(text)


@pytest.fixture
def door(tmp_path, issuer, tokens):
    """The endpoint over people and a provider."""
    crew = Crew(open_database(f"sqlite:///{tmp_path / 'vitrine.db'}"))
    auth = PeopleAuthenticator(crew.people.access, tokens)
    with TestClient(served(open_shops(), auth=auth)) as client:
        yield crew, client
    crew.database.dispose()


def ask(client, token):
    headers = {"Authorization": f"Bearer {token}", "X-Active-Brand": BRAND}
    return client.post(wire.address(PLACE), json=wire.BODY, headers=headers)


def test_an_access_token_at_the_endpoint(door, issuer):
    crew, client = door
    nobody = issuer.token(SECONDS)
    wire.envelope(ask(client, nobody), 401, "AUTH_002")
    known = issuer.token(SECONDS, email="viewer@example.com", email_verified=True)
    assert ask(client, known).status_code == 200
    assert ask(client, issuer.token(SECONDS, scope="later")).status_code == 200
    crew.people.members.disable(crew.who("admin"), PLACE, crew.account("viewer").id)
    deadline = time.monotonic() + 5
    while ask(client, known).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    wire.envelope(ask(client, known), 401, "AUTH_002")


def test_forged_tokens_at_the_endpoint(door, issuer):
    _, client = door
    for token in list(corpus(issuer))[::4]:
        answer = ask(client, token.strip("\n"))
        assert answer.status_code in (200, 401) if token.strip() != token else 401
        if answer.status_code == 401:
            wire.check_envelope(answer)
            assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="vitrine"')


def test_clocks_are_utc():
    assert datetime.fromtimestamp(SECONDS, UTC) == NOW
