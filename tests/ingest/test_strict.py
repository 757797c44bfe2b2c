"""The fast reader of JSON agrees with the strict one about every text."""

import json
import random

import pytest

from engine.errors import InvalidRequest
from engine.ingest import strict as module
from engine.ingest.strict import strict
from engine.request import loads

SEEDS = [
    b'{"event_id":"e","metadata":{"a":"b","deep":{"c":[1,{"d":null}]}},"amount":12.5,"x":true}',
    b'{"a" : "b:c", "d":"\\"e\\":", "f":"\\\\", "g":"\\u00e9\\ud83d\\ude00"}\r',
    b' [{"a":1},{"a":1},"a"] ',
    '{"é":"\U0001f600","":{"":[]}}'.encode(),
    b'{"n":[-0,0.1,1e5,1E-7,123456789012345678901234567890,1e400,NaN,-Infinity]}',
]
PIECES = (
    *(b'"', b"\\", b":", b",", b"{", b"}", b"[", b"]", b" ", b"\t", b"\n", b"\0", b"\x7f", b"\xff"),
    *(b'"a":1,', b'"a":', b'"a"', b'\\"', b"\\\\", b"\\ud800", b"\\u0061", b"1e999", b"-0", b"NaN"),
    *(
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"9" * 4301,
        b"null",
        b"true",
        b"0",
        b".",
        b"e",
    ),
)


def outcome(read, text):
    """What is read, types and signs of zero included, or why it is refused."""
    try:
        return repr(read(text))
    except InvalidRequest as error:
        return error.faults


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b'"text"',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":":","a":2}',
        b'{"a" :1,"a" :2,"b":"\\":"}',
        b'{"a":{"b":1,"b":2}}',
        b'[{"a":{"b":[{"c":1,"c":2}]}}]',
        b'{"a":1,"a":"b","c":"\\""}',
        b'{"a":"\\\\","a":"\\\\\\""}',
        b'{"a":"\\ud800"}',
        b'{"a":1}{"b":2}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        *SEEDS,
    ],
)
def test_texts(text):
    assert outcome(strict, text) == outcome(loads, text)


def test_damaged_texts():
    rng = random.Random(7)
    refused = 0
    for _ in range(20_000):
        text = bytearray(rng.choice(SEEDS))
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(text) + 1)
            text[at : at + rng.randrange(3)] = rng.choice(PIECES)
        expected = outcome(loads, bytes(text))
        assert outcome(strict, bytes(text)) == expected, bytes(text)
        refused += not isinstance(expected, str)
    assert 2_000 < refused < 18_000


def test_numbers():
    rng = random.Random(7)
    for _ in range(20_000):
        digits = "".join(rng.choices("0123456789", k=rng.randrange(1, 25)))
        text = f"{rng.choice(('', '-'))}{digits.lstrip('0') or '0'}"
        text += rng.choice(("", f".{digits[::-1]}")) + rng.choice(
            ("", f"e{rng.randrange(-340, 310)}")
        )
        assert outcome(strict, text.encode()) == outcome(loads, text.encode()), text


def test_usual_events_take_the_fast_way(monkeypatch):
    """Also with texts that are escaped, blank space and objects in objects."""
    monkeypatch.setattr(module, "loads", None)
    event = {"event_id": 'a"b\\', "metadata": {"é": ":", "n": [1, {"a": "b"}]}, "amount": 1.5}
    for text in (json.dumps(event), json.dumps(event, indent=1, ensure_ascii=False)):
        assert strict(text.encode()) == event
