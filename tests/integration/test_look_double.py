"""What a strict domain controller shows of written-back groups, whatever people do to them between two looks."""

from pathlib import Path

import pytest

from support.ad_double_search import Search
from support.ad_double_server import READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.looked import anchor
from support.looked_double import seen_at, served, written
from syncramp.errors import SourceUnavailable
from syncramp.model.written import Lost


def test_groups_come_by_pages_and_members_by_ranges(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    people = [replica.user(f"p{number}") for number in range(50)]
    groups = {number: written(replica, number, unit, *people[: number * 5]) for number in range(10)}
    replica.group("another", unit, member=people)
    with served(replica, tmp_path, max_page=3, max_values=7) as server:
        seen = seen_at(server).look()
    assert set(seen.groups) == {anchor(number) for number in range(10)}
    for number, guid in groups.items():
        assert seen.groups[anchor(number)].guid == guid
        assert seen.members[anchor(number)] == set(people[: number * 5])
    assert seen.note == ""


def test_only_groups_that_changed_are_read_again(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    first, second, newcomer = replica.user("first"), replica.user("second"), replica.user("new")
    groups = [written(replica, number, unit, first) for number in range(5)]
    with served(replica, tmp_path) as server:
        seen = seen_at(server)
        assert seen.look().read_again() == [anchor(number) for number in range(5)]
        assert seen.look().read_again() == []
        replica.link(groups[3], second, newcomer)
        assert seen.look().read_again() == [anchor(3)]
        assert seen.members[anchor(3)] == {first, second, newcomer}
        replica.unlink(groups[3], second)
        server.asked.clear()
        assert seen.look().read_again() == [anchor(3)]
    assert seen.members[anchor(3)] == {first, newcomer}
    assert len(_asked_for_members(server)) == 1


def _asked_for_members(server: Controller) -> list[Search]:
    return [search for search in server.asked if any(name.startswith("member;") for name in search.attributes)]


def test_a_group_that_changes_while_it_is_read_is_read_again_by_the_next_look(tmp_path: Path) -> None:
    replica = Replica()
    group = written(replica, 1, replica.unit("Written"), replica.user("first"))
    late = replica.user("late")

    def change(search: Search) -> None:
        if any(name.startswith("member;") for name in search.attributes):
            server.before = None
            replica.change(group, displayName=[b"Another"])

    with served(replica, tmp_path) as server:
        server.before = change
        seen = seen_at(server).look()
        assert "displayName" not in seen.groups[anchor(1)].values
        replica.link(group, late)
        assert seen.look().read_again() == [anchor(1)]
        assert seen.groups[anchor(1)].values["displayName"] == "Another"


def test_at_another_controller_everything_is_read(tmp_path: Path) -> None:
    first, second = Replica(number=1), Replica(number=2)
    unit = first.unit("Written")
    written(first, 1, unit, first.user("person"))
    second.pull(first)
    with served(first, tmp_path) as one, served(second, tmp_path) as other:
        seen = seen_at(one).look()
        assert seen.look().read_again() == []
        seen.source = seen_at(other).source
        assert seen.look().read_again() == [anchor(1)]
        assert seen.look().read_again() == []


def test_after_a_restore_from_backup_everything_is_read(tmp_path: Path) -> None:
    replica = Replica()
    written(replica, 1, replica.unit("Written"), replica.user("person"))
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        replica.restored_from_backup()
        assert seen.look().read_again() == [anchor(1)]
        replica.usn -= 1  # a copy of its disk: the same database counts fewer changes
        assert seen.look().read_again() == [anchor(1)]


@pytest.mark.parametrize("cookie", [b"", b"{", b"[]", b'{"invocation": "00", "usn": "many"}', b"\xff"])
def test_a_cookie_that_cannot_be_read_is_none(tmp_path: Path, cookie: bytes) -> None:
    replica = Replica()
    written(replica, 1, replica.unit("Written"), replica.user("person"))
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        seen.cookie = cookie
        assert seen.look().read_again() == [anchor(1)]


def test_a_deleted_group_is_lost_and_a_restored_one_comes_back_whole(tmp_path: Path) -> None:
    replica = Replica()
    person = replica.user("person")
    group = written(replica, 1, replica.unit("Written"), person)
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        replica.delete(group)
        assert seen.look().lost == [Lost(anchor(1))]
        assert seen.look().lost == []
        replica.restore(group)
        assert seen.look().read_again() == [anchor(1)]
    assert seen.members[anchor(1)] == {person}


def test_nothing_is_concluded_where_deleted_entries_are_not_shown(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    group, other = written(replica, 1, unit), written(replica, 2, unit)
    with served(replica, tmp_path, Account(sees_deleted=False)) as server:
        seen = seen_at(server).look()
        replica.delete(group)
        replica.link(other, replica.user("new"))
        assert seen.look().read_again() == [anchor(2)]  # the others go on
        assert seen.lost == []
        assert list(seen.hidden) == [anchor(1)]
        assert "CN=Deleted Objects,DC=test" in seen.hidden[anchor(1)]
        server.accounts[READER] = Account()
        assert seen.look().lost == [Lost(anchor(1))]
        assert seen.hidden == {}


def test_a_group_in_a_place_that_is_not_shown_is_not_lost_and_what_changed_there_is_read_later(
    tmp_path: Path,
) -> None:
    replica = Replica()
    unit, hidden = replica.unit("Written"), replica.unit("Hidden")
    group, person = written(replica, 1, unit), replica.user("person")
    replica.delete(replica.user("gone"))
    with served(replica, tmp_path, Account(blind=frozenset({hidden}))) as server:
        seen = seen_at(server).look()
        replica.rename(group, parent=hidden)
        replica.link(group, person)
        assert (seen.look().lost, list(seen.hidden)) == ([], [anchor(1)])
        replica.user("somebody else")
        assert (seen.look().lost, list(seen.hidden)) == ([], [anchor(1)])
        server.accounts[READER] = Account()  # it was moved nowhere, so nothing about it changes
        assert (seen.look().lost, seen.hidden) == ([], {})
    assert seen.members[anchor(1)] == {person}
    assert seen.groups[anchor(1)].dn == "CN=Group 1,OU=Hidden,DC=test"


def test_a_group_that_is_moved_while_it_is_looked_for_is_there(tmp_path: Path) -> None:
    replica = Replica()
    group = written(replica, 1, replica.unit("Written"))
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        account = server.accounts[READER]

        def hide(search: Search) -> None:
            if search.scope:
                object.__setattr__(account, "blind", frozenset({group}))
            else:
                object.__setattr__(account, "blind", frozenset())

        server.before = hide
        assert seen.look().lost == []
    assert set(seen.groups) == {anchor(1)}


def test_principals_of_other_forests_are_counted(tmp_path: Path) -> None:
    replica = Replica()
    place = replica.add("CN=ForeignSecurityPrincipals", None, "top", "container")
    principal = replica.add("CN=S-1-5-21-1-2-3-1104", place, "top", "foreignSecurityPrincipal")
    person = replica.user("person")
    written(replica, 1, replica.unit("Written"), person, principal)
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
    assert seen.members[anchor(1)] == {person}
    assert seen.strangers == 1


def test_a_connection_that_breaks_leaves_no_cookie(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    for number in range(5):
        written(replica, number, unit, replica.user(f"p{number}"))
    with served(replica, tmp_path, max_page=2) as server:
        server.break_after = 3
        seen = seen_at(server)
        with pytest.raises(SourceUnavailable):
            seen.look()
        assert (seen.cookie, seen.lost) == (None, [])
        assert len(seen.look().groups) == 5
