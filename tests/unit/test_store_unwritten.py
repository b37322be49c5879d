"""Why groups get nobody new is kept from the run that found it, and the reason that keeps back most is told."""

from collections.abc import Iterator
from contextlib import closing
from itertools import permutations
from pathlib import Path

import pytest

from syncramp.model.holds import Hold
from syncramp.source import dn
from syncramp.store.store import Store
from syncramp.store.unwritten import ORDER, Unwritten


@pytest.fixture
def unwritten(tmp_path: Path) -> Iterator[Unwritten]:
    with closing(Store(tmp_path / "ledger.db", dn.key)) as store:
        yield store.unwritten


@pytest.mark.parametrize("found", list(permutations(ORDER)))
def test_of_several_reasons_the_one_that_keeps_back_most_is_told(
    unwritten: Unwritten, found: tuple[Hold, ...]
) -> None:
    for hold in found:
        unwritten.keep(hold, {1: f"because of {hold}"})
    told = []
    while all_of_it := unwritten.all():
        told.append(all_of_it[1][0])
        unwritten.drop(told[-1], [1])
    assert told == list(ORDER)


def test_a_reason_is_kept_for_a_group_until_another_one_stands_in_its_place(unwritten: Unwritten) -> None:
    unwritten.keep(Hold.PROTECTED, {1: "one", 2: "two"})
    unwritten.keep(Hold.PROTECTED, {2: "three"})
    unwritten.drop(Hold.NOT_WRITTEN, [1, 2])
    assert unwritten.all() == {1: (Hold.PROTECTED, "one"), 2: (Hold.PROTECTED, "three")}
