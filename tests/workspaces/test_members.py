"""Members, brands and keys: nobody gives, takes or sees more than their role says."""

import subprocess
import sys
from itertools import product

import pytest
from sqlalchemy import select

from engine.database.tables import members as rows
from engine.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthorized
from engine.scope import Identity, Role, Scope
from engine.workspaces import permissions
from engine.workspaces.permissions import LEAST
from tests.workspaces.people import BRAND, FOREIGN, OTHER, PASSWORD, PLACE, SECOND, email

ROLES = [role.value for role in Role]
CALLS = {
    "members.manage": lambda p, by, place: p.members.of(by, place),
    "members.manage add": lambda p, by, place: p.members.add(
        by, place, "new@example.com", Role.VIEWER
    ),
    "members.manage change": lambda p, by, place: p.members.change(
        by, place, p.accounts.find(email("viewer")).id, Role.VIEWER
    ),
    "members.manage remove": lambda p, by, place: p.members.remove(
        by, place, p.accounts.find(email("viewer")).id
    ),
    "members.manage disable": lambda p, by, place: p.members.disable(
        by, place, p.accounts.find(email("viewer")).id
    ),
    "members.manage enable": lambda p, by, place: p.members.enable(
        by, place, p.accounts.find(email("viewer")).id
    ),
    "owners.manage": lambda p, by, place: p.members.add(by, place, "new@example.com", Role.OWNER),
    "brands.manage": lambda p, by, place: p.places.name_brand(by, place, BRAND, "Shop"),
    "keys.manage": lambda p, by, place: p.keys.of(by, place),
    "keys.manage make": lambda p, by, place: p.keys.make(by, place, "key", Role.VIEWER),
}


@pytest.mark.parametrize("call", CALLS)
def test_every_role_does_what_the_table_says(crew, call):
    least = LEAST[call.split()[0]]
    for name in (*reversed(ROLES), "narrow", "foreign"):
        who = crew.who(name)
        role = who.role(PLACE)
        if role is not None and role.reaches(least):
            CALLS[call](crew.people, who, PLACE)
            return
        with pytest.raises(Forbidden) as refused:
            CALLS[call](crew.people, who, PLACE)
        assert refused.value.code == ("AUTH_004" if role is None else "AUTH_003")


@pytest.mark.parametrize("call", CALLS)
def test_nobody_acts_in_a_foreign_workspace(crew, call):
    for name in (*ROLES, "narrow"):
        with pytest.raises(Forbidden, match="No access to workspace ws_two") as refused:
            CALLS[call](crew.people, crew.who(name), OTHER)
        assert refused.value.code == "AUTH_004"


