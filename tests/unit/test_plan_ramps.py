"""What a plan makes of the room that ramps give: who is added, who waits, and who is taken back."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from pyroaring import BitMap

from support.growing import membership
from syncramp.model.circumstances import Approved, Circumstances
from syncramp.model.guards import Spend, What
from syncramp.model.holds import Class, Hold
from syncramp.model.plan import MembershipChange, Plan
from syncramp.model.ramps import Room
from syncramp.model.state import Membership, Origin
from syncramp.plan.approved import approved_links
from syncramp.plan.causes import link_origins
from syncramp.plan.changes import changes
from syncramp.plan.counted import link_spends
from syncramp.plan.following import mail_enabled
from syncramp.plan.marks import remove_mark
from syncramp.plan.members import membership_change
from syncramp.plan.summary import summarise

GROUP = membership([1, 2, 3, 4, 5], [1, 2, 3, 9])
"""4 and 5 are to come, 9 is to leave."""


def under(group: Membership, room: Room, **others: object) -> tuple[MembershipChange, Circumstances]:
    around = Circumstances(ramps={group.id: room}, **others)  # type: ignore[arg-type]
    change = membership_change(group, around)
    assert change is not None
    return change, around


def held(change: MembershipChange) -> dict[Hold, tuple[set[int], set[int]]]:
    return {each.hold: (set(each.adds), set(each.removes)) for each in change.held}


class View:
    """Groups, those that differ and others that are asked for by id."""

    def __init__(self, *groups: Membership) -> None:
        self._groups = groups

    def differing(self) -> Iterator[object]:
        return iter(())

    def memberships(self, also: Collection[int] = ()) -> Iterator[Membership]:
        for group in self._groups:
            if group.id in also or not group.desired == group.sure == group.possible:
                yield group

    def named(self, ids: BitMap) -> Iterator[tuple[int, str]]:
        return ((identity, f"m{identity}") for identity in ids)

    def anchors(self, ids: BitMap) -> Iterator[str]:
        return (f"m{identity}" for identity in ids)


def test_who_is_admitted_is_added_and_the_others_wait_and_who_leaves_leaves() -> None:
    change, _ = under(GROUP, Room("large", BitMap([4]), Hold.MAIL_ENABLED, "it is full"))
    assert (set(change.adds), set(change.removes)) == ({4}, {9})
    assert held(change) == {Hold.MAIL_ENABLED: ({5}, set())} and change.held[0].reason == "it is full"


def test_what_the_cloud_possibly_holds_is_sent_again_whatever_the_ramp_says() -> None:
    group = replace(GROUP, sure=BitMap([1]))
    change, _ = under(group, Room("large", BitMap(), Hold.RAMP, "it is full"))
    assert set(change.adds) == {2, 3} and held(change) == {Hold.RAMP: ({4, 5}, set())}


def test_a_group_that_no_room_was_given_waits_only_for_the_largest_size() -> None:
    fits, larger = Circumstances(max_members=6), Circumstances(max_members=5)
    assert held(membership_change(GROUP, fits) or MembershipChange(GROUP, BitMap(), BitMap())) == {}
    change = membership_change(GROUP, larger)
    assert change and held(change) == {Hold.TOO_MANY_MEMBERS: ({4, 5}, set())} and set(change.removes) == {9}


def test_who_came_with_a_ramp_is_taken_out_once_that_is_approved_and_not_before() -> None:
    room = Room("large", BitMap(), Hold.RAMP, "it goes back", reverted=BitMap([2, 3]))
    change, _ = under(GROUP, room)
    assert set(change.removes) == {9}
    assert held(change) == {Hold.RAMP: ({4, 5}, set()), Hold.REVERT: (set(), {2, 3})}
    change, _ = under(GROUP, room, approved=Approved(removes={GROUP.id: BitMap([2])}))
    assert set(change.removes) == {2, 9} and held(change)[Hold.REVERT] == (set(), {3})


def test_who_is_to_be_taken_back_is_not_added_again_meanwhile() -> None:
    group = replace(GROUP, sure=BitMap([1]))
    change, _ = under(group, Room("large", BitMap(), Hold.RAMP, "it goes back", reverted=BitMap([2, 3])))
    assert not change.adds


def test_a_group_that_differs_in_nothing_else_is_planned_when_its_ramp_goes_back() -> None:
    settled = membership([1, 2, 3], [1, 2, 3])
    room = Room("large", BitMap(), reverted=BitMap([2, 3]))
    (change,) = changes(View(settled), Circumstances(ramps={settled.id: room}))  # type: ignore[arg-type]
    assert isinstance(change, MembershipChange) and held(change) == {Hold.REVERT: (set(), {2, 3})}
    assert list(changes(View(settled), Circumstances())) == []  # type: ignore[arg-type]


def reverting(approved: Approved | None = None) -> Plan:
    settled = membership([1, 2, 3], [1, 2, 3])
    room = Room("large", BitMap(), reverted=BitMap([2, 3]))
    around = Circumstances(ramps={settled.id: room}, approved=approved or Approved())
    view = View(settled)
    return summarise(changes(view, around), view.anchors, around)  # type: ignore[arg-type]


def test_what_waits_to_be_taken_back_is_a_set_that_can_be_approved_by_its_digest() -> None:
    plan = reverting()
    (waiting,) = plan.waiting
    assert (waiting.hold, waiting.part, waiting.links, plan.held_links) == (Hold.REVERT, Class.REMOVALS, 2, 2)
    groups = View(membership([1, 2, 3], [1, 2, 3]))
    approved, pending = approved_links(groups, waiting.marks, plan.around.reverted)
    assert approved.removes == {1000: BitMap([2, 3])}
    assert set(pending) == {remove_mark("g1000", "m2"), remove_mark("g1000", "m3")}
    assert approved_links(groups, waiting.marks)[0].removes == {}, "who is desired is never taken out without a ramp"
    plan = reverting(approved)
    assert plan.link_removes == 2 and not plan.waiting and plan.lanes.removals == BitMap([1000])


def test_what_is_taken_back_is_no_leaver_whose_removal_is_measured() -> None:
    assert reverting().removals and not reverting().revocations
    left, _ = under(GROUP, Room("large", BitMap(), reverted=BitMap([2])))
    plan = Plan(around=Circumstances(ramps={GROUP.id: Room("large", BitMap(), reverted=BitMap([2]))}))
    plan.removals = {GROUP.id: BitMap.union(left.removes, *(each.removes for each in left.held))}
    assert plan.revocations == {GROUP.id: BitMap([9])}


def test_what_is_taken_back_follows_from_no_change_of_a_directory() -> None:
    room = Room("large", BitMap(), reverted=BitMap([2, 3]))
    change, around = under(GROUP, room, approved=Approved(removes={GROUP.id: BitMap([2, 3])}))
    assert link_origins(change, around) == {Origin.SOURCE: 1, Origin.NONE: 2}


def test_of_a_group_of_members_the_admitted_count_for_the_budget_and_who_returns_does_not() -> None:
    room = Room("large", BitMap([4, 5, 6]), counted=BitMap([4, 5]))
    around = Circumstances(ramps={9: room})
    spends = list(link_spends(9, BitMap([3, 4, 6]), BitMap(), BitMap(), around))
    assert spends == [(Spend(What.ADMISSION, "large", 9), BitMap([4]))]


def test_a_group_is_mail_enabled_by_an_address_and_by_no_other_proxy() -> None:
    assert mail_enabled({"mail": "a@x"}) and mail_enabled({"proxyAddresses": ("x500:/o=a", "smtp:a@x")})
    assert mail_enabled({"proxyAddresses": ("SMTP:a@x",)})
    assert not mail_enabled({}) and not mail_enabled({"mail": "none"})
    assert not mail_enabled({"proxyAddresses": ("X500:/o=a",)})
