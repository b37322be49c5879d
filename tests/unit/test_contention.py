"""Who may claim a unique value: circles, rows, and a first sync that pays nothing for it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import Verb
from syncramp.model.state import Cause, ObjectState
from syncramp.model.values import Kind
from syncramp.plan.changes import object_change
from syncramp.plan.contention import contention, order
from syncramp.plan.ordering import circles

FREE = Circumstances()


def person(number: int, *, has: str | None, wants: str | None, absent: bool = False) -> ObjectState:
    """Somebody with a name in the cloud, and another one in the directory; None: not there."""
    acked = {"userPrincipalName": has} if has else None
    desired = {"userPrincipalName": wants} if wants else None
    cause = Cause.ABSENT_ONCE if absent else None
    dn = f"CN={number}"
    return ObjectState(number, 1, Kind.USER, str(number), dn, desired, acked, False, frozenset(), cause, "")


class People:
    """A view of some people."""

    def __init__(self, *states: ObjectState) -> None:
        self.people = {state.id: state for state in states}

    def owners(self, others: BitMap) -> Iterator[ObjectState]:
        return (state for state in self.people.values() if state.acked is not None)

    def claimants(self, marks: BitMap) -> Iterator[ObjectState]:
        return iter(self.people.values())

    def states(self, ids: Iterable[int]) -> Iterator[ObjectState]:
        return (self.people[identity] for identity in ids)


class Growing(People):
    """Nobody may be asked for what is not in the cloud yet."""

    def claimants(self, marks: BitMap) -> Iterator[ObjectState]:
        raise AssertionError("the creates were looked at")


def test_creates_are_not_looked_at_when_nobody_gives_up_a_value() -> None:
    retitled = replace(person(1, has="a", wants="a"), desired={"userPrincipalName": "a", "title": "T"})
    around = contention(Growing(retitled, person(2, has=None, wants="b")), FREE)
    assert around == FREE


def test_only_what_somebody_else_claims_is_told() -> None:
    view = People(person(1, has="a", wants="b"), person(2, has="c", wants="d"), person(3, has=None, wants="C"))
    around = contention(view, FREE)
    assert {value: owner.id for value, owner in around.releasing.items()} == {"c": 2} and not around.taken


def test_a_row_behind_a_held_delete_waits_to_its_end() -> None:
    row = [person(2, has="b", wants="a"), person(3, has="c", wants="b"), person(4, has=None, wants="c")]
    around = contention(People(person(1, has="a", wants=None, absent=True), *row), FREE)
    assert {value: owner.id for value, owner in around.taken.items()} == {"a": 1, "b": 2, "c": 3}
    assert not around.releasing
    assert not any(change.sends for state in row if (change := object_change(state, around)))


def test_an_address_that_moves_to_another_attribute_is_neither_given_up_nor_claimed() -> None:
    state = person(1, has="a", wants="a")
    moved = replace(
        state,
        acked={"userPrincipalName": "a", "mail": "m@x"},
        desired={"userPrincipalName": "a", "proxyAddresses": ("SMTP:M@x",)},
    )
    around = contention(People(moved, person(2, has=None, wants="m@x")), FREE)
    assert around == FREE


def test_circles_are_found_all_at_once_and_only_circles() -> None:
    waits = {1: {2}, 2: {1}, 3: {1}, 4: {5}, 6: {7}, 7: {8}, 8: {6, 4}}
    assert sorted(circles(waits)) == [[1, 2, 1], [6, 7, 8, 6]]


NAMES = st.permutations(range(8))
ABSENT = st.sets(st.integers(0, 7), max_size=3)


@given(NAMES, st.sets(st.integers(0, 7)), st.sets(st.integers(0, 7)), ABSENT)
def test_whatever_goes_in_the_order_told_finds_every_value_free(names, new, leaving, absent) -> None:
    """Names are passed around at random; ``new`` people are not in the cloud yet, others leave it."""
    has = {n: None if n in new else f"name{n}" for n in range(8)}
    wants = {n: None if n in leaving - new else f"name{names[n]}" for n in range(8)}
    states = [person(n, has=has[n], wants=wants[n], absent=n in absent) for n in range(8)]
    changing = [state for state in states if state.acked != state.desired]
    around = contention(People(*changing), FREE)
    changes = {state.id: change for state in changing if (change := object_change(state, around)) and change.sends}
    behind = set(order(changes.values(), around))
    cloud = {n: name for n, name in has.items() if name}
    while changes:
        free = [n for n in changes if not any((n, owner) in behind for owner in changes)]
        assert free, "they wait for each other"
        for number in free:
            change = changes.pop(number)
            cloud[number] = change.values.get("userPrincipalName")
            held = [name for name in cloud.values() if name]
            assert len(held) == len(set(held))
            assert change.verb is not Verb.CREATE or cloud[number]
