"""What is copied from the page and pasted back asks for the same thing, or says what is wrong."""

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidRequest
from engine.request import parse
from engine.scope import Scope
from engine.snippets import KINDS, LONGEST, read, write
from tests.contract_cases import BODY, CASES
from tests.generate import CATALOGS, SCOPE, bodies

ORIGIN = "http://127.0.0.1:8501"
TOKENS = st.text(st.characters(codec="utf-8"), max_size=12)
KEYS = st.from_regex(r"[a-z_][a-z0-9_]{0,62}", fullmatch=True)
FULL = parse(
    BODY
    | {
        "event_types": ["agent_atc", "agent_purchase"],
        "group_by": "metadata.country",
        "aggregation": "sum",
        "value_field": "amount",
        "limit": 3,
    }
)


def scopes():
    catalogs = st.sampled_from((None, *CATALOGS))
    return catalogs.map(lambda catalog: Scope(SCOPE.workspace_id, SCOPE.brand_id, catalog))


@pytest.mark.parametrize("kind", KINDS)
@given(bodies(), KEYS, scopes(), TOKENS)
def test_round_trip(kind, body, key, scope, token):
    for asked in (body, body | {"group_by": f"metadata.{key}"}):
        request = parse(asked)
        assert read(write(kind, request, scope, ORIGIN, token)) == request.to_dict()


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_tokens_stay_texts(kind):
    for token in (
        "'; rm -rf ~; '",
        "{body} -d '{}'",
        'a"b\\',
        "$(id) `id`",
        "\n-d x",
        "é\U0001f600",
    ):
        text = write(kind, FULL, SCOPE, ORIGIN, token)
        assert read(text) == FULL.to_dict()
        if kind == "curl":
            assert f"Authorization: Bearer {token}" in shlex.split(text.replace("\\\n", ""))


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.text is None and isinstance(case.body, dict) and case.body],
    ids=lambda case: case.name,
)
def test_what_is_wrong_with_a_request_is_left_to_parse(case):
    assert read(json.dumps(case.body)) == case.body
    assert read(f"import engine\nengine.aggregate({case.body!r}, scope)") == case.body
    body = shlex.quote(json.dumps(case.body))
    assert read(f"$ curl -X POST http://x --data-raw {body}\n") == case.body


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("limit 3", "limit 5000", "limit", 5000),
        ("- 30 *", "- 7 *", "time_window_days", 7),
        ("'agent_atc', ", "", "event_types", ["agent_purchase"]),
        ("'agent_atc'", "'it''s'", "event_types", ["it's", "agent_purchase"]),
        ("'country'", "'City'", "group_by", "metadata.City"),
    ],
)
def test_values_of_sql_may_be_changed(old, new, field, value):
    text = write("sql", FULL, SCOPE, ORIGIN, "")
    assert old in text
    assert read(text.replace(old, new)) == FULL.to_dict() | {field: value}
    assert read("  ".join(text.replace(old, new).split(" ")) + "\n\n")[field] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "paste JSON, cURL, Python or SQL"),
        (" \n", "paste JSON, cURL, Python or SQL"),
        ("{" + " " * LONGEST + "}", "holds 65,538 characters"),
        ("{", "not valid JSON"),
        ('{"limit": 1, "limit": 2}', '"limit" stands twice'),
        ('{"limit": NaN}', "NaN is not a JSON number"),
        ("curl http://x", "cURL: it has 0 bodies"),
        ("curl http://x -d", "not valid JSON"),
        ("curl -d '{}' --json={}", "cURL: it has 2 bodies"),
        ("curl -d '{}", "cURL: the quotes do not match"),
        ("curl -d @body.json", "in the file 'body.json'"),
        ("curl -d '[1]'", "[1] is not a JSON object"),
        ("hello there", "nor Python (line 1"),
        ("[1, 2]", "no dictionary has a field such as 'group_by'"),
        ("print({'group_by': day})", "holds more than texts"),
        ("(" * 5000, "nor Python"),
        ("\0", "nor Python"),
        ("select 1", "SQL: group_by cannot be found"),
        ("with picked as (select x as key, 1", "SQL: 'x' as key is none of the groups"),
    ],
)
def test_what_cannot_be_read_is_named(text, said):
    with pytest.raises(InvalidRequest) as raised:
        read(text)
    assert said in raised.value.message
    assert [fault.field for fault in raised.value.faults] == ["body"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("limit 3", "", "limit cannot be found"),
        ("- 30 *", "", "time_window_days cannot be found"),
        ("sum(number)", "max(number)", "aggregation cannot be found"),
        (f"brand_id = '{SCOPE.brand_id}'", "true", "brand_id cannot be found"),
        ("from agent_events", "from others", "should be \"nt') as number from agent_events"),
        ("value desc", "value", "Only values can be changed"),
        ("created_at <", "true or created_at <", "Only values can be changed"),
    ],
)
def test_sql_that_asks_for_more_is_refused(old, new, said):
    text = write("sql", FULL, SCOPE, ORIGIN, "")
    assert old in text
    with pytest.raises(InvalidRequest, match="SQL: ") as raised:
        read(text.replace(old, new))
    assert said in raised.value.message


def test_a_kind_that_is_none():
    with pytest.raises(ValueError, match="'xml' is no kind of snippet"):
        write("xml", FULL, SCOPE, ORIGIN, "")
