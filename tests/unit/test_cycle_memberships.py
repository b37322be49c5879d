"""Whole runs in which a membership or a part of a source changes: who is removed, and who is only moved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from support.build import deletes_up_to, group, user, user_dn
from support.engine import Engine, links
from support.model import Crash, ListSource
from support.settled import anchors, members_in_cloud, name_as_members
from syncramp.model.facts import Entry, Fact, Proof
from syncramp.model.seams import Known
from syncramp.model.wire import Operation
from syncramp.source.ldap import LdapSource
from syncramp.source.ldif import LdifSource

COMPUTER = "CN=PC {},OU=Computers,DC=corp,DC=example,DC=com"


# --- members that name nobody ------------------------------------------------------------------------------------


def test_who_is_moved_while_the_directory_is_read_keeps_every_membership(settled) -> None:
    name_as_members(settled, user_dn(1), user_dn(2, "Sales"))  # the entry was read before the move, the group after
    report, _ = settled.run()
    assert report.holds == {"UnresolvedMember": 1} and not settled.sent
    assert "moved while the directory was read" in report.hold_samples["UnresolvedMember"][0].detail
    settled.source.add(user(2, ou="Sales"))
    report, _ = settled.run()
    assert report.settled and not [obj for obj in settled.sent if links(obj)]
    assert members_in_cloud(settled) == anchors(settled, 1, 2)


def test_a_run_that_is_killed_after_the_import_forgets_nothing_of_it(settled, monkeypatch) -> None:
    name_as_members(settled, user_dn(1), user_dn(2, "Sales"))

    def die(*around: object) -> None:
        raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr("syncramp.cycle.walk.synchronise", die)
        settled.run()
    settled.source.add(user(2, ou="Sales"))
    settled.settle()
    assert not [obj for obj in settled.sent if links(obj)]
    assert members_in_cloud(settled) == anchors(settled, 1, 2)


def test_a_move_that_an_incomplete_import_saw_only_in_part_is_held_until_the_next_complete_one(settled) -> None:
    name_as_members(settled, user_dn(1), user_dn(2, "Sales"))
    settled.source.complete = False
    for _ in range(3):
        report, _ = settled.run()
        assert report.holds == {"SourceIncomplete": 1}
    settled.source.complete = True
    settled.source.add(user(2, ou="Sales"))
    settled.settle()
    assert not [obj for obj in settled.sent if links(obj)]


def test_who_is_removed_while_a_computer_is_added_goes_one_run_later(settled) -> None:
    name_as_members(settled, user_dn(1), COMPUTER.format(1))
    report, _ = settled.run()
    assert report.holds == {"UnresolvedMember": 1} and not settled.sent
    report, _ = settled.run()
    assert report.settled
    assert members_in_cloud(settled) == anchors(settled, 1)


def test_nobody_waits_twice_in_a_group_to_which_computers_are_added_all_the_time(settled) -> None:
    for number in range(3):
        name_as_members(settled, user_dn(1), *(COMPUTER.format(each) for each in range(number + 1)))
        report, _ = settled.run()
        assert report.holds == ({"UnresolvedMember": 1} if number == 0 else {})
    assert members_in_cloud(settled) == anchors(settled, 1)


@pytest.mark.parametrize("now", [(), range(3000), range(5000)], ids=["none", "fewer", "the same"])
def test_values_that_named_nobody_before_delay_no_removal(engine, now) -> None:
    name_as_members(engine, user_dn(1), user_dn(2), *map(COMPUTER.format, range(5000)))
    engine.run()
    name_as_members(engine, user_dn(1), *map(COMPUTER.format, now))
    report, _ = engine.run()
    assert report.settled and report.unresolved_members == len(now)
    assert members_in_cloud(engine) == anchors(engine, 1)


# --- removals of members that leave ------------------------------------------------------------------------------


def leave_scope(engine: Engine, number: int) -> None:
    engine.source.add(user(number, sAMAccountName=""))


def test_a_value_taken_out_of_the_group_is_removed_while_the_delete_of_its_member_is_held(settled) -> None:
    settled.config = deletes_up_to(settled.config, 0)
    leave_scope(settled, 1)
    name_as_members(settled, user_dn(2))
    for _ in range(3):
        report, _ = settled.run()
        assert report.holds == {"TooManyDeletes": 1}
    (obj,) = settled.sent
    assert links(obj) == [("REMOVE", settled.anchor(user(1)))]
    assert members_in_cloud(settled) == anchors(settled, 2)


def test_a_value_taken_out_while_the_delete_waits_already_is_removed_at_once(settled) -> None:
    settled.config = deletes_up_to(settled.config, 0)
    leave_scope(settled, 1)
    settled.run()
    assert not settled.sent and members_in_cloud(settled) == anchors(settled, 1, 2)
    name_as_members(settled, user_dn(2))
    settled.run()
    assert members_in_cloud(settled) == anchors(settled, 2)


def test_a_value_that_is_still_in_the_group_waits_for_the_delete_of_its_member(settled) -> None:
    settled.config = deletes_up_to(settled.config, 0)
    leave_scope(settled, 1)
    for _ in range(3):
        report, _ = settled.run()
        assert report.holds == {"TooManyDeletes": 1} and not settled.sent
    settled.config = deletes_up_to(settled.config, 1)
    settled.run()
    assert [obj.operation for obj in settled.sent] == [Operation.DELETE]


def test_who_vanishes_together_with_the_values_waits_for_the_delete_however_long(settled) -> None:
    settled.config = deletes_up_to(settled.config, 0)
    settled.leave(1)
    for expected in ("AbsentOnce", "TooManyDeletes", "TooManyDeletes"):
        report, _ = settled.run()
        assert report.holds == {expected: 1} and not settled.sent
    assert members_in_cloud(settled) == anchors(settled, 1, 2)


def test_who_is_moved_out_of_scope_while_the_directory_is_read_waits_with_the_delete(settled) -> None:
    settled.config = deletes_up_to(settled.config, 0)
    leave_scope(settled, 1)
    name_as_members(settled, user_dn(1, "Leavers"), user_dn(2))
    report, _ = settled.run()
    assert report.holds == {"TooManyDeletes": 1} and not settled.sent


# --- parts of a source -------------------------------------------------------------------------------------------


@dataclass
class Parts(ListSource):
    """A directory of several parts, some of which it may cease to name."""

    parts: dict[str, list[Entry]] = field(default_factory=dict)
    asked: Sequence[str] = ()

    def partitions(self) -> Sequence[str]:
        return sorted(self.parts)

    def asks_for(self, partition: str, named: Sequence[str]) -> bool:
        return partition in self.asked

    def read(self, partition: str, wanted: frozenset[str], known: Known | None = None) -> Iterator[Fact]:
        yield from self.parts[partition]
        yield Proof(partition, True, len(self.parts[partition]), None)


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Engine, Parts]:
    """Two parts with two people each, all of them in the cloud."""
    source = Parts(parts={"DC=a": [user(1), user(2)], "DC=b": [user(3), user(4)]})
    engine = Engine(tmp_path / "state.db", sources=[source])
    engine.run()
    engine.cloud.calls.clear()
    return engine, source


def test_a_part_that_the_document_dropped_is_forgotten_and_its_entries_leave_under_the_threshold(parts) -> None:
    engine, source = parts
    engine.config = deletes_up_to(engine.config, 1)
    del source.parts["DC=b"]
    for expected in ("AbsentOnce", "TooManyDeletes"):
        report, _ = engine.run()
        assert report.succeeded and report.holds == {expected: 2} and not engine.sent
    engine.config = deletes_up_to(engine.config, 2)
    assert engine.settle()
    assert set(engine.cloud.objects) == anchors(engine, 1, 2)


def test_after_a_part_was_dropped_people_of_the_others_still_leave(parts) -> None:
    engine, source = parts
    source.parts = {"DC=a": [user(2)]}
    engine.settle()
    assert set(engine.cloud.objects) == anchors(engine, 2)


def test_a_part_that_the_directory_hides_proves_nothing_and_says_what_to_do(parts) -> None:
    engine, source = parts
    hidden, source.asked = source.parts.pop("DC=b"), ("DC=b",)
    source.parts["DC=a"].remove(user(1))
    for _ in range(3):
        report, _ = engine.run()
        assert not report.succeeded and report.holds == {"SourceIncomplete": 3 - 2} and not engine.sent
    (told,) = [read for read in report.sources if not read.complete]
    assert told.partition == "DC=b" and "name a server that holds it, or remove that scope" in told.reason
    source.parts["DC=b"] = hidden
    engine.settle()
    assert set(engine.cloud.objects) == anchors(engine, 2, 3, 4)


def test_a_source_that_is_read_in_other_parts_takes_its_entries_along_and_misses_who_left(parts) -> None:
    engine, source = parts
    source.parts = {"file": [user(1), user(2), user(3)]}
    report, _ = engine.run()
    assert report.succeeded and report.holds == {"AbsentOnce": 1} and not engine.sent
    engine.settle()
    assert set(engine.cloud.objects) == anchors(engine, 1, 2, 3)
    source.parts = {"DC=b": [user(3)], "DC=a": [user(1), user(2)]}
    engine.cloud.calls.clear()
    assert engine.run()[0].settled and not engine.sent


@pytest.mark.parametrize(
    ("unnamed", "named", "asked"),
    [
        ("DC=sub,DC=test", ("DC=test",), True),
        ("DC=SUB,DC=test", ("DC=test",), True),
        ("DC=test", ("DC=sub,DC=test",), False),
        ("DC=other", ("DC=sub,DC=test",), False),
        ("file", ("DC=sub,DC=test",), False),
    ],
)
def test_a_server_is_asked_for_the_innermost_context_of_each_scope(unnamed, named, asked) -> None:
    source = LdapSource("corp", ["ldaps://dc1"], "reader", "x", None, ["OU=People,DC=sub,DC=test"])
    assert source.asks_for(unnamed, named) is asked


def test_a_file_is_asked_for_nothing_of_the_time_when_the_source_was_a_server() -> None:
    assert not LdifSource("corp", Path("corp.ldif"), None).asks_for("DC=corp,DC=example,DC=com", ["file"])


def test_a_delete_that_is_seen_and_answered_later_does_not_forget_which_links_may_come_back(engine) -> None:
    """The cloud processed a delete whose answer was lost; a read-back shows it, and then it is sent once more."""
    now = [1000.0]
    engine.clock = lambda: now[0]
    engine.pace = replace(engine.pace, call_timeout=600.0)
    engine.settle()
    engine.leave(1)
    engine.run()
    engine.lose("after")
    engine.run()
    now[0] += 601.0
    engine.settle()
    engine.source.add(user(1))
    report, _ = engine.run()
    assert report.counts == {"Create": {"User": 1}} and report.settled
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(2))}
