"""A random walk over everything that can go wrong between a directory and the cloud.

People join, leave, move between groups and out of scope and back, get managers, are disabled, become contacts, and
are migrated to another account with the same source anchor, while everything goes wrong that can (``support.trial``).
After every step:

* sure <= what the cloud holds <= possible, for every group;
* what the store says was acknowledged is in the cloud exactly so;
* the numbers of the run agree, and none of them is negative.

And at rest, when nothing goes wrong any more, the cloud holds what the directory says and nothing else; also when
somebody else deleted objects there, of which nobody can know before a read-back or an answer tells it.
"""

import pytest

from support.trial import Trial, check_bounds, check_rest


@pytest.mark.parametrize("seed", range(200))
def test_no_fault_at_any_point_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(
    tmp_path, monkeypatch, seed
) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    trial = Trial(tmp_path, seed)
    for _ in range(8):
        trial.step()
    trial.rest()
    engine = trial.engine
    check_bounds(engine)
    check_rest(engine, trial.staff)
    calls = len(engine.cloud.calls)
    report, _ = engine.run()
    assert report.settled
    assert len(engine.cloud.calls) == calls, "a run without changes sends nothing"
