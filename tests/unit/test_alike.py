"""What rows of numbers have in common at both ends, and what follows for a group that changed a little."""

from array import array
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.alike import ends
from syncramp.store import spellings

rows = st.lists(st.integers(0, 5), max_size=12)


@given(rows, rows, rows, rows)
def test_both_ends_are_found_as_far_as_they_are_alike(
    begin: list[int], one: list[int], other: list[int], end: list[int]
) -> None:
    first, last = ends(array("q", left := begin + one + end), array("q", right := begin + other + end))
    assert first + last <= min(len(left), len(right))
    assert left[:first] == right[:first] and left[len(left) - last :] == right[len(right) - last :]
    assert first == min(len(left), len(right)) or left[first] != right[first]
    assert first >= len(begin)


@given(st.lists(st.integers(0, 9), unique=True), rows, st.sets(st.integers(0, 9)))
def test_between_the_ends_the_same_is_found_as_in_all(old: list[int], new: list[int], marks: set[int]) -> None:
    with patch.multiple(spellings, FEW=0, MANY=100):
        found = spellings._change(array("q", old), array("q", new), marks)
    assert found == spellings._changed(set(old), set(new), marks)
