"""The right to write to the tenant, in the middle of a run: when it is lost nothing more is sent, and what was sent
is known.
"""

from collections.abc import Callable

import pytest

from support.build import user
from support.engine import Engine
from support.model import lost, no_fault
from syncramp.cycle.export import Export
from syncramp.cycle.job import Pace
from syncramp.errors import FenceLost, Waiting
from syncramp.model.plan import Plan

ALL = 13
"""Objects, two in a call."""


class Right:
    """A fence that a test takes away."""

    def __init__(self, token: int = 1) -> None:
        self.token = token
        self.gone = False

    def check(self) -> None:
        if self.gone:
            raise FenceLost("the tenant is not ours to write to any more: it could not be renewed")


@pytest.fixture
def right(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Right:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    for number in range(1, ALL):
        engine.source.add(user(number))
    engine.pace = Pace(objects_per_call=2, parallel=1, patience=100.0, call_timeout=0.0)
    engine.fence = made = Right()
    return made


def at(moment: str, number: int, happens: Callable[[], None]) -> Callable[[str], None]:
    """Something happens in the cloud, at a call."""
    calls = 0

    def fault(now: str) -> None:
        nonlocal calls
        calls += now == moment
        if now == moment and calls == number:
            happens()

    return fault


def goes_on(engine: Engine) -> None:
    """The next run, which has the right again, brings the rest."""
    engine.cloud.fault = no_fault
    engine.fence = Right(2)
    engine.clock = lambda: 1000.0
    report, _ = engine.run()
    assert report.succeeded
    assert len(engine.cloud.objects) == ALL
    assert engine.run()[0].objects.expected == 0


def test_a_run_that_has_not_the_right_does_not_begin(engine: Engine, right: Right) -> None:
    right.gone = True
    with pytest.raises(FenceLost):
        engine.run()
    with engine.store() as store:
        assert store.runs.last() is None


def test_a_right_that_is_lost_stops_new_batches_and_what_was_answered_is_known(engine: Engine, right: Right) -> None:
    engine.cloud.fault = at("after", 2, lambda: setattr(right, "gone", True))
    asked: list[bool] = []

    def room(wait: bool) -> bool:
        asked.append(right.gone)
        return True

    engine.cloud.room = room
    with pytest.raises(FenceLost):
        engine.run()
    assert len(engine.cloud.calls) == 2
    assert asked == [False, False]  # nobody waits for room any more
    assert engine.cloud.finalized == []
    with engine.store() as store:
        last = store.runs.last()
        assert last is not None
        assert (last.state, last.report["objects"]["acknowledged"]) == ("Failed", 4)
        assert "not ours to write to any more" in last.report["failure"]
    goes_on(engine)
    assert len(engine.cloud.calls) == 7 + 1  # nothing went twice, but for the links of the group


def test_no_intent_is_written_down_without_the_right(engine: Engine, right: Right) -> None:
    with engine.store() as store:
        exports = store.exports(*store.runs.begin(0.0, right.token), 0.0, right)
        right.gone = True
        with pytest.raises(FenceLost):
            exports.intend([], 0.0, last_try=0.0, deadline=0.0)
        assert store.database.all("SELECT * FROM batches") == []


def test_calls_in_flight_are_waited_for_and_written_down(engine: Engine, right: Right) -> None:
    engine.pace = Pace(objects_per_call=2, parallel=4, patience=100.0, call_timeout=0.0)
    engine.cloud.fault = at("before", 1, lambda: setattr(right, "gone", True))
    with pytest.raises(FenceLost):
        engine.run()
    with engine.store() as store:
        assert sum(store.snapshot().counts().values()) == len(engine.cloud.objects) > 0
        assert not store.runs.travelling(0.0)
    goes_on(engine)


def test_a_right_that_is_lost_in_a_wait_for_room_stops_the_batch_that_waited(engine: Engine, right: Right) -> None:
    engine.pace = Pace(objects_per_call=2, parallel=4, patience=100.0, call_timeout=0.0)
    asked: list[bool] = []

    def room(wait: bool) -> bool:
        asked.append(wait)
        right.gone = len(asked) == 3
        return True

    engine.cloud.room = room
    with pytest.raises(FenceLost):
        engine.run()
    with engine.store() as store:
        assert 0 < sum(store.snapshot().counts().values()) == len(engine.cloud.objects) < ALL
        assert not store.runs.travelling(0.0)
    engine.cloud.room = lambda wait: True
    goes_on(engine)


def test_a_call_whose_answer_was_lost_is_not_tried_again(engine: Engine, right: Right) -> None:
    def lose() -> None:
        right.gone = True
        raise lost("after")

    engine.cloud.fault = at("after", 1, lose)
    with pytest.raises(FenceLost):
        engine.run()
    assert len(engine.cloud.calls) == 1
    goes_on(engine)


def test_a_later_holder_of_the_same_store_is_not_written_over(engine: Engine, right: Right) -> None:
    """It has noted its token, and not begun its run yet."""

    def taken() -> None:
        with engine.store() as store:
            store.holder.note(2)

    engine.cloud.fault = at("before", 2, taken)
    with pytest.raises(FenceLost, match="this run has token 1, the store knows 2"):
        engine.run()
    assert len(engine.cloud.calls) == 2
    with engine.store() as store:
        assert sum(store.snapshot().counts().values()) == 2  # the second call is in doubt
    goes_on(engine)


def test_the_tenant_is_not_told_that_an_export_is_over_by_who_has_lost_it(
    engine: Engine, right: Right, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Export.run

    def lost_then(export: Export, plan: Plan) -> None:
        whole(export, plan)
        right.gone = True

    monkeypatch.setattr(Export, "run", lost_then)
    report, _ = engine.run()
    assert report.objects.acknowledged == ALL
    assert engine.cloud.finalized == []
    assert report.warnings


def test_losing_the_right_is_an_error_that_passes_by_itself() -> None:
    assert issubclass(FenceLost, Waiting)
