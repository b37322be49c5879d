"""Who comes first where not everybody may: the budget, the order of people, and who takes no place."""

from collections.abc import Sequence

from pyroaring import BitMap

from support.growing import policy, state, waiting
from syncramp.ramp.admission import admissible, admit, passing
from syncramp.spec.ramps import Admit

MOST = 22
"""``groups.maxMembers`` of all of these."""


def test_who_waits_for_the_budget_is_told_so() -> None:
    group = waiting(range(1, 10), admit=Admit.MEMBERS)
    room = admit(policy(20, per_cycle=4, per_day=6), state(20), [group], MOST, spent=3)[1000]
    assert len(room.admitted) == 3
    assert room.reason == "ramp large, step 1 of 1: the budget of 4 members in a run and 6 in a day is used"


def test_who_waits_beyond_the_ceiling_is_told_of_the_budget_where_that_ends_first() -> None:
    group = waiting(range(1, 13), admit=Admit.MEMBERS)
    told = [admit(policy(10, per_cycle=most), state(10), [group], MOST)[1000].reason for most in (4, 10)]
    beyond = "ramp large, step 1 of 1: it would have 12 members, the ceiling is 10"
    assert told[0].startswith(f"{beyond}; 4 are there with those of this run (4); the budget of 4 members in a run")
    assert told[1] == f"{beyond}; 10 are there with those of this run (10)"


def test_one_person_comes_into_all_groups_before_the_next_one_and_in_part_only_if_nobody_else_would_come() -> None:
    both = [waiting([1, 2, 3], identity=1000 + n, admit=Admit.MEMBERS) for n in range(2)]

    def admitted(budget: int) -> list[list[int]]:
        rooms = admit(policy(20, per_cycle=budget), state(20), both, MOST)
        return [list(rooms[group.membership.id].admitted) for group in both]

    assert [admitted(n) for n in range(1, 7)] == [
        [[1], []],
        [[1], [1]],
        [[1], [1]],
        [[1, 2], [1, 2]],
        [[1, 2], [1, 2]],
        [[1, 2, 3], [1, 2, 3]],
    ]


def test_people_come_in_the_order_that_the_ramp_has_and_it_is_asked_only_where_not_all_come() -> None:
    asked = []

    def classes(people: BitMap) -> Sequence[BitMap]:
        asked.append(people)
        return [BitMap([7, 9]), BitMap([2, 3])]  # of the others it says nothing: they come last

    group = waiting([1, 2, 3, 7, 9], admit=Admit.MEMBERS)
    rooms = [admit(policy(most), state(most), [group], MOST, classes=classes)[1000] for most in (1, 3, 4, 5)]
    assert [list(room.admitted) for room in rooms] == [[7], [2, 7, 9], [2, 3, 7, 9], [1, 2, 3, 7, 9]]
    assert asked == [group.queue] * 3
    room = admit(policy(20, per_cycle=3), state(20), [group], MOST, classes=classes)[1000]
    assert list(room.admitted) == [2, 7, 9]


def test_of_whom_the_order_says_nothing_comes_last_and_the_budget_of_a_class_is_given_to_whole_people() -> None:
    def classes(people: BitMap) -> Sequence[BitMap]:
        return [BitMap([9]), BitMap([4])]

    def admitted(room: int, budget: int) -> list[list[int]]:
        both = [waiting([1, 2, 4, 9], identity=1000 + n, admit=Admit.MEMBERS) for n in range(2)]
        rooms = admit(policy(room, per_cycle=budget), state(room), both, MOST, classes=classes)
        return [list(rooms[group.membership.id].admitted) for group in both]

    assert admitted(3, 99) == [[1, 4, 9], [1, 4, 9]]
    assert admitted(4, 3) == [[9], [9]], "person 4 does not come into one of both"
    assert admitted(4, 6) == [[1, 4, 9], [1, 4, 9]]


def test_no_step_waits_for_who_cannot_come_but_a_place_is_kept_for_them() -> None:
    nobody, part = waiting([1, 2, 3], stuck=BitMap([1, 2, 3, 4])), waiting([1, 2, 3, 4], stuck=BitMap([2, 9]))
    assert (nobody.stuck, part.stuck) == (3, 1)
    assert admissible(policy(4), [nobody, part], 4, MOST) == 3
    assert passing(policy(4), [nobody, part], 4, MOST, 0) == 3, "both were whole"
    few = waiting([1, 2, 3, 4], admit=Admit.MEMBERS, stuck=BitMap([1, 2]))
    assert [admissible(policy(ceiling), [few], ceiling, MOST) for ceiling in (1, 2, 3, 4)] == [1, 2, 2, 2]
    assert admit(policy(4), state(4), [part], MOST)[1000].admitted == BitMap([1, 2, 3, 4])


def test_an_order_is_not_asked_for_where_no_budget_is_left() -> None:
    def classes(people: BitMap) -> Sequence[BitMap]:
        raise AssertionError("asked")

    group = waiting([1, 2], admit=Admit.MEMBERS)
    assert not admit(policy(4, per_day=3), state(4), [group], MOST, 3, classes)[1000].admitted


def test_who_cannot_come_takes_no_place_of_somebody_who_can() -> None:
    stuck = BitMap([1, 2, 9])
    groups = [waiting([1, 2, 3, 4, 5], identity=1000 + n, admit=Admit.MEMBERS, stuck=stuck) for n in range(2)]

    def admitted(ceiling: int, budget: int, order: Sequence[BitMap] | None = None) -> list[list[int]]:
        classes = None if order is None else (lambda people: order)
        ramp = policy(ceiling, per_cycle=budget)
        rooms = admit(ramp, state(ceiling), groups, MOST, classes=classes, stuck=stuck)
        return [list(rooms[group.membership.id].admitted) for group in groups]

    assert admitted(5, 4) == [[3, 4], [3, 4]]
    assert admitted(2, 99) == [[3, 4], [3, 4]]
    assert admitted(4, 99) == [[1, 3, 4, 5], [1, 3, 4, 5]]
    assert admitted(5, 4, [BitMap([2, 5])]) == [[3, 5], [3, 5]]


def test_a_group_to_which_nothing_may_be_sent_takes_nothing_of_the_budget() -> None:
    held = waiting([1, 2, 3], admit=Admit.MEMBERS, stands=True)
    open_ = waiting([4, 5, 6], identity=1001, admit=Admit.MEMBERS)
    rooms = admit(policy(9, per_cycle=3), state(9), [held, open_], MOST)
    assert not rooms[1000].admitted and rooms[1001].admitted == BitMap([4, 5, 6])
    assert held.stuck == 3 and admissible(policy(9), [held, open_], 9, MOST) == 3
