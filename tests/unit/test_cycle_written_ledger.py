"""The other direction of a run: deletes, stores that are older than what they know of, the right to write, guards."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.both import DAY, Both
from support.build import guid, user
from support.model import Crash, lost, no_fault
from support.postgresql import put_back
from support.tenant_model import mark
from syncramp.cycle.run import run
from syncramp.errors import FenceLost
from syncramp.model.holds import Hold
from syncramp.model.report import RunReport
from syncramp.model.wire import Operation
from syncramp.spec.scheduling import SyncWindow, WindowKind
from syncramp.store.places import beside

# --- deletes ---------------------------------------------------------------------------------------------------


def test_a_group_that_is_gone_in_the_cloud_waits_for_a_person_with_its_members(written: Both) -> None:
    written.tenant.delete(1)
    report = written.run_back()
    if not report.holds:  # the cloud may say only later that it is gone for good
        written.now += 31 * DAY
        report = written.run_back()
    assert report.holds == {Hold.APPROVAL_REQUIRED.value: 1}
    assert written.shown(1) == {1, 2, 3}
    assert written.approve_there() == 1
    assert written.run_back().settled
    assert not written.directory.groups
    assert written.requests() == [(Operation.DELETE.value, 0)]


def test_without_a_recycle_bin_nothing_is_deleted_whatever_is_approved(written: Both) -> None:
    written.directory.recycle_bin = False
    written.tenant.delete(1)
    written.run_back()
    written.now += 31 * DAY
    report = written.run_back()
    assert report.holds == {Hold.RECYCLE_BIN.value: 1}
    assert written.approve_there() == 0


# --- a ledger that is older than its directory, and two stores -------------------------------------------------


def test_an_old_copy_of_the_ledger_takes_over_what_came_since(written: Both, tmp_path: Path) -> None:
    with written.ledger() as ledger:
        ledger.database.copy_to(tmp_path / "old.db")
    written.tenant.given(2, written.cloud_anchors(4, 5))
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(5))
    assert written.run_back().settled
    put_back(tmp_path / "old.db", beside(written.path))
    written.requests()
    report = written.run_back()
    assert written.requests() == []
    assert report.settled
    assert (written.shown(1), written.shown(2)) == ({2, 3, 5}, {4, 5})
    with written.ledger() as ledger:
        assert ledger.age.behind() is None


def test_an_old_copy_of_the_tenants_store_changes_nothing_in_the_directory(written: Both, tmp_path: Path) -> None:
    """It reads the tenant again from where it was, and tells the ledger what it tells."""
    with written.store() as store:
        store.database.copy_to(tmp_path / "old.db")
    written.tenant.leave(1, *written.cloud_anchors(1))
    assert written.run_back().settled
    put_back(tmp_path / "old.db", written.path)
    written.requests()
    assert written.run_back().settled
    assert written.requests() == []


def test_a_run_that_is_killed_between_its_directions_is_made_up_for(written: Both) -> None:
    """The tenant has what the run sent, the ledger does not know of it yet."""
    written.source.add(user(6))
    written.directory.people.add(guid(6))

    def dies(moment: str) -> None:
        if moment == "after":
            raise Crash

    written.cloud.fault = dies
    with pytest.raises(Crash):
        written.run_back()
    written.cloud.fault = no_fault
    assert written.run_back().settled
    written.tenant.join(1, *written.cloud_anchors(6))
    assert written.run_back().settled
    assert written.shown(1) == {1, 2, 3, 6}


# --- the right to write ----------------------------------------------------------------------------------------


class Right:
    """A fence that is lost when a test says so."""

    token = 7
    lost = False

    def check(self) -> None:
        if self.lost:
            raise FenceLost("it went on")


def test_without_the_right_to_write_nothing_goes_to_the_directory(written: Both) -> None:
    written.fence = right = Right()
    written.source.add(user(6))
    written.tenant.join(1, *written.cloud_anchors(4))

    def loses(moment: str) -> None:
        right.lost = True

    written.cloud.fault = loses
    with pytest.raises(FenceLost):
        written.run_back()
    assert written.requests() == []
    with written.ledger() as ledger:
        assert ledger.holder.token() == 7


# --- removals, guards and slices -------------------------------------------------------------------------------


def test_the_right_is_kept_as_long_as_a_request_to_the_directory_may_travel(written: Both) -> None:
    written.tenant.join(1, *written.cloud_anchors(4))

    def lose_it(moment: str) -> None:
        if moment == "after":
            raise lost(moment)

    written.directory.fault = lose_it
    assert written.run_back().failure
    with written.store() as store:
        assert store.holder.travelling_until() > written.now


def test_a_right_that_is_lost_while_the_directory_is_written_ends_the_run(written: Both) -> None:
    written.fence = right = Right()
    written.tenant.join(1, *written.cloud_anchors(4))
    written.tenant.given(2, written.cloud_anchors(5))

    def loses(moment: str) -> None:
        right.lost = moment != "look"

    written.directory.fault = loses
    with pytest.raises(FenceLost):
        written.run_back()
    assert len(written.requests()) == 1


def test_a_run_waits_for_a_controller_that_has_what_a_killed_run_wrote(written: Both) -> None:
    """The one that was written to is off, and the other one does not have it yet."""
    written.tenant.join(1, *written.cloud_anchors(4, 5))
    behind = written.directory._usn

    def dies(moment: str) -> None:
        if moment == "after" and len(written.directory.calls) == 2:
            raise Crash

    written.tenant.given(2, written.cloud_anchors(1))
    written.directory.fault = dies
    with pytest.raises(Crash):
        written.run_back()
    written.directory.fault = no_fault
    written.directory.down, written.directory.servers["dc2.test"] = {"dc1.test"}, behind
    report = written.run_back()
    assert (report.failure_reason, report.failure_family) == ("DirectoryBehind", "Waiting")
    written.directory.servers["dc2.test"] = None
    report = written.run_back()
    assert report.settled
    assert report.written is not None
    assert report.written.server == "dc2.test"


def test_a_closed_window_holds_what_grows_and_lets_leavers_go(written: Both) -> None:
    shut = SyncWindow(WindowKind.DENY, "* * * * *", timedelta(hours=1))
    written.config = replace(written.config, scheduling=replace(written.config.scheduling, windows=(shut,)))
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    report = written.run_back()
    assert written.shown(1) == {2, 3}
    assert report.holds == {Hold.WINDOW.value: 1}


def test_a_guard_holds_removals_before_anything_goes(both: Both) -> None:
    both.employ(*range(10, 80))
    both.settle()
    both.tenant.given(1, both.cloud_anchors(*range(10, 80)))
    assert both.run_back().settled
    both.requests()
    both.tenant.leave(1, *both.cloud_anchors(*range(10, 75)))
    report = both.run_back()
    assert report.holds == {Hold.TOO_MANY_REMOVALS.value: 65}
    assert both.requests() == []
    both.approve_there()
    assert both.run_back().settled
    assert both.shown(1) == set(range(75, 80))


def test_a_person_who_left_the_directory_is_no_removal(written: Both) -> None:
    """Active Directory drops the membership itself."""
    written.source.entries.pop(guid(1))
    written.directory.vanish(guid(1))
    for _ in range(3):
        written.run()
        written.approve()
        written.now += DAY
    assert written.requests() == []
    assert written.shown(1) == {2, 3}


def test_members_of_whom_nobody_ever_told_stay_unknown(both: Both) -> None:
    """A tenant whose read-back shows no members is not a tenant whose groups are empty."""
    both.directory.create(mark(1), [guid(1), guid(2)], cn="Old name", groupType=8)
    both.tenant.given(1, both.cloud_anchors(1))
    both.tenant._members = lambda held, since: {}  # type: ignore[method-assign]
    report = both.run_back()
    assert set(report.holds) == {Hold.MEMBERS_UNKNOWN.value}
    assert both.shown(1) == {1, 2}
    assert both.requests() == []


def test_what_is_left_of_a_slice_in_the_directory_goes_in_the_next_one(both: Both) -> None:
    """The first direction has nothing to send; the other one is cut by the time, again and again."""
    both.tenant.given(1, both.cloud_anchors(1, 2, 3))
    both.tenant.given(2, both.cloud_anchors(4, 5))

    def slow(moment: str) -> None:
        if moment == "after":
            both.now += both.config.interval.total_seconds() + 1

    both.directory.fault = slow
    report = both.sync()
    assert report.slices > 1
    assert report.writeback is not None
    assert report.settled
    assert (report.writeback.objects.acknowledged, report.writeback.links.acknowledged) == (2, 5)
    assert (both.shown(1), both.shown(2)) == ({1, 2, 3}, {4, 5})


# --- faults of ours ---------------------------------------------------------------------------------------------


def test_a_fault_of_ours_keeps_nobody_from_the_tenant_and_looks_like_no_success(written: Both) -> None:
    def broken(moment: str) -> None:
        raise LookupError("nobody foresaw this value")

    written.directory.fault = broken
    written.source.add(user(6))
    report = RunReport()
    with written.store() as store, pytest.raises(LookupError):
        run(written.job(store), report)
    assert written.anchor(user(6)) in written.cloud.objects
    assert report.writeback is not None
    assert report.writeback.failure_reason == "InternalError"
    assert not report.succeeded
    written.directory.fault = no_fault
    assert written.run_back().settled
