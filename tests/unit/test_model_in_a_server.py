"""Some of the random walks with the store in a server: what a fault leaves behind is the same there.

Few, because the walks on a file try out the engine; these try out what it stands on.
"""

import pytest

from support.adopted import killed_at
from support.build import guid, user, user_dn
from support.engine import Engine
from support.guarded import Guarded
from support.postgresql import requires_postgresql
from support.trial import Trial, check_bounds, check_rest

pytestmark = [requires_postgresql, pytest.mark.parametrize("kept_in", ["server"], indirect=True)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


@pytest.mark.parametrize("seed", range(7000, 7004))
def test_no_fault_at_any_point_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(tmp_path, seed: int) -> None:
    trial = Trial(tmp_path, seed)
    for _ in range(5):
        trial.step()
    trial.rest()
    check_bounds(trial.engine)
    check_rest(trial.engine, trial.staff)
    calls = len(trial.engine.cloud.calls)
    assert trial.engine.run()[0].settled
    assert len(trial.engine.cloud.calls) == calls, "a run without changes sends nothing"


@pytest.mark.parametrize("seed", range(8000, 8002))
def test_nothing_goes_that_must_not_and_in_the_end_all_that_should(tmp_path, seed: int) -> None:
    walk = Guarded(tmp_path, seed)
    walk.begin()
    for _ in range(5):
        walk.step()
    walk.rest()


def test_an_adoption_that_was_killed_comes_to_the_same_end_when_it_runs_again(lost: Engine) -> None:
    lost.source.add(user(1, userAccountControl="514"), user(4))
    lost.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    ends = set()
    for fatal in (2, 9, 16, 1000):
        lost.lose_store()
        assert killed_at(lost, fatal) is (fatal < 1000)
        findings, plan = lost.adopt(), lost.run(sends=False)[1]
        ends.add((findings.digest, plan.digest, tuple(sorted(plan.holds.items()))))
    assert len(ends) == 1 and not lost.cloud.calls
