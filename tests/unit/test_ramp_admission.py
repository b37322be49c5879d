"""Who of a group may be added: for any groups, and in the cases that people ask about."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.growing import policy, state, waiting
from syncramp.model.holds import Hold
from syncramp.model.ramps import GroupPhase, Phase, Room
from syncramp.ramp.admission import GOES_ON, GROWS, admissible, admit, passing
from syncramp.ramp.candidates import FEW, Candidate
from syncramp.spec.ramps import Admit, RampPolicy

PEOPLE = st.sets(st.integers(1, 30), max_size=20)
MOST = 22
"""``groups.maxMembers`` of all of these."""


@st.composite
def groups(draw: st.DrawFn, *kinds: Admit) -> list[Candidate]:
    return [
        waiting(
            draw(PEOPLE),
            draw(PEOPLE),
            identity,
            admit=draw(st.sampled_from(kinds or tuple(Admit))),
            returning=draw(PEOPLE),
            in_cloud=draw(st.booleans()),
            most=MOST,
            start=BitMap(draw(PEOPLE)),
            mail_enabled=draw(st.booleans()),
            filling=draw(st.booleans()),
            waited=draw(st.booleans()),
        )
        for identity in range(1000, 1000 + draw(st.integers(1, 4)))
    ]


RAMPS = st.builds(
    lambda ceiling, run, day, mail: policy(ceiling, 40, per_cycle=run, per_day=day, mail_enabled_max=mail),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 40),
    st.integers(5, 30),
)


def given_rooms(
    ramp: RampPolicy, phase: Phase, found: Sequence[Candidate], spent: int = 0
) -> list[tuple[Candidate, Room]]:
    rooms = admit(ramp, state(ramp.ceilings[0], phase), found, MOST, spent)
    assert list(rooms) == [group.membership.id for group in found]
    return [(group, rooms[group.membership.id]) for group in found]


@given(RAMPS, groups(), st.integers(0, 40))
def test_what_waits_for_no_later_run_is_a_part_of_what_fits(ramp, found, spent) -> None:
    fits, goes = (
        admissible(ramp, found, ramp.ceilings[0], MOST),
        passing(ramp, found, ramp.ceilings[0], MOST, spent),
    )
    new = [group for group in found if group.admit is Admit.WHOLE and (group.waited or not group.membership.in_cloud)]
    assert 0 <= goes <= fits - admissible(ramp, new, ramp.ceilings[0], MOST)


@given(RAMPS, st.sampled_from(Phase), groups(), st.integers(0, 40))
def test_only_who_is_missing_is_admitted_and_all_others_are_counted_as_waiting(ramp, phase, found, spent) -> None:
    for group, room in given_rooms(ramp, phase, found, spent):
        of = group.membership
        missing = of.desired - of.possible
        assert room.admitted <= missing
        assert room.waiting == len(missing - room.admitted)
        assert bool(room.reason) == bool(room.waiting)


@given(RAMPS, st.sampled_from(Phase), groups(), st.integers(0, 40))
def test_no_group_grows_beyond_its_ceiling_by_admission_counting_what_the_cloud_possibly_holds(
    ramp, phase, found, spent
) -> None:
    for group, room in given_rooms(ramp, phase, found, spent):
        of = group.membership
        if growth := room.admitted - group.restored:
            ceiling = MOST if group.admit is Admit.NOW else min(ramp.ceilings[0], MOST)
            limit = min(ceiling, ramp.mail_enabled_max) if group.mail_enabled else ceiling
            assert len(of.possible | group.restored | growth) <= limit


@given(RAMPS, st.sampled_from(Phase), groups())
def test_who_was_there_lately_returns_at_once_and_nothing_but_the_largest_size_keeps_anybody_back(
    ramp, phase, found
) -> None:
    for group, room in given_rooms(ramp, phase, found):
        back = group.restored & group.start if phase is Phase.REVERTING else group.restored
        assert back <= room.admitted
        assert not room.admitted or len(group.membership.possible | room.admitted) <= MOST


@given(RAMPS, st.sampled_from(Phase), groups(Admit.MEMBERS), st.integers(0, 40))
def test_the_budgets_of_a_run_and_of_a_day_hold_over_all_groups_together(ramp, phase, found, spent) -> None:
    rooms = given_rooms(ramp, phase, found, spent)
    growth = sum(len(room.admitted - group.restored) for group, room in rooms)
    assert growth == sum(len(room.counted) for _, room in rooms)
    assert growth <= max(0, min(ramp.per_cycle, ramp.per_day - spent))


@given(RAMPS, st.sampled_from(Phase), groups(Admit.WHOLE))
def test_a_whole_group_gets_all_who_wait_or_none_unless_its_fill_was_begun(ramp, phase, found) -> None:
    for group, room in given_rooms(ramp, phase, found):
        growth = room.admitted - group.restored
        assert growth in (BitMap(), group.queue) or group.filling
        assert not room.counted
        if growth and not group.filling:
            assert phase in (GOES_ON if group.trickles else GROWS)


@given(RAMPS, groups(Admit.MEMBERS))
def test_the_same_people_come_first_in_every_group(ramp, found) -> None:
    """Whoever waits for a group with room comes behind all who came, but for the one with whom the budget ended."""
    rooms = given_rooms(ramp, Phase.GROWING, found)
    came = BitMap.union(BitMap(), *(room.counted for _, room in rooms))
    for group, room in rooms:
        limit = min(ramp.ceilings[0], MOST, *([ramp.mail_enabled_max] if group.mail_enabled else []))
        if group.size <= MOST and group.occupied + len(room.counted) < limit and (left := group.queue - room.counted):
            assert len(came & BitMap(range(left.min()))) == len(came) or len(came) == 1
    for group, room in rooms:
        assert not room.counted or room.counted.max() <= min(group.queue - room.counted, default=99)


@given(RAMPS, groups(Admit.MEMBERS, Admit.WHOLE), st.sampled_from(sorted(GROWS)))
def test_what_is_admitted_never_becomes_less_and_every_group_ends_whole_once_the_ceiling_lets_it(
    ramp, found, phase
) -> None:
    """Everything admitted arrives; at the last step only sizes that no ramp lets be keep anybody back."""
    for ceiling in (*ramp.ceilings, 40):
        for _ in range(200):
            rooms = admit(ramp, state(ceiling, phase), found, MOST)
            after = []
            for group in found:
                of, room = group.membership, rooms[group.membership.id]
                possible = of.possible | room.admitted
                assert of.possible <= possible
                after.append(
                    waiting(
                        of.desired, possible, of.id, admit=group.admit, most=MOST, mail_enabled=group.mail_enabled
                    )
                )
            stands = all(
                one.membership.possible == other.membership.possible for one, other in zip(found, after, strict=True)
            )
            found = after
            if stands:
                break
        else:
            raise AssertionError("it never stands still")
    for group in found:
        limit = min(MOST, ramp.mail_enabled_max) if group.mail_enabled else MOST
        assert not group.queue or group.size > limit


@given(RAMPS, groups(), st.integers(1, 40))
def test_what_could_come_is_what_comes_when_budgets_are_endless(ramp, found, ceiling) -> None:
    endless = replace(ramp, per_cycle=10**6, per_day=10**6)
    rooms = admit(endless, state(ceiling), found, MOST)
    grown = sum(len(rooms[group.membership.id].admitted - group.restored) for group in found)
    assert admissible(ramp, found, ceiling, MOST) == grown


@given(RAMPS, groups(Admit.MEMBERS), st.permutations(range(1, 31)))
def test_two_stores_that_number_people_differently_agree_once_nobody_waits(ramp, found, numbers) -> None:
    ramp = replace(ramp, steps=policy(30).steps, mail_enabled_max=30)
    renamed = dict(zip(range(1, 31), numbers, strict=True))

    def settled(groups: Sequence[Candidate]) -> list[BitMap]:
        for _ in range(100):
            rooms = admit(ramp, state(30), groups, 30)
            groups = [
                waiting(
                    each.membership.desired,
                    each.membership.possible | rooms[each.membership.id].admitted,
                    each.membership.id,
                    admit=each.admit,
                    most=30,
                )
                for each in groups
            ]
        return [each.membership.possible | each.membership.desired for each in groups if not each.queue]

    def numbered(people: BitMap) -> set[int]:
        return {renamed[each] for each in people}

    other = [
        waiting(
            numbered(each.membership.desired),
            numbered(each.membership.possible),
            each.membership.id,
            admit=each.admit,
            most=30,
        )
        for each in found
    ]
    here, elsewhere = settled(found), settled(other)
    assert len(here) == len(elsewhere) == len(found)
    assert [numbered(each) for each in here] == [set(each) for each in elsewhere]


def test_a_whole_group_fits_when_what_it_would_have_is_the_ceiling_and_not_one_more() -> None:
    fits, larger = waiting(range(1, 11)), waiting(range(1, 12), identity=1001)
    rooms = admit(policy(10, 20), state(10), [fits, larger], MOST)
    assert rooms[1000].admitted == BitMap(range(1, 11)) and rooms[1000].fills and not rooms[1000].waiting
    assert not rooms[1001].admitted and rooms[1001].phase is GroupPhase.WAITING
    assert rooms[1001].reason == (
        "ramp large, step 1 of 2: it would have 11 members, the ceiling is 10, and it comes whole; 0 are there"
    )


def test_who_is_still_to_be_removed_occupies_room() -> None:
    room = admit(policy(10), state(10), [waiting(range(1, 10), [20, 21])], MOST)[1000]
    assert not room.admitted and "it would have 11 members" in room.reason
    room = admit(policy(10), state(10), [waiting(range(1, 10), [20, 21], admit=Admit.MEMBERS)], MOST)[1000]
    assert room.admitted == BitMap(range(1, 9))


def test_who_returns_occupies_room_too() -> None:
    for facts in ({"admit": Admit.MEMBERS}, {"filling": True}):
        group = waiting(range(1, 9), [1], returning=[7, 8], **facts)
        room = admit(policy(5), state(5), [group], MOST)[1000]
        assert room.admitted == BitMap([2, 3, 7, 8])


def test_nobody_returns_beyond_the_largest_size() -> None:
    group = waiting(range(1, 26), range(1, 21), returning=range(21, 26), most=MOST)
    room = admit(policy(30), state(30), [group], MOST)[1000]
    assert room.admitted == BitMap([21, 22]) and room.hold is Hold.TOO_MANY_MEMBERS and room.waiting == 3


def test_a_new_group_stays_absent_until_somebody_of_it_may_come() -> None:
    for kind in (Admit.WHOLE, Admit.MEMBERS):
        held = waiting(range(1, 12), admit=kind, in_cloud=False)
        room = admit(policy(10), state(10, Phase.PAUSED), [held], MOST)[1000]
        assert room.absent and room.phase is GroupPhase.ABSENT and not room.fills
    nobody = waiting([], in_cloud=False)
    assert not admit(policy(10), state(10), [nobody], MOST)[1000].absent


def test_a_group_that_returns_after_its_own_delete_comes_back_in_one_go_in_any_phase() -> None:
    gone = waiting(range(1, 12), in_cloud=False, returning=range(1, 12))
    for phase in Phase:
        if phase is not Phase.REVERTING:
            room = admit(policy(5), state(5, phase), [gone], MOST)[1000]
            assert room.admitted == gone.membership.desired and room.fills and not room.absent


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("kind", [Admit.WHOLE, Admit.MEMBERS])
def test_a_few_who_join_a_whole_group_come_while_a_ramp_holds_and_many_do_not(kind: Admit, phase: Phase) -> None:
    def came(joined: int, ceiling: int = 300, *, waited: bool = False) -> int:
        group = waiting(range(1, 201 + joined), range(1, 201), admit=kind, waited=waited, most=1000)
        return len(admit(policy(ceiling), state(ceiling, phase), [group], 1000)[1000].admitted)

    assert came(2) == (2 if phase in GOES_ON else 0)
    assert came(3) == (3 if phase in GROWS else 0)
    assert came(2, waited=True) == (2 if phase in GROWS else 0)
    assert came(2, ceiling=200) == 0


@pytest.mark.parametrize("phase", list(Phase))
def test_a_fill_that_was_begun_goes_on_unless_somebody_ended_it(phase: Phase) -> None:
    begun = waiting(range(1, 9), [1], filling=True)
    room = admit(policy(10), state(10, phase), [begun], MOST)[1000]
    assert bool(room.admitted) == (phase in GOES_ON)
    assert room.phase is GroupPhase.FILLING
    assert not room.begins


def test_nobody_comes_to_a_group_that_is_taken_back_also_if_it_never_waits() -> None:
    group = waiting(range(1, 6), [1, 2, 3], admit=Admit.NOW, start=BitMap([1]))
    room = admit(policy(20, admit=Admit.NOW), state(20, Phase.REVERTING), [group], MOST)[1000]
    assert (room.admitted, room.reverted, room.waiting) == (BitMap(), BitMap([2, 3]), 2)


def test_a_fill_that_was_begun_is_none_any_more_once_members_come_bit_by_bit() -> None:
    ramp, begun = policy(20, admit=Admit.MEMBERS), waiting(range(1, 9), [1, 2], admit=Admit.MEMBERS, filling=True)
    assert not admit(ramp, state(20, Phase.PAUSED), [begun], MOST)[1000].admitted
    assert admit(ramp, state(20), [begun], MOST)[1000].phase is GroupPhase.GROWING


def test_a_fill_whose_group_outgrew_the_ceiling_goes_on_up_to_it() -> None:
    room = admit(policy(5), state(5), [waiting(range(1, 9), [1, 2], filling=True)], MOST)[1000]
    assert room.admitted == BitMap([3, 4, 5]) and room.waiting == 3


def test_a_group_that_was_whole_needs_no_place_to_get_a_few_more() -> None:
    def begins(**facts: bool) -> bool:
        return admit(policy(10), state(10), [waiting(range(1, 6), range(1, 5), **facts)], MOST)[1000].begins

    assert not begins() and begins(waited=True) and not begins(waited=True, filling=True)
    assert admit(policy(10), state(10), [waiting([1, 2], in_cloud=False)], MOST)[1000].begins


def test_many_who_come_to_a_whole_group_at_once_are_no_newcomers() -> None:
    def comes(number: int) -> tuple[bool, int]:
        found = [waiting(range(1, 20_001 + number), range(1, 20_001))]
        room = admit(policy(50_000), state(50_000), found, 250_000)[1000]
        assert len(room.admitted) == number
        return room.begins, passing(policy(50_000), found, 50_000, 250_000, 0)

    assert comes(FEW) == (False, FEW)
    assert comes(FEW + 1) == (True, 0), "it takes a place, it must be finished, and gates are heard before"


def test_a_denied_group_under_members_is_whole_and_says_so() -> None:
    denied = waiting(range(1, 12), admit=Admit.MEMBERS, denied="its name matches *deny*")
    room = admit(policy(10, admit=Admit.MEMBERS), state(10), [denied], MOST)[1000]
    assert not room.admitted and "comes whole because its name matches *deny*" in room.reason


def test_a_group_beyond_the_largest_size_waits_in_every_mode_and_is_never_cut() -> None:
    for kind in Admit:
        group = waiting(range(1, MOST + 2), [1], admit=kind, most=MOST, filling=True)
        room = admit(policy(30), state(30), [group], MOST)[1000]
        assert not room.admitted and room.hold is Hold.TOO_MANY_MEMBERS
        assert room.reason == "it would have 23 members, groups.maxMembers is 22"


def test_a_mail_enabled_group_has_a_limit_of_its_own_also_without_a_ramp() -> None:
    for kind, coming in ((Admit.WHOLE, 0), (Admit.MEMBERS, 8), (Admit.NOW, 0)):
        group = waiting(range(1, 10), admit=kind, mail_enabled=True)
        room = admit(policy(20, mail_enabled_max=8), state(20), [group], MOST)[1000]
        assert len(room.admitted) == coming and room.hold is Hold.MAIL_ENABLED
        assert "it would have 9 members and is mail-enabled; ramp large lets such a group have 8" in room.reason
    plain = waiting(range(1, 10))
    assert admit(policy(8, mail_enabled_max=8), state(8), [plain], MOST)[1000].hold is Hold.RAMP
    under = waiting(range(1, 10), mail_enabled=True)
    assert admit(policy(5, 20, mail_enabled_max=8), state(5), [under], MOST)[1000].hold is Hold.RAMP


@pytest.mark.parametrize(
    ("phase", "stands"),
    [
        (Phase.HOLDING, "holds, because a gate failed (the gate)"),
        (Phase.PAUSED, "is paused (the gate)"),
        (Phase.ABORTED, "was aborted (the gate)"),
        (Phase.REVERTING, "goes back to where it began (the gate)"),
    ],
)
def test_who_waits_because_a_ramp_stands_is_told_why_it_does(phase: Phase, stands: str) -> None:
    group = waiting(range(1, 10), [1], admit=Admit.MEMBERS)
    room = admit(policy(20, 30), replace(state(20, phase), reason="the gate"), [group], MOST)[1000]
    assert room.reason == f"ramp large, step 1 of 2, {stands}; it would have 9 members, 1 are there"


def test_a_ramp_that_reverts_takes_out_who_came_with_it_and_lets_return_only_who_was_there_before() -> None:
    group = waiting([1, 2, 3, 4, 5, 6], [1, 2, 3, 9], returning=[4, 5], start=BitMap([1, 4]), admit=Admit.MEMBERS)
    room = admit(policy(20), state(20, Phase.REVERTING), [group], MOST)[1000]
    assert room.reverted == BitMap([2, 3]) and room.admitted == BitMap([4]) and room.waiting == 2
