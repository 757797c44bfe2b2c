"""Many save at once: nothing is lost in silence, and no version is given out twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from engine.errors import Conflict, NotFound, PreconditionFailed
from engine.workspaces import dashboards as module
from tests.faults.sizes import size
from tests.workspaces.boards import raw, widget

SAVES = 1_000
ANONYMOUS = size(300, 1_000)
PEOPLE = 8


def at_once(work, times=SAVES, people=PEOPLE):
    """What work(number) returned, by people who do not wait for each other."""
    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(work, range(times)))


def test_racing_saves_that_name_their_version(boards):
    """Each reads, adds its own widget, and saves on top of what it read."""
    made = boards.create(widget())

    def save(number):
        before = boards.get(made)
        kept = raw(before)[-20:]
        new = widget(y=number, title=f"save {number}")
        try:
            return before, boards.put(made, *kept, new, version=before.version), number
        except PreconditionFailed:
            return before, None, number

    outcomes = at_once(save)
    accepted = {after.version: (before, after, n) for before, after, n in outcomes if after}
    refused = [number for _, after, number in outcomes if after is None]
    assert len(accepted) + len(refused) == SAVES
    assert refused, "nobody raced"
    assert sorted(accepted) == list(range(2, len(accepted) + 2))
    last = boards.get(made)
    assert last.version == len(accepted) + 1
    for version, (before, after, number) in accepted.items():
        assert before.version == version - 1
        assert before.widgets == (accepted[version - 1][1] if version > 2 else made).widgets
        ids = {one.id for one in before.widgets}
        assert [one.title for one in after.widgets if one.id not in ids] == [f"save {number}"]
    assert last == accepted[last.version][1]
    numbers = [one.number for one in boards.store.revisions(*boards.scope, made.id)]
    assert numbers == list(range(last.version, 0, -1))[: module.REVISIONS]


def test_racing_saves_that_name_none(boards):
    """All are accepted, one after the other; each set is whole, and can be had back."""
    made = boards.create(widget())

    def save(number):
        two = [widget(y=number, title=f"{number}"), widget(y=number + 1, title=f"{number}")]
        return boards.put(made, *two)

    outcomes = at_once(save, ANONYMOUS - 1)
    versions = {after.version: after for after in outcomes}
    assert sorted(versions) == list(range(2, ANONYMOUS + 1))
    assert boards.get(made) == versions[ANONYMOUS]
    for number in (2, ANONYMOUS // 2, ANONYMOUS):
        titles = [w.title for w in boards.store.revision(*boards.scope, made.id, number).widgets]
        assert len(titles) == 2
        assert len(set(titles)) == 1
        assert titles == [w.title for w in versions[number].widgets]


def test_readers_see_whole_sets(boards):
    made = boards.create(*[widget(y=i, title="0") for i in range(10)])
    ended, torn = threading.Event(), []

    def read():
        while not ended.is_set():
            titles = {one.title for one in boards.get(made).widgets}
            torn.extend(titles if len(titles) != 1 else ())

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(100):
        boards.put(made, *[widget(y=i, title=f"{number}") for i in range(10)])
    ended.set()
    for reader in readers:
        reader.join()
    assert torn == []


def test_one_of_many_gets_the_slug(boards):
    def create(_):
        try:
            return boards.create(widget()).id
        except Conflict as error:
            return error.code

    outcomes = Counter(at_once(create, 40))
    assert outcomes.pop("CONFLICT") == 39
    [listed] = boards.store.list(*boards.scope, "ana")
    assert list(outcomes) == [listed.id]
    assert boards.get(listed).widgets


def test_copies_get_slugs_of_their_own(boards, monkeypatch):
    monkeypatch.setattr(module, "TRIES", 50)
    made = boards.create(widget())
    at_once(lambda _: boards.store.duplicate(*boards.scope, made.id, "ana"), 16)
    slugs = {listed.slug for listed in boards.store.list(*boards.scope, "ana")}
    assert slugs == {"shop", *(f"shop-{number}" for number in range(2, 18))}


@pytest.mark.parametrize("named", [True, False])
def test_a_save_and_a_deletion(boards, named):
    """One comes first; a save that was accepted is in the trash with the dashboard."""
    for number in range(20):
        made = boards.create(widget(), slug=f"shop-{number}")
        version = made.version if named else None
        steps = [
            lambda made=made, version=version: boards.change(made, version, name="Saved"),
            lambda made=made, v=version: boards.store.delete(*boards.scope, made.id, "ana", v),
        ]

        def run(number, steps=steps):
            try:
                return steps[number]() or "deleted"
            except (NotFound, PreconditionFailed) as error:
                return error.code

        saved, deleted = at_once(run, 2)
        if deleted == "deleted":
            back = boards.store.restore(*boards.scope, made.id, "ana")
        else:
            back = boards.get(made)
            assert named
        assert back.name == ("Shop" if saved == "NOT_FOUND" else "Saved")


def test_opened_and_favoured_at_once(boards):
    made = boards.create()

    def keep(number):
        boards.store.opened("ana", made.id)
        boards.store.favour("ana", made.id, True)
        with suppress(Conflict):
            boards.store.keep_draft("ana", made.id, 1, [number])
            return number
        return None

    [kept] = [number for number in at_once(keep, 60) if number is not None]
    [listed] = boards.store.list(*boards.scope, "ana")
    assert listed.favourite
    assert boards.store.draft("ana", made.id).widgets == [kept]
