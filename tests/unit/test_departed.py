"""Links that went are kept for 30 days, under whatever id their group and their member have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.store.database import Database, opened
from syncramp.store.departed import (
    DAY,
    departed_since,
    forget_departed,
    hand_over_departed,
    keep_departed,
    prune_departed,
)
from syncramp.store.observations import Observations

ALL = BitMap(range(1, 60))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = opened(tmp_path / "state.db")
    yield made
    made.close()


def known(database: Database, since: float = 0.0) -> dict[int, set[int]]:
    return {group: set(members) for group, members in departed_since(database, ALL, since).items()}


def test_links_of_a_day_add_up_and_those_of_earlier_days_stay_apart(database: Database) -> None:
    for day, links in ((1.0, {1: [10]}), (1.5, {1: [11], 2: [10]}), (3.0, {1: [12], 3: []})):
        keep_departed(database, {group: BitMap(members) for group, members in links.items()}, day * DAY)
    assert known(database) == {1: {10, 11, 12}, 2: {10}}
    assert known(database, 2 * DAY) == {1: {12}}
    assert known(database, 1.9 * DAY) == {1: {10, 11, 12}, 2: {10}}, "days are whole ones"
    assert departed_since(database, BitMap([2]), 0.0) == {2: BitMap([10])}
    assert database.value("SELECT COUNT(*) FROM departed_links") == 3


def test_what_went_more_than_30_days_ago_is_forgotten(database: Database) -> None:
    for day in (1, 2, 20):
        keep_departed(database, {1: BitMap([day])}, day * DAY)
    prune_departed(database, 33.9 * DAY)
    assert known(database) == {1: {2, 20}}


def test_what_was_taken_out_on_purpose_is_forgotten_on_every_day(database: Database) -> None:
    for day in (1, 2):
        keep_departed(database, {1: BitMap([10, 10 + day]), 2: BitMap([10])}, day * DAY)
    forget_departed(database, {1: BitMap([10, 11]), 3: BitMap([1])})
    assert known(database) == {1: {12}, 2: {10}}
    assert database.value("SELECT COUNT(*) FROM departed_links WHERE id = 1") == 1


def test_what_was_answered_and_is_never_shown_was_there(database: Database) -> None:
    Observations(database).doubt_links({1: BitMap([10])}, DAY)
    assert known(database) == {1: {10}}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.dictionaries(st.integers(1, 5), st.sets(st.integers(1, 9))), st.permutations(range(1, 10)))
def test_links_follow_an_identity_to_its_heir(
    database: Database, links: dict[int, set[int]], order: list[int]
) -> None:
    heirs = {former: former + 20 for former in order[:3]}
    database.run("DELETE FROM departed_links")
    keep_departed(database, {group: BitMap(members) for group, members in links.items()}, DAY)
    keep_departed(database, {25: BitMap([1])}, DAY)
    hand_over_departed(database, heirs)
    wanted = {25: {heirs.get(1, 1)}}
    for group, members in links.items():
        for member in members:
            wanted.setdefault(heirs.get(group, group), set()).add(heirs.get(member, member))
    assert known(database) == wanted
