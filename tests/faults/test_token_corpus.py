"""A forged, confused or broken token is 401, at the reader and at the endpoint, and never a 5xx."""

import json
import random

import pytest
from anyio.from_thread import start_blocking_portal

from engine.database.connect import open_database
from engine.errors import Unauthorized
from engine.http.access_token import AccessTokens
from engine.http.auth import PeopleAuthenticator
from engine.http.keyring import Keyring, fetcher
from tests.api import wire
from tests.api.provider import AUDIENCE, SUBJECT, Provider, provider
from tests.api.shop import open_shops, served
from tests.api.token_corpus import corpus
from tests.faults.sizes import SEED, record, size
from tests.workspaces.people import BRAND, NOW, PLACE, Crew

SECONDS = NOW.timestamp()
LEAST = 450
MUTATIONS = size(500, 200_000)


@pytest.fixture(scope="module")
def issuer():
    with provider() as started:
        started.keys["ec-1"] = Provider.made("ec")
        yield started


@pytest.fixture(scope="module")
def tokens(issuer):
    keyring = Keyring(fetcher(issuer.keys_url))
    keyring.start()
    keyring.join()
    return AccessTokens(issuer.issuer, AUDIENCE, keyring, lambda: NOW)


@pytest.fixture(scope="module")
def bad(issuer):
    return corpus(issuer, SECONDS)


@pytest.fixture(scope="module")
def ask(tmp_path_factory, issuer, tokens):
    """Sends tokens as bytes, over people who know the good one's subject."""
    path = tmp_path_factory.mktemp("corpus") / "vitrine.db"
    crew = Crew(open_database(f"sqlite:///{path}"))
    crew.people.access.of_provider(f"{issuer.issuer} {SUBJECT}", "viewer@example.com")
    app = served(open_shops(), auth=PeopleAuthenticator(crew.people.access, tokens))

    async def asked(sent):
        async def receive():
            return {"type": "http.request", "body": json.dumps(wire.BODY).encode()}

        for token in sent:
            headers = [(b"authorization", b"Bearer " + token), (b"x-active-brand", BRAND.encode())]
            yield token, await wire.raw(app, receive, wire.address(PLACE), headers)

    async def all_of(sent):
        return [answer async for answer in asked(sent)]

    # In a thread of its own: Playwright's loop may run in this one.
    with start_blocking_portal() as portal:
        yield lambda sent: portal.call(all_of, sent)
    crew.database.dispose()


def test_there_are_enough(bad):
    assert len(set(bad.values())) >= LEAST


def test_none_is_read(bad, tokens):
    for name, token in bad.items():
        with pytest.raises(Unauthorized) as refused:
            tokens.read(token.encode("latin-1"))
        assert refused.value.status == 401, name
        assert len(token) < 30 or token not in refused.value.message, name


def test_none_opens_the_endpoint(bad, ask, issuer):
    good = issuer.token(SECONDS).encode()
    named = {token.encode("latin-1"): name for name, token in bad.items()}
    for token, answer in ask([good, *named]):
        if token == good:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, (named[token], answer.text)
        assert wire.check_envelope(answer)["code"] == "AUTH_002", named[token]
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="vitrine"')
    record(
        "Forged and confused tokens",
        f"{len(named)} distinct ones, each 401 at the endpoint, with one envelope.",
    )


def test_random_changes_of_a_good_token(ask, issuer):
    """Some bytes of it otherwise, less or more: none is anything else than 401."""
    chance = random.Random(SEED)
    good = issuer.token(SECONDS).encode()
    sent = {changed for _ in range(MUTATIONS) if (changed := mutated(chance, good)).strip() != good}
    for start in range(0, len(sent), 10_000):
        for token, answer in ask(sorted(sent)[start : start + 10_000]):
            assert answer.status_code == 401, token
    record("Random changes of a good token", f"{len(sent):,} distinct ones, each 401.")


def mutated(chance, good):
    text = bytearray(good)
    for _ in range(chance.choice((1, 1, 2, 5, 40))):
        place = chance.randrange(len(text))
        match chance.randrange(4):
            case 0:
                text[place] = chance.randrange(256)
            case 1:
                del text[place]
            case 2:
                text.insert(place, chance.choice(b".=-_+/ A\0\n"))
            case _:
                other = chance.randrange(len(text))
                text[place], text[other] = text[other], text[place]
    return bytes(text)
