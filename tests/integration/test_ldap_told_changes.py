"""What deltas of Active Directory tell: links, renames, deletions and what comes back."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.ad_double_search import DIRSYNC, PAGED
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.mirror import Mirror
from support.tracked import EVERY_RIGHT, NO_RIGHT, make_domain, mark_of, read, served
from syncramp.model.facts import Container, Entry, Gone, LinkChange, Links


def test_what_changes_while_everything_is_read_is_told_again(tmp_path: Path) -> None:
    mirror = Mirror()
    with served(tmp_path) as server:
        late: list[bytes] = []

        def change(search: object) -> None:
            if PAGED in str(search) and DIRSYNC not in str(search) and not late:
                late.append(server.replica.user("late"))
                server.replica.delete(late[0])

        server.before = change
        read(server, mirror)
        read(server, mirror)
    assert Gone(late[0]) in mirror.told


def test_a_thousand_below_a_renamed_unit_are_not_read_again(tmp_path: Path) -> None:
    mirror, replica = Mirror(), make_domain()
    unit = replica.unit("old")
    people = [replica.user(f"u{number}", unit) for number in range(50)]
    with served(tmp_path, replica=replica) as server:
        read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        proof = read(server, mirror)
    assert mirror.told == [Container(unit, "OU=new,DC=test"), proof]
    assert {mirror.entries[guid].dn for guid in people} == {f"CN=u{number},OU=new,DC=test" for number in range(50)}


def test_members_of_a_large_group_change_without_its_being_read(tmp_path: Path) -> None:
    mirror, replica = Mirror(), make_domain()
    people = [replica.user(f"u{number}") for number in range(20)]
    group = replica.group("g", member=people)
    with served(tmp_path, replica=replica) as server:
        read(server, mirror)
        assert mirror.members[group] == set(people)
        replica.unlink(group, people[3], people[4])
        replica.link(group, extra := replica.user("extra"))
        read(server, mirror)
    assert not [fact for fact in mirror.told if isinstance(fact, Links)]
    assert LinkChange(group, "member", gained=False, guids=(people[3], people[4])) in mirror.told
    assert mirror.members[group] == {*people, extra} - {people[3], people[4]}


def test_principals_of_other_forests_go_by_name_and_sid(tmp_path: Path) -> None:
    mirror, replica = Mirror(), make_domain()
    place = replica.add("CN=ForeignSecurityPrincipals", None, "top", "container")
    sid = bytes.fromhex("0105000000000005150000000100000002000000030000004b040000")
    name = "CN=S-1-5-21-1-2-3-1099"
    principal = replica.add(name, place, "top", "foreignSecurityPrincipal", objectSid=[sid])
    group = replica.group("g", member=[principal])
    dn = f"{name},CN=ForeignSecurityPrincipals,DC=test"
    with served(tmp_path, replica=replica) as server:
        read(server, mirror)
        assert Links(group, "member", (dn,), True, ((dn, sid),)) in mirror.told
        replica.unlink(group, principal)
        read(server, mirror)
    assert LinkChange(group, "member", False, (dn,), ((dn, sid),)) in mirror.told


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_a_restored_user_finds_its_groups_again(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), make_domain()
    user = replica.user("u")
    groups = [replica.group(f"g{number}", member=[user]) for number in range(5)]
    with served(tmp_path, account, replica) as server:
        read(server, mirror)
        replica.delete(user)
        read(server, mirror)
        assert not any(mirror.members[group] for group in groups)
        replica.restore(user)
        read(server, mirror)
    assert all(mirror.members[group] == {user} for group in groups)


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_memberships_that_were_lost_between_two_reads_are_missed(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), Replica(recycle_bin=False)
    replica.delete(replica.user("left"))
    user = replica.user("u")
    group = replica.group("g", member=[user])
    with served(tmp_path, account, replica) as server:
        read(server, mirror)
        assert mirror.members[group] == {user}
        replica.delete(user)
        replica.restore(user)
        read(server, mirror)
    assert user in mirror.entries
    assert not mirror.members[group]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_new_and_restored_groups_come_with_all_their_members(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), make_domain()
    people = [replica.user(f"u{number}") for number in range(5)]
    old = replica.group("old", member=people)
    with served(tmp_path, account, replica) as server:
        read(server, mirror)
        replica.delete(old)
        read(server, mirror)
        assert old not in mirror.members
        replica.restore(old)
        new = replica.group("new", member=people[:3])
        read(server, mirror)
    assert mirror.members[old] == set(people)
    assert mirror.members[new] == set(people[:3])
    assert not [fact for fact in mirror.told if isinstance(fact, LinkChange)]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_what_was_restored_long_ago_is_not_gone_again(tmp_path: Path, account: Account) -> None:
    mirror, replica = Mirror(), make_domain()
    unit, user = replica.unit("unit"), replica.user("u")
    for guid in (unit, user):
        replica.delete(guid)
        replica.restore(guid)
    with served(tmp_path, account, replica) as server:
        read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        replica.change(user, mail=[b"new@test"])
        read(server, mirror)
    assert {fact.guid for fact in mirror.told if isinstance(fact, Entry | Container)} == {unit, user}
    assert not [fact for fact in mirror.told if isinstance(fact, Gone)]


@pytest.mark.parametrize("account", [EVERY_RIGHT, NO_RIGHT], ids=["DirSync", "USN"])
def test_what_lies_below_a_unit_that_was_restored_and_renamed_is_renamed_with_it(
    tmp_path: Path, account: Account
) -> None:
    mirror, replica = Mirror(), make_domain()
    unit = replica.unit("unit")
    with served(tmp_path, account, replica) as server:
        read(server, mirror)
        replica.delete(unit)
        replica.restore(unit)
        user = replica.user("u", unit)
        read(server, mirror)
        replica.rename(unit, rdn="OU=new")
        read(server, mirror)
    assert mirror.entries[user].dn == "CN=u,OU=new,DC=test"


def test_a_cookie_that_knows_nothing_makes_nobody_gone(tmp_path: Path) -> None:
    mirror, replica = Mirror(), make_domain()
    user = replica.user("u")
    replica.delete(user)
    replica.restore(user)
    with served(tmp_path, replica=replica) as server:
        read(server, mirror)
        mirror.watermark = replace(mark_of(mirror), cookie=b"").encoded()
        assert read(server, mirror).delta
    assert user in {fact.guid for fact in mirror.told if isinstance(fact, Entry)}
    assert Gone(user) not in mirror.told


def test_attributes_that_the_account_may_not_read_are_not_told_by_deltas_either(tmp_path: Path) -> None:
    mirror, replica = Mirror(), make_domain()
    user = replica.user("u", mail=[b"u@test"])
    with served(tmp_path, Account(hidden=frozenset({"mail"})), replica) as server:
        read(server, mirror)
        replica.change(user, mail=[b"new@test"], cn=[b"u"])
        assert read(server, mirror).delta
    assert "mail" not in mirror.entries[user].attributes
