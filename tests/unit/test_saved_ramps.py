"""Ramps in state snapshots: a store that was lost goes on at the same step, and knows how groups began."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from syncramp.cycle.saving import restore, save
from syncramp.errors import InputRefused
from syncramp.model.orders import named_orders
from syncramp.model.ramps import Command, Order, Phase, RampState
from syncramp.model.saved import Restored, SavedBound, SavedRamp
from syncramp.report.saved import restored_lines
from syncramp.spec.ramps import Admit, RampPolicy, Soak, Step
from syncramp.store.packing import pack_bitmap, unpack_bitmap
from syncramp.store.saved_file import check_saved, reading_saved, write_saved

GROUP = 501
PEOPLE = range(1, 13)
HOUR = Soak(timedelta(hours=1))
RAMP = RampPolicy(
    "small", (Step(4, HOUR), Step(8, HOUR), Step(None), Step(20, HOUR)), (), min_members=3, admit=Admit.MEMBERS
)
START = BitMap([2, 3])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Twelve people and a group of them all, of whom a ramp at its second step has admitted eight."""
    made = Engine(tmp_path / "state.db")
    made.config = replace(made.config, ramps=(RAMP,))
    made.source.add(*map(user, PEOPLE), group(GROUP))
    made.source.members[guid(GROUP)] = [user_dn(number) for number in PEOPLE]
    for hours in range(6):
        made.clock = lambda hours=hours: 7200.0 * hours
        made.run()
    with made.store() as store:
        anchor = made.anchor(group(GROUP))
        store.database.run("DELETE FROM ramp_groups")
        store.database.run(
            "INSERT INTO ramp_groups (anchor, ramp, at, policy, start, filling) VALUES (?, 'small', 5.0, 'ab', ?, 1)",
            (anchor, pack_bitmap(ids(made, START))),
        )
    return made


def ids(engine: Engine, numbers: BitMap) -> BitMap:
    """Of some of the people, in the store as it is."""
    with engine.store() as store:
        known = dict(store.database.all("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
    return BitMap(known[engine.anchor(user(number))] for number in numbers)


def state(engine: Engine) -> RampState:
    with engine.store() as store:
        return store.ramp_states.all()["small"]


def snapshot(engine: Engine, path: Path) -> Path:
    with engine.store() as store:
        save(store, engine.config, path)
    return path


def restored(engine: Engine, path: Path) -> Restored:
    with engine.store() as store:
        return restore(engine.job(store), path)


def anew(engine: Engine) -> None:
    """The store is lost, others came to the directory meanwhile, so ids are others, and the tenant is adopted."""
    engine.lose_store()
    everybody = dict(engine.source.entries)
    engine.source.entries.clear()
    engine.source.add(*map(user, range(90, 95)))
    engine.source.entries.update(reversed(everybody.items()))
    engine.adopt()


def test_a_restored_store_goes_on_at_the_same_step(engine: Engine, tmp_path: Path) -> None:
    before = state(engine)
    assert (before.phase, before.step) == (Phase.PAUSED, 2)
    path = snapshot(engine, tmp_path / "state.gz")
    anew(engine)
    told = restored(engine, path)
    assert (told.ramps, told.followers) == (1, 1)
    (line,) = [line for line in restored_lines(told) if "ramp" in line]
    assert line == "    1 ramp at the step of then, or where the tenant is by now; 1 group known to follow one"
    assert state(engine) == replace(before, began=engine.clock(), window=engine.clock(), runs=0)
    engine.run()
    assert (state(engine).phase, state(engine).step) == (Phase.PAUSED, 2)


def test_the_members_at_the_start_are_known_by_their_new_ids(engine: Engine, tmp_path: Path) -> None:
    old = ids(engine, START)
    path = snapshot(engine, tmp_path / "state.gz")
    anew(engine)
    restored(engine, path)
    with engine.store() as store:
        (row,) = store.database.all("SELECT anchor, ramp, at, policy, start, filling FROM ramp_groups")
    assert tuple(row[:4]) == (engine.anchor(group(GROUP)), "small", 5.0, "ab") and row[5] == 1
    assert unpack_bitmap(row[4]) == ids(engine, START) != old


def test_a_second_time_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    path = snapshot(engine, tmp_path / "state.gz")
    anew(engine)
    restored(engine, path)
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PROMOTE, "small", "Ann", 0.0))
    engine.run()
    told = restored(engine, path)
    assert (told.ramps, told.followers, state(engine).step) == (0, 0, 3)


def test_an_annotation_that_was_followed_is_not_followed_again(engine: Engine, tmp_path: Path) -> None:
    """It stands in the document still."""
    engine.config = replace(engine.config, orders=named_orders({"syncramp.io/revert": "small@once"}))
    engine.run()
    with engine.store() as store:
        store.ramp_states.give(Order(Command.RETRY, "small", "Ann", 0.0))
    engine.run()
    before = state(engine)
    assert before.phase is Phase.PAUSED
    path = snapshot(engine, tmp_path / "state.gz")
    anew(engine)
    for _ in range(2):
        restored(engine, path)
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM ramp_orders") == 1
    engine.run()
    assert (state(engine).phase, state(engine).step) == (before.phase, before.step)
    engine.config = replace(engine.config, orders=named_orders({"syncramp.io/revert": "small@twice"}))
    engine.run()
    assert state(engine).phase is Phase.REVERTING, "another text is another command"


def test_a_ramp_that_the_document_does_not_have_is_not_restored(engine: Engine, tmp_path: Path) -> None:
    path = snapshot(engine, tmp_path / "state.gz")
    anew(engine)
    engine.config = replace(engine.config, ramps=())
    assert restored(engine, path).ramps == 0


def test_a_tenant_that_went_on_since_is_never_below_itself(engine: Engine, tmp_path: Path) -> None:
    path = snapshot(engine, tmp_path / "state.gz")
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PROMOTE, "small", "Ann", 0.0))
    engine.run()
    engine.settle()
    anew(engine)
    restored(engine, path)
    assert (state(engine).phase, state(engine).step, state(engine).ceiling) == (Phase.GROWING, 3, 20)


def test_the_same_store_gives_the_same_rows(engine: Engine, tmp_path: Path) -> None:
    first, second = (snapshot(engine, tmp_path / name) for name in ("one.gz", "two.gz"))
    assert first.read_bytes() == second.read_bytes()
    with reading_saved(first) as (_, rows):
        found = list(rows)
    assert [type(row) for row in found[:2]] == [SavedRamp, SavedBound] and len(found) == 2 + len(PEOPLE) + 1


@pytest.mark.parametrize(
    "row",
    [
        SavedRamp("small", "{}"),
        SavedRamp("small", "no JSON"),
        SavedBound("anchor", "small", 1.0, "ab", "no digits", 0),
        SavedBound("anchor", "small", 1.0, "ab", "abcd", 0),
    ],
)
def test_a_row_that_is_none_is_refused(engine: Engine, tmp_path: Path, row: SavedRamp | SavedBound) -> None:
    path = snapshot(engine, tmp_path / "state.gz")
    with reading_saved(path) as (head, rows):
        kept = list(rows)
    write_saved(path, head, [row, *kept])
    with pytest.raises(InputRefused, match="line 2 is not what we know"):
        check_saved(path)
