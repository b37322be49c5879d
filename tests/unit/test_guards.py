"""Guards as functions of facts: what is equal to its limit passes, one more is held, and only its own class."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.facts import loss, number
from syncramp.model.guards import Reading
from syncramp.model.holds import Barrier, Class, Hold
from syncramp.model.values import Kind
from syncramp.plan import guards
from syncramp.plan.facts import Facts, Number, Part
from syncramp.plan.gauges import TOLD, Gauge
from syncramp.plan.guards import judge
from syncramp.plan.nesting import Growth
from syncramp.spec.failsafe import Failsafe

LIMITS = Failsafe()


def readings(facts: Facts, guard: str, limits: Failsafe = LIMITS) -> list[Reading]:
    return [reading for reading in judge(facts, limits)[0] if reading.guard == guard]


def reading(facts: Facts, guard: str, limits: Failsafe = LIMITS) -> Reading:
    (found,) = readings(facts, guard, limits)
    return found


def barriers(facts: Facts, limits: Failsafe = LIMITS) -> list[Barrier]:
    return [barrier for each in judge(facts, limits)[1].values() for barrier in each]


def part(what: str, subject: str, due: int, whole: int) -> Facts:
    return Facts(parts=(Part(what, subject, number(due, whole=whole)),))


def parted(kind: Kind, due: int) -> Facts:
    return part("Kind", kind.value, due, 10**6)


CASES = [
    ("Deletes", lambda n: Facts(deletes=number(n)), 500, Class.DELETES, Hold.TOO_MANY_DELETES),
    ("TenantDeletes", lambda n: Facts(deletes=number(n), prevention=80), 80, Class.DELETES, Hold.TOO_MANY_DELETES),
    ("DeletesOfKind", lambda n: part("Kind", "User", n, 1009), 100, Class.DELETES, Hold.TOO_MANY_DELETES),
    ("DeletesOfSource", lambda n: part("Source", "corp", n, 499), 50, Class.DELETES, Hold.TOO_MANY_DELETES),
    ("DeletesOfBase", lambda n: part("Base", "OU=A", n, 2000), 200, Class.DELETES, Hold.TOO_MANY_DELETES),
    ("GroupDeletes", lambda n: parted(Kind.GROUP, n), 20, Class.DELETES, Hold.GROUP_DELETES),
    ("LargeGroupDeletes", lambda n: Facts(groups=(loss(1, 0, n),)), 100, Class.DELETES, Hold.GROUP_DELETES),
    ("DeviceDeletes", lambda n: parted(Kind.DEVICE, n), 25, Class.DELETES, Hold.DEVICE_DELETES),
    ("RemovalsOfGroup", lambda n: Facts(losses=(loss(1, n, 10**5),)), 5000, Class.REMOVALS, Hold.TOO_MANY_REMOVALS),
    ("RemovalShare", lambda n: Facts(losses=(loss(1, n, 101),)), 30, Class.REMOVALS, Hold.TOO_MANY_REMOVALS),
    ("EmptiedGroups", lambda n: Facts(losses=(loss(1, n, n),)), 10, Class.REMOVALS, Hold.TOO_MANY_REMOVALS),
    (
        "Removals",
        lambda n: Facts(losses=(loss(1, n, 10**6),), removals=n, links=10**7),
        20_000,
        Class.REMOVALS,
        Hold.TOO_MANY_REMOVALS,
    ),
    (
        "RemovalsOfAll",
        lambda n: Facts(losses=(loss(1, n, 10**6),), removals=n, links=3000),
        60,
        Class.REMOVALS,
        Hold.TOO_MANY_REMOVALS,
    ),
    ("EffectiveGrowth", lambda n: Facts(growth=Growth(n, {1: BitMap([2])})), 25_000, Class.REST, Hold.NESTING),
    ("Disables", lambda n: Facts(disables=number(n)), 500, Class.DISABLES, Hold.TOO_MANY_DISABLES),
    (
        "SignInChanges",
        lambda n: Facts(sign_in={"usageLocation": number(n)}, in_cloud=10**6),
        500,
        Class.REST,
        Hold.SIGN_IN,
    ),
    (
        "SignInShare",
        lambda n: Facts(sign_in={"usageLocation": number(n)}, in_cloud=6099),
        60,
        Class.REST,
        Hold.SIGN_IN,
    ),
    ("Clears", lambda n: Facts(clears={"title": number(n, whole=10**6)}), 500, Class.REST, Hold.TOO_MANY_CLEARS),
    ("ClearShare", lambda n: Facts(clears={"title": number(n, whole=700)}), 70, Class.REST, Hold.TOO_MANY_CLEARS),
    (
        "Creates",
        lambda n: Facts(adopted=True, creates={Kind.USER: number(n, whole=60_000)}),
        60,
        Class.CREATES,
        Hold.TOO_MANY_CREATES,
    ),
]


@pytest.mark.parametrize(("guard", "facts", "limit", "holds", "hold"), CASES, ids=[case[0] for case in CASES])
def test_what_is_equal_to_its_limit_passes_and_one_more_is_held(guard, facts, limit, holds, hold) -> None:
    least = reading(facts(limit), guard)
    assert (least.value, least.limit, least.distance, least.tripped) == (limit, limit, 0, False)
    assert guard not in [barrier.guard for barrier in barriers(facts(limit))]
    most = reading(facts(limit + 1), guard)
    assert (most.value, most.distance, most.tripped) == (limit + 1, -1, True)
    assert (most.holds, most.hold) == (holds.value, hold.value)
    found = [each for each in barriers(facts(limit + 1)) if each.guard == guard]
    assert found and {(each.holds, each.hold) for each in found} == {(holds, hold)}
    assert all(f"{each.value:,}" in each.sentence for each in (most,))


def test_every_guard_says_something_of_nothing_and_holds_nothing() -> None:
    found, held = judge(Facts(), LIMITS)
    assert {each.guard for each in found} >= {case[0] for case in CASES} - {
        "DeletesOfKind",
        "DeletesOfSource",
        "DeletesOfBase",
    }
    assert not held and not any(each.tripped for each in found)


@pytest.mark.parametrize(
    ("facts", "guard", "limit"),
    [
        (part("Kind", "Group", 50, 60), "DeletesOfKind", 50),
        (Facts(clears={"title": number(50, whole=51)}), "ClearShare", 50),
        (Facts(sign_in={"usageLocation": number(50)}, in_cloud=60), "SignInShare", 50),
        (Facts(losses=(loss(1, 50, 10**4),), removals=50, links=100), "RemovalsOfAll", 50),
        (Facts(adopted=True, creates={Kind.USER: number(50, whole=10)}), "Creates", 50),
    ],
)
def test_a_percentage_has_a_floor(facts: Facts, guard: str, limit: int) -> None:
    found = reading(facts, guard)
    assert (found.limit, found.tripped) == (limit, False)


@given(st.integers(0, 600), st.integers(0, 600))
@example(0, 501)
@example(1, 500)
def test_what_was_sent_in_the_last_day_counts_and_only_what_is_due_is_held(due: int, spent: int) -> None:
    facts = Facts(deletes=number(due, spent))
    found = reading(facts, "Deletes")
    assert found.value == due + spent
    assert found.tripped == (due + spent > 500 and due > 0)
    assert [each.ids for each in barriers(facts)] == ([BitMap(range(due))] if found.tripped else [])


def test_what_is_sent_again_counts_once() -> None:
    again = Number(BitMap(range(500)), BitMap(range(500)) | BitMap(range(500)))
    assert not reading(Facts(deletes=again), "Deletes").tripped


def test_a_group_of_a_hundred_may_lose_more_than_a_third() -> None:
    assert not reading(Facts(losses=(loss(1, 60, 100),)), "RemovalShare").tripped
    assert reading(Facts(losses=(loss(1, 60, 101),)), "RemovalShare").tripped


def test_the_share_of_a_group_counts_what_it_lost_in_the_last_day() -> None:
    assert not reading(Facts(losses=(loss(1, 20, 200, spent=40),)), "RemovalShare").tripped
    found = reading(Facts(losses=(loss(1, 21, 200, spent=40),)), "RemovalShare")
    assert found.tripped and "40 sent in the last 24 hours" in found.sentence


def test_a_group_is_emptied_if_nobody_stays_and_not_if_somebody_does() -> None:
    assert reading(Facts(losses=(loss(1, 11, 11),)), "EmptiedGroups").tripped
    assert not reading(Facts(losses=(loss(1, 11, 12),)), "EmptiedGroups").tripped


def test_one_group_that_loses_too_many_holds_no_other() -> None:
    facts = Facts(losses=(loss(7, 5001, 10**6), loss(8, 3, 10**6)))
    (barrier,) = barriers(facts)
    assert barrier.ids == BitMap([7])
    assert reading(facts, "RemovalsOfGroup").subject == "CN=Group 7"


def test_of_groups_that_pass_the_nearest_to_its_limit_is_told() -> None:
    facts = Facts(losses=(loss(7, 3, 10**6), loss(8, 4000, 10**6), loss(9, 5, 10**6)))
    found = reading(facts, "RemovalsOfGroup")
    assert (found.subject, found.value, found.tripped) == ("CN=Group 8", 4000, False)


def test_many_groups_beyond_a_limit_are_all_held_and_the_worst_are_named() -> None:
    groups = range(1, TOLD + 8)
    facts = Facts(groups=tuple(loss(each, 0, 100 + each) for each in groups))
    held = [each for each in barriers(facts) if each.guard == "LargeGroupDeletes"]
    assert BitMap.union(*(each.ids for each in held)) == BitMap(groups)
    told = readings(facts, "LargeGroupDeletes")
    assert len(told) == TOLD + 1 and told[0].subject == f"CN=Group {TOLD + 7}"
    assert (told[-1].subject, told[-1].value) == ("other groups", 7)


def test_sign_in_changes_count_by_object_and_are_held_by_attribute() -> None:
    names, places = BitMap(range(400)), BitMap(range(300, 501))
    facts = Facts(
        sign_in={"userPrincipalName": Number(names, names), "usageLocation": Number(places, places)}, in_cloud=10**6
    )
    assert reading(facts, "SignInChanges").value == 501
    held = {next(iter(each.attributes)): each.ids for each in barriers(facts)}
    assert held == {"userPrincipalName": names, "usageLocation": places}


def test_clears_of_one_attribute_hold_those_of_no_other_and_no_change_of_it() -> None:
    facts = Facts(clears={"title": number(501, whole=10**6), "mobile": number(500, whole=10**6)})
    (barrier,) = barriers(facts)
    assert (barrier.attributes, barrier.clears) == (frozenset({"title"}), True)


def test_nested_groups_are_held_as_links_and_not_as_updates() -> None:
    (barrier,) = barriers(Facts(growth=Growth(25_001, {1: BitMap([2, 3]), 4: BitMap([5])})))
    assert (barrier.ids, barrier.members) == (BitMap([1, 4]), BitMap([2, 3, 5]))


def test_a_tenant_that_was_not_adopted_has_no_limit_of_creates() -> None:
    found = reading(Facts(), "Creates")
    assert (found.limit, found.distance, found.tripped) == (None, None, False)


def test_a_tenant_without_a_limit_of_its_own_holds_nothing() -> None:
    found = reading(Facts(deletes=number(10**4)), "TenantDeletes")
    assert (found.limit, found.tripped) == (None, False)


def test_what_is_held_one_by_one_is_told_and_held_by_no_guard() -> None:
    facts = Facts(held={"WouldMatch": 2, "CausedByConfiguration": 3, "AnchorConflict": 1}, unproven=1, unverified=9)
    found, held = judge(facts, LIMITS)
    told = {each.guard: each.value for each in found if each.tripped}
    assert not held
    assert told == {
        "Matches": 2,
        "ConfigurationDepartures": 3,
        "AnchorChanges": 1,
        "SourceProofs": 1,
        "UnverifiedDomains": 9,
    }


def test_half_the_limits_hold_what_the_whole_ones_let_go() -> None:
    facts = Facts(deletes=number(251))
    assert not reading(facts, "Deletes").tripped
    assert reading(facts, "Deletes", LIMITS.halved()).tripped


def test_a_percentage_of_nought_holds_what_is_more_than_the_floor() -> None:
    limits = replace(LIMITS, deletes=replace(LIMITS.deletes, percent=Decimal(0), floor=0))
    assert reading(part("Kind", "User", 1, 10**6), "DeletesOfKind", limits).tripped


def test_what_a_guard_counts_has_a_plural() -> None:
    nouns = {gauge.noun for gauge in vars(guards).values() if isinstance(gauge, Gauge)}
    assert nouns and not [noun for noun in nouns if noun.endswith("s")]
