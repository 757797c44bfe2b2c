"""Parser and JSON Schema agree with the contract's case table and with each other."""

import json
from dataclasses import FrozenInstanceError

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import FIELDS, json_schema
from engine.errors import InvalidRequest
from engine.request import AggregateRequest, examine, from_query, loads, parse, shown
from tests.contract_cases import BODY, CASES, NORMAL, NOT_JSON, Case
from tests.generate import bodies

SCHEMA = jsonschema_rs.Draft202012Validator(json_schema())
VALID = [case for case in CASES if case.valid]
INVALID = [case for case in CASES if not case.valid]


def name(case):
    return case.name


def faults_of(raw):
    with pytest.raises(InvalidRequest) as caught:
        parse(raw)
    return {fault.field: fault.message for fault in caught.value.faults}


def query_of(body):
    """The parameters of a URL that asks for this body: absent is null, a list repeats."""
    texts = {}
    for field, value in body.items():
        if isinstance(value, list):
            texts[field] = value
        elif value is not None:
            texts[field] = [str(value)]
    return texts


def schema_accepts(body):
    try:
        return SCHEMA.is_valid(body)
    except UnicodeEncodeError:
        # A lone surrogate: JSON can spell it, this validator cannot hold it.
        return False


def test_cases_have_different_names():
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=name)
def test_text_of_a_case_is_its_body(case: Case):
    # repr, because 30 == 30.0.
    assert repr(loads(case.json)) == repr(case.body)


@pytest.mark.parametrize("case", VALID, ids=name)
def test_valid(case: Case):
    request = parse(loads(case.json))
    assert json.dumps(request.to_dict()) == json.dumps({key: case.normal[key] for key in ORDER})


ORDER = [field.name for field in FIELDS]


@pytest.mark.parametrize("case", VALID, ids=name)
def test_normal_form_is_stable(case: Case):
    request = parse(case.body)
    assert parse(request.to_dict()) == request
    assert parse(request) is request
    assert hash(parse(case.body)) == hash(request)


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_every_fault_in_the_order_of_the_fields(case: Case):
    with pytest.raises(InvalidRequest) as caught:
        parse(loads(case.json))
    assert tuple(fault.field for fault in caught.value.faults) == case.faults
    assert examine(case.body)[0] is None


@pytest.mark.parametrize("case", CASES, ids=name)
def test_schema_agrees(case: Case):
    assert schema_accepts(case.body) == case.valid


def test_schema_is_a_schema():
    assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema"})
    jsonschema_rs.meta.validate(json_schema())
    assert list(json_schema()["properties"]) == ORDER
    assert json_schema()["properties"]["limit"]["default"] == 100


def scalars():
    return (
        st.none()
        | st.booleans()
        | st.integers(-2, 1002)
        | st.floats(allow_nan=False)
        | st.sampled_from(
            [*NORMAL, "day", "count", "sum", "amount", "metadata.a", "agent_view", ""]
        )
        | st.text(max_size=4)
    )


@given(
    st.dictionaries(
        st.sampled_from([*NORMAL, "other"]), scalars() | st.lists(scalars(), max_size=3)
    ).map(lambda changes: BODY | changes)
)
def test_parser_and_schema_agree(body):
    assert (examine(body)[0] is not None) == SCHEMA.is_valid(body)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"event_types": "agent_view"}, "event_types", '"agent_view"'),
        ({"event_types": ["agent_view", "Agent"]}, "event_types", '"Agent"'),
        ({"event_types": [None]}, "event_types", "null"),
        ({"group_by": "week"}, "group_by", '"week"'),
        ({"group_by": "day\n"}, "group_by", r'"day\n"'),
        ({"aggregation": "median"}, "aggregation", '"median"'),
        ({"aggregation": None}, "aggregation", "null"),
        ({"value_field": "revenue"}, "value_field", '"revenue"'),
        ({"time_window_days": 366}, "time_window_days", "366"),
        ({"time_window_days": 30.5}, "time_window_days", "30.5"),
        ({"time_window_days": "30"}, "time_window_days", '"30"'),
        ({"limit": True}, "limit", "true"),
        ({"limit": None}, "limit", "null"),
    ],
)
def test_message_names_value_rule_and_example(changes, field, value):
    message = faults_of(BODY | changes)[field]
    about = next(f for f in FIELDS if f.name == field)
    assert message.startswith(f"{value} is not {about.rule}.")
    assert about.example in message


@pytest.mark.parametrize("field", ["event_types", "group_by", "aggregation", "time_window_days"])
def test_message_of_a_missing_field_names_rule_and_example(field):
    message = faults_of({k: v for k, v in BODY.items() if k != field})[field]
    about = next(f for f in FIELDS if f.name == field)
    assert message.startswith("is required")
    assert about.rule in message
    assert about.example in message


@pytest.mark.parametrize("aggregation", ["sum", "avg"])
def test_message_of_a_needed_value_field_names_the_aggregation(aggregation):
    message = faults_of(BODY | {"aggregation": aggregation})["value_field"]
    about = next(f for f in FIELDS if f.name == "value_field")
    assert f"when aggregation is {aggregation}" in message
    assert about.rule in message
    assert about.example in message


def test_message_of_too_many_types_says_how_many():
    message = faults_of(BODY | {"event_types": [f"type_{i:02}" for i in range(51)]})["event_types"]
    assert "51" in message
    assert "50" in message


def test_message_of_an_unknown_field_lists_the_fields():
    message = faults_of(BODY | {"metric": 1})["metric"]
    assert ", ".join(ORDER) in message


def test_message_of_no_object_shows_it():
    assert faults_of([1, 2])["body"].startswith("[1, 2] is not a JSON object")


