"""A server with accounts, as people find it, and what they do at its door."""

import os
import re
import subprocess
import sys
from contextlib import contextmanager

from playwright.sync_api import expect

from tests.browser.server import ROOT, running

PASSWORD = "seven green bottles"
SECRET = "Kanarie-of-the-tests-0123456789abcdef"


@contextmanager
def with_accounts(home, patch, **variables):
    """The address of a server that asks everybody to sign in."""
    for name, value in {"VITRINE_DEMO": "off", "VITRINE_SECRET": SECRET, **variables}.items():
        patch.setenv(name, value)
    with running(home, 0) as (address, _):
        yield address


def command(home, *arguments, typed=""):
    done = subprocess.run(
        [sys.executable, "-m", "engine.workspaces.members", *arguments],
        cwd=ROOT,
        env=os.environ | {"VITRINE_HOME": str(home)},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def set_up_link(home):
    [line] = [line for line in (home / "server.log").read_text().splitlines() if "?set_up=" in line]
    return line.split(": ", 1)[1]


class Door:
    """One browser's page."""

    def __init__(self, page, address):
        self.page = page
        self.address = address

    def open(self, path="/"):
        self.page.goto(self.address + path)
        return self

    def sign_in(self, email, password=PASSWORD):
        self.page.get_by_role("textbox", name="E-mail").fill(email)
        self.page.get_by_role("textbox", name="Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        return self

    def is_in(self, name):
        # A word joiner keeps the address from becoming a link.
        shown = re.compile(re.escape(name).replace("@", "@\u2060?"))
        expect(self.account()).to_have_text(shown, timeout=20_000)
        return self

    def is_out(self):
        expect(self.page.get_by_role("button", name="Sign in")).to_be_visible(timeout=20_000)
        return self

    def account(self):
        return self.page.locator(".st-key-account button").first

    def cookies(self):
        return {cookie["name"]: cookie for cookie in self.page.context.cookies()}
