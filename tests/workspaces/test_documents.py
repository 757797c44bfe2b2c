"""A dashboard as a file: it comes back exactly, and what else the file may hold is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import hypothesis
import hypothesis.strategies as st
import pytest
import yaml

from engine.errors import InvalidRequest
from engine.workspaces import document, plain_yaml
from engine.workspaces.parse import parse_new
from engine.workspaces.reconcile import content, made
from engine.workspaces.widget import LAYOUT, Dashboard
from tests.workspaces.boards import BRAND, WORKSPACE, widget

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WIDGET = widget(x=3, title="Größe: on") | {"id": "33333333-3333-4333-8333-333333333333"}
TRICKY = [
    *("on", "yes", "null", "~", "", "1", "1e5", "0x1", "1_000", "12:30", "2026-01-01", "<<", "="),
    *(" a", "a ", "a\n", "\na", "  a\nb", "a: b", "- a", "# a", "---", "\x85", "\u2028", "\ufeff"),
    *(
        "a\r\nb",
        "a\tb",
        "\0",
        "😀",
        "'\"",
        "%a",
        "@a",
        "`a",
        "{a",
        "[a",
        "!a",
        "&a",
        "*a",
        "|",
        ">",
    ),
]
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(TRICKY)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=10,
)


def board(**fields):
    raw = {"slug": "shop", "name": "Shop", "widgets": [WIDGET, widget()]} | fields
    new = parse_new(raw)
    return Dashboard(
        id="",
        workspace_id=WORKSPACE,
        brand_id=BRAND,
        slug=new.slug,
        name=new.name,
        description=new.description,
        layout=LAYOUT,
        created_by="",
        created_at=NOW,
        updated_at=NOW,
        version=1,
        widgets=made(new.widgets, NOW),
    )


def same(value):
    """Equal for the same value only: 1, 1.0 and true are three."""
    return json.dumps(value)


@hypothesis.given(values)
@hypothesis.settings(max_examples=300)
def test_yaml_gives_back_what_was_written(value):
    text = plain_yaml.dump(value)
    assert same(plain_yaml.load(text)) == same(value)
    assert same(yaml.safe_load(text)) == same(value), "and other readers of YAML agree"


@hypothesis.given(
    more=st.dictionaries(texts, values, max_size=3), format=st.sampled_from(["yaml", "json"])
)
@hypothesis.settings(max_examples=100)
def test_a_dashboard_comes_back(format, more):
    own = {name: value for name, value in more.items() if name not in WIDGET["config"]}
    try:
        first = board(widgets=[WIDGET | {"config": WIDGET["config"] | own}], description="a\n\n b ")
    except InvalidRequest:
        hypothesis.reject()  # a value_field or a limit that is none
    text = document.write(first, format)
    raw = document.read(text)
    again = board(**raw)
    assert [content(one) for one in again.widgets] == [content(one) for one in first.widgets]
    assert (again.slug, again.name, again.description) == ("shop", "Shop", "a\n\n b ")
    assert document.write(again, format) == text


def test_the_text_is_small_and_stable():
    text = document.write(board(widgets=[WIDGET], description="Two\nlines"))
    assert (
        text
        == """\
slug: shop
name: Shop
description: |-
  Two
  lines
widgets:
- id: 33333333-3333-4333-8333-333333333333
  widget_type: time_series
  position: {x: 3, y: 0, w: 6, h: 2}
  config:
    title: 'Größe: on'
    event_types: [agent_purchase]
    group_by: day
    aggregation: sum
    value_field: amount
    time_window_days: 30
    goal: 2.5
"""
    )
    turned = {**WIDGET, "config": dict(reversed(WIDGET["config"].items()))}
    assert document.write(board(widgets=[turned], description="Two\nlines")) == text


def test_it_names_no_installation():
    mine = board()
    theirs = replace(mine, id="x", workspace_id="ws_y", brand_id="z", created_by="eve", version=9)
    assert document.write(mine) == document.write(theirs)


def test_widgets_without_an_id_get_the_same_one_again():
    raw = {"slug": "shop", "name": "Shop", "widgets": [widget(), widget(x=6)]}
    first, again = document.read(json.dumps(raw)), document.read(plain_yaml.dump(raw))
    assert first == again
    assert len({one["id"] for one in first["widgets"]}) == 2
    other = document.read(json.dumps(raw | {"slug": "other"}))
    assert other["widgets"][0]["id"] != first["widgets"][0]["id"]


BOMB = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*a, *a]\n" for i in range(9))
SHOP = board()
GOOD = document.write(SHOP)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing in it"),
        ("# nothing\n", "nothing in it"),
        ("slug: [", "line 2"),
        ("a: b: c", "line 1"),
        (BOMB, "line 2: an alias"),
        ("a: &a [*a]", "line 1: an alias"),
        ("slug: !!python/object/apply:os.system [ls]", "line 1: a tag"),
        ("slug: !!binary aGk=", "line 1: a tag"),
        ("? !!str a\n: b", "a name that is no text"),
        ("slug: a\nslug: b", "line 2: 'slug' stands twice"),
        ("[a]: b", "a name that is no text"),
        ("a\n---\nb", "more than one document"),
        ("[" * 100_000, "nested deeper"),
        ("- " * 5_000, "nested deeper"),
        ("1" * 5_000, "too long"),
        ("\0", "control characters"),
        ("\ud800", "not"),
        ('{"slug": "a", "slug": "b"}', "stands twice"),
        ('{"slug": NaN}', "NaN"),
        ("{" * 100_000, "not valid JSON"),
        ("shop", "not a dashboard"),
        ("- slug: shop", "not a dashboard"),
        ("x" * (document.LONGEST + 1), "more than the"),
    ],
)
def test_files_that_are_none(text, reason):
    with pytest.raises(InvalidRequest, match=reason) as refused:
        document.read(text)
    assert [fault.field for fault in refused.value.faults] == ["document"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("slug: Shop", ["slug", "name", "widgets"]),
        (GOOD.replace("slug: shop", "slug: true"), ["slug"]),
        (GOOD.replace("name: Shop", "name: 2026-01-01\nbrand_id: x"), ["brand_id"]),
        (GOOD.replace("y: 0", "y: -1", 1), ["widgets[0].position.y"]),
        (GOOD.replace("goal: 2.5", "goal: 1e999", 1), ["widgets[0].config.goal"]),
        (GOOD.replace("group_by: day", "group_by: dya", 1), ["widgets[0].config.group_by"]),
    ],
)
def test_dashboards_that_are_none(text, fields):
    with pytest.raises(InvalidRequest) as refused:
        document.read(text)
    assert [fault.field for fault in refused.value.faults] == fields


def test_what_others_write_is_read():
    raw = document.read(GOOD.replace("slug:", "layout: {version: 1}\nslug:"))
    assert "layout" not in raw
    assert document.read("\ufeff" + GOOD) == document.read(GOOD)
    assert document.read("\ufeff " + document.write(SHOP, "json")) == document.read(GOOD)
    assert document.read(yaml.safe_dump(document.read(GOOD))) == document.read(GOOD)
    assert "slug" not in document.changes(raw)
