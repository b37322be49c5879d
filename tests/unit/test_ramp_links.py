"""Links of ramps after their answer: how many runs until they are shown, which are refused, and what disagrees."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from syncramp.model.measures import Measure, Unconfirmed
from syncramp.source import dn
from syncramp.store.packing import pack_bitmap
from syncramp.store.ramp_links import LinkAnswers, RampLinks
from syncramp.store.store import Store

GROUP, OTHER = 100, 200
ALL = BitMap(range(1, 21))
Links = Mapping[int, BitMap]
Told = dict[str, list[tuple[float, int]]]


class Ramp:
    """A store, and the runs of a ramp that is called big."""

    def __init__(self, store: Store) -> None:
        self._database = store.database
        self.kept = RampLinks(store.database)
        self.run = 0
        self.desired = {GROUP: ALL, OTHER: ALL}

    def cloud(self, group: int, sure: BitMap, observed: BitMap, drifted: BitMap | None = None) -> None:
        self._database.run("DELETE FROM cloud_links WHERE id = ?", (group,))
        packed = [pack_bitmap(each) for each in (sure, sure | observed, observed)]
        sql = "INSERT INTO cloud_links (id, sure, possible, observed, drifted) VALUES (?, ?, ?, ?, ?)"
        self._database.run(sql, (group, *packed, pack_bitmap(drifted) if drifted else None))

    def end(self, acknowledged: Links | None = None, refused: Links | None = None) -> Told:
        """A run ends: what it measured, by name."""
        self.run += 1
        groups = dict.fromkeys((GROUP, OTHER), "big")
        at = 1000.0 * self.run
        told = self.kept.note(
            LinkAnswers(self.run, at, groups, acknowledged or {}, refused or {}, lambda group: self.desired[group])
        )
        assert {(row.at, row.run, row.subject) for row in told} <= {(at, self.run, "big")}
        found: Told = {}
        for row in told:
            found.setdefault(row.name, []).append((row.value, row.weight))
        return found


@pytest.fixture
def ramp(tmp_path: Path) -> Iterator[Ramp]:
    store = Store(tmp_path / "state.db", dn.key)
    yield Ramp(store)
    store.close()


def test_a_link_that_the_same_run_shows_has_no_lag(ramp: Ramp) -> None:
    ramp.cloud(GROUP, BitMap([1, 2]), BitMap([1, 2]))
    assert ramp.end({GROUP: BitMap([1, 2])})[Measure.CONFIRM_LAG] == [(0.0, 2)]
    assert ramp.kept.unconfirmed("big") == []


def test_the_lag_is_the_number_of_runs_until_a_link_is_shown(ramp: Ramp) -> None:
    ramp.cloud(GROUP, BitMap([1, 2, 3]), BitMap([1]))
    assert ramp.end({GROUP: BitMap([1, 2, 3])})[Measure.CONFIRM_LAG] == [(0.0, 1)]
    assert ramp.kept.unconfirmed("big") == [Unconfirmed(1000.0, 1, 2)]
    assert Measure.CONFIRM_LAG not in ramp.end()
    ramp.cloud(GROUP, BitMap([1, 2, 3]), BitMap([1, 2]))
    assert ramp.end()[Measure.CONFIRM_LAG] == [(2.0, 1)]
    ramp.cloud(GROUP, BitMap([1, 2, 3]), BitMap([1, 2, 3]))
    assert ramp.end()[Measure.CONFIRM_LAG] == [(3.0, 1)]
    assert Measure.CONFIRM_LAG not in ramp.end()


def test_a_link_that_is_sent_again_counts_from_its_first_answer(ramp: Ramp) -> None:
    ramp.cloud(GROUP, BitMap([1, 2]), BitMap([1]))
    ramp.end({GROUP: BitMap([2])})
    ramp.end({GROUP: BitMap([2])})
    ramp.cloud(GROUP, BitMap([1, 2]), BitMap([1, 2]))
    assert ramp.end({GROUP: BitMap([2])})[Measure.CONFIRM_LAG] == [(2.0, 1)]


def test_a_link_that_is_not_wanted_any_more_is_not_waited_for(ramp: Ramp) -> None:
    ramp.cloud(GROUP, BitMap([1, 2, 3]), BitMap([1]))
    ramp.end({GROUP: BitMap([2, 3])})
    ramp.desired[GROUP] = ALL - BitMap([2])
    ramp.end()
    assert ramp.kept.unconfirmed("big") == [Unconfirmed(1000.0, 1, 1)]
    ramp.cloud(GROUP, BitMap([1]), BitMap([1]))  # the other one went with its object
    ramp.end()
    assert ramp.kept.unconfirmed("big") == []


def test_a_group_whose_members_no_read_back_shows_is_not_waited_for(ramp: Ramp) -> None:
    """It says nothing: a service may send no members at all."""
    ramp.cloud(GROUP, BitMap([1, 2]), BitMap())
    told = ramp.end({GROUP: BitMap([1, 2])})
    assert ramp.kept.unconfirmed("big") == []
    assert (Measure.CONFIRM_LAG in told, told[Measure.DISAGREEMENT]) == (False, [(0.0, 1)]), (
        "the other group is empty"
    )


def test_what_is_refused_counts_by_its_last_try(ramp: Ramp) -> None:
    ramp.end({GROUP: BitMap([1])}, {GROUP: BitMap([2, 3, 4]), OTHER: BitMap([5])})
    assert ramp.kept.refused("big", 0.0) == 4
    ramp.end({GROUP: BitMap([2])}, {GROUP: BitMap([3])})
    assert ramp.kept.refused("big", 0.0) == 3
    assert ramp.kept.refused("big", 1500.0) == 1, "tried since then"
    assert ramp.kept.refused("small", 0.0) == 0


def test_what_was_refused_and_is_not_wanted_any_more_is_forgotten(ramp: Ramp) -> None:
    ramp.end(refused={GROUP: BitMap([2, 3])})
    ramp.desired[GROUP] = ALL - BitMap([3])
    ramp.end()
    assert ramp.kept.refused("big", 0.0) == 1


@pytest.mark.parametrize(
    ("sure", "observed", "drifted", "late", "differ"),
    [
        ([1, 2], [1, 2], [], [], 0),
        ([1, 2, 3], [1, 2], [], [], 1),
        ([1, 2, 3], [1, 2], [], [3], 0),  # answered in this run: it may come late
        ([1, 2], [1, 2, 9], [], [], 0),  # in doubt: a call of ours that was never answered
        ([1, 2], [1, 2, 9], [9], [], 1),  # somebody else put it there
        ([1, 2], [1], [2], [], 1),
    ],
)
def test_members_that_only_one_side_knows_disagree(ramp: Ramp, sure, observed, drifted, late, differ) -> None:
    ramp.cloud(GROUP, BitMap(sure), BitMap(observed), BitMap(drifted))
    assert ramp.end({GROUP: BitMap(late)})[Measure.DISAGREEMENT] == [(float(differ), 2)]


def test_a_group_of_no_ramp_leaves_nothing(ramp: Ramp) -> None:
    answers = LinkAnswers(1, 1000.0, {}, {GROUP: BitMap([1])}, {GROUP: BitMap([2])}, lambda group: ALL)
    ramp.cloud(GROUP, BitMap([1, 3]), BitMap([3]))
    assert ramp.kept.note(answers) == []
    assert (ramp.kept.unconfirmed("big"), ramp.kept.refused("big", 0.0)) == ([], 0)


class ByLink:
    """The same, link by link, as it is meant."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        """Member -> the run of the first answer that it was added; until it is shown, or not wanted."""
        self.refused: dict[int, int] = {}
        """Member -> the run of its last try, which was refused."""

    def end(self, run: int, acknowledged: BitMap, refused: BitMap, wanted: BitMap, observed: BitMap) -> list[int]:
        """A run ends; the lags of what it showed."""
        for member in acknowledged:
            self.first.setdefault(member, run)
        self.first = {member: first for member, first in self.first.items() if member in wanted}
        shown = sorted(run - first for member, first in self.first.items() if member in observed)
        self.first = {member: first for member, first in self.first.items() if member not in observed}
        kept = {member: last for member, last in self.refused.items() if member in wanted}
        self.refused = {member: last for member, last in kept.items() if member not in acknowledged | refused}
        self.refused.update(dict.fromkeys(refused, run))
        return shown


people = st.sets(st.integers(1, 8)).map(BitMap)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(people, people, people, people), min_size=1, max_size=8))
def test_whatever_runs_answer_and_show_bitmaps_tell_what_single_links_would(runs) -> None:
    with TemporaryDirectory() as folder, closing(Store(Path(folder) / "state.db", dn.key)) as store:
        ramp, truth = Ramp(store), ByLink()
        for acknowledged, refused, wanted, hidden in runs:
            refused = (refused - acknowledged) & wanted
            ramp.desired[GROUP] = wanted
            observed = ALL - hidden
            ramp.cloud(GROUP, ALL, observed)
            told = ramp.end({GROUP: acknowledged} if acknowledged else {}, {GROUP: refused} if refused else {})
            lags = sorted(int(lag) for lag, weight in told.get(Measure.CONFIRM_LAG, ()) for _ in range(weight))
            assert lags == truth.end(ramp.run, acknowledged, refused, wanted, observed)
            waiting = sorted(one.run for one in ramp.kept.unconfirmed("big") for _ in range(one.links))
            assert waiting == sorted(truth.first.values())
            for since in range(ramp.run + 1):
                told_refused = ramp.kept.refused("big", 1000.0 * since)
                assert told_refused == sum(last >= since for last in truth.refused.values())
