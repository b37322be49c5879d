"""A server that goes away in the middle of a run, at whatever moment: it is told, and the next run goes on."""

import random
import re
from itertools import count
from typing import Any

import pytest

from support.build import guid, user, user_dn
from support.engine import Engine
from support.losing import AFTER, BEFORE, losing
from support.model import no_fault
from support.postgresql import requires_postgresql, running
from support.trial import Trial, check_bounds, check_rest
from syncramp.errors import StoreFailing

pytestmark = [requires_postgresql, pytest.mark.parametrize("kept_in", ["server"], indirect=True)]

WHEN = BEFORE, AFTER
TOLD = "the store cannot be (read or written|opened): "
STEP = 31
"""Of the statements of a run each so-many-th is tried; what a run repeats has no such period."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)


def test_a_run_whose_server_is_lost_at_any_statement_says_so_and_the_next_one_goes_on(engine: Engine) -> None:
    engine.run()
    for turn in count(1):
        engine.source.add(user(1, title=f"Clerk {turn}"), user(3 + turn))
        engine.source.members[guid(101)] = [user_dn(1), user_dn(3 + turn)]
        asked, fatal = count(), turn * STEP
        with losing(lambda _: WHEN[turn % 2] if next(asked) == fatal else None):  # noqa: B023 - called within this turn
            if _ended(engine):
                break
        check_bounds(engine)
    assert turn > 12, "a run has more statements than were tried"
    assert engine.settle().settled
    calls = len(engine.cloud.calls)
    assert engine.run()[0].settled and len(engine.cloud.calls) == calls, "nothing is left to do"
    assert len(engine.cloud.links[engine.anchor(engine.source.entries[guid(101)])]) == 2


def _ended(engine: Engine) -> bool:
    """A run that comes to its end, or tells a person why it does not."""
    try:
        engine.run()
    except StoreFailing as error:
        assert re.search(TOLD, str(error)), error
        return False
    return True


@pytest.mark.parametrize("seed", range(9000, 9002))
def test_no_loss_of_the_server_leaves_the_cloud_beyond_its_bounds_or_wrong_at_rest(tmp_path, seed: int) -> None:
    trial, luck = Trial(tmp_path, seed), random.Random(seed)
    run = trial.engine.run

    def lost_at_times(**given: Any) -> Any:
        with losing(lambda _: luck.choice(WHEN) if luck.random() < 0.003 else None):
            return run(**given)

    trial.engine.run = lost_at_times  # type: ignore[method-assign]
    for _ in range(6):
        trial.step()
    trial.engine.run = run  # type: ignore[method-assign]
    trial.rest()
    check_bounds(trial.engine)
    check_rest(trial.engine, trial.staff)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_that_is_killed_while_a_call_is_under_way_comes_back_with_the_intent(
    engine: Engine, moment: str
) -> None:
    with running("fsync=on") as server:
        engine.path = server.schema()  # type: ignore[assignment]

        def killed(now: str) -> None:
            if now == moment:
                server.kill()

        engine.cloud.fault = killed
        with pytest.raises(StoreFailing, match=TOLD):
            engine.run()
        server.start()
        engine.cloud.fault = no_fault
        with engine.store() as store:
            doubtful = store.database.value("SELECT COUNT(*) FROM objects WHERE doubt = 1")
            sent = store.database.value("SELECT state FROM batches")
        assert (doubtful, sent) == (3, "Sent"), "what may be in the cloud is known"
        check_bounds(engine)
        assert engine.settle().settled
        assert len(engine.cloud.objects) == 4
