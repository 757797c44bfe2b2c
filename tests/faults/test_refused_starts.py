"""The whole server, started in ways that would leave a door open: it ends and says what to set."""

import os
import subprocess
import sys

import pytest

from tests.api.openid import CLIENT
from tests.browser.server import ROOT
from tests.faults.server import free_port
from tests.faults.sizes import FULL, record

STRONG = "v7Qm0Zr2kXw9Tn4LbYc8HdPfUs1GjEa3"
HERE = "http://127.0.0.1:{port}/oauth2callback"
URL = "https://vitrine.example"


def auth(secret=STRONG, back=HERE, client=f'client_id = "{CLIENT}"'):
    return f"""
[auth]
redirect_uri = "{back}"
cookie_secret = "{secret}"
[auth.auth0]
{client}
client_secret = "s"
server_metadata_url = "https://shop.eu.auth0.com/.well-known/openid-configuration"
"""


CASES = {
    # what is set, what secrets.toml says, what the message names
    "demo mode behind a public URL": ({"VITRINE_URL": URL}, "", "VITRINE_URL"),
    "a cookie secret that everybody knows": ({}, auth("changeme" * 5), "cookie_secret"),
    "demo mode on every address": ({"STREAMLIT_SERVER_ADDRESS": "0.0.0.0"}, "", "server.address"),
    "no secret": (
        {"VITRINE_DEMO": "off", "STREAMLIT_SERVER_ADDRESS": "0.0.0.0"},
        "",
        "VITRINE_SECRET is not set",
    ),
    "a short secret": ({"VITRINE_SECRET": "short"}, "", "VITRINE_SECRET has 5 characters"),
    "a published secret": (
        {"VITRINE_DEMO": "off", "VITRINE_URL": URL, "VITRINE_SECRET": "change-me" * 5},
        "",
        "VITRINE_SECRET is easy to guess",
    ),
    "a provider that leads elsewhere": ({}, auth(back=f"{URL}/oauth2callback"), "redirect_uri"),
    "a provider without a client": ({}, auth(client="client_id_ = 1"), "client_id"),
}


@pytest.mark.parametrize("case", CASES if FULL else [*CASES][:2])
def test_it_does_not_start(tmp_path, case):
    variables, secrets, named = CASES[case]
    path = tmp_path / "secrets.toml"
    path.write_text(secrets)
    ours = {
        "VITRINE_HOME": str(tmp_path),
        "VITRINE_DEMO_EVENTS": "0",
        "STREAMLIT_SECRETS_FILES": str(path),
    }
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    done = subprocess.run(
        [*command, "--server.port", str(free_port())],
        cwd=ROOT,
        env=os.environ | ours | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert named in told
    for secret in ("changeme", "change-me", STRONG):
        assert secret not in told
    if FULL:
        record("Starts that are refused", f"{len(CASES)}: {', '.join(CASES)}.")