def test_foreign_and_missing_look_the_same(crew):
    """What is asked for in one's own workspace, but is another's."""
    foreign, admin, people = crew.account("foreign").id, crew.who("admin"), crew.people
    key, _ = people.keys.make(crew.who("foreign"), OTHER, "theirs", Role.VIEWER)
    ways = [
        lambda id: people.members.change(admin, PLACE, id, Role.VIEWER),
        lambda id: people.members.remove(admin, PLACE, id),
        lambda id: people.members.disable(admin, PLACE, id),
        lambda id: people.members.invite(admin, PLACE, id),
        lambda id: people.keys.revoke(admin, PLACE, id),
    ]
    for way, id in product(ways, [foreign, key.id]):
        told = set()
        for asked in (id, "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(NotFound) as refused:
                way(asked)
            told.add(str(refused.value))
        assert len(told) == 1
    assert people.keys.of(crew.who("foreign"), OTHER)[0].revoked_at is None


@pytest.mark.parametrize("by", ["owner", "admin"])
@pytest.mark.parametrize("role", list(Role))
def test_nobody_gives_more_than_they_have(crew, by, role):
    who, viewer = crew.who(by), crew.account("viewer").id
    ways = [
        lambda: crew.people.members.change(who, PLACE, viewer, role),
        lambda: crew.people.members.add(who, PLACE, "new@example.com", role),
        lambda: crew.people.keys.make(who, PLACE, "key", role),
    ]
    for way in ways:
        if Role(by).reaches(role):
            way()
        else:
            with pytest.raises(Forbidden) as refused:
                way()
            assert refused.value.code == "AUTH_003"


def test_an_admin_cannot_touch_an_owner(crew):
    owner, admin, members = crew.account("owner").id, crew.who("admin"), crew.people.members
    crew.add("second", PLACE, Role.OWNER)
    for way in (
        lambda: members.change(admin, PLACE, owner, Role.VIEWER),
        lambda: members.remove(admin, PLACE, owner),
        lambda: members.disable(admin, PLACE, owner),
    ):
        with pytest.raises(Forbidden, match=r"owners\.manage takes the role owner"):
            way()


def test_there_is_always_an_owner(crew):
    owner, members = crew.account("owner").id, crew.people.members
    ways = [
        lambda: members.change(crew.who("owner"), PLACE, owner, Role.ADMIN),
        lambda: members.remove(crew.who("owner"), PLACE, owner),
        lambda: members.disable(crew.who("owner"), PLACE, owner),
    ]
    for way in ways:
        with pytest.raises(Conflict, match="is the last owner of ws_one"):
            way()
    second = crew.add("second", PLACE, Role.OWNER)
    crew.people.members.disable(crew.who("owner"), PLACE, second.id)
    for way in ways:
        with pytest.raises(Conflict, match="is the last owner of ws_one"):
            way()


def test_a_demotion_counts_at_once(crew):
    token = crew.sign_in("admin")
    crew.people.members.change(
        crew.who("owner"), PLACE, crew.account("admin").id, Role.EDITOR, [BRAND]
    )
    identity = crew.again().access.of_session(token)
    assert identity.role(PLACE) is Role.EDITOR
    assert identity.brands == {PLACE: {BRAND}}
    crew.people.members.remove(crew.who("owner"), PLACE, crew.account("admin").id)
    identity = crew.again().access.of_session(token)
    assert (identity.role(PLACE), identity.brands) == (None, {})


def test_whom_a_brand_is_open_to(crew):
    open_to = {
        name: sorted(crew.who(name).brands.get(PLACE, ())) for name in (*ROLES, "narrow", "foreign")
    }
    assert open_to == {role: [BRAND, SECOND] for role in ROLES} | {"narrow": [BRAND], "foreign": []}
    narrow = crew.who("narrow")
    narrow.check(Scope(PLACE, BRAND))
    for scope in (Scope(PLACE, SECOND), Scope(OTHER, BRAND), Scope(OTHER, FOREIGN)):
        with pytest.raises(Forbidden):
            narrow.check(scope)


def test_who_may_add_events(crew):
    may = {
        name: [crew.who(name).may_write(PLACE, brand) for brand in (BRAND, SECOND, None)]
        for name in (*ROLES, "narrow", "foreign")
    }
    every = dict.fromkeys(("owner", "admin", "editor"), [True] * 3)
    none = dict.fromkeys(("viewer", "foreign"), [False] * 3)
    assert may == every | none | {"narrow": [True, False, True]}


def test_who_may_bring_whole_files(crew):
    """One whose rows name their brands is for those only who may write all of them."""
    may = {
        name: [crew.who(name).may_bring(PLACE, brand) for brand in (BRAND, SECOND, None)]
        for name in ("editor", "viewer", "narrow", "foreign")
    }
    assert may == {
        "editor": [True] * 3,
        "viewer": [False] * 3,
        "narrow": [True, False, False],
        "foreign": [False] * 3,
    }
    assert Identity("", {}, founds=True).may_bring(PLACE, None)


@pytest.mark.parametrize(
    ("role", "brands", "told"),
    [
        (Role.ADMIN, [BRAND], "admin is of the whole workspace"),
        (Role.OWNER, [BRAND], "owner is of the whole workspace"),
        (Role.VIEWER, [], "name at least one"),
        (Role.VIEWER, ["x"], "'x' is not a UUID"),
    ],
)
def test_brands_of_a_member_are_checked(crew, role, brands, told):
    with pytest.raises(InvalidRequest, match=told):
        crew.people.members.add(crew.who("owner"), PLACE, "new@example.com", role, brands)
    assert crew.account("new") is None


@pytest.mark.parametrize("bad", ["", "@", "a b@example.com", "ana@", "ana@x y", "a" * 80 + "@x"])
def test_emails_are_checked(crew, bad):
    with pytest.raises(InvalidRequest, match="is not an e-mail address"):
        crew.people.members.add(crew.who("owner"), PLACE, bad, Role.VIEWER)


def test_a_member_is_added_once(crew):
    with pytest.raises(Conflict, match=r"viewer@example\.com is a member of ws_one already"):
        crew.people.members.add(crew.who("owner"), PLACE, "Viewer@Example.com", Role.ADMIN)


def test_a_named_brand_is_open_before_it_has_events(crew):
    brand = "33333333-3333-4333-8333-33333333333d"
    crew.people.places.name_brand(crew.who("admin"), PLACE, brand.upper(), " New  shop ")
    assert [(b.id, b.name) for b in crew.people.places.brands(PLACE)] == [(brand, "New shop")]
    assert brand in crew.who("viewer").brands[PLACE]
    assert brand not in crew.who("narrow").brands[PLACE]
    crew.people.places.forget_brand(crew.who("admin"), PLACE, brand)
    assert brand not in crew.who("viewer").brands[PLACE]
    with pytest.raises(NotFound):
        crew.people.places.forget_brand(crew.who("admin"), PLACE, brand)


def test_a_key_is_its_role_and_no_more(crew):
    for role, brand in ((Role.VIEWER, None), (Role.EDITOR, BRAND), (Role.ADMIN, None)):
        key, text = crew.people.keys.make(crew.who("owner"), PLACE, "key", role, brand)
        identity = crew.people.access.of_key(text)
        assert identity.role(PLACE) is role
        assert identity.role(OTHER) is None
        assert identity.brands == {PLACE: {BRAND} if brand else {BRAND, SECOND}}
        assert not identity.founds
        assert text.startswith(key.begins)
        assert len(key.begins) < len(text) / 3


def test_only_a_good_key_opens_anything(crew):
    keys, access = crew.people.keys, crew.people.access
    key, text = keys.make(crew.who("owner"), PLACE, "key", Role.VIEWER, days=1)
    for bad in (
        "",
        "sk_live_",
        text[:-1],
        f"{text}x",
        text.swapcase(),
        text + "\n",
        "sk_live_\udcff",
    ):
        assert access.of_key(bad) is None
    assert access.of_key(text)
    crew.clock.go(days=1)
    assert access.of_key(text) is None
    key, text = keys.make(crew.who("owner"), PLACE, "key", Role.VIEWER)
    keys.revoke(crew.who("admin"), PLACE, key.id)
    keys.revoke(crew.who("admin"), PLACE, key.id)
    assert access.of_key(text) is None


def test_the_last_use_of_a_key_is_known(crew):
    _, text = crew.people.keys.make(crew.who("owner"), PLACE, "key", Role.VIEWER)
    owner = crew.who("owner")

    def used():
        return crew.people.keys.of(owner, PLACE)[0].used_at

    assert used() is None
    crew.people.access.of_key(text)
    first = used()
    assert first == crew.clock.now
    crew.clock.go(seconds=30)
    crew.people.access.of_key(text)
    assert used() == first
    crew.clock.go(seconds=30)
    crew.people.access.of_key(text)
    assert used() == crew.clock.now


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"days": 0}, {"days": 99999}, {"brand": "x"}, {"name": "x" * 121}]
)
def test_what_a_key_is_made_with_is_checked(crew, wrong):
    asked = {"name": "key", "role": Role.VIEWER} | wrong
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        crew.people.keys.make(crew.who("owner"), PLACE, **asked)


