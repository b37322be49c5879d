"""The outline of a plan, its cost, a part of it, and sizes: what is counted adds up, whatever the changes are."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.random_plans import Random, plans
from syncramp.model.budget import WINDOW
from syncramp.model.circumstances import Circumstances
from syncramp.model.holds import HeldPart, Hold
from syncramp.model.plan import Change, HeldLinks, Lanes, MembershipChange, ObjectChange, Plan, Topic, Verb
from syncramp.model.sizes import GroupSize
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.plan.budget import packing, reckon
from syncramp.plan.outline import Outline, changes_sign_in
from syncramp.plan.selection import Selection, select
from syncramp.plan.sizes import histogram
from syncramp.spec.types import WriteBudget

HALF_HOUR = timedelta(minutes=30)
MEMBERSHIPS = {Topic.EMPTIED, Topic.REMOVALS, Topic.ADDITIONS, Topic.DERIVED}
FEW = settings(max_examples=40)
"""A plan is made of many parts, and each example takes some milliseconds."""


def _outline(random: Random, most: int = 10, changes: Iterable[Change] | None = None) -> Outline:
    outline = Outline(most, random.around, random.plan.lanes.deletes)
    for change in random.changes if changes is None else changes:
        outline.take(change)
    return outline


@FEW
@given(plans())
def test_every_change_that_goes_stands_in_one_topic(random: Random) -> None:
    plan = random.plan
    objects = {topic: kinds for topic, kinds in plan.topics.items() if Topic(topic) not in MEMBERSHIPS}
    assert sum(sum(kinds.values()) for kinds in objects.values()) == plan.objects
    groups = sum(sum(plan.topics.get(topic.value, {}).values()) for topic in MEMBERSHIPS)
    moved = [change for change in random.changes if isinstance(change, MembershipChange)]
    assert groups == sum(bool(one.adds or one.removes or one.membership.derived) for one in moved)


@FEW
@given(plans(), st.integers(1, 3))
def test_what_is_shown_and_what_is_left_out_are_all(random: Random, most: int) -> None:
    outline, everything = _outline(random, most), _outline(random, 10_000)
    for name, rows in everything.rows().items():
        assert len(rows) == sum(outline.topics[name].values())
        assert outline.rows()[name] == rows[:most]
    assert outline.topics == everything.topics == random.plan.topics
    assert outline.holds == random.plan.holds
    assert set(outline.held()) == set(outline.holds)


@FEW
@given(plans())
def test_links_that_go_with_a_delete_and_those_that_wait_for_it_are_all_derived_ones(random: Random) -> None:
    derived = [one.membership.derived for one in random.changes if isinstance(one, MembershipChange)]
    going = sum(len(ids & random.plan.lanes.deletes) for ids in derived)
    assert (random.plan.derived, random.plan.derived_held) == (going, sum(map(len, derived)) - going)


@FEW
@given(plans())
def test_kinds_divide_a_plan(random: Random) -> None:
    parts = [one for kind in Kind for one in select(random.changes, Selection(kinds=frozenset({kind})))]
    assert sorted(map(_key, parts)) == sorted(map(_key, random.changes))


@FEW
@given(plans(), st.sets(st.integers(1, 60)))
def test_objects_divide_a_plan_and_the_links_of_its_groups(random: Random, some: set[int]) -> None:
    """Of groups that are not asked for themselves: those have all of their links."""
    groups = BitMap(one.membership.id for one in random.changes if isinstance(one, MembershipChange))
    everybody = BitMap(range(1, 200)) - groups
    parts = [Selection(objects=ids) for ids in (BitMap(some) - groups, everybody - BitMap(some), groups)]
    found = [list(select(random.changes, part)) for part in parts[:2]]
    whole = list(select(random.changes, parts[2]))
    objects = [one for one in (*found[0], *found[1], *whole) if isinstance(one, ObjectChange)]
    assert sorted(map(_key, objects)) == sorted(_key(one) for one in random.changes if isinstance(one, ObjectChange))
    members = everybody
    assert sum(_links(part, members) for part in found) == _links(random.changes, members)
    assert _links(whole, members) == _links(random.changes, members)


@FEW
@given(plans(), st.sets(st.integers(100, 110)))
def test_groups_divide_the_memberships_of_a_plan(random: Random, some: set[int]) -> None:
    chosen = list(select(random.changes, Selection(groups=BitMap(some))))
    assert all(_id(one) in some for one in chosen)
    assert {_key(one) for one in random.changes if _id(one) in some} == set(map(_key, chosen))


def test_what_is_asked_for_in_several_ways_must_be_so_in_all_of_them() -> None:
    group = Membership(9, 1, "g", "CN=g", "", *(BitMap(ids) for ids in ([1, 2], [], [], [])), in_cloud=True)
    change = MembershipChange(group, BitMap([1, 2]), BitMap())
    (part,) = select([change], Selection(objects=BitMap([1]), groups=BitMap([9]), kinds=frozenset({Kind.GROUP})))
    assert isinstance(part, MembershipChange) and set(part.adds) == {1}
    assert list(select([change], Selection(objects=BitMap([3])))) == []
    assert list(select([change], Selection(objects=BitMap([1]), groups=BitMap([8])))) == []
    assert list(select([change], Selection(objects=BitMap([1]), kinds=frozenset({Kind.USER})))) == []
    assert list(select([change], Selection())) == [change] == list(select([change], Selection(objects=BitMap([9]))))


def test_a_group_that_loses_its_last_member_is_told_before_those_that_lose_some() -> None:
    def moved(number: int, held: set[int], gone: set[int], derived: set[int] | None = None) -> MembershipChange:
        bits = BitMap(held - gone), BitMap(held), BitMap(held), BitMap(derived or ())
        group = Membership(number, 1, str(number), f"CN={number}", "", *bits, in_cloud=True)
        return MembershipChange(group, BitMap(), BitMap(gone))

    outline = Outline(10, Circumstances(), BitMap([5]))
    changes = [moved(1, {1, 2}, {1}), moved(2, {1, 2, 3}, {1, 2, 3}), moved(3, {1, 5}, {1}, {5})]
    for change in (*changes, moved(4, {5, 6}, set(), {5}), moved(5, {6, 7}, set(), {6}), moved(6, {5}, set(), {5})):
        outline.take(change)
    rows = {topic: [one.dn for one in kept] for topic, kept in outline.rows().items()}
    assert rows == {"Removals": ["CN=1"], "Emptied": ["CN=2", "CN=3", "CN=6"], "Derived": ["CN=4", "CN=5"]}
    assert [one.detail for one in outline.rows()["Emptied"]] == [
        "+0 −3 members, nobody is left",
        "+0 −1 members, −1 by the delete of the member, nobody is left",
        "−1 by the delete of the member, nobody is left",
    ]
    assert [one.detail for one in outline.rows()["Derived"]] == [
        "−1 by the delete of the member",
        "−1 when the delete of the member goes",
    ]


def test_creates_are_told_apart_by_what_the_service_makes_of_them() -> None:
    around = Circumstances(matching={1: "CN=theirs"}, restoring=BitMap([2]))
    outline = Outline(10, around, BitMap())
    for number in (1, 2, 3):
        state = ObjectState(number, 1, Kind.USER, "a", "CN=x", {"a": "b"}, None, False, frozenset(), None, "")
        outline.take(ObjectChange(state, Verb.CREATE, {"a": "b"}))
    assert outline.topics == {name: {"User": 1} for name in ("Match", "Restore", "Create")}
    (match,) = outline.rows()["Match"]
    assert match.detail == "the service joins it with CN=theirs"


def test_only_a_new_primary_address_among_addresses_changes_a_sign_in() -> None:
    acked = {"proxyAddresses": ("SMTP:a@x", "smtp:b@x"), "title": "T"}
    state = ObjectState(1, 1, Kind.USER, "a", "CN=x", acked, acked, False, frozenset(), None, "")
    for values, changes in (
        ({"proxyAddresses": ("SMTP:a@x", "smtp:c@x")}, False),
        ({"proxyAddresses": ("SMTP:b@x", "smtp:a@x")}, True),
        ({"proxyAddresses": None}, True),
        ({"title": "U"}, False),
        ({"userPrincipalName": "u@x"}, True),
    ):
        assert changes_sign_in(ObjectChange(state, Verb.UPDATE, values)) is changes


@given(st.lists(st.integers(1, 400), max_size=30), st.integers(1, 9), st.integers(1, 90))
def test_groups_are_packed_as_the_export_packs_them(sizes: list[int], objects: int, links: int) -> None:
    """Each call is full, of groups or of links, but for the last; a group appears once in a call."""
    calls: list[list[int]] = [[]]
    for size in sizes:
        while size:
            if len(calls[-1]) == objects or sum(calls[-1]) == links:
                calls.append([])
            part = min(size, links - sum(calls[-1]))
            calls[-1].append(part)
            size -= part
    expected = sum(map(len, calls)), len([call for call in calls if call])
    assert packing(sizes, objects, links) == expected


def _sized(objects: int, groups: int = 0, members: int = 0) -> Plan:
    plan = Plan(lanes=Lanes(creates=BitMap(range(objects))))
    plan.add_sizes, plan.link_adds = [members] * groups, groups * members
    return plan


def test_the_cost_of_a_first_sync_is_what_its_throttle_makes_of_it() -> None:
    budget = reckon(_sized(300_000, 2_000, 500), WriteBudget(), 30, 15_000, HALF_HOUR)
    assert (budget.writes, budget.links, budget.calls) == (302_000, 1_000_000, 10_000 + 67)
    assert budget.minutes == 86 * WINDOW  # 302,000 writes are 86.3 shares of 3,500
    assert (budget.slices, budget.fits) == (15, False)


def test_links_may_take_longer_than_writes() -> None:
    budget = reckon(_sized(0, 2, 250_000), WriteBudget(), 30, 15_000, HALF_HOUR)
    assert (budget.writes, budget.calls, budget.minutes, budget.slices) == (35, 34, 30, 2)


def test_what_fits_into_the_first_share_takes_no_time() -> None:
    assert reckon(_sized(3_500), WriteBudget(), 30, 15_000, HALF_HOUR).minutes == 0
    more = reckon(_sized(3_501), WriteBudget(), 30, 15_000, HALF_HOUR)
    assert (more.minutes, more.fits) == (WINDOW, True)
    nothing = reckon(Plan(), WriteBudget(), 30, 15_000, HALF_HOUR)
    assert (nothing.writes, nothing.calls, nothing.slices, nothing.fits) == (0, 0, 0, True)


@given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 400_000), st.booleans(), st.booleans())))
def test_every_group_is_in_one_bucket_of_each_side_that_has_it(rows: list[tuple[int, int, bool, bool]]) -> None:
    groups = [GroupSize("CN=g", *row[:2], desired=row[2], in_cloud=row[3]) for row in rows]
    found = histogram(groups)
    assert sum(bucket.wanted for bucket in found.buckets) == sum(row[2] for row in rows)
    assert sum(bucket.there for bucket in found.buckets) == sum(row[3] for row in rows)
    sizes = [max(group.wanted, group.there) for group in found.largest]
    assert sizes == sorted((max(row[:2]) for row in rows), reverse=True)[:10]


def test_a_limit_belongs_to_the_bucket_below_it() -> None:
    found = histogram([GroupSize("CN=g", size, 0) for size in (1_500, 1_501, 250_000, 250_001)])
    assert [bucket.wanted for bucket in found.buckets] == [1, 1, 0, 0, 1, 1]


def test_what_a_person_decides_about_is_told_with_its_values() -> None:
    acked = {"title": "Lead", "accountEnabled": True, "mail": "a@x"}
    person = ObjectState(1, 1, Kind.USER, "A", "CN=A", {}, acked, False, frozenset(), None, "")
    parts = (
        HeldPart(Hold.APPROVAL_REQUIRED, "by hand", {"title": "Director", "mail": None}),
        HeldPart(Hold.TOO_MANY_DISABLES, "too many", {"accountEnabled": False}),
        HeldPart(Hold.SOURCE_INCOMPLETE, "cut", {"accountEnabled": False}),
    )
    outline = Outline(10, Circumstances(), Lanes().deletes)
    outline.take(ObjectChange(person, Verb.UPDATE, {}, parts))
    assert {hold: [(one.verb, one.detail) for one in rows] for hold, rows in outline.held().items()} == {
        "ApprovalRequired": [("Update", "mail a@x → (none), title Lead → Director; by hand")],
        "TooManyDisables": [("Disable", "accountEnabled true → false; too many")],
        "SourceIncomplete": [("Disable", "cut")],
    }


def test_of_links_that_wait_the_largest_groups_are_told() -> None:
    outline = Outline(2, Circumstances(), Lanes().deletes)
    for number in (1, 3, 2):
        ids, none = BitMap(range(number)), BitMap()
        group = Membership(number, 1, f"G{number}", f"CN={number}", "", none, ids, ids, none, in_cloud=True)
        held = HeldLinks(Hold.TOO_MANY_REMOVALS, "too many", removes=ids)
        outline.take(MembershipChange(group, none, none, (held,)))
    told = [(one.dn, one.detail) for one in outline.held()["TooManyRemovals"]]
    assert told == [("CN=3", "+0 −3 members: too many"), ("CN=2", "+0 −2 members: too many")]
    assert outline.holds == {"TooManyRemovals": 6}


def test_of_what_waits_the_riskiest_is_told_first() -> None:
    def person(kind: Kind, name: str) -> ObjectState:
        return ObjectState(1, 1, kind, name, f"CN={name}", {}, {"accountEnabled": True}, False, frozenset(), None, "")

    def waits(verb: Verb, name: str, kind: Kind = Kind.USER, **values: bool | str) -> ObjectChange:
        return ObjectChange(person(kind, name), verb, {}, (HeldPart(Hold.APPROVAL_REQUIRED, "", values),))

    def links(name: str, adds: int, removes: int) -> MembershipChange:
        held = HeldLinks(Hold.APPROVAL_REQUIRED, "", BitMap(range(adds)), BitMap(range(removes)))
        group = Membership(9, 1, name, f"CN={name}", "", *(BitMap() for _ in range(4)), in_cloud=True)
        return MembershipChange(group, BitMap(), BitMap(), (held,))

    changes = [
        waits(Verb.CREATE, "new", title="x"),
        waits(Verb.UPDATE, "disabled", accountEnabled=False),
        waits(Verb.DELETE, "leaver"),
        waits(Verb.DELETE, "group", Kind.GROUP),
        links("grows", 90_000, 0),
        links("loses", 0, 2),
        links("loses more", 0, 70_000),
    ]
    outline = Outline(10, Circumstances(), Lanes().deletes)
    for change in changes:
        outline.take(change)
    told = [one.dn.removeprefix("CN=") for one in outline.held()["ApprovalRequired"]]
    assert told == ["group", "leaver", "disabled", "loses more", "loses", "new", "grows"]


def _key(change: Change) -> tuple[str, int]:
    return type(change).__name__, _id(change)


def _id(change: Change) -> int:
    return change.state.id if isinstance(change, ObjectChange) else change.membership.id


def _links(changes: Iterable[Change], members: BitMap) -> int:
    """Links of these members, in whatever way they change."""
    number = 0
    for change in changes:
        if isinstance(change, MembershipChange):
            held = [ids for one in change.held for ids in (one.adds, one.removes)]
            sets = (change.adds, change.removes, change.membership.derived, *held)
            number += sum(len(ids & members) for ids in sets)
    return number
