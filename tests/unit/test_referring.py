"""Whom objects refer to is read once for all creates of an export, and told page by page."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.plan.ordering import layers
from syncramp.store.referring import Referring
from syncramp.store.states import in_order

IDS = st.integers(1, 12)
SETS = st.sets(IDS).map(BitMap)
ROWS = st.sets(st.tuples(IDS, IDS), max_size=30).map(sorted)


@given(ROWS, SETS)
def test_references_of_others_are_left_out(rows: list[tuple[int, int]], ids: BitMap) -> None:
    assert list(Referring(rows, ids)) == [row for row in rows if row[0] in ids]


@given(ROWS, SETS, SETS, IDS, IDS)
def test_whoever_refers_to_somebody_that_cannot_be_named_waits(
    rows: list[tuple[int, int]], ids: BitMap, named: BitMap, first: int, last: int
) -> None:
    waits = Referring(rows, ids).without(named, first, last)
    assert waits == BitMap(one for one, to in rows if one in ids and first <= one <= last and to not in named)


def naive(ids: BitMap, references: list[tuple[int, int]], deepest: int) -> list[BitMap]:
    left, found = BitMap(ids), list[BitMap]()
    while left and len(found) < deepest:
        layer = BitMap(one for one in left if not any(to in left for by, to in references if by == one != to))
        if not layer:
            break
        found.append(layer)
        left -= layer
    return [*found, left] if left else found


@given(ROWS, SETS, st.integers(1, 5))
def test_layers_are_those_that_nobody_of_a_later_one_is_named_in(
    rows: list[tuple[int, int]], ids: BitMap, deepest: int
) -> None:
    assert list(layers(ids, Referring(rows, ids), deepest)) == naive(ids, rows, deepest)


@given(st.lists(IDS), SETS)
def test_rows_stand_in_the_order_in_which_they_were_asked_for(wanted: list[int], there: BitMap) -> None:
    rows = [(one, "row") for one in there if one in wanted]
    assert [row[0] for row in in_order(rows, wanted)] == [one for one in wanted if one in there]
