"""A whole walk with a real directory that is written to: the plan tells, the run writes, the rest waits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.build import BASE
from support.slapd import PASSWORD, Slapd, requires_slapd, slapd
from support.walk import Walk, anchor, walking
from syncramp.source.ldap import LdapSource

READER = f"cn=reader,{BASE}"
PEOPLE = f"OU=People,{BASE}"
ACCESS = (
    f'access to dn.base="CN=User 3,{PEOPLE}" attrs=mS-DS-ConsistencyGuid by * read',
    f'access to attrs=mS-DS-ConsistencyGuid by dn.exact="{READER}" write by * read',
    "access to attrs=userPassword by anonymous auth",
    "access to * by * read",
)
OTHER = "MDEyMzQ1Njc4OWFiY2RlZg=="


def _directory() -> str:
    values = dict.fromkeys((1, 2, 3), "") | {4: f"mS-DS-ConsistencyGuid:: {OTHER}\n"}
    users = "".join(
        f"dn: CN=User {number},{PEOPLE}\nobjectClass: user\ncn: User {number}\nsn: {number}\n"
        f"sAMAccountName: user{number}\nobjectGUID:: {anchor(number)}\n{value}\n"
        for number, value in values.items()
    )
    reader = f"dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n"
    return (
        f"dn: {BASE}\nobjectClass: organization\nobjectClass: dcObject\no: corp\ndc: corp\n\n"
        f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: People\n\n"
        f"{users}{reader}userPassword: {PASSWORD}\n\n"
    )


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    folder = tmp_path_factory.mktemp("slapd")
    with slapd(folder, _directory(), options=ACCESS, checked=True, base=BASE) as running:
        yield running


@pytest.fixture
def walk(tmp_path: Path, server: Slapd) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        secret = tmp_path / "secrets" / "directory"
        secret.mkdir()
        (secret / "username").write_text(READER)
        (secret / "password").write_text(PASSWORD)
        (secret / "ca.crt").write_bytes(server.ca)
        ca = {"secretKeyRef": {"name": "directory"}}
        ldap = {"servers": [server.ldaps], "bind": {"secretRef": {"name": "directory"}}, "tls": {"ca": ca}}
        made.spec["sources"] = [{"name": "corp", "ldap": ldap, "scope": [{"dn": PEOPLE}]}]
        made.spec["identity"] = {"writeBackAnchor": True}
        yield made


def _written(server: Slapd) -> set[str]:
    source = LdapSource("corp", [server.ldaps], READER, PASSWORD, server.ca, [PEOPLE])
    facts = source.read(BASE, frozenset({"ms-ds-consistencyguid"}))
    return {fact.dn for fact in facts if "ms-ds-consistencyguid" in getattr(fact, "attributes", {})}


@requires_slapd
def test_anchors_are_planned_written_and_held_where_the_directory_refuses(walk: Walk, server: Slapd) -> None:
    had = {f"CN=User 4,{PEOPLE}"}
    planned = walk.plan()
    assert planned.code == 2
    assert "  3 anchors to write into the directory before the create\n" in planned.out
    assert walk.plan("-o", "json").json["anchor_writes"] == 3
    assert _written(server) == had

    done = walk.sync()
    assert done.code == 2, done
    assert "Anchors written into the directory: 2\n" in done.out
    assert "Held 1 (AnchorNotWritten): its anchor could not be written into the directory\n" in done.out
    assert (
        f"Create User CN=User 3,{PEOPLE}: this account may not write mS-DS-ConsistencyGuid "
        "(insufficientAccessRights, code 50)\n"
    ) in done.out
    assert _written(server) == had | {f"CN=User {number},{PEOPLE}" for number in (1, 2)}
    assert walk.tenant.anchors("User") == {anchor(1), anchor(2), OTHER}

    walk.spec["identity"] = {}
    done = walk.sync()
    assert done.code == 0, done
    assert walk.tenant.anchors("User") == {anchor(1), anchor(2), anchor(3), OTHER}


@requires_slapd
def test_a_tenant_with_another_anchor_is_neither_read_for_nor_written_to(walk: Walk, server: Slapd) -> None:
    walk.spec["identity"] = {"sourceAnchor": "objectGUID"}
    walk.sync().assert_error(1, "the tenant's anchor is mS-DS-ConsistencyGuid", "the document's objectGUID")
    assert walk.exports == 0


@pytest.mark.parametrize("told", ["", "EMPLOYEEID"])
def test_people_are_tied_to_the_cloud_by_an_attribute_of_ones_choice(tmp_path: Path, told: str) -> None:
    with walking(tmp_path, anchor_attribute=told) as walk:
        walk.spec["identity"] = {"sourceAnchor": "employeeID"}
        walk.forest.people = {1: {"employeeID": "E-1"}, 2: {"employeeID": "E-2"}, 3: {}}
        assert walk.sync().code == 0
        assert walk.tenant.anchors("User") == {"E-1", "E-2"}
        assert walk.tenant.members(anchor(101)) == {"E-1", "E-2"}
        assert walk.status("-o", "json").json["skipped"] == {
            "its employeeID is empty, and it is the source anchor": 1
        }
        walk.forest.people[1] = {"title": "Clerk"}
        done = walk.sync()
        assert done.code == 2
        assert "its source anchor is E-1, and its employeeID is empty now" in done.out
