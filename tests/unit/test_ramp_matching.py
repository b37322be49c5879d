"""Expressions of ramps: conditions on groups, and the order of members."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.expr.environment import Environment
from syncramp.expr.errors import ExpressionError
from syncramp.model.values import Attributes
from syncramp.ramp.matching import Matching, Ordering
from syncramp.rules.desired import GROUPS, MEMBERS, desired_environment
from syncramp.spec.ramps import RampPolicy, built_in

RAMP = built_in(timedelta(minutes=30))
OF_MEMBERS, OF_GROUPS = desired_environment(MEMBERS), desired_environment(GROUPS)
People = Mapping[int, Attributes]


def ordered(order: str | None, people: People) -> list[list[int]]:
    made = Ordering(lambda: OF_MEMBERS, lambda ids: ((each, people[each]) for each in ids))
    return [list(each) for each in made.classes(replace(RAMP, order=order), BitMap(people))]


class Groups:
    """Groups whose attributes are read at most once."""

    def __init__(self, groups: People) -> None:
        self.groups = groups
        self.read = 0

    def __call__(self, ids: BitMap) -> Iterable[tuple[int, Attributes]]:
        self.read += 1
        return ((each, self.groups[each]) for each in ids if each in self.groups)


def named(where: str | None, name: str = "named") -> RampPolicy:
    return replace(RAMP, name=name, where=where)


def asked(policies: list[RampPolicy], groups: People) -> tuple[Matching, Groups]:
    reader = Groups(groups)
    made = Matching(policies, lambda: OF_GROUPS, reader)
    made.load(BitMap(groups))
    return made, reader


def test_a_condition_is_asked_of_a_group_as_it_should_be() -> None:
    policy = named("object.displayName.startsWith('LIC-')")
    made, reader = asked([policy], {1: {"displayName": "LIC-a"}, 2: {"displayName": "b"}})
    assert [made.matches(policy, group) for group in (1, 2)] == [True, False]
    assert (made.failed, reader.read) == ({}, 1)


def test_without_a_condition_nothing_is_read_and_no_environment_is_made() -> None:
    def none() -> Environment:
        raise AssertionError

    reader = Groups({})
    made = Matching([named(None)], none, reader)
    made.load(BitMap([1]))
    assert made.matches(named(None), 1)
    assert reader.read == 0


def test_a_condition_without_a_result_does_not_hold_and_says_why() -> None:
    policy = named("object.mail != ''")
    made, _ = asked([policy], {1: {"displayName": "a"}})
    assert not made.matches(policy, 1)
    assert made.failed == {1: "match.where of ramp named has no result for it: object.mail has no value"}


def test_a_group_of_which_nothing_is_known_has_no_attributes() -> None:
    policy = named("!has(object.mail)")
    made, _ = asked([policy], {})
    assert made.matches(policy, 7)


def test_a_condition_that_does_not_compile_is_an_error_of_the_document() -> None:
    with pytest.raises(ExpressionError):
        asked([named("object.mial")], {})


@pytest.mark.parametrize(
    ("order", "classes"),
    [
        (None, []),
        ("object.department", [[4], [1, 3]]),
        ("object.?department.orValue('')", [[4], [1, 3]]),
        ("object.?department.orValue('') != 'IT'", [[1, 3], [2, 4]]),
        ("size(object.?department.orValue(''))", [[2], [1, 3, 4]]),
        ("object.accountEnabled", [[3], [1]]),
        ("1", [[1, 2, 3, 4]]),
        ("object.?department.orValue('') == 'IT' ? 1 : -1", [[2, 4], [1, 3]]),
        ("noValue()", []),
    ],
)
def test_members_are_in_classes_of_equal_values_the_lowest_first(order: str | None, classes: list[list[int]]) -> None:
    people: People = {
        1: {"department": "IT", "accountEnabled": True},
        2: {},
        3: {"department": "IT", "accountEnabled": False},
        4: {"department": "HR"},
    }
    assert ordered(order, people) == classes


_VALUES = st.fixed_dictionaries(
    {},
    optional={"department": st.sampled_from(["IT", "HR", ""]), "accountEnabled": st.booleans()},
)


@given(st.dictionaries(st.integers(0, 50), _VALUES))
def test_a_class_does_not_depend_on_who_else_is_asked(people: dict[int, Any]) -> None:
    order = "object.?accountEnabled.orValue(false) ? object.department : object.?department.orValue('none')"
    together = ordered(order, people)
    assert sorted(each for found in together for each in found) == [
        each for each in sorted(people) if ordered(order, {each: people[each]})
    ]
    for one, other in pairwise(together):
        both = {each: people[each] for each in (one[0], other[0])}
        assert ordered(order, both) == [[one[0]], [other[0]]]
