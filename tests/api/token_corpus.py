"""Access tokens that nobody may come in with: each by name, the same ones for the same provider."""

import base64
import hashlib
import hmac
import json
from itertools import permutations

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA512

from tests.api.provider import AUDIENCE, SUBJECT, Provider, encoded

EVIL = "https://evil.example/"
LONG = "x" * 256
SHAPES = (None, "", 1, 1.5, True, False, [], {}, [[]], {"a": 1})
"""What a text is not."""
ALGORITHMS = (
    *("none", "None", "NONE", "nOnE", "HS256", "HS384", "HS512", "RS384", "RS512", "RS1"),
    *("PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "dir"),
    *("rs256", "Rs256", "RS256 ", " RS256", "RS256\0", "RS256\n", "RS256,none", "A128KW"),
)
KIDS = (
    *("../../dev/null", "/dev/null", "rsa-1' or '1'='1", "rsa-1;--", "|id", "$(id)", "`id`"),
    *("file:///etc/passwd", f"{EVIL}jwks", "rsa-1 ", " rsa-1", "rsa-1\n", "rsa-1\0", "RSA-1"),
    *("rsa-1#x", "rsa-1?x", "%72sa-1", "rsa\u20111", "\ud800", "\U0001f511", LONG, "rsa-2", "*"),
    *("__proto__", "constructor", "rsa-1,rsa-1", "null", "0"),
)
TYPES = (
    *("id+jwt", "dpop+jwt", "secevent+jwt", "logout+jwt", "JOSE", "JWE", "at+jwt ", "at-jwt"),
    *("", 1, True, [], {}, ["at+jwt"], "application/jwt", "text/at+jwt", "a\ufb05+jwt", "at+jwt\0"),
)
NOT_READ = {
    "jku": (f"{EVIL}jwks", "file:///etc/passwd", "", None, [], "data:,{}"),
    "x5u": (f"{EVIL}cert", "http://127.0.0.1:22/", None, 1),
    "x5c": (["MII"], [], "MII", None),
    "crit": (["exp"], ["b64"], [], "exp", None, {}),
    "b64": (False, True, None),
    "zip": ("DEF", "GZIP", None),
    "enc": ("A128GCM", "A256CBC-HS512", None),
}
SUBJECTS = (*SHAPES, "two words", " ", f" {SUBJECT}", LONG, [SUBJECT], {SUBJECT: 1}, 10**400)
AUDIENCES = (
    *SHAPES,
    *("https://other.example", f"{AUDIENCE}/", AUDIENCE.upper(), f" {AUDIENCE}", f"{AUDIENCE} "),
    *(AUDIENCE[:-1], f"{AUDIENCE}\0", f"{AUDIENCE},https://other.example", "*", AUDIENCE[8:]),
    *([[AUDIENCE]], [AUDIENCE, 1], [AUDIENCE, None], [AUDIENCE, [AUDIENCE]], {AUDIENCE: 1}),
    *(["https://other.example"], [f"{AUDIENCE}/"], ["*"], [True], [AUDIENCE, {}], {"0": AUDIENCE}),
)
WORDS = ("", "ID", "Refresh", "Offline", "Logout", "Bearer ", None, 1, True, [], {})
RAW_NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000, "0x10", "1_000", "+1")
GARBAGE = (
    *(b"", b"[]", b"1", b"null", b'"text"', b"true", b"{", b"}", b"[" * 5000, b'{"a":' * 5000),
    *(
        b"\xff",
        b"\x00",
        b"{'alg':'RS256'}",
        b"alg=RS256",
        b'{"a":1,}',
        b"{}{}",
        b"{}//",
        b"\\u007b}",
    ),
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-8-sig")


def corpus(issuer, now):
    """name -> token, as text of Latin 1. issuer: a provider with the keys rsa-1 and ec-1."""
    makers = (headers, claims, times, members, documents, signatures, shapes, others)
    return {name: token for maker in makers for name, token in maker(Case(issuer, now))}


class Case:
    """A good token and what it is made of."""

    def __init__(self, issuer, now):
        self.issuer = issuer
        self.now = now
        self.head = {"alg": "RS256", "kid": "rsa-1", "typ": "at+jwt"}
        self.body = issuer.claims(now)

    def token(self, head=None, **body):
        """Well signed, with these changes."""
        changed = self.head | (head or {}), self.body | body
        return self.signed(*(json.dumps(part).encode() for part in changed))

    def signed(self, head=None, body=None):
        """Well signed, of these bytes."""
        usual = (json.dumps(part).encode() for part in (self.head, self.body))
        return self.issuer.signed(
            *(
                given if given is not None else own
                for given, own in zip((head, body), usual, strict=True)
            )
        )

    def without(self, part, name):
        left = {key: value for key, value in part.items() if key != name}
        return json.dumps(left).encode()


def headers(case):
    """What the header says is not what a signature by the right key makes good."""
    for name in ("alg", "kid"):
        yield f"no {name}", case.signed(case.without(case.head, name))
        for shape in SHAPES:
            yield f"{name} {shape!r}", case.token({name: shape})
        yield f"{name} in a list", case.token({name: [case.head[name]]})
    for value in ALGORITHMS:
        yield f"alg {value!r}", case.token({"alg": value})
    for value in KIDS:
        yield f"kid {value!r}", case.token({"kid": value})
    for value in TYPES:
        yield f"typ {value!r}", case.token({"typ": value})
    for name, values in NOT_READ.items():
        for value in values:
            yield f"{name} {value!r}", case.token({name: value})
    yield "jku of the provider", case.token({"jku": case.issuer.keys_url})
    yield "kid of the other key", case.token({"kid": "ec-1"})
    yield "alg and kid of the other key", case.token({"kid": "ec-1", "alg": "ES256"})


def claims(case):
    host = case.issuer.issuer
    issuers = (
        *(host[:-1], f"{host}/", f"{host}x", host.upper(), f" {host}", f"{host}\0", f"{host}?a"),
        *(f"{host}#a", host.replace("127.0.0.1", "localhost"), host.replace("//", "//evil@")),
        *(host.replace("http", "https"), EVIL, f"{EVIL}{host}", [host], {host: 1}, "null", "*"),
    )
    for name, values in {"iss": issuers, "aud": AUDIENCES, "sub": SUBJECTS}.items():
        yield f"no {name}", case.signed(None, case.without(case.body, name))
        for value in (*values, *(SHAPES if name == "iss" else ())):
            yield f"{name} {str(value)[:60]!r} {type(value)}", case.token(**{name: value})
    for word in WORDS:
        yield f"claim typ {word!r}", case.token(typ=word)
    for name in ("nonce", "at_hash", "c_hash", "s_hash"):
        for value in ("x", "", None, 1):
            yield f"id token's {name} {value!r}", case.token(**{name: value})


def times(case):
    for name in ("exp", "iat", "nbf"):
        near = case.now + {"exp": 60, "iat": -60, "nbf": -60}[name]
        bad = (
            *(None, "", "now", str(int(near)), f"{near}", "1e30", True, False, [], [near], {}),
            *({"a": near}, 1e30, -1e30, 1e11, 1e308, -1, 10**30, 10**400, "Infinity", near * 1000),
        )
        for value in bad:
            yield f"{name} {str(value)[:40]!r} {type(value)}", case.token(**{name: value})
        for raw in RAW_NUMBERS:
            text = json.dumps(case.body | {name: "HERE"}).replace('"HERE"', raw)
            yield f"{name} {raw[:20]}", case.signed(None, text.encode())
    yield "no exp", case.signed(None, case.without(case.body, "exp"))
    yield "no iat", case.signed(None, case.without(case.body, "iat"))
    for name, late in {
        "exp": (-30, -31, -3600, -1e9),
        "iat": (31, 3600),
        "nbf": (31, 3600),
    }.items():
        for seconds in late:
            yield f"{name} by {seconds}", case.token(**{name: case.now + seconds})
    yield "exp before iat", case.token(exp=case.now - 2, iat=case.now - 1)
    yield "exp is iat", case.token(exp=case.now, iat=case.now)
    yield "longer than a day", case.token(exp=int(case.now) + 86_401)
    yield "longer than a day by an old iat", case.token(iat=int(case.now) - 86_400)


def members(case):
    """Members twice: which of them counts would be up to the reader."""
    for part, other in ((case.head, "none"), (case.body, "eve")):
        for name, value in part.items():
            text = json.dumps(part)
            for second in (value, other):
                member = f"{json.dumps(name)}:{json.dumps(second)}"
                hidden = f'"\\u{ord(name[0]):04x}{name[1:]}":{json.dumps(second)}'
                for twice in (
                    f"{{{member},{text[1:]}",
                    f"{text[:-1]},{member}}}",
                    f"{{{hidden},{text[1:]}",
                ):
                    both = (twice.encode(), None) if part is case.head else (None, twice.encode())
                    yield f"twice {name} {second!r} {twice[:12]}{twice[-8:]}", case.signed(*both)


def documents(case):
    """Header or claims that are no JSON object in UTF-8."""
    parts = [json.dumps(part) for part in (case.head, case.body)]
    for place in (0, 1):
        for i, text in enumerate(GARBAGE):
            both = [None, None]
            both[place] = text
            yield f"garbage {place} {i}", case.signed(*both)
        for encoding in ENCODINGS:
            both = [None, None]
            both[place] = parts[place].replace("{", "{ ").encode(encoding)
            yield f"{encoding} {place}", case.signed(*both)
        both = [None, None]
        both[place] = parts[place].encode() + b"{}"
        yield f"something after it {place}", case.signed(*both)
        both[place] = f"[{parts[place]}]".encode()
        yield f"in a list {place}", case.signed(*both)
        both[place] = json.dumps(parts[place]).encode()
        yield f"in a text {place}", case.signed(*both)


def signatures(case):
    good = case.token()
    text, _, signature = good.rpartition(".")
    raw = base64.urlsafe_b64decode(f"{signature}==")
    key = case.issuer.keys["rsa-1"]
    wrong = {
        "zeros": bytes(256),
        "ones": b"\xff" * 256,
        "short": b"x",
        "longer": raw + b"\0",
        "led by a zero": b"\0" + raw,
        "cut": raw[:-1],
        "backwards": raw[::-1],
        "of other text": key.sign(b"other", padding.PKCS1v15(), SHA256()),
        "by SHA-1": key.sign(text.encode(), padding.PKCS1v15(), SHA1()),
        "by SHA-512": key.sign(text.encode(), padding.PKCS1v15(), SHA512()),
        "by PSS": key.sign(text.encode(), padding.PSS(padding.MGF1(SHA256()), 32), SHA256()),
        "by another key": Provider.made("rsa").sign(text.encode(), padding.PKCS1v15(), SHA256()),
    }
    for name, value in wrong.items():
        yield f"signature {name}", f"{text}.{encoded(value)}"
    yield from _confused(case)
    yield from _elliptic(case)


def _confused(case):
    """The public key, which everybody has, as the secret of an HMAC."""
    public = case.issuer.keys["rsa-1"].public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    jwk = json.loads(case.issuer.document())["keys"][0]
    pem = public.public_bytes(serialization.Encoding.PEM, info)
    secrets = {
        "PEM": pem,
        "PEM without its end": pem.strip(),
        "DER": public.public_bytes(serialization.Encoding.DER, info),
        "JWK": json.dumps(jwk).encode(),
        "modulus": jwk["n"].encode(),
        "kid": b"rsa-1",
        "nothing": b"",
        "secret": b"secret",
    }
    for algorithm in ("HS256", "HS384", "HS512", "RS256"):
        digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm, hashlib.sha256)
        head = json.dumps(case.head | {"alg": algorithm}).encode()
        text = f"{encoded(head)}.{encoded(json.dumps(case.body).encode())}"
        for name, secret in secrets.items():
            made = hmac.digest(secret, text.encode(), digest)
            yield f"{algorithm} by the {name}", f"{text}.{encoded(made)}"


