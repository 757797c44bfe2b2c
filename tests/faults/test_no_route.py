"""Without a route to anywhere but this machine, everything works as it does with one."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.faults.server import ROOT
from tests.faults.sizes import FULL, record

ALONE = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""What comes after it has a loopback address, and no other."""
SMALL = ["tests/api/test_server.py"]
LARGE = [
    "tests/browser/test_sign_in_in_browser.py",
    "tests/browser/test_oidc_in_browser.py",
    "tests/browser/test_explore_in_browser.py",
    "tests/browser/test_dashboards_in_browser.py",
    "tests/browser/test_data_in_browser.py",
    "tests/browser/test_share_links_in_browser.py",
]


@pytest.fixture(scope="module", autouse=True)
def cut_off():
    """That it is so: no address of another machine is reached."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("there is no unshare, or no ip, on this machine")
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine makes no network of its own for a process")
    ask = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"
    refused = subprocess.run(
        [*ALONE, sys.executable, "-c", ask], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in refused.stderr


@pytest.mark.parametrize("path", LARGE if FULL else SMALL)
def test_it_works(path):
    command = [*ALONE, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    if FULL:
        name = path.rpartition("test_")[2].removesuffix("_in_browser.py").replace("_", " ")
        record(f"Without a route: {name}", f"{passed[1]} tests in a browser passed.")
