"""JSON's values as YAML: what is read cannot build objects, refer to itself or grow.

Of YAML's many spellings of values only JSON's are read: `on` is text, and so is 2026-01-01.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

DEPTH: Final = 64
NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
WORDS: Final = {"null": None, "~": None, "": None, "true": True, "false": False}
TAG: Final = "tag:yaml.org,2002:"
FLOW: Final = ("position",)
"""Names whose objects stand on one line."""


def load(text: str) -> Any:
    """Raises ValueError with the line of what cannot be read."""
    events = yaml.parse(text, Loader=yaml.CSafeLoader)
    try:
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            raise ValueError("there is nothing in it")
        value = _value(next(events), events, 0)
        next(events)
        if not isinstance(next(events), yaml.StreamEndEvent):
            raise ValueError("there is more than one document in it")
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return value


def dump(value: Any) -> str:
    """Text that `load` reads as the same value, whatever its texts look like."""
    text: str = yaml.serialize(_node(value), Dumper=yaml.SafeDumper, allow_unicode=True, width=100)
    return text


def _value(event: yaml.Event, events: Iterator[yaml.Event], depth: int) -> Any:
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        raise ValueError(f"line {line}: an alias (*{event.anchor}); write the value out instead")
    if event.tag is not None:
        raise ValueError(f"line {line}: a tag ({event.tag}); leave it out")
    if depth > DEPTH:
        raise ValueError(f"line {line}: nested deeper than {DEPTH} levels")
    if isinstance(event, yaml.ScalarEvent):
        return event.value if event.style else _plain(event.value, line)
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while not isinstance(item := next(events), yaml.SequenceEndEvent):
            items.append(_value(item, events, depth + 1))
        return items
    return _mapping(events, depth)


def _mapping(events: Iterator[yaml.Event], depth: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    while not isinstance(key := next(events), yaml.MappingEndEvent):
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarEvent) or key.tag is not None:
            raise ValueError(f"line {line}: a name that is no text")
        if key.value in members:
            raise ValueError(f"line {line}: {key.value[:80]!a} stands twice")
        members[key.value] = _value(next(events), events, depth + 1)
    return members


def _plain(text: str, line: int) -> Any:
    if text in WORDS:
        return WORDS[text]
    match = NUMBER.fullmatch(text)
    if match is None:
        return text
    try:
        return float(text) if match[2] or match[3] else int(text)
    except ValueError as error:
        raise ValueError(f"line {line}: a number that is too long") from error


def _node(value: Any, flow: bool = False) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(_text(name), _node(part, name in FLOW)) for name, part in value.items()]
        return yaml.MappingNode(f"{TAG}map", pairs, flow_style=flow or not pairs)
    if isinstance(value, list | tuple):
        short = not any(isinstance(item, dict | list | tuple) for item in value)
        return yaml.SequenceNode(f"{TAG}seq", [_node(item) for item in value], flow_style=short)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return yaml.ScalarNode(f"{TAG}float", _float(value))
    kind = "null" if value is None else "bool" if isinstance(value, bool) else "int"
    return yaml.ScalarNode(f"{TAG}{kind}", json.dumps(value))


def _float(value: float) -> str:
    """With a point, without which other readers of YAML take 1e+20 for text."""
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


def _text(value: str) -> yaml.Node:
    """Quoted where it would be read as something else, by us or by other readers of YAML."""
    style = None
    if value in WORDS or NUMBER.fullmatch(value) or not value.replace("\n", "").isprintable():
        style = '"'
    elif "\n" in value:
        style = "|"
    return yaml.ScalarNode(f"{TAG}str", value, style=style)
