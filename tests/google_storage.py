"""Google's storage, as its XML API speaks, by moto's S3: the two differ in names of headers.

    python tests/google_storage.py PORT KEY

KEY is the PEM of a public key: only requests with a token that its private one has signed are let
in, as they are for a service account.
"""

import sys
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIEnvironment

import jwt
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

TO_MOTO: Final = (
    "AWS4-HMAC-SHA256 Credential=tests/20261130/us-east-1/s3/aws4_request,"
    " SignedHeaders=host, Signature=unchecked"
)
ABSENT: Final = ("HTTP_X_GOOG_IF_GENERATION_MATCH", "0")
"""The one condition that a lake sets: nobody has written this name before."""

App = Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]


def google(s3: App, key: str) -> App:
    """A header that is not translated here is refused, not ignored: it would be a condition."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        given = {name: environ.pop(name) for name in list(environ) if "HTTP_X_GOOG_" in name}
        if scheme != "Bearer" or not _is_signed(token, key):
            return refuse(start, "401 Unauthorized", "AuthenticationRequired")
        if given.items() - {ABSENT}:
            return refuse(start, "501 Not Implemented", "NotImplemented")
        if given:
            environ["HTTP_IF_NONE_MATCH"] = "*"
        environ["HTTP_AUTHORIZATION"] = TO_MOTO
        return s3(environ, start)

    return answer


def _is_signed(token: str, key: str) -> bool:
    try:
        jwt.decode(token, key, algorithms=["RS256"])
    except jwt.InvalidTokenError:
        return False
    return True


def refuse(start: StartResponse, status: str, code: str) -> list[bytes]:
    start(status, [("Content-Type", "application/xml")])
    return [f"<Error><Code>{code}</Code></Error>".encode()]


def main() -> None:
    port, key = sys.argv[1:]
    s3: Any = DomainDispatcherApplication(create_backend_app)
    run_simple("127.0.0.1", int(port), google(s3, key), threaded=True)


if __name__ == "__main__":
    main()