def test_every_change_is_noted(crew):
    admin, people = crew.who("admin"), crew.people
    viewer = crew.account("viewer").id
    before = len(people.audit.of(PLACE))
    people.members.change(admin, PLACE, viewer, Role.EDITOR, address="::1")
    key, text = people.keys.make(admin, PLACE, "robot", Role.VIEWER, address="::1")
    people.keys.revoke(admin, PLACE, key.id, address="::1")
    people.places.name_brand(admin, PLACE, BRAND, "Shop", address="::1")
    people.members.disable(admin, PLACE, viewer, address="::1")
    people.members.enable(admin, PLACE, viewer, address="::1")
    people.members.remove(admin, PLACE, viewer, address="::1")
    people.audit.say(admin.subject, "export", "csv", workspace=PLACE, address="::1")
    news = people.audit.of(PLACE)[: len(people.audit.of(PLACE)) - before]
    assert {(e.actor, e.address, e.at) for e in news} == {(admin.subject, "::1", crew.clock.now)}
    assert [entry.action for entry in reversed(news)] == [
        "member.changed",
        "key.made",
        "key.revoked",
        "brand.named",
        "account.disabled",
        "account.enabled",
        "member.removed",
        "export",
    ]
    assert text not in str(news)
    assert not [entry for entry in people.audit.of(OTHER) if entry.address == "::1"]


