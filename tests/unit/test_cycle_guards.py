"""Whole runs under guards: each holds its own class, over a plan and over 24 hours, and everything else goes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from support.build import deletes_up_to, group, guid, user, user_dn
from support.engine import Engine, links
from support.explained import explained
from syncramp.model.adoption import Adoption
from syncramp.model.holds import Hold
from syncramp.model.report import RunReport
from syncramp.model.stages import Progress, Stage
from syncramp.model.wire import Operation
from syncramp.spec.failsafe import ClearLimits, DisableLimits, Failsafe, RemovalLimits, SignInLimits

HOUR = 3600.0
GROUP, SMALL, OTHER = 9001, 9002, 9003


@pytest.fixture
def clock(engine: Engine) -> list[float]:
    now = [1_000_000.0]
    engine.clock = lambda: now[0]
    return now


def filled(engine: Engine, people: int, members: int = 0, **attributes: Any) -> None:
    """So many people are in the cloud, some of them in one group."""
    engine.source.entries.clear()
    engine.source.members.clear()
    engine.source.add(group(GROUP))
    engine.source.add(*(user(number, **attributes) for number in range(1, people + 1)))
    engine.source.members[guid(GROUP)] = [user_dn(number) for number in range(1, members + 1)]
    engine.settle()
    engine.cloud.calls.clear()


def limited(engine: Engine, **limits: Any) -> None:
    engine.config = replace(engine.config, failsafe=replace(Failsafe(), **limits))


def leave(engine: Engine, numbers: Iterable[int]) -> RunReport:
    """They leave, and the second import agrees."""
    for number in numbers:
        engine.leave(number)
    engine.run()
    return engine.run()[0]


def deleted(engine: Engine) -> int:
    return sum(obj.operation is Operation.DELETE for obj in engine.sent)


def tripped(report: RunReport) -> set[str]:
    return {reading.guard for reading in report.guards if reading.tripped}


# --- deletes -------------------------------------------------------------------------------------------------------


def test_deletes_in_several_runs_are_counted_together_for_a_day(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 5)
    filled(engine, 20)
    assert not leave(engine, range(1, 4)).holds
    clock[0] += HOUR
    assert not leave(engine, range(4, 6)).holds
    assert deleted(engine) == 5
    clock[0] += HOUR
    report = leave(engine, [6])
    assert report.holds == {"TooManyDeletes": 1} and tripped(report) == {"Deletes"}
    assert "5 of them sent in the last 24 hours" in report.hold_samples["TooManyDeletes"][0].detail
    clock[0] += 23 * HOUR + 1
    assert not engine.run()[0].holds, "the first three are more than a day ago"
    assert deleted(engine) == 6


def test_the_day_ends_for_each_run_by_itself(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 5)
    filled(engine, 20)
    leave(engine, range(1, 4))
    clock[0] += 12 * HOUR
    leave(engine, range(4, 6))
    clock[0] += 12 * HOUR
    report = leave(engine, range(6, 10))
    assert report.holds == {"TooManyDeletes": 4}, "two of half a day ago and four are six"


def test_a_delete_that_the_service_refuses_again_and_again_counts_once(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 1)
    filled(engine, 5)
    engine.cloud.refuse = lambda obj: "Other" if obj.operation is Operation.DELETE else ""
    for report in (leave(engine, [1]), *(engine.run()[0] for _ in range(3))):
        assert not report.holds and report.objects.refused == 1
    assert deleted(engine) == 4


def test_a_call_that_is_lost_counts(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 1)
    filled(engine, 5)
    engine.leave(1)
    engine.run()
    engine.lose()
    engine.leave(2)
    engine.run()
    report, _ = engine.run()
    assert report.holds["TooManyDeletes"] >= 1


def test_what_a_person_approved_counts_while_it_waits_and_not_once_it_was_sent(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 2)
    filled(engine, 20)
    assert leave(engine, range(1, 5)).holds == {"TooManyDeletes": 4}
    engine.approve()
    engine.leave(5)
    engine.run()
    assert deleted(engine) == 4
    report, _ = engine.run()
    assert not report.holds and deleted(engine) == 5, "the four were looked at"
    assert not leave(engine, [6]).holds
    assert leave(engine, [7]).holds == {"TooManyDeletes": 1}


def test_a_tenth_of_the_people_is_held_and_the_delete_of_a_group_goes(engine, clock) -> None:
    filled(engine, 600)
    engine.source.add(*(group(number) for number in range(1000, 1060)))
    engine.settle()
    engine.source.entries.pop(guid(GROUP))
    report = leave(engine, range(1, 62))
    assert report.holds == {"TooManyDeletes": 61} and "DeletesOfKind" in tripped(report)
    assert [obj.kind for obj in engine.sent if obj.operation is Operation.DELETE] == ["Group"]


def test_a_large_group_is_held_alone(engine, clock) -> None:
    filled(engine, 101, 101)
    engine.source.add(group(SMALL))
    engine.settle()
    for number in (GROUP, SMALL):
        engine.source.entries.pop(guid(number))
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"GroupDeletes": 1}
    assert "it has 101 members" in report.hold_samples["GroupDeletes"][0].detail


# --- members -------------------------------------------------------------------------------------------------------


def test_removals_in_several_runs_are_counted_together_for_a_day(engine, clock) -> None:
    limited(engine, member_removals=RemovalLimits(per_group=10))
    filled(engine, 40, 40)
    members = engine.source.members[guid(GROUP)]
    del members[:6]
    assert not engine.run()[0].holds
    del members[:5]
    report, _ = engine.run()
    assert report.holds == {"TooManyRemovals": 5} and tripped(report) == {"RemovalsOfGroup"}
    clock[0] += 24 * HOUR
    assert not engine.run()[0].holds


def test_a_group_that_is_emptied_in_two_runs_is_held(engine, clock) -> None:
    filled(engine, 11, 11)
    members = engine.source.members[guid(GROUP)]
    del members[:6]
    assert not engine.run()[0].holds
    del members[:]
    report, _ = engine.run()
    assert report.holds == {"TooManyRemovals": 5} and tripped(report) == {"EmptiedGroups"}


def test_what_goes_with_a_delete_takes_the_verdict_of_that_delete(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 10)
    filled(engine, 40, 40)
    report = leave(engine, range(1, 20))
    assert report.holds == {"TooManyDeletes": 19}, "nineteen of forty members are no removals of their own"
    assert not [obj for obj in engine.sent if links(obj)]
    assert len(engine.cloud.links[engine.anchor(group(GROUP))]) == 40


def test_members_that_come_back_with_their_objects_and_are_not_wanted_wait_for_nobody_and_count(
    engine, clock
) -> None:
    filled(engine, 6, 6)
    leave(engine, [1, 2, 3])
    limited(engine, member_removals=RemovalLimits(per_group=2))
    engine.source.add(user(1), user(2), user(3))
    report, _ = engine.run()
    assert not report.holds and len(engine.cloud.links[engine.anchor(group(GROUP))]) == 3
    engine.source.members[guid(GROUP)].remove(user_dn(4))
    assert engine.run()[0].holds == {"TooManyRemovals": 1}
    clock[0] += 25 * HOUR
    assert not engine.run()[0].holds


def test_a_group_of_many_that_is_nested_into_another_waits(engine, clock) -> None:
    limited(engine, effective_adds=20)
    filled(engine, 21, 21)
    engine.source.add(group(SMALL))
    clock[0] += 25 * HOUR
    engine.settle()
    clock[0] += 25 * HOUR
    engine.source.members[guid(SMALL)] = [
        f"CN=Group {GROUP},OU=Groups,{user_dn(1).partition('OU=People,')[2]}",
        user_dn(1),
    ]
    report, _ = engine.run()
    assert report.holds == {"EffectiveGrowth": 1} and tripped(report) == {"EffectiveGrowth"}
    assert engine.cloud.links[engine.anchor(group(SMALL))] == {engine.anchor(user(1))}
    limited(engine, effective_adds=21)
    assert not engine.run()[0].holds


# --- updates -------------------------------------------------------------------------------------------------------


def test_disables_are_held_by_their_number_and_the_rest_of_the_object_goes(engine, clock) -> None:
    limited(engine, disables=DisableLimits(2))
    filled(engine, 5)
    engine.source.add(*(user(number, userAccountControl="514", title="Left") for number in (1, 2, 3)))
    report, _ = engine.run()
    assert report.holds == {"TooManyDisables": 3}
    held = engine.cloud.objects[engine.anchor(user(1))].values
    assert (held["accountEnabled"], held["title"]) == (True, "Left")


def test_disables_of_one_day_are_counted_together(engine, clock) -> None:
    limited(engine, disables=DisableLimits(2))
    filled(engine, 5)
    for number in (1, 2, 3):
        engine.source.add(user(number, userAccountControl="514"))
        report, _ = engine.run()
    assert report.holds == {"TooManyDisables": 1}


def test_a_new_primary_address_counts_and_another_one_beside_it_does_not(engine, clock) -> None:
    limited(engine, sign_in=SignInLimits(1))
    filled(engine, 4)
    old = [f"SMTP:user{number}@corp.example.com" for number in range(1, 5)]
    engine.source.add(*(user(number, proxyAddresses=old[number - 1]) for number in range(1, 5)))
    limited(engine)
    engine.settle()
    clock[0] += 25 * HOUR
    limited(engine, sign_in=SignInLimits(1))
    engine.source.add(
        user(1, proxyAddresses=[old[0], "smtp:a@corp.example.com"]),
        user(2, proxyAddresses=[old[1].replace("user2", "USER2"), "smtp:b@corp.example.com"]),
        user(3, proxyAddresses=["SMTP:c@corp.example.com"]),
        user(4, proxyAddresses=["SMTP:d@corp.example.com"], title="New"),
    )
    report, _ = engine.run()
    assert report.holds == {"TooManySignInChanges": 2} and tripped(report) == {"SignInChanges"}
    assert len(engine.cloud.objects[engine.anchor(user(1))].values["proxyAddresses"]) == 2
    assert engine.cloud.objects[engine.anchor(user(4))].values["title"] == "New"


def test_clears_of_one_attribute_are_held_and_changes_of_it_go(engine, clock) -> None:
    limited(engine, clears=ClearLimits(count=2))
    filled(engine, 6, title="Clerk", department="Sales")
    engine.source.add(*(user(number, department="Sales") for number in (1, 2, 3)), user(4, title="Clerk"))
    engine.source.add(user(5, title="Chief", department="Sales"))
    report, _ = engine.run()
    assert report.holds == {"TooManyClears": 3}
    values = {number: engine.cloud.objects[engine.anchor(user(number))].values for number in range(1, 6)}
    assert [values[number]["title"] for number in (1, 2, 3, 4, 5)] == ["Clerk"] * 4 + ["Chief"]
    assert "department" not in values[4]


# --- what else -----------------------------------------------------------------------------------------------------


def test_the_tenants_own_limit_of_deletes_holds_them_too(engine, clock, monkeypatch) -> None:
    filled(engine, 5)
    company = engine.cloud.company
    monkeypatch.setattr(
        engine.cloud,
        "company",
        lambda: replace(company(), deletion_prevention="EnabledForCount", delete_threshold=1),
    )
    report = leave(engine, (1, 2))
    assert report.holds == {"TooManyDeletes": 2} and tripped(report) == {"TenantDeletes"}
    told = explained(engine, user_dn(1), now=clock[0])
    assert told.change and told.change.hold is Hold.TOO_MANY_DELETES


def test_creates_in_an_adopted_tenant_have_a_limit_over_the_day(engine, clock) -> None:
    filled(engine, 3)
    clock[0] += 25 * HOUR
    with engine.store() as store, store.database.transaction():
        store.adoption.write(Adoption(0.0, "ada", 1, "ab" * 16))
    engine.source.add(*(user(number) for number in range(10, 50)))
    first, _ = engine.run()
    engine.source.add(*(user(number) for number in range(50, 61)))
    second, _ = engine.run()
    assert "TooManyCreates" not in first.holds
    created = next(each for each in second.guards if (each.guard, each.subject) == ("Creates", "User"))
    assert (created.value, created.limit, created.tripped) == (51, 50, True)


def test_a_person_is_explained_with_the_hold_of_the_guard(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 1)
    filled(engine, 5)
    report = leave(engine, (1, 2))
    told = explained(engine, user_dn(1), now=clock[0])
    assert told.change and told.change.reason in report.hold_samples["TooManyDeletes"][0].detail


def test_what_was_sent_is_forgotten_after_two_days(engine, clock) -> None:
    filled(engine, 5)
    clock[0] += 48 * HOUR + 1
    engine.run()
    with engine.store() as store:
        assert store.database.all("SELECT * FROM spent") == []


def test_a_link_that_comes_back_and_waits_for_a_guard_is_told_in_the_run_that_brings_it_back(
    engine: Engine, clock: list[float]
) -> None:
    """Nobody planned its removal: it came with a member that was created again."""
    filled(engine, 4, 4)
    leave(engine, [1])
    assert engine.anchor(user(1)) not in engine.cloud.objects
    engine.source.add(user(1))
    engine.source.members[guid(GROUP)].remove(user_dn(2))
    limited(engine, member_removals=RemovalLimits(per_run=0))
    report, _ = engine.run()
    assert engine.anchor(user(1)) in engine.cloud.links[engine.anchor(group(GROUP))]
    assert report.holds == {Hold.TOO_MANY_REMOVALS: 2} and not report.settled
    assert (report.links.expected, report.links.held, report.links.left) == (2, 2, 0)
    assert engine.run()[0].holds == {Hold.TOO_MANY_REMOVALS: 2}


def test_two_attributes_of_one_object_may_be_held_for_the_same_hold(engine, clock) -> None:
    limited(engine, clears=ClearLimits(count=0, floor=0))
    filled(engine, 2, title="Clerk", department="Sales")
    engine.source.add(user(1), user(2))
    report, _ = engine.run()
    assert report.holds == {"TooManyClears": 4}
    assert len(report.hold_samples["TooManyClears"]) == 4


def test_groups_that_were_created_today_may_be_nested(engine, clock) -> None:
    limited(engine, effective_adds=0)
    filled(engine, 5, 5)
    clock[0] += 25 * HOUR
    engine.source.add(group(SMALL))
    engine.settle()
    clock[0] += 23 * HOUR
    engine.source.members[guid(SMALL)] = [f"CN=Group {GROUP},OU=Groups,{user_dn(1).partition('OU=People,')[2]}"]
    assert not engine.run()[0].holds
    engine.source.members[guid(SMALL)] = []
    engine.settle()
    clock[0] += HOUR
    engine.source.members[guid(SMALL)] = [f"CN=Group {GROUP},OU=Groups,{user_dn(1).partition('OU=People,')[2]}"]
    assert engine.run()[0].holds == {"EffectiveGrowth": 1}


def test_groups_that_are_nested_one_after_the_other_grow_together_for_a_day(engine, clock) -> None:
    limited(engine, effective_adds=7)
    filled(engine, 10, 5)
    engine.source.add(group(SMALL), group(OTHER))
    engine.source.members[guid(OTHER)] = [user_dn(number) for number in range(6, 11)]
    engine.settle()
    clock[0] += 25 * HOUR
    first, second = (
        f"CN=Group {number},OU=Groups,{user_dn(1).partition('OU=People,')[2]}" for number in (GROUP, OTHER)
    )
    engine.source.members[guid(SMALL)] = [first]
    assert not engine.run()[0].holds
    clock[0] += 23 * HOUR
    engine.source.members[guid(SMALL)] = [first, second]
    assert engine.run()[0].holds == {"EffectiveGrowth": 1}
    clock[0] += 2 * HOUR
    assert not engine.run()[0].holds


def test_limits_are_halved_for_a_week_after_a_probation(engine, clock) -> None:
    engine.config = deletes_up_to(engine.config, 3)
    filled(engine, 10)
    with engine.store() as store, store.database.transaction():
        store.adoption.write(Adoption(0.0, "ada", 1, "ab" * 16, stage=Stage.ALL))
        store.stages.write(Progress(probation_ended=clock[0]))
    assert leave(engine, (1, 2)).holds == {"TooManyDeletes": 2}
    told = explained(engine, user_dn(1), now=clock[0])
    assert told.change and "failsafe.deletes.count (1)" in told.change.reason
    clock[0] += 7 * 24 * HOUR
    assert not engine.run()[0].holds


def test_a_delete_on_probation_is_explained_with_it(engine, clock) -> None:
    filled(engine, 10)
    with engine.store() as store, store.database.transaction():
        store.adoption.write(Adoption(0.0, "ada", 1, "ab" * 16, stage=Stage.ALL))
    report = leave(engine, [1])
    assert report.holds == {"ApprovalRequired": 1}
    told = explained(engine, user_dn(1), now=clock[0])
    assert told.change and told.change.hold is Hold.APPROVAL_REQUIRED
