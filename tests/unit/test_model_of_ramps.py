"""A random walk over directories, policies, commands, gates, failures and clocks: what no ramp may do, and the end.

A witness (``support.ramp_witness``) judges every plan and every call that is tried:

* no ramp delays an explicit removal, and removals come before everything that grows;
* no group grows beyond the ceiling of its ramp, counting what the cloud possibly holds, nor while its ramp stands;
* nobody who is wanted is taken out, but by a revert that a person approved, and nothing is deleted by a limit;
* budgets and places are held; a group that comes whole is whole, or known to be filling.

Beside it nobody is lost who was in a group and is still wanted there. When gates pass and people let ramps go on, the
cloud holds what the directory says; a run that is killed anywhere and run again ends alike; and stores that read the
same directory in another order agree.
"""

import random
from contextlib import suppress

import pytest

from support.engine import crashing
from support.model import Crash
from support.ramp_walk import Ramped, gates, passing


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("seed", range(12))
def test_no_ramp_does_what_it_must_not_and_in_the_end_every_group_is_whole(tmp_path, seed) -> None:
    walk = Ramped(tmp_path, seed)
    for _ in range(12):
        walk.step()
    walk.rest()


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_a_run_that_is_killed_anywhere_and_run_again_ends_alike(tmp_path, seed) -> None:
    walk = Ramped(tmp_path, seed)
    for _ in range(4):
        walk.step()
    walk.calm()
    walk.mend()
    for _ in range(3):
        walk.change()
    other, steps = walk.fork(), iter(range(random.Random(seed).randrange(1, 60)))
    with suppress(Crash), crashing(lambda: next(steps, None) is None), gates(passing):
        other.engine.run()
    for one in (walk, other):
        one.rest()
    assert other.end() == walk.end()


@pytest.mark.parametrize("seed", range(2000, 2004))
def test_two_stores_that_came_to_know_a_directory_in_another_order_agree_once_no_ramp_waits(tmp_path, seed) -> None:
    (tmp_path / "other").mkdir()
    one, other = Ramped(tmp_path, seed), Ramped(tmp_path / "other", seed)
    for walk in (one, other):
        for _ in range(20):
            walk.change()
    other.staff.people = dict(reversed(other.staff.people.items()))
    other.staff.write()
    assert other.engine.source.entries == one.engine.source.entries
    for walk in (one, other):
        walk.rest()
    assert numbers(one) != numbers(other)
    assert other.end() == one.end()


def numbers(walk: Ramped) -> dict[str, int]:
    """Anchor -> the number that the store gave to its object."""
    with walk.engine.store() as store:
        return dict(store.database.all("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
