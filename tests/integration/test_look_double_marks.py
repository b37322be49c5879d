"""Whose mark counts where people copied, spoilt or exchanged marks of groups, and what else a look tells of one."""

from pathlib import Path

import pytest

from support.ad_double_forest import configured
from support.ad_double_tree import Replica
from support.looked import anchor, mark
from support.looked_double import seen_at, served, written
from syncramp.directory import schema
from syncramp.model.written import Lost


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


def test_a_group_that_the_directory_protects_is_told(tmp_path: Path) -> None:
    replica = Replica()
    group = written(replica, 1, replica.unit("Written"))
    with served(replica, tmp_path) as server:
        seen = seen_at(server)
        assert not seen.look().groups[anchor(1)].protected
        replica.change(group, adminCount=[b"1"])
        assert seen.look().groups[anchor(1)].protected
