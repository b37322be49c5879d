"""What a strict domain controller shows of written-back groups, whatever people do to them between two looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ad_double_forest import configured
from support.ad_double_search import Limits, Search
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.looked import Seen, anchor, mark
from syncramp.directory import schema
from syncramp.errors import SourceUnavailable
from syncramp.model.written import Lost
from syncramp.source.ldap import LdapSource


def written(replica: Replica, number: int, unit: bytes, *members: bytes) -> bytes:
    """A group as it is written back."""
    return replica.group(f"Group {number}", unit, adminDescription=[mark(number).encode()], member=list(members))


def seen_at(*controllers: Controller) -> Seen:
    servers, ca = [one.url for one in controllers], b"".join(one.ca for one in controllers)
    return Seen(LdapSource("corp", servers, READER, PASSWORD, ca, ["DC=test"]), "DC=test", "OU=Written,DC=test")


@contextmanager
def served(replica: Replica, folder: Path, account: Account | None = None, **limits: int) -> Iterator[Controller]:
    controller = Controller(replica, {READER: account or Account()}, Limits(**limits))
    with controller.running(folder):
        yield controller


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


def test_a_mark_that_was_taken_away_is_told_apart_from_a_deleted_group(tmp_path: Path) -> None:
    replica = Replica()
    group = written(replica, 1, replica.unit("Written"))
    with served(replica, tmp_path) as server:
        for spoilt in ([], [b"ours"], [b"Group_what"], [mark(2).encode()]):
            seen = seen_at(server).look()
            replica.change(group, adminDescription=spoilt)
            assert seen.look().lost == [Lost(anchor(1), deleted=False)]
            replica.change(group, adminDescription=[mark(1).encode()])
        replica.change(group, adminDescription=[b"Group_what"])
        assert "CN=Group 1,OU=Written,DC=test is left alone: its mark is malformed" in seen.look().note


def test_marks_that_change_places_are_lost_and_shown_again(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    first, second = written(replica, 1, unit), written(replica, 2, unit)
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        replica.change(first, adminDescription=[mark(2).encode()])
        replica.change(second, adminDescription=[mark(1).encode()])
        seen.look()
    assert {one.anchor for one in seen.lost} == {anchor(1), anchor(2)}
    assert {one: group.guid for one, group in seen.groups.items()} == {anchor(1): second, anchor(2): first}


def test_of_two_groups_with_one_mark_the_known_one_is_it(tmp_path: Path) -> None:
    replica = Replica()
    unit, other = replica.unit("Written"), replica.unit("Other")
    older, inside = written(replica, 1, other), written(replica, 1, unit)
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        assert seen.groups[anchor(1)].guid == inside
        assert seen.note == (
            "CN=Group 1,OU=Other,DC=test is left alone: CN=Group 1,OU=Written,DC=test has its mark, too"
        )
        replica.rename(inside, parent=other, rdn="CN=Moved")
        assert seen.look().groups[anchor(1)].guid == inside
        assert seen.lost == []
        assert seen_at(server).look().groups[anchor(1)].guid == older  # nothing known, and none in the container


def test_the_other_group_with_a_mark_is_read_whole_once_it_is_the_only_one(tmp_path: Path) -> None:
    replica = Replica()
    unit, person = replica.unit("Written"), replica.user("person")
    other = written(replica, 1, replica.unit("Other"), person)
    inside = written(replica, 1, unit)
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        assert seen.members == {anchor(1): frozenset()}
        replica.delete(inside)
        assert seen.look().lost == [Lost(anchor(1))]
        assert seen.groups[anchor(1)].guid == other
        assert seen.members == {anchor(1): {person}}  # though nothing of it changed since


@pytest.mark.parametrize("bin_is_on", [True, False])
def test_the_recycle_bin_is_seen_in_the_configuration(tmp_path: Path, bin_is_on: bool) -> None:
    replica = Replica(recycle_bin=bin_is_on)
    replica.group("Domain Users")
    with served(replica, tmp_path) as server:
        session = seen_at(server).source.connect_to(server.url)
        assert not schema.look(session, session.root(), "DC=test").recycle_bin  # nothing is shown of it yet
        configured(replica)
        found = schema.look(session, session.root(), "DC=test")
        session.close()
    assert (found.recycle_bin, found.level) == (bin_is_on, 7)


def test_two_marks_that_differ_are_none(tmp_path: Path) -> None:
    replica = Replica()
    unit = replica.unit("Written")
    both = {"adminDescription": [mark(1).encode()], "msDS-ExternalDirectoryObjectId": [mark(2).encode()]}
    replica.group("both", unit, **both)
    single = {"adminDescription": [b"spoilt"], "msDS-ExternalDirectoryObjectId": [mark(3).encode()]}
    replica.group("single", unit, **single)
    with served(replica, tmp_path) as server:
        seen = seen_at(server)
        seen.schema |= {"msds-externaldirectoryobjectid"}
        assert set(seen.look().groups) == {anchor(3)}
        assert "CN=both,OU=Written,DC=test is left alone: it has two marks" in seen.note
        assert set(seen_at(server).look().groups) == {anchor(1)}  # where the schema has only one attribute for it


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


def test_a_group_that_the_directory_protects_is_told(tmp_path: Path) -> None:
    replica = Replica()
    group = written(replica, 1, replica.unit("Written"))
    with served(replica, tmp_path) as server:
        seen = seen_at(server)
        assert not seen.look().groups[anchor(1)].protected
        replica.change(group, adminCount=[b"1"])
        assert seen.look().groups[anchor(1)].protected


def test_members_that_replicate_all_together_are_told_of_a_group_that_is_seen_first(tmp_path: Path) -> None:
    replica = Replica()
    unit, person = replica.unit("Written"), replica.user("person")
    old, new = written(replica, 1, unit, person), written(replica, 2, unit, person)
    held = replica.objects[old]
    held.stamps["member"] = held.stamps["name"]
    with served(replica, tmp_path) as server:
        seen = seen_at(server).look()
        assert {one: group.legacy for one, group in seen.groups.items()} == {anchor(1): True, anchor(2): False}
        server.asked.clear()
        replica.link(new, replica.user("another"))
        replica.link(old, replica.user("one more"))
        seen.look()
        assert not [search for search in server.asked if "replPropertyMetaData" in search.attributes]


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


EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ["link", "unlink", "rename", "move", "delete", "restore", "spoil", "mark", "describe", "write", "look"]
        ),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=25,
)


class Person:
    """Somebody who edits written-back groups by hand."""

    def __init__(self) -> None:
        self.replica = Replica()
        self.places = [self.replica.unit("Written"), self.replica.unit("Other")]
        self.people = [self.replica.user(f"p{number}") for number in range(4)]
        self.groups = [written(self.replica, number, self.places[0]) for number in range(3)]

    def edit(self, what: str, first: int, second: int) -> None:
        replica, group = self.replica, self.groups[first % len(self.groups)]
        deleted = replica.objects[group].deleted
        if what == "write":
            self.groups.append(written(replica, len(self.groups), self.places[second % 2]))
        elif what == "restore" and deleted:
            replica.restore(group)
        elif deleted:
            return
        elif what == "link":
            replica.link(group, self.people[second % 4])
        elif what == "unlink":
            replica.unlink(group, self.people[second % 4])
        elif what == "rename":
            replica.rename(group, rdn=f"CN=Renamed {second}-{first}")
        elif what == "move":
            replica.rename(group, parent=self.places[second % 2])
        elif what == "delete":
            replica.delete(group)
        elif what in ("spoil", "mark"):
            value = b"spoilt" if what == "spoil" else mark(second % len(self.groups)).encode()
            replica.change(group, adminDescription=[value])
        elif what == "describe":
            replica.change(group, description=[b"%d" % second])


@given(EDITS)
@settings(max_examples=40)
def test_looks_one_after_the_other_end_at_what_one_look_from_nothing_shows(
    edits: list[tuple[str, int, int]],
) -> None:
    person = Person()
    with TemporaryDirectory() as folder, served(person.replica, Path(folder), max_page=2, max_values=2) as server:
        seen = seen_at(server).look()
        for what, first, second in edits:
            if what == "look":
                seen.look()
            else:
                person.edit(what, first, second)
        seen.look()
        fresh = seen_at(server)
        # who is known decides between several groups with one mark
        known = {group.guid: one for one, group in seen.groups.items()}
        with fresh.looking() as look:
            for one in look.groups(None, known):
                fresh._take(one)
    assert fresh.members == seen.members
    assert {one: (group.guid, group.dn, dict(group.values)) for one, group in fresh.groups.items()} == {
        one: (group.guid, group.dn, dict(group.values)) for one, group in seen.groups.items()
    }
    expected = {
        group.guid: set(person.replica.targets(person.replica.objects[group.guid], "member"))
        for group in seen.groups.values()
    }
    assert {group.guid: seen.members[one] for one, group in seen.groups.items()} == expected
