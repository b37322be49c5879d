"""Who was deleted in the directory and comes back: it brings memberships back that nothing else tells of."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import user
from support.tenant_model import Tenant
from support.written_engine import WrittenEngine, written_back
from syncramp.spec.types import DriftMode


def _deleted(engine: WrittenEngine, number: int) -> None:
    """The directory deletes somebody; its groups show the member no more, and none of them changes by it."""
    engine.leave(number)
    engine.directory.people.discard(user(number).guid)


@pytest.mark.parametrize("drift", DriftMode)
def test_who_left_a_group_while_deleted_is_seen_in_it_again(tmp_path: Path, drift: DriftMode) -> None:
    engine = WrittenEngine(tmp_path / "state.db", Tenant())
    engine.config = replace(engine.config, writeback=written_back(drift=drift))
    engine.employ(1, 2, 3)
    engine.settle()
    anchors = engine.cloud_anchors(1, 2)
    engine.tenant.given(1, anchors)
    engine.settle_back()
    assert engine.shown(1) == {1, 2}
    _deleted(engine, 2)
    for _ in range(3):
        engine.back()
    engine.tenant.leave(1, anchors[1])
    engine.back()
    engine.employ(2)
    assert engine.shown(1) == {1, 2}  # the directory did that, and told of no change of the group
    for _ in range(4):
        report = engine.back()
    assert engine.shown(1) == {1}, "nobody put them in: the cloud's word counts, however edits are taken"
    assert report.settled
    looks = engine.directory.cookies[-2:]
    assert all(looks), "it is looked at from nothing once, not each time"


@pytest.mark.parametrize("drift", DriftMode)
def test_who_is_put_in_by_hand_after_that_is_an_edit(tmp_path: Path, drift: DriftMode) -> None:
    engine = WrittenEngine(tmp_path / "state.db", Tenant())
    engine.config = replace(engine.config, writeback=written_back(drift=drift))
    engine.employ(1, 2)
    engine.settle()
    anchors = engine.cloud_anchors(1, 2)
    engine.tenant.given(1, anchors)
    engine.settle_back()
    _deleted(engine, 2)
    engine.back()
    engine.tenant.leave(1, anchors[1])
    engine.back()
    engine.employ(2)
    engine.settle_back()
    assert engine.shown(1) == {1}
    engine.directory.join(next(iter(engine.directory.groups.values())).anchor, user(2).guid)
    report = engine.back()
    assert engine.shown(1) == ({1} if drift is DriftMode.CORRECT else {1, 2})
    assert report.holds.get("LocalEdit", 0) == (drift is DriftMode.REPORT)
