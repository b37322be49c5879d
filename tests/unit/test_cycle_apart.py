"""Members that are refused while the others of the same call are taken: each is known for what it is."""

from dataclasses import replace

import pytest

from support.build import guid, user, user_dn
from support.engine import Engine
from support.model import Crash, ModelCloud
from syncramp.cycle.calls import _both
from syncramp.cycle.job import Pace
from syncramp.errors import AnswerLost, CallTooLarge
from syncramp.model.wire import Outcome, ReferenceChange, Result, SyncObject

PEOPLE = range(1, 9)


class Choosy:
    """In place of what a cloud does to one object: it does not take some members, and says which."""

    def __init__(self, cloud: ModelCloud, bad: tuple[str, ...]) -> None:
        self._one, self.bad = cloud._one, bad
        self.sent: list[set[str]] = []
        cloud._one = self  # type: ignore[method-assign]

    def __call__(self, obj: SyncObject) -> Outcome:
        changes = obj.values.get("member")
        if not isinstance(changes, tuple):
            return self._one(obj)
        asked = [change for change in changes if isinstance(change, ReferenceChange)]
        self.sent.append({change.anchor for change in asked})
        rejected = tuple(change.anchor for change in asked if change.anchor in self.bad)
        good = tuple(change for change in asked if change.anchor not in self.bad)
        outcome = self._one(replace(obj, values={**obj.values, "member": good}))
        return replace(outcome, rejected=rejected, code="noSuchObject", description="not there")


@pytest.fixture
def choosy(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Choosy:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    engine.source.add(*map(user, PEOPLE))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    engine.pace = Pace(objects_per_call=30, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=2)
    return Choosy(engine.cloud, _anchors(engine, 3, 5))


def _anchors(engine: Engine, *numbers: int) -> tuple[str, ...]:
    return tuple(engine.anchor(user(number)) for number in numbers)


def _but(engine: Engine, *numbers: int) -> set[str]:
    return set(_anchors(engine, *(number for number in PEOPLE if number not in numbers)))


def _members(engine: Engine) -> set[str]:
    return set().union(*engine.cloud.links.values())


def test_who_is_refused_is_told_and_everybody_else_is_a_member(engine: Engine, choosy: Choosy) -> None:
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused, report.links.in_doubt) == (6, 2, 0)
    assert report.errors == {"noSuchObject": 1}
    assert _members(engine) == _but(engine, 3, 5)


def test_only_they_are_sent_again(engine: Engine, choosy: Choosy) -> None:
    engine.run()
    choosy.sent.clear()
    engine.run()
    assert choosy.sent == [set(_anchors(engine, 3, 5))]
    choosy.bad = ()
    report, _ = engine.run()
    assert report.links.acknowledged == 2
    report, _ = engine.run()
    assert report.settled


def test_a_removal_that_is_refused_leaves_its_member_known(engine: Engine, choosy: Choosy) -> None:
    choosy.bad = ()
    engine.settle()
    choosy.bad = _anchors(engine, 3)
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE if number not in (3, 4)]
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused) == (1, 1)
    assert _members(engine) == _but(engine, 4)
    choosy.bad = ()
    engine.settle()
    assert _members(engine) == _but(engine, 3, 4)


def test_where_an_earlier_try_was_lost_nothing_of_the_group_is_known_until_it_is_seen(
    engine: Engine, choosy: Choosy
) -> None:
    lost = iter((AnswerLost("no answer"),))

    def fault(moment: str) -> None:
        if moment == "after" and choosy.sent and (error := next(lost, None)):
            raise error

    now = 1_000.0
    engine.clock = lambda: now
    engine.pace = replace(engine.pace, patience=60.0)
    engine.cloud.fault = fault
    report, _ = engine.run()
    assert len(choosy.sent) == 2
    assert (report.links.acknowledged, report.links.refused, report.links.in_doubt) == (0, 0, 8)
    engine.cloud.fault = lambda moment: None
    choosy.bad, now = (), now + 100
    engine.settle()
    assert _members(engine) == _but(engine)


def test_a_run_that_is_killed_before_it_writes_that_down_sends_what_is_missing(
    engine: Engine, choosy: Choosy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*around: object, **named: object) -> None:
        raise Crash

    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr("syncramp.cycle.flights.taken_apart", die)
        engine.run()
    choosy.bad = ()
    engine.settle()
    assert _members(engine) == _but(engine)


@pytest.mark.parametrize("bad", [(), ("a",), ("b",), ("a", "b")])
def test_two_halves_that_were_taken_in_part_tell_all_that_was_not(bad: tuple[str, ...]) -> None:
    halves = [
        Outcome(Result.APPLIED, "noSuchObject" if half in bad else "0", rejected=(half,) if half in bad else ())
        for half in ("a", "b")
    ]
    both = _both(*halves)
    assert (both.rejected, both.code) == (bad, "noSuchObject" if bad else "0")


def test_a_call_that_is_too_large_goes_in_halves_and_both_tell_whom_they_did_not_take(
    engine: Engine, choosy: Choosy
) -> None:
    provision = engine.cloud.provision

    def small(objects, patience: float = 0.0):
        if sum(obj.links for obj in objects) > 4:
            raise CallTooLarge("too much")
        return provision(objects, patience)

    engine.cloud.provision = small  # type: ignore[method-assign]
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused) == (6, 2)
