"""Admission on counts against admission on sets of members."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.ramped import membership, policy, state
from syncramp.model.ramps import Phase
from syncramp.ramp.admission import admissible as admissible_people
from syncramp.ramp.admission import admit
from syncramp.ramp.admission import passing as passing_people
from syncramp.ramp.candidates import Candidate, candidate
from syncramp.ramp.growth import Counted, Pending, admissible, counted, parted, passing
from syncramp.spec.ramps import Admit

MOST = 14
"""``groups.maxMembers`` of these tests."""
PEOPLE = st.sets(st.integers(0, 17)).map(BitMap)


@st.composite
def candidates(draw: st.DrawFn) -> list[Candidate]:
    """A few groups of few people, who may be in several of them."""
    how = draw(st.sampled_from(Admit))
    return [
        candidate(
            membership(number, draw(PEOPLE), draw(PEOPLE)),
            how,
            draw(PEOPLE),
            MOST,
            mail_enabled=draw(st.booleans()),
            filling=draw(st.booleans()),
            waited=draw(st.booleans()),
            stuck=draw(PEOPLE),
            denied=draw(st.sampled_from(["", "*deny*"])),
        )
        for number in range(draw(st.integers(1, 4)))
    ]


def _grown(groups: Sequence[Counted], ceiling: int, budget: int | None) -> list[int]:
    """What comes in one run by the counts, where nothing but a budget is in the way."""
    waiting = [group.queue for group in groups]
    pending = Pending(groups, ceiling)
    while pending.fills:
        pending.fill()
    pending.take(pending.open if budget is None else min(pending.open, budget))
    pending.hand_out()
    return [before - group.queue for before, group in zip(waiting, groups, strict=True)]


@given(candidates(), st.integers(0, 20), st.integers(0, 30))
def test_without_a_budget_the_counts_are_those_of_the_sets(groups: list[Candidate], ceiling: int, mail: int) -> None:
    ramp = policy(mail_enabled_max=mail, per_cycle=10_000, per_day=10_000)
    there = state(Phase.GROWING, ceiling=ceiling)
    rooms = admit(ramp, there, groups, MOST)
    numbers = [counted(group, ramp, MOST) for group in groups]
    assert admissible(numbers, ceiling) == admissible_people(ramp, groups, ceiling, MOST)
    for budget in (0, 3, 10_000):
        bounded = replace(ramp, per_cycle=budget)
        assert passing(numbers, ceiling, budget) == passing_people(bounded, groups, ceiling, MOST, 0)
    came = _grown(numbers, ceiling, None)
    for group, links in zip(groups, came, strict=True):
        if not group.stuck:  # a ramp admits those who cannot come, too
            assert links == len(rooms[group.membership.id].admitted - group.restored)


@given(candidates(), st.integers(0, 20), st.integers(0, 12))
def test_a_budget_is_used_up_but_for_less_than_a_link_a_group(
    groups: list[Candidate], ceiling: int, budget: int
) -> None:
    ramp = policy(mail_enabled_max=30, per_cycle=budget, per_day=10_000)
    sharing = [group for group in groups if group.admit is Admit.MEMBERS and not group.stuck]
    rooms = admit(ramp, state(Phase.GROWING, ceiling=ceiling), sharing, MOST)
    came = sum(len(rooms[group.membership.id].counted) for group in sharing)
    told = sum(_grown([counted(group, ramp, MOST) for group in sharing], ceiling, budget))
    assert told - len(sharing) < came or came == told
    assert came <= max(told, len(sharing) if budget else 0)


@given(st.lists(st.integers(0, 50), max_size=8), st.integers(0, 200))
def test_a_budget_is_parted_whole_and_nobody_gets_more_than_there_is_room_for(rooms: list[int], budget: int) -> None:
    parts = parted(rooms, budget)
    assert sum(parts) == min(budget, sum(rooms))
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))


def test_those_who_return_come_and_those_who_leave_go_before_anybody_else() -> None:
    group = Counted("CN=g", Admit.WHOLE, there=10, queue=4, max_members=100, restored=3, leaving=6)
    assert (group.size, group.desired) == (17, 11)
    assert group.room(16) == 0
    assert group.settle() == 3
    assert (group.there, group.leaving, group.restored, group.desired) == (7, 0, 0, 11)
    assert group.room(11) == 4


def test_a_fill_that_was_begun_goes_on_up_to_the_ceiling_and_before_all_others() -> None:
    begun = Counted("CN=b", Admit.WHOLE, there=10, queue=30, max_members=100, filling=True)
    other = Counted("CN=o", Admit.WHOLE, there=0, queue=20, max_members=100)
    assert (begun.room(25), replace(begun, filling=False).room(25)) == (15, 0)
    pending = Pending([other, begun], 25)
    assert [pending.fill(), pending.fill()] == [15, 20]
    assert (begun.there, begun.queue, begun.filling, other.queue) == (25, 15, False, 0)


def test_a_group_that_is_too_large_for_the_service_gets_nobody_even_if_some_fit() -> None:
    group = Counted("CN=g", Admit.MEMBERS, there=10, queue=91, max_members=100)
    assert group.room(50) == 0
    group.queue = 90
    assert group.room(50) == 40
