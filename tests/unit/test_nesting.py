"""Effective growth: how many more people are in groups because of nested groups."""

from pyroaring import BitMap

from syncramp.plan.nesting import growth, people

TOP, MIDDLE, LOW = 1, 2, 3
PEOPLE = BitMap(range(100, 150))


def grown(nested, wanted, surely, earlier=None, established=(TOP, MIDDLE, LOW)):
    pairs = ({group: BitMap(members) for group, members in each.items()} for each in (nested, earlier or {}))
    graphs = ({group: BitMap(members) for group, members in each.items()} for each in (wanted, surely))
    return growth(*pairs, *graphs, BitMap(established))


def test_one_link_brings_everybody_of_the_nested_group() -> None:
    found = grown({TOP: [LOW]}, {TOP: [LOW], LOW: PEOPLE}, {TOP: [], LOW: PEOPLE})
    assert (found.people, found.links) == (50, {TOP: BitMap([LOW])})


def test_they_come_into_every_group_above_too() -> None:
    found = grown(
        {MIDDLE: [LOW]},
        {TOP: [MIDDLE], MIDDLE: [LOW], LOW: PEOPLE},
        {TOP: [MIDDLE], MIDDLE: [], LOW: PEOPLE},
    )
    assert (found.people, found.links) == (100, {MIDDLE: BitMap([LOW])})


def test_who_is_a_member_already_is_no_growth() -> None:
    found = grown({TOP: [LOW]}, {TOP: [LOW, 100], LOW: PEOPLE}, {TOP: [100], LOW: PEOPLE})
    assert found.people == 49
    assert grown(
        {TOP: [LOW]}, {TOP: [LOW, MIDDLE], MIDDLE: PEOPLE, LOW: PEOPLE}, {TOP: [MIDDLE], MIDDLE: PEOPLE}
    ) == (growth({}, {}, {}, {}, BitMap()))


def test_people_who_come_into_the_nested_group_at_the_same_time_count() -> None:
    assert grown({TOP: [LOW]}, {TOP: [LOW], LOW: PEOPLE}, {TOP: [], LOW: []}).people == 50


def test_a_group_that_was_created_today_grants_nothing_yet() -> None:
    wanted, surely = {TOP: [LOW], LOW: PEOPLE}, {TOP: [], LOW: PEOPLE}
    assert grown({TOP: [LOW]}, wanted, surely, established=[LOW]).people == 0
    above = {TOP: [MIDDLE], MIDDLE: [LOW], LOW: PEOPLE}
    found = grown({TOP: [MIDDLE], MIDDLE: [LOW]}, above, {TOP: [], LOW: PEOPLE}, established=[TOP, LOW])
    assert found.people == 50, "what an older group gets through it counts"


def test_links_of_the_last_day_count_together_and_only_those_of_this_plan_are_held() -> None:
    wanted = {TOP: [LOW, MIDDLE], LOW: PEOPLE, MIDDLE: range(200, 230)}
    found = grown({TOP: [MIDDLE]}, wanted, {**wanted, TOP: [LOW]}, earlier={TOP: [LOW]})
    assert (found.people, found.links) == (80, {TOP: BitMap([MIDDLE])})


def test_groups_in_a_circle_end() -> None:
    found = grown(
        {LOW: [TOP]},
        {TOP: [MIDDLE, 100], MIDDLE: [LOW, 101], LOW: [TOP, 102]},
        {TOP: [MIDDLE, 100], MIDDLE: [LOW, 101], LOW: [102]},
    )
    assert found.people == 3, "the lowest group gets two, and the one above it the one of the highest"


def _counted(graph: dict[int, list[int]], group: int = TOP) -> int | None:
    return people(group, lambda asked: BitMap(graph.get(asked, ())), BitMap([TOP, MIDDLE, LOW]))


def test_people_of_nested_groups_count_once_and_groups_do_not() -> None:
    assert _counted({TOP: [MIDDLE, 100], MIDDLE: [LOW, 100, 101], LOW: [102]}) == 3


def test_a_group_in_which_nothing_is_nested_has_no_effective_members() -> None:
    assert _counted({TOP: [100, 101]}) is None


def test_a_circle_of_groups_ends() -> None:
    assert _counted({TOP: [MIDDLE], MIDDLE: [TOP, 100]}) == 1
