"""A service that refuses a change which was made already: the read-back decides whether it had been."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import Crash, lost, no_fault
from syncramp.cycle.job import Pace
from syncramp.model.wire import Operation, Outcome, SyncObject


@pytest.fixture(autouse=True)
def strict(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    engine.cloud.minds_repetition = True
    engine.pace = Pace(objects_per_call=3, parallel=1, call_timeout=0.0)


def _lose_the_answer_about_links(engine: Engine) -> None:
    """Once, after the cloud processed a call with links."""

    def fault(moment: str) -> None:
        if moment == "after" and engine.cloud.calls[-1][0].links:
            engine.cloud.fault = no_fault
            raise lost(moment)

    engine.cloud.fault = fault


def test_an_add_whose_first_answer_was_lost_counts_as_done_when_the_read_back_shows_it(engine) -> None:
    _lose_the_answer_about_links(engine)
    report, _ = engine.run()
    assert (report.links.expected, report.links.acknowledged, report.links.refused) == (2, 2, 0)
    assert report.settled
    assert not report.errors
    calls = len(engine.cloud.calls)
    assert engine.run()[0].settled
    assert len(engine.cloud.calls) == calls


def test_a_removal_whose_first_answer_was_lost_counts_as_done_when_the_read_back_shows_it(engine) -> None:
    assert engine.run()[0].settled
    engine.source.members[guid(101)].remove(user_dn(1))
    _lose_the_answer_about_links(engine)
    report, _ = engine.run()
    assert (report.links.expected, report.links.acknowledged) == (1, 1)
    assert report.settled
    calls = len(engine.cloud.calls)
    assert engine.run()[0].settled
    assert len(engine.cloud.calls) == calls


def test_a_delete_whose_first_answer_was_lost_counts_as_done_when_the_read_back_shows_it(engine) -> None:
    assert engine.run()[0].settled
    engine.leave(3)
    engine.run()

    def fault(moment: str) -> None:
        if moment == "after":
            engine.cloud.fault = no_fault
            raise lost(moment)

    engine.cloud.fault = fault
    report, _ = engine.run()
    assert (report.objects.expected, report.objects.acknowledged, report.objects.refused) == (1, 1, 0)
    assert report.settled


def test_a_refused_delete_of_what_is_in_doubt_is_no_success_because_nobody_knows_the_object(engine) -> None:
    """Its create was never answered, and applied: taken for deleted, it would stay in the tenant for good."""
    three = engine.anchor(user(3))

    def fault(moment: str) -> None:
        if moment == "after":
            raise Crash

    engine.cloud.fault = fault
    with pytest.raises(Crash):
        engine.run()
    assert three in engine.cloud.objects
    engine.cloud.fault, engine.clock = no_fault, lambda: 10_000.0
    engine.leave(3)
    engine.run()

    def lose_once(moment: str) -> None:
        if any(engine.cloud.refuse(obj) for obj in calls[-1]):
            engine.cloud.fault = no_fault
            raise lost(moment)

    original, calls = engine.cloud.provision, []

    def provision(objects, patience: float = 0.0):
        calls.append(objects)
        return original(objects, patience)

    engine.cloud.provision = provision  # type: ignore[method-assign]
    engine.cloud.fault = lose_once
    engine.cloud.refuse = lambda obj: "not now" if obj.operation is Operation.DELETE else ""
    report, _ = engine.run()
    assert (report.objects.acknowledged, report.objects.refused) == (0, 1)
    engine.cloud.refuse, engine.clock = (lambda obj: ""), lambda: 20_000.0
    assert engine.settle().settled
    assert three not in engine.cloud.objects


def test_a_change_the_read_back_does_not_show_is_refused(engine, monkeypatch) -> None:
    """The service has another reason to refuse than repetition."""
    _lose_the_answer_about_links(engine)
    original = type(engine.cloud)._shown

    def shown(cloud, anchor: str, since: int):
        obj = original(cloud, anchor, since)
        values = {name: value for name, value in obj.values.items() if name != "member"}
        return type(obj)(obj.kind, obj.operation, values)

    monkeypatch.setattr(type(engine.cloud), "_shown", shown)
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused) == (0, 2)
    assert report.errors == {"3": 1}
    assert not report.settled


def test_links_of_an_earlier_run_in_doubt_take_no_new_ones_with_them(engine, tmp_path: Path) -> None:
    """The process dies after the call; then somebody else joins the group, and the service refuses the repetition."""

    def fault(moment: str) -> None:
        if moment == "after" and engine.cloud.calls[-1][0].links:
            engine.cloud.fault = no_fault
            raise Crash

    engine.cloud.fault = fault
    with pytest.raises(Crash):
        engine.run()
    engine.source.members[guid(101)].append(user_dn(3))
    engine.pace = Pace(objects_per_call=3, parallel=1, patience=0.0, call_timeout=0.0)
    engine.clock = lambda: 10_000.0
    report, _ = engine.run()
    (members,) = engine.cloud.links.values()
    assert len(members) == 3
    assert (report.links.expected, report.links.acknowledged) == (3, 3)
    assert report.settled


def test_a_question_that_was_not_answered_because_the_run_was_stopped_is_a_doubt(engine) -> None:
    _lose_the_answer_about_links(engine)
    original = engine.cloud._one

    def one(obj):
        outcome = original(obj)
        if outcome.code == "3":
            engine.stop.set()
        return outcome

    engine.cloud._one = one  # type: ignore[method-assign]
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused, report.links.in_doubt) == (0, 0, 2)
    engine.stop.clear()
    engine.cloud._one = original  # type: ignore[method-assign]
    assert engine.settle().settled


def test_a_refusal_after_a_gateway_answered_in_place_of_the_service_proves_nothing_yet(engine) -> None:
    """The gateway had passed the first try on; the one that was answered repeats it."""
    original = engine.cloud.provision

    def provision(objects: Sequence[SyncObject], patience: float = 0.0) -> Sequence[Outcome]:
        if not any(obj.links for obj in objects):
            return original(objects, patience)
        original(objects, patience)
        return [replace(outcome, repeated=True) for outcome in original(objects, patience)]

    engine.cloud.provision = provision  # type: ignore[method-assign]
    report, _ = engine.run()
    assert (report.links.acknowledged, report.links.refused) == (2, 0)
    assert report.settled


def test_without_a_lost_answer_a_refusal_is_one_at_once(engine) -> None:
    engine.cloud.refuse = lambda obj: "no" if obj.links else ""
    report, _ = engine.run()
    assert (report.links.refused, report.links.in_doubt) == (2, 0)


def test_an_answer_that_stays_lost_ends_the_run_as_before(engine) -> None:
    engine.lose("before")


def test_parts_of_one_group_that_were_refused_come_again_as_one(engine) -> None:
    """Two items of one group in a call would overwrite each other's bounds."""
    engine.source.add(*map(user, range(4, 9)), group(102))
    engine.source.members[guid(101)] = [user_dn(number) for number in (1, 2, 3)]
    engine.source.members[guid(102)] = [user_dn(number) for number in range(1, 9)]
    engine.cloud.max_links, engine.cloud.minds_repetition = 4, False
    other, sizes = engine.anchor(group(102)), []

    def refuse(obj: SyncObject) -> str:
        if obj.values["SourceAnchor"] != other or not obj.links:
            return ""
        sizes.append(obj.links)
        return "a reference is not known yet" if len(sizes) in (1, 3) else ""

    engine.cloud.refuse = refuse
    assert engine.run()[0].settled
    assert sizes == [1, 4, 3, 4]
    sent = len(engine.sent)
    assert engine.run()[0].settled
    assert len(engine.sent) == sent


def test_a_delete_that_is_refused_at_its_first_try_is_refused_also_in_a_run_that_is_stopped(engine) -> None:
    assert engine.run()[0].settled
    engine.leave(3)
    engine.run()

    def refuse(obj: SyncObject) -> str:
        engine.stop.set()
        return "no"

    engine.cloud.refuse = refuse
    report, _ = engine.run()
    assert (report.objects.expected, report.objects.refused, report.objects.in_doubt) == (1, 1, 0)
