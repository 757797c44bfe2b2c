"""python -m engine.exports verify FILE: ask again what a frozen copy says, and compare."""

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.bootstrap import connect
from engine.errors import VitrineError
from engine.exports.frozen import read
from engine.exports.receipt import HASH, verify

DESCRIPTION = """verify asks every question of a frozen copy again, up to the moment at which it was
made, over the events that are in VITRINE_HOME now. It exits with 1 when an answer differs."""


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        receipts = read(options.file.read_text("utf-8", "replace"))
    except (VitrineError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    engine = connect()
    return max([_verify(place, one, engine) for place, one in enumerate(receipts, 1)], default=0)


def _verify(place: int, raw: Any, engine: Any) -> int:
    try:
        verdict = verify(raw, engine)
    except VitrineError as error:
        print(f"{place}: {error}", file=sys.stderr)
        return 2
    print(f"{place} {ascii(raw[HASH])[1:-1]}: {'the same' if verdict.same else 'differs'}")
    for line in verdict.said:
        print(f"  {line}")
    return int(not verdict.same)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m engine.exports", description=DESCRIPTION)
    parser.add_argument("command", choices=("verify",))
    parser.add_argument("file", type=Path, help="a frozen copy, an .html file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
