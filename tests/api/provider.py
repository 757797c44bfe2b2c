"""A sign-in provider on this machine: real HTTP, keys that rotate, tokens good and bad."""

import base64
import hashlib
import hmac
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

AUDIENCE = "https://vitrine.example/api"
SUBJECT = "auth0|6502"


class Provider:
    """kid: of the key that signs now. mode: `good`, or how it fails. asked: how often the keys
    were fetched."""

    def __init__(self):
        self.keys = {"rsa-1": self.made("rsa")}
        self.kid = "rsa-1"
        self.mode = "good"
        self.asked = 0
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.server.server_port}/"

    @property
    def keys_url(self):
        return f"{self.issuer}.well-known/jwks.json"

    @staticmethod
    def made(kind):
        if kind == "ec":
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def rotate(self, kid, kind="rsa"):
        self.keys = {kid: self.made(kind)}
        self.kid = kid

    @property
    def algorithm(self):
        return "RS256" if isinstance(self.keys[self.kid], rsa.RSAPrivateKey) else "ES256"

    def claims(self, now, **changes):
        """Good claims; a change to None takes one away."""
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": SUBJECT,
            "iat": int(now),
            "exp": int(now) + 3600,
        }
        return {name: v for name, v in (claims | changes).items() if v is not None}

    def token(self, now, header=None, **changes):
        claims = self.claims(now, **changes)
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "at+jwt"} | (header or {})
        if self.algorithm == "ES256":
            return jwt.encode(claims, self.keys[self.kid], "ES256", head)
        return self.signed(json.dumps(head).encode(), json.dumps(claims).encode())

    def signed(self, header, body):
        """A token of these bytes with a good RS256 signature."""
        text = f"{encoded(header)}.{encoded(body)}"
        signature = self.keys[self.kid].sign(text.encode(), padding.PKCS1v15(), SHA256())
        return f"{text}.{encoded(signature)}"

    def confused(self, now):
        """Signed by HS256 with the public key's PEM, which everybody knows."""
        pem = (
            self.keys[self.kid]
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        text = ".".join(
            encoded(json.dumps(part).encode())
            for part in (
                {"alg": "HS256", "kid": self.kid, "typ": "at+jwt"},
                self.claims(now),
            )
        )
        return f"{text}.{encoded(hmac.digest(pem, text.encode(), hashlib.sha256))}"

    def document(self):
        listed = []
        for kid, key in self.keys.items():
            of_kind = jwt.algorithms.RSAAlgorithm
            if not isinstance(key, rsa.RSAPrivateKey):
                of_kind = jwt.algorithms.ECAlgorithm
            public = json.loads(of_kind.to_jwk(key.public_key()))
            listed.append(public | {"kid": kid, "use": "sig"})
        return json.dumps({"keys": listed}).encode()

    def _handler(self):
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                provider.get(self)

            def do_POST(self):
                provider.post(self)

            def answer(self, status, text, kind="application/json", **headers):
                self.send_response(status)
                for name, value in {"Content-Type": kind, **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler

    def get(self, request):
        """The keys, whatever the path."""
        self.asked += 1
        if self.mode == "hangs":
            self.release.wait(30)
        elif self.mode == "broken":
            request.send_error(500)
        else:
            request.answer(200, b"{}" if self.mode == "garbage" else self.document())

    def post(self, request):
        request.send_error(405)

    def end(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def provider(kind=None):
    started = (kind or Provider)()
    try:
        yield started
    finally:
        started.end()


def encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