def _elliptic(case):
    head = json.dumps(case.head | {"alg": "ES256", "kid": "ec-1"}).encode()
    text = f"{encoded(head)}.{encoded(json.dumps(case.body).encode())}"
    key = case.issuer.keys["ec-1"]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signs = {
        "zeros": bytes(64),
        "orders": order.to_bytes(32, "big") * 2,
        "one": (1).to_bytes(32, "big") * 2,
        "in DER": key.sign(text.encode(), ec.ECDSA(SHA256())),
        "by another": Provider.made("ec").sign(text.encode(), ec.ECDSA(SHA256())),
        "nothing": b"",
        "too short": bytes(63),
        "too long": bytes(65),
    }
    for name, value in signs.items():
        yield f"elliptic {name}", f"{text}.{encoded(value)}"


def shapes(case):
    """The letters of a good token otherwise."""
    good = case.token()
    parts = good.split(".")
    for order in list(permutations(parts))[1:]:
        yield f"swapped {[parts.index(part) for part in order]}", ".".join(order)
    for place, pad in ((place, pad) for place in range(3) for pad in ("=", "==", "%3D", "\0", "~")):
        padded = [part + (pad if i == place else "") for i, part in enumerate(parts)]
        yield f"padded {place} {pad!r}", ".".join(padded)
    for place in range(3):
        empty = ["" if i == place else part for i, part in enumerate(parts)]
        yield f"empty {place}", ".".join(empty)
        yield f"only {place}", parts[place]
        yield f"without {place}", ".".join(part for i, part in enumerate(parts) if i != place)
        yield f"twice {place}", ".".join([*parts, parts[place]])
    for last in range(1, 16):
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        unused = letters[(letters.index(good[-1]) & 48) | ((letters.index(good[-1]) + last) & 15)]
        yield f"unused bits {last}", good[:-1] + unused
    for length in range(0, len(good), 29):
        yield f"cut at {length}", good[:length]
    for place in range(0, len(good), 23):
        other = "A" if good[place] != "A" else "B"
        yield f"another letter at {place}", good[:place] + other + good[place + 1 :]
        yield f"a letter less at {place}", good[:place] + good[place + 1 :]
    text = good.replace("-", "+").replace("_", "/")
    yield "plain base64", text if text != good else f"{good}+"
    yield "all of it twice", good * 2
    yield "two of them", f"{good},{good}"
    yield "more dots", good.replace(".", "..")
    yield "in quotes", f'"{good}"'
    yield "after a word", f"Bearer {good}"
    yield "too long", case.token(padding="x" * 9000)


def others(case):
    """Not of this kind at all, or of a good token and another."""
    head, body, signature = case.token().split(".")
    eve = encoded(json.dumps(case.body | {"sub": "eve"}).encode())
    none = encoded(json.dumps({"alg": "none"}).encode())
    yield "body of another", f"{head}.{eve}.{signature}"
    yield "none and no signature", f"{none}.{eve}."
    yield "none and a signature", f"{none}.{body}.{signature}"
    yield "encrypted", ".".join([head, body, signature, body, signature])
    yield "in JSON", json.dumps({"protected": head, "payload": body, "signature": signature})
    yield "detached", f"{head}..{signature}"
    yield "for the pages", case.token(aud="vitrine-pages", nonce="n", typ=None)
    for word in (
        *("x", "null", "undefined", "true", "0", ".", "..", "...", "a.b", "a.b.c", "sk_live_", "-"),
        *("sk_live_" + "x" * 43, "sk_live_" + "x" * 42, "sk_test_" + "x" * 43, "A" * 8_193),
        *("\xe9", "\x80" * 10, "eyJ", "e30.e30.e30", "e30.e30.", "' or 1=1 --", "%00", "{}"),
    ):
        yield f"the word {word[:20]!r} {len(word)}", word
