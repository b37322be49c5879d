"""A random walk over everything that may hold a change: nothing goes that must not, and in the end all that should.

A witness (``support.witness``) judges every plan and every call that is tried:

* nothing destructive goes without proof: the directory was read completely; who is deleted was absent twice, or is
  left out by the document;
* nothing is deleted or changed that we did not make or adopt;
* nothing is sent that the plan held, and what was approved is held by nothing that an approval ends;
* what guards count in a day and nobody approved is never more than the limits, however many slices there are.

Beside it, the digest of a plan is a function of what is sent when nothing fails, and tells one from the other; a run
that is killed anywhere and run again comes to the same end; and when everything is approved, the cloud holds what the
directory says.
"""

import random
from contextlib import suppress
from dataclasses import replace

import pytest

from support.engine import crashing
from support.guarded import Guarded
from support.model import Crash


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("seed", range(16))
def test_nothing_goes_that_must_not_and_in_the_end_all_that_should(tmp_path, seed) -> None:
    walk = Guarded(tmp_path, seed)
    walk.begin()
    for _ in range(10):
        walk.step()
    walk.rest()


@pytest.mark.parametrize("seed", range(1000, 1010))
def test_a_run_that_is_killed_anywhere_comes_to_the_same_end(tmp_path, seed) -> None:
    walk = Guarded(tmp_path, seed)
    walk.begin()
    for _ in range(4):
        walk.step()
    walk.calm()
    walk.mend()
    for _ in range(3):
        walk.change()
    walk.edit()
    walk.engine.config = replace(walk.engine.config, failsafe=walk.all_or_nothing())
    other, steps = walk.fork(), iter(range(random.Random(seed).randrange(1, 60)))
    with suppress(Crash), crashing(lambda: next(steps, None) is None):
        other.engine.run()
    other.now += 161.0
    assert other.quiesce() == walk.quiesce()
