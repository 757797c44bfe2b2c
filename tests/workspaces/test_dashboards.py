"""Dashboards on both databases: made, changed, put away, had back, and nobody else's."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, PreconditionFailed
from engine.scope import Identity, Role
from engine.workspaces import dashboards as module
from engine.workspaces.audit import Audit
from engine.workspaces.slug import free_slug
from engine.workspaces.widget import LAYOUT
from tests.workspaces.boards import (
    BRAND,
    NEVER_SEEN,
    OTHER_BRAND,
    OTHER_WORKSPACE,
    SHOP,
    WORKSPACE,
    raw,
    widget,
)


def numbers(boards, dashboard):
    return [r.number for r in boards.store.revisions(*boards.scope, dashboard.id)]


def test_what_was_made_is_read(boards):
    made = boards.create(widget(x=6), widget(y=2), widget(), description="All of it\nand more 😀")
    assert boards.get(made) == made
    assert boards.store.by_slug(*boards.scope, "shop") == made
    assert (made.version, made.etag, made.layout) == (1, '"1"', LAYOUT)
    assert [(w.position.y, w.position.x) for w in made.widgets] == [(0, 0), (0, 6), (2, 0)]
    assert made.widgets[0].title == "Sales"
    assert made.widgets[0].body == {
        "event_types": ["agent_purchase"],
        "group_by": "day",
        "aggregation": "sum",
        "value_field": "amount",
        "time_window_days": 30,
    }
    assert boards.store.by_slug(*boards.scope, "other") is None


def test_a_set_of_widgets_is_reconciled(boards):
    made = boards.create(widget(), widget(x=6), widget(x=12))
    first, second, third = raw(made)
    moved = second | {"position": {"x": 0, "y": 4, "w": 24, "h": 1}}
    after = boards.put(made, first, moved, widget(y=9, title="New"))
    assert boards.get(after) == after
    assert after.version == 2
    assert [w.id for w in after.widgets][:2] == [first["id"], second["id"]]
    assert third["id"] not in {w.id for w in after.widgets}
    same, changed, new = after.widgets
    assert same == made.widgets[0]
    assert changed.created_at == made.created_at < changed.updated_at == new.created_at
    assert new.title == "New"


def test_widgets_that_are_not_named_stay(boards):
    made = boards.create(widget())
    after = boards.change(made, name="Other", description=None)
    assert (after.name, after.widgets, after.version) == ("Other", made.widgets, 2)
    assert boards.change(after).version == 2
    assert boards.put(after).widgets == ()


def test_what_changes_nothing_is_no_version(boards):
    made = boards.create(widget(), description="d")
    backwards = raw(made)[0] | {"config": dict(reversed(made.widgets[0].config.items()))}
    assert boards.put(made, backwards) == made
    assert boards.change(made, name="Shop", description="d") == made
    assert numbers(boards, made) == [1]
    for changed in (widget(goal=True), widget(goal=1), widget(goal=1.0)):
        before = boards.get(made)
        after = boards.put(made, changed | {"id": made.widgets[0].id})
        assert (after.version, after.widgets[0].config) == (before.version + 1, changed["config"])


def test_an_unknown_widget_changes_nothing(boards):
    made = boards.create(widget())
    unknown = widget(x=6) | {"id": NEVER_SEEN}
    with pytest.raises(InvalidRequest) as refused:
        boards.put(made, *raw(made), unknown)
    assert [fault.field for fault in refused.value.faults] == ["widgets[1].id"]
    assert boards.get(made) == made
    adopted = boards.put(made, unknown, adopt=True)
    assert [w.id for w in adopted.widgets] == [NEVER_SEEN]


def test_a_save_names_the_version_it_is_based_on(boards):
    made = boards.create(widget())
    second = boards.change(made, version=1, name="Two")
    for change in (
        lambda: boards.change(made, version=1, name="Three"),
        lambda: boards.put(made, version=frozenset({1, 7})),
        lambda: boards.put(made, version=frozenset()),
        lambda: boards.store.delete(*boards.scope, made.id, "ana", 1),
        lambda: boards.store.restore_revision(*boards.scope, made.id, 1, "ana", 1),
    ):
        with pytest.raises(PreconditionFailed, match="version 2"):
            change()
    assert boards.get(made) == second
    assert boards.change(made, version={1, 2}, name="Three").version == 3


def test_every_revision_comes_back(boards):
    made = boards.create(widget(), widget(x=6), description="first")
    second = boards.put(made, raw(made)[0] | {"widget_type": "table"})
    boards.change(second, name="Third", description=None)
    old = boards.store.revision(*boards.scope, made.id, 1)
    assert old == replace(made, updated_at=old.updated_at)
    back = boards.store.restore_revision(*boards.scope, made.id, 1, "bob")
    assert (back.version, back.name, back.description) == (4, "Shop", "first")
    assert raw(back) == raw(made)
    listed = boards.store.revisions(*boards.scope, made.id)
    assert [(r.number, r.by, r.name, r.widget_count) for r in listed] == [
        (4, "bob", "Shop", 2),
        (3, "ana", "Third", 1),
        (2, "ana", "Shop", 1),
        (1, "ana", "Shop", 2),
    ]
    with pytest.raises(NotFound, match="no revision 9"):
        boards.store.revision(*boards.scope, made.id, 9)


def test_the_latest_revisions_are_kept(boards, monkeypatch):
    monkeypatch.setattr(module, "REVISIONS", 3)
    made = boards.create()
    for name in "abcde":
        boards.change(made, name=name)
    assert numbers(boards, made) == [6, 5, 4]


def test_the_trash(boards):
    made = boards.create(widget())
    boards.change(made, name="Two")
    boards.store.delete(*boards.scope, made.id, "ana")
    for gone in (
        lambda: boards.get(made),
        lambda: boards.change(made, name="x"),
        lambda: boards.store.delete(*boards.scope, made.id, "ana"),
        lambda: boards.store.revisions(*boards.scope, made.id),
    ):
        with pytest.raises(NotFound):
            gone()
    assert boards.store.list(*boards.scope, "ana") == []
    assert boards.store.by_slug(*boards.scope, "shop") is None
    [listed] = boards.store.trash(*boards.scope)
    assert (listed.id, listed.widget_count) == (made.id, 1)
    assert listed.deleted_at is not None
    back = boards.store.restore(*boards.scope, made.id, "ana")
    assert (back, back.version, raw(back)) == (boards.get(made), 2, raw(made))
    assert numbers(boards, made) == [2, 1]
    with pytest.raises(NotFound):
        boards.store.restore(*boards.scope, made.id, "ana")
    with pytest.raises(NotFound):
        boards.store.purge(*boards.scope, made.id)
    boards.store.delete(*boards.scope, made.id, "ana")
    boards.store.purge(*boards.scope, made.id)
    assert boards.store.trash(*boards.scope) == []


def test_a_slug_in_the_trash_is_free(boards):
    made = boards.create()
    boards.store.delete(*boards.scope, made.id, "ana")
    again = boards.create()
    with pytest.raises(Conflict, match="slug shop is taken"):
        boards.store.restore(*boards.scope, made.id, "ana")
    boards.store.delete(*boards.scope, again.id, "ana")
    assert boards.store.restore(*boards.scope, made.id, "ana").id == made.id


def test_trash_goes_after_thirty_days(boards):
    made = boards.create(widget())
    boards.store.delete(*boards.scope, made.id, "ana")
    boards.store._clock.now += timedelta(days=30, seconds=-2)
    assert len(boards.store.trash(*boards.scope)) == 1
    boards.store._clock.now += timedelta(seconds=2)
    with pytest.raises(NotFound):
        boards.store.restore(*boards.scope, made.id, "ana")
    assert boards.store.trash(*boards.scope) == []


def test_duplicates_are_dashboards_of_their_own(boards):
    made = boards.create(widget(), widget(x=6), description="d")
    copy = boards.store.duplicate(*boards.scope, made.id, "bob")
    third = boards.store.duplicate(*boards.scope, made.id, "bob", "Lojas de Évora")
    assert (copy.slug, copy.name, copy.description, copy.created_by) == (
        "shop-2",
        "Shop",
        "d",
        "bob",
    )
    assert (third.slug, third.version) == ("lojas-de-evora", 1)
    ids = [w.id for d in (made, copy, third) for w in d.widgets]
    assert len(set(ids)) == 6
    without = [[one | {"id": None} for one in raw(d)] for d in (made, copy)]
    assert without[0] == without[1]
    boards.put(copy)
    assert boards.get(made) == made


def test_slugs_that_are_free():
    assert free_slug("Shop overview!", set()) == "shop-overview"
    assert free_slug("2026: São João", set()) == "sao-joao"
    assert free_slug("売上", {"dashboard"}) == "dashboard-2"
    assert free_slug("a", set()) == "dashboard"
    long = free_slug("x" * 200, set())
    assert len(long) == 63
    assert free_slug("x" * 200, {long}) == "x" * 61 + "-2"


def test_a_person_keeps_favourites_and_what_was_opened(boards):
    made = boards.create(widget())
    other = boards.create(slug="zoo", name="ape")
    boards.store.favour("ana", made.id, True)
    boards.store.opened("ana", made.id)
    boards.store.opened("ana", made.id)
    first, second = boards.store.list(*boards.scope, "ana")
    assert (first.id, first.favourite, first.opened_at) == (other.id, False, None)
    assert (second.id, second.favourite, second.widget_count) == (made.id, True, 1)
    assert second.opened_at is not None
    [_, of_bob] = boards.store.list(*boards.scope, "bob")
    assert (of_bob.favourite, of_bob.opened_at) == (False, None)
    boards.store.favour("ana", made.id, False)
    assert not boards.store.list(*boards.scope, "ana")[1].favourite
    with pytest.raises(NotFound):
        boards.store.favour("ana", NEVER_SEEN, True)


def test_drafts_are_kept_as_they_are(boards):
    made = boards.create(widget())
    edits = [*raw(made), {"widget_type": "nonsense \ud800 \0"}]
    assert boards.store.draft("ana", made.id) is None
    first = boards.store.keep_draft("ana", made.id, 1, [])
    at = boards.store.keep_draft("ana", made.id, 1, edits, first)
    draft = boards.store.draft("ana", made.id)
    assert (draft.version, draft.widgets, draft.at) == (1, edits, at)
    assert boards.store.draft("bob", made.id) is None
    with pytest.raises(InvalidRequest, match="bytes"):
        boards.store.keep_draft("ana", made.id, 1, ["x" * (2 << 20)])
    with pytest.raises(InvalidRequest, match="not JSON"):
        boards.store.keep_draft("ana", made.id, 1, [object()])
    with pytest.raises(NotFound):
        boards.store.keep_draft("ana", NEVER_SEEN, 1, [])
    boards.store.drop_draft("ana", made.id)
    assert boards.store.draft("ana", made.id) is None


def test_a_draft_of_another_tab_is_neither_overwritten_nor_dropped(boards):
    made = boards.create(widget())
    begun = boards.store.keep_draft("ana", made.id, 1, ["begun"])
    there = boards.store.keep_draft("ana", made.id, 1, ["theirs"], begun)
    for after in (None, begun):
        with pytest.raises(Conflict, match="Another tab"):
            boards.store.keep_draft("ana", made.id, 1, ["mine"], after)
    boards.store.drop_draft("ana", made.id, begun)
    assert boards.store.draft("ana", made.id).widgets == ["theirs"]
    boards.store.drop_draft("ana", made.id, there)
    assert boards.store.draft("ana", made.id) is None
    boards.store.keep_draft("ana", made.id, 1, ["mine"], begun)
    assert boards.store.draft("ana", made.id).widgets == ["mine"]


def test_brands_and_workspaces_are_apart(boards):
    made = boards.create(widget())
    boards.store.delete(*boards.scope, boards.create(slug="gone").id, "ana")
    [gone] = boards.store.trash(*boards.scope)
    for scope in ((WORKSPACE, OTHER_BRAND), (OTHER_WORKSPACE, BRAND)):
        assert boards.store.list(*scope, "ana") == []
        assert boards.store.trash(*scope) == []
        assert boards.store.by_slug(*scope, "shop") is None
        for step in (
            lambda scope=scope: boards.store.get(*scope, made.id),
            lambda scope=scope: boards.store.put(*scope, made.id, "eve", {"name": "x"}),
            lambda scope=scope: boards.store.delete(*scope, made.id, "eve"),
            lambda scope=scope: boards.store.duplicate(*scope, made.id, "eve"),
            lambda scope=scope: boards.store.revisions(*scope, made.id),
            lambda scope=scope: boards.store.revision(*scope, made.id, 1),
            lambda scope=scope: boards.store.restore_revision(*scope, made.id, 1, "eve"),
            lambda scope=scope: boards.store.restore(*scope, gone.id, "eve"),
            lambda scope=scope: boards.store.purge(*scope, gone.id),
        ):
            with pytest.raises(NotFound):
                step()
        assert boards.store.create(*scope, "eve", SHOP).slug == "shop"
    assert boards.get(made) == made
    assert boards.store.get(WORKSPACE.lower(), BRAND.upper(), made.id.upper()) == made
    for id in ("", "aggregate", f"{made.id}\n", "\0", str(uuid.uuid4())):
        with pytest.raises(NotFound):
            boards.store.get(*boards.scope, id)


def test_a_brand_has_room_for_so_many(boards, monkeypatch):
    monkeypatch.setattr(module, "DASHBOARDS", 2)
    one = boards.create()
    boards.create(slug="two")
    with pytest.raises(Conflict, match="at most 2"):
        boards.create(slug="three")
    boards.store.delete(*boards.scope, one.id, "ana")
    boards.create(slug="three")
    with pytest.raises(Conflict, match="at most 2"):
        boards.store.restore(*boards.scope, one.id, "ana")


def test_a_dashboard_is_read_in_one_statement(boards, database):
    """Two could see two versions of it."""
    made, seen = boards.create(widget()), []
    event.listen(database, "before_cursor_execute", lambda *given: seen.append(given[2]))
    boards.get(made)
    assert len([text for text in seen if text.lower().startswith("select")]) == 1


@pytest.mark.parametrize("role", [*Role, None])
@pytest.mark.parametrize("least", Role)
def test_roles(database, role, least):
    store = module.Dashboards(database, lambda: None, least)
    roles = {} if role is None else {WORKSPACE: role}
    member = Identity("ana", {WORKSPACE: frozenset({BRAND})}, roles=roles)
    order = list(Role)
    allowed = order.index(role or Role.VIEWER) <= order.index(least)
    assert store.may_write(member, WORKSPACE) == allowed
    assert not store.may_write(member, OTHER_WORKSPACE)
    with pytest.raises(Forbidden) as refused:
        store.check_writer(member, OTHER_WORKSPACE)
    assert refused.value.code == "AUTH_003"


def test_who_deletes_and_restores_is_noted_with_it(boards):
    made, audit = boards.create(), Audit(boards.store._database, lambda: None)
    boards.store.delete(*boards.scope, made.id, "ana", address="198.51.100.7")
    boards.store.restore(*boards.scope, made.id, "bob")
    for refused in (
        lambda: boards.store.delete(*boards.scope, made.id, "eve", 7),
        lambda: boards.store.delete(*boards.scope, NEVER_SEEN, "eve"),
        lambda: boards.store.restore(*boards.scope, made.id, "eve"),
        lambda: boards.store.purge(*boards.scope, made.id, "eve"),
    ):
        with pytest.raises((NotFound, PreconditionFailed)):
            refused()
    boards.store.delete(*boards.scope, made.id, "ana")
    boards.store.purge(*boards.scope, made.id, "cid")
    noted = [(one.action, one.actor) for one in audit.of(WORKSPACE)]
    assert noted == [
        ("dashboard.purged", "cid"),
        ("dashboard.deleted", "ana"),
        ("dashboard.restored", "bob"),
        ("dashboard.deleted", "ana"),
    ]
    assert {one.object for one in audit.of(WORKSPACE)} == {f"Shop (shop) of brand {BRAND}"}
    assert audit.of(WORKSPACE)[-1].address == "198.51.100.7"
    assert audit.of("ws_other") == []
