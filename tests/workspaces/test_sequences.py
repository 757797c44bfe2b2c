"""Any sequence of saves leaves exactly the widgets of the last accepted one."""

import json

import hypothesis
import hypothesis.strategies as st

from engine.errors import InvalidRequest, PreconditionFailed
from engine.workspaces import document
from tests.workspaces.boards import NEVER_SEEN, raw, widget

NEW, BAD = "new", "bad"
configs = st.fixed_dictionaries(
    {},
    optional={
        "title": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        "goal": st.sampled_from([0, 0.0, False, 1, 1.0, True, None]),
        "more": st.dictionaries(st.text("ab", max_size=2), st.integers(), max_size=3),
    },
)
widgets = st.builds(
    lambda x, y, kind, config: widget(x, y, kind=kind, **config),
    st.integers(0, 18),
    st.integers(0, 5),
    st.sampled_from(["table", "funnel"]),
    configs,
)
places = st.lists(st.tuples(st.integers(0, 4) | st.just(NEW) | st.just(BAD), widgets), max_size=5)
saves = st.lists(st.tuples(places, st.sampled_from([None, 0, 0, -1])), min_size=1, max_size=8)


def asked(there, save):
    """The raw widgets of one save, and whether it is good. there: the widgets that are known."""
    given, used, good = [], set(), True
    for place, one in save:
        if place == NEW:
            given.append(one)
        elif place == BAD:
            given.append(one | {"id": NEVER_SEEN})
            good = False
        elif place < len(there) and place not in used:
            used.add(place)
            given.append(one | {"id": there[place]["id"]})
    return given, good


def content(widgets, ids=True):
    """What a set is, in no order, with ids where they were given."""
    return sorted(
        json.dumps(
            [one.get("id") if ids else None, one["position"], one["widget_type"], one["config"]],
            sort_keys=True,
        )
        for one in widgets
    )


@hypothesis.given(sequence=saves)
@hypothesis.settings(max_examples=40)
def test_the_last_accepted_save_is_what_is_there(lasting, sequence):
    boards = lasting
    for listed in boards.store.list(*boards.scope, ""):
        boards.store.delete(*boards.scope, listed.id, "")
        boards.store.purge(*boards.scope, listed.id)
    board = boards.create()
    versions = {1: board}
    for save, behind in sequence:
        given, good = asked(raw(board), save)
        version = None if behind is None else board.version + behind
        try:
            after = boards.put(board, *given, version=version)
        except InvalidRequest:
            assert not good
        except PreconditionFailed:
            assert behind == -1
        else:
            assert good
            assert behind != -1
            assert content(raw(after), ids=False) == content(given, ids=False)
            known = [one for one in given if "id" in one]
            assert set(content(known)) <= set(content(raw(after)))
            changed = content(raw(after)) != content(raw(board))
            assert after.version == board.version + changed
            board = versions[after.version] = after
        assert boards.get(board) == board
    for number, old in versions.items():
        back = boards.store.restore_revision(*boards.scope, board.id, number, "ana")
        assert content(raw(back)) == content(raw(old))
        assert boards.get(board) == back
    assert document.read(document.write(back))["widgets"] == json.loads(json.dumps(raw(back)))