def command(url, *arguments, typed=""):
    return subprocess.run(
        [sys.executable, "-m", "engine.workspaces.members", *arguments],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env={"VITRINE_DATABASE_URL": url, "PATH": "", "HOME": "/nonexistent"},
    )


def test_the_first_owner_by_command(crew, database):
    url = database.url.render_as_string(hide_password=False)
    added = ("add", "ana@example.com", "--workspace", "ws_new", "--role", "owner")
    short = command(url, *added, typed="short\n")
    assert (short.returncode, short.stdout) == (2, "")
    assert "password: has 5 characters; take 10 to 256" in short.stderr
    done = command(url, *added, typed=f"{PASSWORD}\n")
    assert (done.stdout, done.stderr) == ("ana@example.com: owner of ws_new\n", "")
    assert crew.session(crew.sign_in("ana"))
    again = command(url, *added)
    assert again.returncode == 2
    assert "is a member of ws_new already" in again.stderr
    elsewhere = command(url, "add", "bea@example.com", "--workspace", "ws_new", "--no-password")
    assert (elsewhere.stdout, elsewhere.stderr) == ("bea@example.com: viewer of ws_new\n", "")
    assert not crew.account("bea").has_password
    listed = command(url, "list", "--workspace", PLACE)
    assert f"narrow@example.com: editor of {BRAND}\n" in listed.stdout
    gone = command(url, "remove", "viewer@example.com", "--workspace", PLACE)
    assert gone.returncode == 0
    with database.connect() as connection:
        of_place = select(rows.c.account_id).where(rows.c.workspace_id == PLACE)
        assert crew.account("viewer").id not in connection.execute(of_place).scalars().all()


def test_the_table_is_whole():
    assert len(LEAST) == len(permissions.PERMISSIONS)
    routes = [route for p in permissions.PERMISSIONS for route in p.routes]
    pages = [page for p in permissions.PERMISSIONS for page in p.pages]
    assert len(set(routes)) == len(routes)
    assert len(set(pages)) == len(pages)


def test_a_member_that_was_removed_may_still_sign_in_but_sees_nothing(crew):
    crew.people.members.remove(crew.who("owner"), PLACE, crew.account("viewer").id)
    assert crew.who("viewer").brands == {}
    assert crew.sign_in("viewer")
    with pytest.raises(Unauthorized):
        crew.sign_in("nobody")