def test_error_says_every_fault_at_once():
    with pytest.raises(InvalidRequest) as caught:
        parse(BODY | {"limit": 0, "group_by": "week"})
    assert caught.value.status == 400
    assert caught.value.code == "VALIDATION_ERROR"
    assert str(caught.value).endswith("group_by, limit")
    envelope = caught.value.to_dict("req_1")["error"]
    assert [detail["field"] for detail in envelope["details"]] == ["group_by", "limit"]
    assert envelope["request_id"] == "req_1"
    assert envelope["code"] == "VALIDATION_ERROR"


def test_error_with_one_fault_says_it():
    (fault,) = examine(BODY | {"limit": 0})[1]
    assert str(InvalidRequest([fault])) == f"limit: {fault.message}"


@pytest.mark.parametrize("case", INVALID, ids=name)
def test_error_can_be_sent_and_is_short(case: Case):
    with pytest.raises(InvalidRequest) as caught:
        parse(case.body)
    for fault in caught.value.faults:
        json.dumps([fault.field, fault.message], ensure_ascii=False).encode()
        assert len(fault.field) <= 80
        assert len(fault.message) < 500


def test_huge_values_make_short_messages():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    body = BODY | {"event_types": [deep], "group_by": "x" * 10**6, "limit": 10**4000}
    message = str(InvalidRequest(examine(body)[1]))
    assert len(message) < 1500


@pytest.mark.parametrize(("name", "text"), NOT_JSON, ids=[name for name, _ in NOT_JSON])
def test_not_json(name, text):
    with pytest.raises(InvalidRequest) as caught:
        loads(text)
    assert [fault.field for fault in caught.value.faults] == ["body"]
    message = caught.value.faults[0].message
    assert message.startswith("is not valid JSON (")
    assert "send one JSON object" in message
    assert len(message) < 500


def test_loads_names_the_duplicate_member():
    with pytest.raises(InvalidRequest, match='"limit" stands twice'):
        loads(b'{"limit": 1, "limit": 2}')


@given(st.binary(max_size=40))
def test_loads_reads_or_refuses(text):
    try:
        value = loads(text)
    except InvalidRequest:
        return
    assert repr(json.loads(text.decode())) == repr(value)


@given(st.recursive(scalars(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_value_is_parsed_or_refused(value):
    request, faults = examine(value)
    assert (request is None) == bool(faults)
    assert len(shown(value)) <= 80


@pytest.mark.parametrize("case", VALID, ids=name)
def test_query_round_trip(case: Case):
    request = parse(case.body)
    assert parse(from_query(query_of(request.to_dict()))) == request


@given(bodies())
def test_query_round_trip_of_any_request(body):
    request = parse(body)
    assert parse(from_query(query_of(request.to_dict()))) == request
    assert parse(from_query(query_of(body))) == request


def test_query_without_parameters_is_the_initial_request():
    assert from_query({}) == {field.name: field.initial for field in FIELDS}
    assert parse(from_query({})).to_dict() == NORMAL
    assert from_query({name: [] for name in NORMAL}) == from_query({})


@pytest.mark.parametrize(
    ("field", "texts", "raw"),
    [
        ("time_window_days", ["30"], 30),
        ("time_window_days", ["366"], 366),
        ("time_window_days", ["-1"], -1),
        ("time_window_days", ["7", "30"], 30),
        ("time_window_days", ["30.0"], "30.0"),
        ("time_window_days", ["1e2"], "1e2"),
        ("time_window_days", ["+30"], "+30"),
        ("time_window_days", ["30\n"], "30\n"),
        ("time_window_days", [" 30"], " 30"),
        ("time_window_days", ["３０"], "３０"),
        ("time_window_days", ["abc"], "abc"),
        ("time_window_days", [""], ""),
        ("time_window_days", ["9" * 5000], "9" * 5000),
        ("limit", ["0"], 0),
        ("event_types", ["bb", "aa", "bb"], ["bb", "aa", "bb"]),
        ("event_types", [""], [""]),
        ("group_by", ["day", "hour"], "hour"),
        ("value_field", [""], ""),
    ],
)
def test_query_gives_raw_values(field, texts, raw):
    given_ = from_query({field: texts})
    assert repr(given_[field]) == repr(raw)
    assert {k: v for k, v in given_.items() if k != field} == {
        f.name: f.initial for f in FIELDS if f.name != field
    }


def test_query_with_a_bad_number_is_named_by_the_parser():
    assert faults_of(from_query({"limit": ["many"]}))["limit"].startswith('"many" is not')


@pytest.mark.parametrize(
    ("group_by", "key"),
    [
        ("day", None),
        ("none", None),
        ("metadata.country", "country"),
        ("metadata.metadata", "metadata"),
    ],
)
def test_metadata_key(group_by, key):
    assert parse(BODY | {"group_by": group_by}).metadata_key == key


def test_kinds_of_requests():
    assert parse(BODY | {"group_by": "hour"}).is_time
    assert not parse(BODY | {"group_by": "metadata.day"}).is_time
    assert parse(BODY | {"aggregation": "avg", "value_field": "price"}).is_numeric
    assert not parse(BODY | {"aggregation": "count_distinct"}).is_numeric


def test_request_is_frozen():
    with pytest.raises(FrozenInstanceError):
        parse(BODY).limit = 5


def test_requests_of_one_meaning_are_equal():
    one = parse(BODY | {"event_types": ["bb", "aa", "aa"], "value_field": "amount", "limit": 100.0})
    other = parse(BODY | {"event_types": ["aa", "bb"]})
    assert one == other
    assert isinstance(one, AggregateRequest)
    assert type(one.limit) is int
