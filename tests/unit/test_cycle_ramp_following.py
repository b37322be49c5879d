"""Whole runs: which ramp a group follows from run to run, in which order members come, and which names deny."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from pyroaring import BitMap

from support.build import BASE, entry, group, guid, user
from support.engine import Engine
from support.growing import follow, name, policy, populate, there
from syncramp.errors import AnotherRunActive
from syncramp.events import Note
from syncramp.model.ramps import Bound
from syncramp.model.values import Kind
from syncramp.ramp.steps import digest_of
from syncramp.spec.ramps import Admit


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path / "state.db")


def followed(engine: Engine) -> dict[str, Bound]:
    """Anchor -> by what the group is bound."""
    with engine.store() as store:
        return {each.anchor: each for each in store.ramp_groups.all().values()}


def kept(engine: Engine) -> list[str]:
    """Anchors of all groups that are on record."""
    with engine.store() as store:
        return [row[0] for row in store.database.all("SELECT anchor FROM ramp_groups")]


def ramp_of(engine: Engine, number: int = 101) -> str:
    bound = followed(engine).get(engine.anchor(group(number)))
    return bound.ramp if bound else ""


def called(display: str, number: int = 101) -> object:
    return group(number, displayName=display)


NAMED = policy(2, name="named", where="object.displayName.startsWith('LIC-')", admit=Admit.MEMBERS)
REST = policy(20, name="rest")


def test_a_rename_lets_nobody_in_and_is_told(engine: Engine) -> None:
    populate(engine, 6)
    engine.source.add(called("LIC-all"))
    follow(engine, NAMED, REST)
    engine.run()
    assert (ramp_of(engine), there(engine)) == ("named", {1, 2})
    engine.source.add(called("Everybody"))
    report, plan = engine.run()
    assert (ramp_of(engine), there(engine)) == ("named", {1, 2})
    assert report.holds == {"Ramp": 4}
    (told,) = (note for each in plan.ramps for note in each.notes.values())
    assert told == "ramp rest would match it now; it stays with named until it is whole"


def test_a_group_that_shrinks_below_its_ramp_stays_with_it_and_leaves_it_once_it_is_whole(engine: Engine) -> None:
    populate(engine, 6)
    follow(engine, policy(1, name="rest", admit=Admit.MEMBERS))
    engine.run()
    name(engine, [1, 2])
    report, _ = engine.run()
    assert (ramp_of(engine), there(engine), report.holds) == ("rest", {1}, {"Ramp": 1})
    name(engine, [1])
    engine.run()
    assert (ramp_of(engine), there(engine)) == ("", {1})
    name(engine, [1, 2])
    engine.run()
    assert there(engine) == {1, 2}


def test_what_the_cloud_had_when_a_group_was_bound_is_kept_while_its_ramp_changes(engine: Engine) -> None:
    populate(engine, 6, named=[1, 2])
    engine.settle()
    name(engine, range(1, 7))
    follow(engine, policy(4, admit=Admit.MEMBERS))
    engine.run()
    (first,) = followed(engine).values()
    other = policy(5, admit=Admit.MEMBERS)
    follow(engine, other)
    engine.run()
    (bound,) = followed(engine).values()
    assert (len(there(engine)), len(bound.start)) == (5, 2)
    assert bound == replace(first, policy=digest_of(other), waited=True)


def test_a_plan_binds_nobody(engine: Engine) -> None:
    populate(engine, 6)
    follow(engine, REST)
    _, plan = engine.run(sends=False)
    assert [each.name for each in plan.ramps] == ["rest"]
    assert followed(engine) == {}


def test_a_group_that_left_the_directory_for_good_is_forgotten(engine: Engine) -> None:
    populate(engine, 6)
    follow(engine, policy(20, name="rest", where="true"))
    engine.settle()
    assert ramp_of(engine) == "rest"
    engine.source.entries.pop(guid(101))
    members = engine.source.members.pop(guid(101))
    engine.run()
    assert kept(engine) == [engine.anchor(group(101))], "its delete waits for a second import"
    engine.source.add(group(101))
    engine.source.members[guid(101)] = members
    engine.run()
    assert ramp_of(engine) == "rest"
    engine.source.entries.pop(guid(101))
    engine.source.members.pop(guid(101))
    engine.settle()
    engine.run()
    assert kept(engine) == []


def test_of_which_groups_somebody_waits_is_kept_when_a_run_is_over(engine: Engine) -> None:
    populate(engine, 6)
    engine.source.add(group(102))
    name(engine, range(1, 4), number=102)
    follow(engine, policy(4))
    engine.run()
    waited = {anchor: each.waited for anchor, each in followed(engine).items()}
    assert waited == {engine.anchor(group(101)): True, engine.anchor(group(102)): False}
    name(engine, range(1, 5))
    engine.settle()
    assert not any(each.waited for each in followed(engine).values())


def test_a_condition_without_a_result_does_not_match_and_is_told(engine: Engine) -> None:
    populate(engine, 6)
    follow(engine, policy(2, name="named", where="object.mail.endsWith('.com')"), policy(4, name="rest"))
    _, plan = engine.run()
    assert ramp_of(engine) == "rest"
    (told,) = (note for each in plan.ramps for note in each.notes.values())
    assert told == "match.where of ramp named has no result for it: object.mail has no value"


@pytest.mark.parametrize(("groups", "more"), [(1, ""), (2, ", and so for 1 other group")])
def test_a_group_that_follows_no_ramp_for_want_of_a_result_is_a_warning(
    engine: Engine, groups: int, more: str
) -> None:
    populate(engine, 4)
    if groups == 2:
        engine.source.add(group(102))
        name(engine, range(1, 5), number=102)
    follow(engine, policy(2, name="named", where="object.mail != ''"))
    engine.run()
    assert there(engine) == {1, 2, 3, 4}
    (told,) = (event for event in engine.events if isinstance(event, Note) and "ramp" in event.text)
    why = "match.where of ramp named has no result for it: object.mail has no value"
    assert told == Note("warning", f"{group(101).dn} follows no ramp: {why}{more}")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, [1, 2, 3]),
        ("object.?department.orValue('') != 'IT'", [5, 6, 1]),
        ("object.department", [4, 5, 6]),
        ("object.?title.orValue('0') == '0' ? 2 : 1", [3, 1, 2]),
    ],
)
def test_members_come_in_the_order_of_the_ramp(engine: Engine, order: str | None, expected: list[int]) -> None:
    populate(engine, 6)
    engine.source.add(user(3, title="1"), user(4, department="HR"), *(user(each, department="IT") for each in (5, 6)))
    follow(engine, policy(3, admit=Admit.MEMBERS, order=order))
    engine.run()
    assert there(engine) == set(expected)


def test_the_same_people_come_first_in_every_group(engine: Engine) -> None:
    populate(engine, 8)
    populate(engine, 8, number=102, named=[2, 4, 6, 8])
    engine.source.add(*(user(each, department="IT") for each in (4, 8)))
    follow(engine, policy(9, admit=Admit.MEMBERS, per_cycle=4, order="object.?department.orValue('') != 'IT'"))
    engine.run()
    assert (there(engine, 101), there(engine, 102)) == ({4, 8}, {4, 8})


def _below(unit: str) -> object:
    values = {"cn": "Group 101", "sAMAccountName": "group101", "groupType": "-2147483646"}
    return entry(Kind.GROUP, 101, f"CN=Group 101,OU=x,OU={unit},{BASE}", values)


@pytest.mark.parametrize(
    ("made", "patterns", "comes"),
    [
        (called("VPN-Deny"), ("*deny*",), set()),
        (group(101, cn="VPN-Deny"), ("*deny*",), set()),
        (_below("Blocked Users"), ("*block*",), set()),
        (called("VPN-Deny"), (), {1, 2}),
        (called("VPN"), ("*deny*",), {1, 2}),
    ],
)
def test_a_group_whose_names_deny_comes_whole_or_not_at_all(
    engine: Engine, made: object, patterns: Iterable[str], comes: set[int]
) -> None:
    populate(engine, 6)
    engine.source.add(made)  # type: ignore[arg-type]
    follow(engine, policy(2, admit=Admit.MEMBERS), deny_patterns=tuple(patterns))
    _, plan = engine.run()
    assert there(engine) == comes
    notes = [note for each in plan.ramps for note in each.notes.values()]
    assert notes == ([] if comes else [f"it comes whole because its name matches {next(iter(patterns))}"])


def bound(number: int, ramp: str = "large") -> Bound:
    return Bound(number, f"g{number}", ramp, 1.0, "digest", BitMap([7, 9]))


def test_a_run_that_was_overtaken_writes_nothing_of_it(engine: Engine) -> None:
    def overtaken() -> None:
        raise AnotherRunActive("a later run", where="", remedy="")

    with engine.store() as store:
        with pytest.raises(AnotherRunActive):
            store.ramp_groups.write({1: bound(1)}, {}, (), overtaken)
        with pytest.raises(AnotherRunActive):
            store.ramp_groups.note_waiting(["g1"], overtaken)
        assert store.database.all("SELECT anchor FROM ramp_groups") == []


def test_marks_of_a_group_outlive_that_it_is_bound_anew(engine: Engine) -> None:
    populate(engine, 6)
    follow(engine, policy(20))
    engine.run()
    with engine.store() as store:
        before = store.ramp_groups.all()
        (first,) = before.values()
        store.filling.begin(first.anchor, lambda: None)
        store.ramp_groups.note_waiting([first.anchor], lambda: None)
        moved = replace(first, ramp="other", start=BitMap([3]))
        store.ramp_groups.write({first.id: moved}, before, (), lambda: None)
        assert store.ramp_groups.all() == {first.id: replace(moved, filling=True, waited=True)}
