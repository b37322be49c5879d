"""A random walk over groups that go back: what must never happen in the directory, and the end.

The witnesses of ramps and of the failsafe (``support.ramp_witness``, ``support.witness``) judge every plan of this
direction and every request that is tried. Beside it: nobody who is in the group in the cloud and in the directory is
taken out; no group is deleted without a person and a recycle bin, or made twice; nothing is sent to anything but
groups of ours. In the end the directory holds what the cloud says, and a run that was killed anywhere ends alike.
"""

import random
from contextlib import suppress

import pytest

from support.engine import crashing
from support.model import Crash
from support.ramp_walk import gates, passing
from support.written_trial import WrittenTrial


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_done_to_a_directory_that_must_not_be_and_in_the_end_it_holds_what_the_cloud_says(
    tmp_path, seed
) -> None:
    walk = WrittenTrial(tmp_path, seed)
    for _ in range(12):
        walk.step()
    walk.rest()


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_a_run_that_is_killed_anywhere_in_both_directions_ends_alike(tmp_path, seed) -> None:
    walk = WrittenTrial(tmp_path, seed)
    for _ in range(4):
        walk.step()
    walk.weather(quiet=True)
    for _ in range(3):
        walk.change()
    other, steps = walk.fork(), iter(range(random.Random(seed).randrange(1, 80)))
    with suppress(Crash), crashing(lambda: next(steps, None) is None), gates(passing):
        other.engine.run()
    for one in (walk, other):
        one.rest()
    assert other.end() == walk.end()
