"""Groups of the cloud go into a directory in the same run: the order of both, takeover, edits by hand."""

import shutil
from dataclasses import replace

import pytest

from support.both import DAY, Both
from support.build import guid, user
from support.model import Crash, no_fault
from support.tenant_model import mark
from syncramp.cycle.planning import make_plan
from syncramp.errors import SourceUnavailable
from syncramp.model.holds import Hold
from syncramp.model.values import Kind
from syncramp.spec.types import DriftMode, Mode
from syncramp.store.places import beside


def test_a_group_of_the_cloud_comes_with_its_members_and_stays_as_it_is(both: Both) -> None:
    both.tenant.given(1, both.cloud_anchors(1, 2, 3))
    report = both.run_back()
    assert (report.objects.acknowledged, report.links.acknowledged, report.settled) == (1, 3, True)
    assert both.shown(1) == {1, 2, 3}
    assert report.written is not None
    assert (report.written.groups, report.written.members) == (1, 3)
    assert report.in_cloud == {"Group": 1}  # people are no objects of this direction
    assert report.unconfirmed == 0
    both.requests()
    report = both.run_back()
    assert report.settled
    assert both.requests() == []


def test_people_are_no_objects_of_the_directory_and_it_has_no_budget(
    written: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = []

    def kept(*given):  # type: ignore[no-untyped-def]
        plans.append(make_plan(*given))
        return plans[-1]

    monkeypatch.setattr("syncramp.cycle.walk.make_plan", kept)
    written.tenant.join(1, *written.cloud_anchors(4))
    written.run_back()
    assert [plan.budget is None for plan in plans] == [False, True]
    with written.ledger() as ledger:
        assert ledger.census(ledger.snapshot(), Kind.GROUP).sizes() == {(Kind.GROUP, "cloud"): 1}


def test_what_the_cloud_takes_out_and_puts_in_follows(written: Both) -> None:
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    report = written.run_back()
    assert (report.links.acknowledged, report.links.expected, report.settled) == (2, 2, True)
    assert written.shown(1) == {2, 3, 4}


def _told(both: Both) -> list[str]:
    """Every request to either target, in their order."""
    order: list[str] = []
    provision, request = both.cloud.provision, both.directory._request

    def to_the_cloud(objects, patience):  # type: ignore[no-untyped-def]
        order.extend(f"cloud {'disable' if obj.values.get('accountEnabled') is False else 'grow'}" for obj in objects)
        return provision(objects, patience)

    def to_the_directory(obj):  # type: ignore[no-untyped-def]
        changes = obj.values.get("member") or ()
        order.append("directory " + ("remove" if any(c.operation.name == "REMOVE" for c in changes) else "grow"))
        return request(obj)

    both.cloud.provision, both.directory._request = to_the_cloud, to_the_directory  # type: ignore[method-assign]
    return order


def test_what_is_taken_away_goes_first_in_both_and_what_grows_last(written: Both) -> None:
    order = _told(written)
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    disabled = user(5, userAccountControl="514")
    written.source.entries[disabled.guid] = disabled
    written.source.add(user(6))
    written.run_back()
    assert order == ["directory remove", "cloud disable", "cloud grow", "directory grow"]


def test_a_directory_that_is_away_ends_its_direction_and_nothing_of_the_other(written: Both) -> None:
    def away(moment: str) -> None:
        raise SourceUnavailable("the connection broke")

    written.directory.fault = away
    written.source.add(user(6))
    written.tenant.join(1, *written.cloud_anchors(4))
    report, _ = written.run()
    assert report.writeback is not None
    assert report.writeback.failure.startswith("the connection broke")
    assert not report.failure
    assert report.objects.acknowledged == 1
    assert not report.succeeded
    written.directory.fault = no_fault
    assert written.run_back().settled
    assert written.shown(1) == {1, 2, 3, 4}


def test_a_lost_ledger_takes_over_what_is_there_and_sends_nothing(written: Both) -> None:
    written.lose_ledger()
    report = written.run_back()
    assert report.settled
    assert written.requests() == []
    assert report.in_cloud == {"Group": 1}


def test_a_group_of_another_tool_is_taken_over_by_its_mark(both: Both) -> None:
    """What it has and should not waits for a person; what it lacks comes."""
    both.directory.create(mark(1), [guid(1), guid(5)], cn="Old name", groupType=8, info="by hand")
    both.tenant.given(1, both.cloud_anchors(1, 2))
    report = both.run_back()
    assert len(both.directory.groups) == 1
    assert both.shown(1) == {1, 2, 5}
    assert report.holds == {Hold.FOUND_AT_ADOPTION.value: 2}  # one member, and the info
    assert both.directory.groups[next(iter(both.directory.groups))].values["displayName"] == "Group 1"
    assert both.approve_there()
    assert both.run_back().settled
    assert both.shown(1) == {1, 2}


def test_a_mark_of_a_group_that_is_not_written_is_left_alone(both: Both) -> None:
    both.directory.create(mark(7), [guid(1)])
    report = both.run_back()
    assert report.settled
    assert both.requests() == []
    assert report.written is not None and report.written.unwanted == 1
    both.tenant.given(1, both.cloud_anchors(1))
    report = both.run_back()  # looks twice
    assert report.written is not None and report.written.unwanted == 1


def test_another_group_that_carries_the_mark_now_is_taken_over(written: Both) -> None:
    """Somebody deleted the group and made one in its place."""
    written.directory.delete(mark(1))
    written.directory.create(mark(1), [guid(1)], cn=mark(1), groupType=8)
    report = written.run_back()
    assert report.drift == {"Anew": 1}
    assert len(written.directory.groups) == 1
    assert written.shown(1) == {1, 2, 3}
    assert written.run_back().settled


def test_a_create_that_never_arrived_leaves_nothing_to_delete(both: Both) -> None:
    both.tenant.given(1, both.cloud_anchors(1))

    def dies(now: str) -> None:
        if now == "before":
            raise Crash

    both.directory.fault = dies
    with pytest.raises(Crash):
        both.run_back()
    both.directory.fault = no_fault
    both.tenant.delete(1)
    assert both.run_back().settled
    both.now += 31 * DAY
    assert both.run_back().settled
    assert not both.directory.groups


def test_a_killed_request_is_seen_and_not_sent_again(both: Both) -> None:
    both.tenant.given(1, both.cloud_anchors(1, 2, 3))

    def after(moment: str) -> None:
        if moment == "after" and both.directory.calls[-1][0].links:
            raise Crash

    both.directory.fault = after
    with pytest.raises(Crash):
        both.run_back()
    both.directory.fault = no_fault
    both.requests()
    assert both.run_back().settled
    assert both.requests() == []
    assert not both.directory.needless


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_update_that_was_never_answered_takes_no_edit_by_hand_along(written: Both, moment: str) -> None:
    written.tenant.alter(1, displayName="Anew")

    def dies(now: str) -> None:
        if now == moment:
            raise Crash

    written.directory.fault = dies
    with pytest.raises(Crash):
        written.run_back()
    written.directory.fault = no_fault
    written.directory.change(mark(1), description="by hand")
    report = written.run_back()
    (group,) = written.directory.groups.values()
    assert (group.values["displayName"], group.values["description"]) == ("Anew", "by hand")
    assert report.differences == {"description": 1}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_create_that_was_never_answered_is_looked_at_and_made_once(both: Both, moment: str) -> None:
    both.tenant.given(1, both.cloud_anchors(1))

    def dies(now: str) -> None:
        if now == moment:
            raise Crash

    both.directory.fault = dies
    with pytest.raises(Crash):
        both.run_back()
    both.directory.fault = no_fault
    assert both.run_back().settled
    assert len(both.directory.groups) == 1
    assert both.shown(1) == {1}


# --- edits by hand ---------------------------------------------------------------------------------------------


def test_edits_by_hand_are_told_and_kept(written: Both) -> None:
    written.directory.leave(mark(1), guid(1))
    written.directory.join(mark(1), guid(4))
    written.directory.change(mark(1), displayName="Somebody's own")
    report = written.run_back()
    assert report.holds == {Hold.LOCAL_EDIT.value: 2}
    assert report.drift == {"LinksLost": 1, "LinksAdded": 1}
    assert report.differences == {"displayName": 1}
    assert written.requests() == []
    assert written.run_back().holds == {Hold.LOCAL_EDIT.value: 2}  # it stays so


def test_edits_by_hand_are_taken_back_where_the_document_says_so(written: Both) -> None:
    written.drifting(DriftMode.CORRECT)
    written.directory.leave(mark(1), guid(1))
    written.directory.join(mark(1), guid(4))
    written.directory.change(mark(1), displayName="Somebody's own")
    report = written.run_back()
    assert report.settled
    assert written.shown(1) == {1, 2, 3}
    (group,) = written.directory.groups.values()
    assert group.values["displayName"] == "Group 1"


def test_who_leaves_in_the_cloud_leaves_whoever_put_them_in(written: Both) -> None:
    """An edit by hand holds what the cloud says of others, and of the same person until the cloud says something."""
    written.directory.join(mark(1), guid(4))
    written.run_back()
    written.tenant.join(1, *written.cloud_anchors(4))
    written.run_back()
    written.tenant.leave(1, *written.cloud_anchors(4, 1))
    assert written.run_back().settled
    assert written.shown(1) == {2, 3}


def test_an_edit_that_is_undone_by_hand_is_forgotten(written: Both) -> None:
    written.directory.leave(mark(1), guid(1))
    written.run_back()
    written.directory.join(mark(1), guid(1))
    assert written.run_back().settled
    with written.ledger() as ledger:
        (group,) = ledger.snapshot().groups(ledger.census(ledger.snapshot()).groups)
        assert not group.drifted


@pytest.mark.parametrize(("mode", "there"), [(DriftMode.REPORT, 0), (DriftMode.CORRECT, 1)])
def test_a_group_that_was_deleted_by_hand_comes_again_only_where_edits_are_corrected(
    written: Both, mode: DriftMode, there: int
) -> None:
    written.drifting(mode)
    written.directory.delete(mark(1))
    report = written.run_back()
    assert report.drift["Gone"] == 1
    assert len(written.directory.groups) == there
    assert (Hold.LOCAL_EDIT.value in report.holds) is not there
    assert bool(there) is report.settled


@pytest.mark.parametrize("mode", DriftMode)
def test_a_group_that_was_deleted_by_hand_and_then_in_the_cloud_does_not_come_again(
    written: Both, mode: DriftMode
) -> None:
    written.drifting(mode)
    written.directory.delete(mark(1))
    written.tenant.delete(1)
    assert written.run_back().settled
    assert not written.directory.groups


def test_a_group_that_came_back_from_the_recycle_bin_is_taken_over(written: Both) -> None:
    written.directory.delete(mark(1))
    written.run_back()
    written.directory.restore(mark(1))
    assert written.run_back().settled
    assert written.requests() == []


# --- and beside ------------------------------------------------------------------------------------------------


def test_a_protected_group_gets_nobody_new_and_loses_who_left(written: Both) -> None:
    (group,) = written.directory.groups.values()
    group.protected = True
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    report = written.run_back()
    assert written.shown(1) == {2, 3}
    assert report.holds == {Hold.PROTECTED.value: 1}
    group.protected = False
    assert written.run_back().settled
    assert written.shown(1) == {2, 3, 4}


def test_a_plan_sends_nothing_in_either_direction(both: Both) -> None:
    both.tenant.given(1, both.cloud_anchors(1))
    both.config = replace(both.config, mode=Mode.STAGING)
    report = both.run_back()
    assert report.digest
    assert report.objects.expected == 1
    assert both.requests() == []


def test_a_stop_in_the_first_direction_does_not_begin_to_write_in_the_second(written: Both) -> None:
    written.source.add(user(6))
    written.tenant.join(1, *written.cloud_anchors(4))

    def stops(moment: str) -> None:
        written.stop.set()

    written.cloud.fault = stops
    report, _ = written.run()
    assert report.objects.acknowledged == 1
    assert written.requests() == []
    assert report.writeback is not None
    assert not report.writeback.settled
    assert not report.writeback.digest  # it was not even planned
    written.stop.clear()
    written.cloud.fault = no_fault
    assert written.run_back().settled


def test_an_annotation_approves_what_waits_in_the_directory(written: Both) -> None:
    written.tenant.delete(1)
    written.run_back()
    written.now += 31 * DAY
    (waiting,) = written.run_back().waiting
    written.config = replace(written.config, approves=(str(waiting["digest"])[:12],))
    assert written.run_back().settled
    assert not written.directory.groups
    assert not [event for event in written.events if "names nothing" in str(event)]


def test_the_ledger_belongs_to_one_directory(written: Both) -> None:
    assert written.config.writeback is not None
    written.config = replace(written.config, writeback=replace(written.config.writeback, source="other"))
    failure = written.run_back().failure
    assert "writeback corp" in failure
    assert "--state" not in failure, "that would begin a new store of the tenant, too"
    written.lose_ledger()
    assert "takes over" in failure
    assert written.run_back().failure == ""


@pytest.mark.in_a_file("a file is copied over another")
def test_a_store_of_a_tenant_in_the_place_of_the_ledger_is_none(written: Both) -> None:
    shutil.copy(written.path, beside(written.path))
    assert "was made with no writeback" in written.run_back().failure
    assert written.requests() == []
