"""The document does not ask for groups any more, and then it does again; and modes that send nothing."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.both import DAY, Both, five, three_written
from support.engine import Engine
from support.written_engine import written_back
from syncramp.cycle.job import Job
from syncramp.model.holds import Hold
from syncramp.spec.types import Mode
from syncramp.store.store import Store

OTHERS = written_back(where='object.displayName == "of somebody else"')


@pytest.fixture
def written(tmp_path: Path) -> Both:
    return three_written(five(tmp_path))


@contextmanager
def without_writeback(both: Both, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The document has no ``spec.writeback``."""

    def job(self: Both, store: Store, *, sends: bool = True) -> Job:
        made = Engine.job(self, store, sends=sends)
        return replace(made, config=replace(made.config, writeback=None))

    with monkeypatch.context() as patched:
        patched.setattr(Both, "job", job)
        yield


def _runs_alone(both: Both, runs: int = 2) -> None:
    for _ in range(runs):
        both.now += DAY
        report, _ = both.run()
        assert report.writeback is None


def test_groups_stay_while_nobody_asks_for_them_and_what_the_cloud_did_meanwhile_is_made_up_for(
    written: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    written.tenant.given(2, written.cloud_anchors(4, 5))
    assert written.run_back().settled
    written.requests()
    with without_writeback(written, monkeypatch):
        _runs_alone(written)
        written.tenant.leave(1, *written.cloud_anchors(1))
        written.tenant.delete(2)
        _runs_alone(written)
    assert written.requests() == []
    for _ in range(2):
        report = written.run_back()
    assert report.settled, "a group that is only not shown is not deleted"
    assert (written.shown(1), written.shown(2)) == ({2, 3}, {4, 5})
    written.now += 31 * DAY
    assert written.run_back().holds == {Hold.APPROVAL_REQUIRED.value: 1}
    assert written.shown(2) == {4, 5}


@pytest.mark.parametrize("mode", [Mode.STAGING, Mode.PLAN])
def test_nothing_is_written_in_a_mode_that_sends_nothing(written: Both, mode: Mode) -> None:
    written.config = replace(written.config, mode=mode)
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    written.tenant.given(2, written.cloud_anchors(4, 5))
    before = copy.deepcopy(written.directory.groups)
    for _ in range(3):
        written.run_back()
    assert written.requests() == []
    assert written.directory.groups == before
    written.config = replace(written.config, mode=Mode.SYNC)
    written.run_back()
    assert (written.shown(1), written.shown(2)) == ({2, 3, 4}, {4, 5})


@pytest.mark.parametrize("how", ["match", "roles"])
def test_a_group_that_is_not_asked_for_any_more_loses_who_left_and_gets_nobody(written: Both, how: str) -> None:
    if how == "match":
        written.config = replace(written.config, writeback=OTHERS)
    else:
        written.tenant.alter(1, isAssignableToRole="true")
    written.run_back()
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.tenant.join(1, *written.cloud_anchors(4))
    written.run_back()
    assert written.shown(1) == {2, 3}
    if how == "match":
        written.config = replace(written.config, writeback=written_back())
    else:
        written.tenant.alter(1, isAssignableToRole="false")
    assert written.run_back().settled
    assert written.shown(1) == {2, 3, 4}


def test_who_left_a_group_that_nobody_asked_for_when_the_ledger_was_lost_is_found_later(written: Both) -> None:
    written.config = replace(written.config, writeback=OTHERS)
    written.run_back()
    written.lose_ledger()
    written.tenant.leave(1, *written.cloud_anchors(1))
    written.run_back()
    assert written.shown(1) == {1, 2, 3}, "it is none of ours"
    written.config = replace(written.config, writeback=written_back())
    assert written.run_back().holds == {Hold.FOUND_AT_ADOPTION.value: 1}
    written.approve_there()
    assert written.run_back().settled
    assert written.shown(1) == {2, 3}
