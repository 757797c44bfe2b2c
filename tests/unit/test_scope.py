"""A scope is well formed, or says which part is not."""

import pytest

from engine.errors import Forbidden, InvalidRequest
from engine.scope import Identity, Role, Scope, demo_identity, faults_of

WORKSPACE = "ws_demo"
BRAND = "11111111-1111-4111-8111-11111111abcd"
OTHER = "22222222-2222-4222-8222-222222222222"
NO_UUIDS = [
    "",
    "x",
    BRAND[:-1],
    BRAND + "0",
    BRAND.replace("-", ""),
    "{" + BRAND + "}",
    "urn:uuid:" + BRAND,
    BRAND + "\n",
    " " + BRAND,
    BRAND.replace("a", "g"),
    BRAND.replace("1", "１"),
    "../../../../etc/passwd",
    "no_brand",
    f"{BRAND}/..",
]


def fields(workspace=WORKSPACE, brand=BRAND, catalog=None):
    with pytest.raises(InvalidRequest) as caught:
        Scope(workspace, brand, catalog)
    return [fault.field for fault in caught.value.faults]


@pytest.mark.parametrize("workspace", ["ws_a", "ws_0", "ws_demo42", "ws_" + "a" * 125])
def test_workspace(workspace):
    assert Scope(workspace, BRAND).workspace_id == workspace


@pytest.mark.parametrize(
    "workspace",
    [
        *("", "ws", "ws_", "demo", "WS_demo", "ws_Demo", "ws_a_b", "ws_a-b", "ws_a b", "xws_a"),
        *(
            "ws_a\n",
            "\nws_a",
            "ws_a\0",
            "ws_é",
            "ws_１",
            "ws_a/../ws_b",
            "ws_..",
            "ws_a%2f",
            "ws_*",
        ),
        "ws_" + "a" * 126,
    ],
)
def test_bad_workspace(workspace):
    assert fields(workspace=workspace) == ["workspaceId"]


@pytest.mark.parametrize("uuid", NO_UUIDS)
def test_bad_brand_and_catalog(uuid):
    assert fields(brand=uuid) == ["X-Active-Brand"]
    assert fields(catalog=uuid) == ["X-Active-Catalog"]


def test_every_fault_at_once():
    assert fields("x", "y", "z") == ["workspaceId", "X-Active-Brand", "X-Active-Catalog"]


def test_brand_is_required():
    (fault,) = faults_of(WORKSPACE, None, None)
    assert fault.field == "X-Active-Brand"
    assert "brand_id" in fault.message


def test_uuids_are_kept_in_lower_case():
    scope = Scope(WORKSPACE, BRAND.upper(), OTHER.upper())
    assert scope == Scope(WORKSPACE, BRAND, OTHER)
    assert hash(scope) == hash(Scope(WORKSPACE, BRAND, OTHER))
    assert scope.brand_id == BRAND


def test_catalog_is_optional_and_part_of_the_scope():
    assert Scope(WORKSPACE, BRAND).catalog_id is None
    assert Scope(WORKSPACE, BRAND, OTHER) != Scope(WORKSPACE, BRAND)


@pytest.mark.parametrize("text", ["\ud800" * 100, "x" * 10**6, "\u202e" * 90])
def test_messages_are_short_and_can_be_sent(text):
    for fault in faults_of(text, text, text):
        assert len(fault.message) < 700
        assert fault.message.isascii()


IDENTITY = Identity("ana", {"ws_demo": frozenset({BRAND}), "ws_other": frozenset({OTHER})})


@pytest.mark.parametrize("catalog", [None, OTHER])
def test_identity_lets_its_own_in(catalog):
    IDENTITY.check(Scope("ws_demo", BRAND, catalog))


def test_unknown_and_foreign_look_the_same():
    messages = set()
    for workspace, brand in (("ws_demo", OTHER), ("ws_other", BRAND), ("ws_none", BRAND)):
        with pytest.raises(Forbidden) as caught:
            IDENTITY.check(Scope(workspace, brand))
        assert caught.value.status == 403
        assert caught.value.code == "AUTH_004"
        messages.add(str(caught.value).replace(workspace, "W").replace(brand, "B"))
    assert len(messages) == 1


def test_roles_by_workspace():
    """A member is a viewer at least, and has a role also where there are no brands yet."""
    roles = {"ws_demo": Role.ADMIN, "ws_new": Role.OWNER}
    identity = Identity("ana", IDENTITY.brands, roles=roles)
    assert identity.role("ws_demo") is Role.ADMIN
    assert identity.role("ws_other") is Role.VIEWER
    assert identity.role("ws_new") is Role.OWNER
    assert identity.role("ws_none") is None
    assert demo_identity({"ws_demo": [BRAND]}).role("ws_demo") is Role.OWNER
    assert demo_identity({}).role("ws_demo") is Role.OWNER


def test_each_role_reaches_those_below():
    order = [Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER]
    for i, role in enumerate(order):
        assert [role.reaches(least) for least in order] == [False] * i + [True] * (4 - i)
