"""What only a lake in an object store can do wrong."""

import json
import logging
import re
import socket
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import obstore
import pytest

from engine.settings import Settings
from engine.stores.columns import scan_files
from engine.stores.lake import SMALL_FILES, LakeStore
from engine.stores.objects import Unreachable
from engine.stores.open import open_lake
from tests.generate import NOW, SCOPE, frame
from tests.objects import (
    ACCOUNT_KEY,
    BUCKETS,
    GOOGLE_ACCOUNT,
    KEY_ID,
    SECRETS,
    Bucket,
    free_port,
    pem,
    s3,
)
from tests.stores.places import ALWAYS, columns_of, ids, scan, some

WORKSPACE, BRAND = SCOPE.workspace_id, SCOPE.brand_id


@pytest.fixture(params=BUCKETS)
def bucket(request):
    return BUCKETS[request.param]()


def store(bucket, home):
    return LakeStore(bucket.place(home))


def write(store, *names, workspace=WORKSPACE, brand=BRAND):
    store.write(workspace, brand, [frame(some(*names))])


def names(store, below):
    return [file["path"] for files in obstore.list(store.place._files, below) for file in files]


def test_writers_without_a_common_lock_lose_no_commit(bucket, tmp_path):
    """Commits are conditional writes: two that want the same number do not overwrite each other."""
    write(store(bucket, tmp_path), "first")

    def append(writer):
        mine = store(bucket, tmp_path / str(writer))
        for i in range(5):
            write(mine, f"{writer}-{i}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))
    expected = {"first"} | {f"{writer}-{i}" for writer in range(6) for i in range(5)}
    found = ids(store(bucket, tmp_path).snapshot(SCOPE))
    assert sorted(found) == sorted(expected)


def test_one_writer_of_a_workspace_at_a_time(bucket, tmp_path):
    inside, order = threading.Event(), []

    def second():
        with store(bucket, tmp_path).writing(WORKSPACE):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with store(bucket, tmp_path).writing(WORKSPACE):
            with store(bucket, tmp_path).writing("ws_another"):
                waiting = pool.submit(second)
                inside.wait(0.5)
            order.append("first")
        waiting.result(10)
    assert order == ["first", "second"]


def test_dropping_leaves_others_alone(bucket, tmp_path):
    lake = store(bucket, tmp_path)
    for workspace in ("ws_a", "ws_ab"):
        for brand in (BRAND, None):
            write(lake, "1", workspace=workspace, brand=brand)
    lake.drop("ws_a")
    assert lake.tables() == [("ws_ab", BRAND), ("ws_ab", None)]
    assert lake.brands() == {"ws_ab": [BRAND]}
    assert ids(lake.open("ws_a", BRAND)) == []
    assert ids(lake.open("ws_ab", BRAND)) == ["1"]
    assert names(lake, "ws_a") == []
    assert names(lake, "ws_ab")


def test_what_an_interrupted_first_commit_left_is_no_table(bucket, tmp_path):
    lake = store(bucket, tmp_path)
    obstore.put(lake.place._files, f"{WORKSPACE}/{BRAND}/month=2026-11/1.parquet", b"half")
    assert lake.tables() == []
    assert ids(lake.snapshot(SCOPE)) == []
    write(lake, "1")
    assert lake.tables() == [(WORKSPACE, BRAND)]
    assert ids(lake.snapshot(SCOPE)) == ["1"]


def test_brands_of_others_are_seen_within_a_second(bucket, tmp_path):
    lake = store(bucket, tmp_path)
    assert lake.brands() == {}
    write(store(bucket, tmp_path), "1")
    assert lake.tables() == [(WORKSPACE, BRAND)]
    time.sleep(lake.place.listing_lasts)
    assert lake.brands() == {WORKSPACE: [BRAND]}


def test_tidy_delete_and_storage(bucket, tmp_path):
    lake = store(bucket, tmp_path)
    for i in range(SMALL_FILES):
        write(lake, str(i))
    reader = store(bucket, tmp_path).snapshot(SCOPE)
    before = lake.storage(WORKSPACE, BRAND)
    lake.tidy(WORKSPACE, BRAND)
    after = lake.storage(WORKSPACE, BRAND)
    assert (before.files, after.files) == (SMALL_FILES, 1)
    assert before.rows == after.rows == SMALL_FILES
    assert after.bytes > before.bytes > 0
    assert len(ids(lake.snapshot(SCOPE))) == len(ids(reader)) == SMALL_FILES
    assert lake.delete(WORKSPACE, BRAND, "event_id = '3'") == 1
    lake.forget(WORKSPACE, BRAND)
    assert "3" not in ids(lake.snapshot(SCOPE))
    assert lake.storage(WORKSPACE, BRAND).bytes < after.bytes
    gone = reader.all_events()
    with pytest.raises(FileNotFoundError):
        gone.collect()


def test_files_outside_the_window_are_not_read(tmp_path):
    """Their statistics in the log are enough, or a request would cost a whole lake."""
    bucket = s3()
    lake = store(bucket, tmp_path)
    write(lake, "new")
    old = frame(some("old")).with_columns(created_at=NOW - timedelta(days=90))
    lake.write(WORKSPACE, BRAND, [old])
    month = f"{WORKSPACE}/{BRAND}/month={NOW - timedelta(days=90):%Y-%m}"
    obstore.delete(lake.place._files, names(lake, month))
    snapshot = lake.snapshot(SCOPE)
    assert ids(snapshot, (NOW - timedelta(days=1), NOW)) == ["new"]
    with pytest.raises(FileNotFoundError):
        ids(snapshot)


def test_no_secret_is_shown(bucket, tmp_path, caplog):
    settings = Settings(tmp_path, lake_url=bucket.url, lake_options=bucket.options)
    lake = open_lake(settings)
    write(lake, "1")
    snapshot = lake.snapshot(SCOPE)
    categories = [
        dtype.categories.namespace()
        for dtype in snapshot.scan(*ALWAYS, columns_of("a")).collect_schema().dtypes()
        if dtype.base_type().__name__ == "Categorical"
    ]
    assert categories
    texts = [repr(settings), repr(snapshot), str(lake.root), *categories]
    nobody = f"http://127.0.0.1:{free_port()}"
    options = {
        name: re.sub(r"http://127\.0\.0\.1:\d+", nobody, value)
        for name, value in bucket.options.items()
    }
    away = Bucket(bucket.url, options)
    for work in (
        lambda: store(away, tmp_path).snapshot(SCOPE),
        lambda: write(store(away, tmp_path), "2"),
        lambda: store(away, tmp_path).tables(),
        store(away, tmp_path).place.check,
    ):
        with pytest.raises((OSError, ValueError)) as caught:
            work()
        logging.getLogger("tests").error("failed", exc_info=caught.value)
    texts.append(caplog.text)
    assert "no connection" in caplog.text
    assert [secret for secret in SECRETS for text in texts if secret in text] == []


def test_no_signature_is_shown(tmp_path):
    """It is part of each address."""
    signature = "sv=2021-12-02&sp=rwdl&sig=Kanarie-sig-31"
    options = {
        "AZURE_STORAGE_ACCOUNT_NAME": "account",
        "AZURE_STORAGE_SAS_TOKEN": signature,
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{free_port()}/account",
        "AZURE_ALLOW_HTTP": "true",
    }
    lake = store(Bucket("abfss://lake@account.dfs.core.windows.net/x", options), tmp_path)
    path = lake.path(WORKSPACE, BRAND)
    for work in (
        lambda: lake.snapshot(SCOPE),
        lambda: write(lake, "1"),
        lambda: lake.delete(WORKSPACE, BRAND, "true"),
        lambda: scan_files([f"{path}/1.parquet"], lake.place.scan_options).collect(),
        lake.place.check,
    ):
        with pytest.raises((OSError, ValueError)) as caught:
            work()
        assert "Kanarie" not in "".join(traceback.format_exception(caught.value))


class Forbids(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"<Error><Code>InvalidAccessKeyId</Code><Message>{KEY_ID}</Message></Error>"
        self.send_response(403, "Forbidden")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_HEAD = do_PUT = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def forbidding():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forbids)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent():
    """Takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server


def port_of(server):
    return server.getsockname()[1]


def at(port, url="s3://lake/x"):
    options = dict(s3().options) | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    return Bucket(url, options)


def refusal(tmp_path, bucket):
    settings = Settings(tmp_path, lake_url=bucket.url, lake_options=bucket.options)
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"^VITRINE_LAKE is ") as caught:
        open_lake(settings)
    assert time.monotonic() - began < 15
    assert [secret for secret in SECRETS if secret in str(caught.value)] == []
    return str(caught.value)


def test_a_start_without_a_server(tmp_path):
    assert "no connection" in refusal(tmp_path, at(free_port()))


def test_a_start_with_a_server_that_does_not_answer(tmp_path, silent):
    assert "no answer in time" in refusal(tmp_path, at(port_of(silent)))


def test_a_start_with_keys_that_are_wrong(tmp_path, forbidding):
    assert "403 Forbidden (InvalidAccessKeyId)" in refusal(tmp_path, at(forbidding))


def test_a_start_with_a_bucket_that_is_not_there(tmp_path):
    """Variables that are empty, short or of other programs do no harm."""
    more = {"AWS_PAGER": "", "AWS_NUMBER": "4", "AWS_PROFILE": "nobody"}
    missing = Bucket("s3://no-such-bucket/x", dict(s3().options) | more)
    assert "404 Not Found (NoSuchBucket)" in refusal(tmp_path, missing)


def test_a_start_with_azure_keys_that_are_wrong(tmp_path):
    bucket = BUCKETS["abfss"]()
    wrong = ACCOUNT_KEY[:-4] + "AA=="
    refused = Bucket(bucket.url, dict(bucket.options) | {"AZURE_STORAGE_ACCOUNT_KEY": wrong})
    said = refusal(tmp_path, refused)
    assert "403 Forbidden" in said
    assert wrong not in said


def test_a_start_with_the_key_of_another_google_account(tmp_path):
    bucket = BUCKETS["gs"]()
    account = json.loads(bucket.options[GOOGLE_ACCOUNT]) | {"private_key": pem()}
    refused = Bucket(bucket.url, dict(bucket.options) | {GOOGLE_ACCOUNT: json.dumps(account)})
    said = refusal(tmp_path, refused)
    assert "401 Unauthorized" in said
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("key", ["no JSON Kanarie-id-93", '{"private_key": "Kanarie-id-93"}'])
def test_a_start_with_a_google_key_that_is_none(tmp_path, key):
    options = {GOOGLE_ACCOUNT: key}
    said = refusal(tmp_path, Bucket("gs://lake/x", options))
    assert "Unable to decode service account file" in said


def test_many_who_wait_for_a_silent_server_do_not_queue(tmp_path, silent):
    lake = store(at(port_of(silent)), tmp_path)

    def ask(i):
        began = time.monotonic()
        with pytest.raises(Unreachable, match=r"^the lake cannot be reached"):
            lake.snapshot(SCOPE) if i % 2 else lake.brands()
        return time.monotonic() - began

    with ThreadPoolExecutor(16) as pool:
        assert max(pool.map(ask, range(16))) < 12


@pytest.mark.parametrize("work", ["open", "brands", "storage", "write", "tidy", "delete", "drop"])
def test_others_go_on_while_a_server_does_not_answer(tmp_path, silent, work):
    """The libraries' calls must not stop all threads of the process."""
    lake = store(at(port_of(silent)), tmp_path)
    calls = {
        "brands": lake.brands,
        "drop": lambda: lake.drop(WORKSPACE),
        "write": lambda: write(lake, "1"),
        "delete": lambda: lake.delete(WORKSPACE, BRAND, "true"),
    }
    call = calls.get(work) or (lambda: getattr(lake, work)(WORKSPACE, BRAND))
    pauses = [0.0]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call)
        while not waiting.done() and sum(pauses) < 2:
            before = time.monotonic()
            time.sleep(0.01)
            pauses.append(time.monotonic() - before)
        silent.close()
        with pytest.raises(OSError, match=r"^the lake cannot be reached"):
            waiting.result()
    assert sum(pauses) >= 2
    assert max(pauses) < 1


def test_metadata_comes_back(bucket, tmp_path):
    lake = store(bucket, tmp_path)
    lake.write(WORKSPACE, BRAND, [frame(some("1", metadata={"a": "x"}, amount=12))])
    found = scan(lake.snapshot(SCOPE), ALWAYS, columns_of("a"))
    assert found.select("metadata.a", "amount").row(0) == ("x", 12)
    assert re.fullmatch(r"[0-9a-f]{8}-0", lake.snapshot(SCOPE).version)
