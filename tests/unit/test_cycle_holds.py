"""Whole runs against a directory and a cloud in memory: what is not sent, and until when."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.build import config, deletes_up_to, group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from syncramp.cycle.job import Pace
from syncramp.errors import SourceUnavailable, StoreUnusable
from syncramp.model.values import Kind
from syncramp.model.wire import Operation
from syncramp.spec.types import Mode, SourceAnchor


def test_who_vanishes_waits_for_a_second_import_and_keeps_the_membership_until_then(engine) -> None:
    engine.run()
    engine.leave(1)
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.holds == {"AbsentOnce": 1} and not engine.cloud.calls
    assert engine.anchor(user(1)) in engine.cloud.links[engine.anchor(group(101))]
    engine.run()
    (obj,) = engine.sent
    assert obj.operation is Operation.DELETE and obj.values == {"SourceAnchor": engine.anchor(user(1))}
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(2))}


def test_who_comes_back_before_the_second_import_was_never_gone(engine) -> None:
    engine.run()
    engine.leave(1)
    engine.run()
    engine.source.add(user(1))
    engine.source.members[guid(101)].append(user_dn(1))
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls


def test_an_incomplete_source_adds_and_destroys_nothing(engine) -> None:
    engine.run()
    engine.leave(1)
    engine.source.members[guid(101)].clear()
    engine.source.add(user(2, userAccountControl="514"), user(4))
    engine.source.complete = False
    engine.cloud.calls.clear()
    for _ in range(3):
        report, _ = engine.run()
    assert not report.succeeded
    assert [obj.values["SourceAnchor"] for obj in engine.sent] == [engine.anchor(user(4))]
    assert engine.cloud.objects[engine.anchor(user(2))].values["accountEnabled"] is True
    assert "the list was cut" in report.sources[0].reason


def test_a_source_that_fails_holds_its_own_removals_and_not_those_of_others(tmp_path) -> None:
    corp, labs = ListSource("corp"), ListSource("labs")
    engine = Engine(tmp_path / "state.db", sources=[corp, labs], config=config(sources=("corp", "labs")))
    corp.add(user(1))
    labs.add(user(2), user(3))
    engine.run()

    def refuse() -> Sequence[str]:
        raise SourceUnavailable("nobody answers", where="ldaps://dc1")

    corp.partitions = refuse
    labs.entries.pop(guid(3))
    engine.run()
    report, _ = engine.run()
    assert engine.anchor(user(3)) not in engine.cloud.objects
    assert engine.anchor(user(1)) in engine.cloud.objects
    assert not report.succeeded and "ldaps://dc1" in report.sources[0].reason


def test_nobody_is_created_before_every_source_was_read_completely_once(tmp_path) -> None:
    corp, labs = ListSource("corp"), ListSource("labs", complete=False)
    engine = Engine(tmp_path / "state.db", sources=[corp, labs], config=config(sources=("corp", "labs")))
    corp.add(user(1), group(101))
    labs.add(user(2))
    for _ in range(2):
        report, _ = engine.run()
        assert report.holds == {"SourceNeverRead": 3} and not engine.cloud.calls
    (first, *_) = report.hold_samples["SourceNeverRead"]
    assert first.detail == "source labs was never read completely"
    labs.complete = True
    engine.settle()
    assert len(engine.cloud.objects) == 3
    labs.complete = False
    corp.add(user(3))
    engine.run()
    assert engine.anchor(user(3)) in engine.cloud.objects, "a source that was read once holds no create when it fails"


def test_more_deletes_than_the_threshold_hold_them_all(engine) -> None:
    engine.config = deletes_up_to(engine.config, 1)
    engine.run()
    engine.leave(1)
    engine.leave(2)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": 2}
    assert len(engine.cloud.objects) == 4
    engine.config = deletes_up_to(engine.config, 2)
    engine.run()
    assert len(engine.cloud.objects) == 2


def test_a_tenant_that_is_not_empty_gets_nothing_and_is_told_why(engine) -> None:
    stranger = Engine(engine.path.with_name("other.db"), cloud=engine.cloud)
    stranger.source.add(user(77))
    stranger.run()
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert not engine.cloud.calls
    assert report.holds["AdoptionRequired"] == 6
    assert "1 synchronised object," in next(iter(report.hold_samples.values()))[0].detail


def test_a_tenant_whose_counts_do_not_agree_is_not_proven_empty(engine) -> None:
    engine.cloud.known_objects = 24
    report, _ = engine.run()
    assert not engine.cloud.calls
    assert "24" in report.hold_samples["AdoptionRequired"][0].detail


def test_a_tenant_proven_empty_and_filled_by_somebody_else_before_we_sent_gets_nothing(engine) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    engine.run()
    stranger = Engine(engine.path.with_name("other.db"), cloud=engine.cloud)
    stranger.source.add(user(77))
    stranger.run()
    engine.cloud.calls.clear()
    engine.config = replace(engine.config, mode=Mode.SYNC)
    report, _ = engine.run()
    assert not engine.cloud.calls and report.holds["AdoptionRequired"] == 6


def test_a_changed_anchor_stops_the_object_but_not_its_disable(engine) -> None:
    engine.run()
    one = engine.anchor(user(1))
    engine.source.add(user(1, mS_DS_ConsistencyGuid=b"0123456789abcdef", title="New", userAccountControl="514"))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    assert engine.cloud.objects[one].values["accountEnabled"] is False
    assert "title" not in engine.cloud.objects[one].values


def test_an_object_does_not_change_its_kind_however_often_it_is_read(engine) -> None:
    engine.source.add(user(1, mail="one@example.com"))
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(replace(user(1, mail="one@example.com"), kind=Kind.CONTACT))
    for _ in range(3):
        report, _ = engine.run()
        assert report.holds == {"AnchorConflict": 1} and not engine.cloud.calls
    engine.source.entries.pop(guid(1))
    engine.run()
    engine.run()
    (obj,) = engine.sent
    assert (obj.kind, obj.operation) == ("User", Operation.DELETE)


def test_two_entries_with_one_anchor_do_not_share_an_object(engine) -> None:
    same = b"0123456789abcdef"
    engine.source.add(user(5, mS_DS_ConsistencyGuid=same), user(6, mS_DS_ConsistencyGuid=same))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1}
    engine.source.entries.pop(guid(5))
    engine.run()
    engine.run()
    report = engine.settle()
    assert report.in_cloud["User"] == 4


def test_staging_keeps_state_and_sends_nothing(engine) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    report, plan = engine.run()
    assert plan.objects == 4 and not engine.cloud.calls and not report.sends
    engine.config = replace(engine.config, mode=Mode.SYNC)
    engine.run()
    assert len(engine.cloud.objects) == 4


def test_a_store_does_not_change_its_anchor_or_tenant(engine) -> None:
    engine.run()
    engine.config = replace(engine.config, source_anchor=SourceAnchor.OBJECT_GUID)
    with pytest.raises(StoreUnusable, match="sourceAnchor"):
        engine.run()


def test_the_call_of_a_killed_run_is_waited_out_before_its_objects_are_touched(engine) -> None:
    now = [1000.0]
    engine.clock = lambda: now[0]
    engine.pace = Pace(objects_per_call=3, parallel=1, call_timeout=600.0, lost_answers=1)
    engine.run()
    engine.source.add(user(1, title="Clerk"), user(4))

    class Killed(BaseException):
        pass

    def kill(moment: str) -> None:
        raise Killed

    engine.cloud.fault = kill
    with pytest.raises(Killed):
        engine.run()
    engine.cloud.fault = lambda moment: None
    now[0] += 60
    report, _ = engine.run()
    assert report.holds == {"CallUnderWay": 1}
    assert engine.cloud.objects[engine.anchor(user(1))].values["title"] == "Clerk"
    now[0] += engine.pace.patience + engine.pace.call_timeout
    assert engine.settle().settled


def test_a_plan_tells_why_somebody_is_deleted(engine) -> None:
    engine.run()
    engine.leave(1)
    engine.run()
    engine.source.add(user(2, isCriticalSystemObject="TRUE"))
    _, plan = engine.run(sends=False)
    told = {sample.dn: sample.detail for sample in plan.samples["Delete"]}
    assert told == {
        user_dn(1): "its entry was absent from two complete imports",
        user_dn(2): "its entry is out of scope",
    }
