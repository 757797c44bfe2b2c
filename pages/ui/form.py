"""The sign-in form of streamlit-authenticator, without its cookie, its passwords and its users:
what is typed goes to our own accounts, and the session is our own."""

from importlib import import_module
from typing import Any, Final

from engine.errors import Unauthorized, VitrineError
from engine.workspaces.entry import Visit
from pages.ui import visitor
from pages.ui.words import say

NO_COOKIES: Final = "This browser keeps no cookies; allow them for this site and load it again."


class Accounts:
    """Stands where the form expects its list of users."""

    def __init__(self) -> None:
        self.ticket: str | None = None
        self.error: VitrineError | None = None

    def login(self, username: str = "", password: str = "", *_: Any, **__: Any) -> bool:
        """Never says yes to the form, which would set a cookie of its own."""
        try:
            self.ticket = visitor.people().entry.by_password(username, password, here())
        except VitrineError as error:
            self.error = error
        return False


class NoCookie:
    """Stands where the form expects its cookie, which scripts can read and nobody can end."""

    def get_cookie(self) -> None:
        return None


def draw() -> Accounts:
    """Draw the form; what came of a submission is in what is given back."""
    accounts = Accounts()
    # Only who signs in waits for its import. Not by its constructor, which puts the component of a
    # cookie on the page.
    kind: Any = import_module("streamlit_authenticator").Authenticate
    form = kind.__new__(kind)
    form.attrs = {"login_sleep_time": 0}
    form.path = None
    form.cookie_controller = NoCookie()
    form.authentication_controller = accounts
    fields = {
        "Form name": say("Sign in"),
        "Username": say("E-mail"),
        "Password": say("Password"),
        "Login": say("Sign in"),
    }
    form.login(location="main", fields=fields, key="sign_in")
    return accounts


def here() -> Visit:
    """This browser. Raises Unauthorized where it keeps no cookies."""
    visit = visitor.visit()
    if visit is None:
        raise Unauthorized(say(NO_COOKIES))
    return visit
