"""The sign-in provider with the part that people see: OpenID Connect by authorization code."""

import base64
import hashlib
import html
import json
import secrets
import time
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from tests.api.provider import AUDIENCE, Provider

CLIENT = "vitrine-pages"
CLIENT_SECRET = "n0t-Known-Elsewhere"
VERIFIED, UNVERIFIED = True, False


class OpenID(Provider):
    """people: e-mail -> whether it is verified; each is shown as a button. trick: how its answer is
    wrong. codes: given and not yet used. exchanged: what the pages asked for."""

    def __init__(self):
        super().__init__()
        self.people = {}
        self.trick = ""
        self.codes = {}
        self.exchanged = []
        self.ended = 0

    @property
    def issuer(self):
        """Another site than the pages, which are on 127.0.0.1."""
        return f"http://localhost:{self.server.server_port}/"

    def get(self, request):
        parts = urlsplit(request.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        routes = {
            "/.well-known/openid-configuration": self._about,
            "/authorize": self._ask,
            "/chosen": self._chosen,
            "/logout": self._leave,
        }
        route = routes.get(parts.path)
        if route is None:
            super().get(request)
        else:
            route(request, asked)

    def post(self, request):
        """The token endpoint."""
        text = request.rfile.read(int(request.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(text).items()}
        given = self.codes.pop(sent.get("code"), None)
        wrong = self._wrong(request, sent, given)
        if wrong is not None:
            request.answer(400, json.dumps({"error": wrong}).encode())
            return
        self.exchanged.append(given)
        now = time.time()
        access = self.token(now, sub=given["sub"], aud=given.get("audience", "userinfo"))
        said = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": self.id_token(now, given),
        }
        request.answer(200, json.dumps(said).encode())

    def _wrong(self, request, sent, given):
        basic = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return "invalid_client"
        if given is None or sent.get("redirect_uri") != given["redirect_uri"]:
            return "invalid_grant"
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if given.get("code_challenge_method") != "S256" or given["code_challenge"] != challenge:
            return "invalid_grant"
        return None

    def id_token(self, now, given):
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": given["sub"],
            "email": given["email"],
            "email_verified": self.people[given["email"]],
            "nonce": given["nonce"],
            "iat": int(now),
            "exp": int(now) + 600,
        }
        head, key = {"alg": self.algorithm, "kid": self.kid}, self.keys[self.kid]
        if self.trick == "secret":
            return jwt.encode(claims, CLIENT_SECRET * 2, "HS256", head | {"alg": "HS256"})
        if self.trick == "unsigned":
            return jwt.encode(claims, None, "none", head | {"alg": "none"})
        if self.trick == "another key":
            key = Provider.made("rsa")
        wrong = {
            "nonce": {"nonce": "another"},
            "audience": {"aud": "another-client"},
            "issuer": {"iss": "https://evil.example/"},
            "expired": {"iat": int(now) - 7200, "exp": int(now) - 3600},
            "stale": {"iat": int(now) - 900},
        }
        return jwt.encode(claims | wrong.get(self.trick, {}), key, self.algorithm, head)

    def _about(self, request, _):
        here = self.issuer
        said = {
            "issuer": here,
            "authorization_endpoint": f"{here}authorize",
            "token_endpoint": f"{here}token",
            "jwks_uri": self.keys_url,
            "end_session_endpoint": f"{here}logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["S256"],
        }
        request.answer(200, json.dumps(said).encode())

    def _ask(self, request, asked):
        """Who are you?"""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        links = "".join(
            f"<p><a href='/chosen?{html.escape(urlencode(asked | {'email': email}))}'>"
            f"{html.escape(email)}</a></p>"
            for email in [*self.people, "nobody"]
        )
        request.answer(200, f"<title>Provider</title>{links}".encode(), "text/html")

    def _chosen(self, request, asked):
        back = {"state": asked["state"]}
        if asked["email"] == "nobody":
            back |= {"error": "access_denied", "error_description": "cancelled"}
        else:
            back["code"] = secrets.token_urlsafe(16)
            self.codes[back["code"]] = asked | {"sub": subject_of(asked["email"])}
        self._send(request, asked["redirect_uri"], back)

    def _leave(self, request, asked):
        self.ended += 1
        self._send(request, asked["post_logout_redirect_uri"], {})

    def _send(self, request, address, parameters):
        address = f"{address}?{urlencode(parameters)}" if parameters else address
        request.answer(302, b"", "text/html", Location=address)


def subject_of(email):
    return f"auth0|{hashlib.sha256(email.encode()).hexdigest()[:12]}"


def secrets_toml(provider, pages, cookie_secret):
    """What .streamlit/secrets.toml says for these pages."""
    return f"""
[auth]
redirect_uri = "{pages}/oauth2callback"
cookie_secret = "{cookie_secret}"

[auth.auth0]
label = "Auth0"
client_id = "{CLIENT}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "{provider.issuer}.well-known/openid-configuration"
authorize_params = {{ audience = "{AUDIENCE}" }}
"""
