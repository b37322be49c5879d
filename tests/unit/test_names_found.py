"""Whom the hash of a DN names is the same by a dictionary and by bisection."""

from array import array
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from syncramp.store import names
from syncramp.store.names import DnIndex

hashes = st.integers(-4, 4) | st.sampled_from((-(1 << 63), (1 << 63) - 1))
rows = st.lists(st.tuples(hashes, st.integers(1, 99), st.integers(0, 1)), unique_by=lambda row: row[1])


@given(rows, st.lists(hashes), st.sets(st.integers(1, 99)))
def test_a_dictionary_finds_what_bisection_finds(
    entries: list[tuple[int, int, int]], asked: list[int], owned: set[int]
) -> None:
    database: Any = SimpleNamespace(among=lambda sql, ids: [(one,) for one in ids if one in owned])
    told = sorted(entries, key=lambda row: (row[0], row[2], -row[1]))
    found = []
    for held in (0, 100):
        with patch.object(names, "HELD", held):
            found.append(DnIndex(cast("Any", database), told).look_up(array("q", asked)))
    assert found[0] == found[1]
    assert found[0][1] == set(asked) - {row[0] for row in entries}
