"""What a run tells of a look at the directory beside what it takes in."""

from pathlib import Path

from support.build import user
from support.tenant_model import Tenant, mark
from support.written_engine import WrittenEngine
from syncramp.cycle.writeback.observing import HIDDEN, LEGACY


def test_groups_that_are_not_taken_and_members_of_other_forests_stand_in_the_report(tmp_path: Path) -> None:
    engine = WrittenEngine(tmp_path / "state.db", Tenant())
    engine.employ(1, 2)
    engine.settle()
    engine.tenant.given(1, engine.cloud_anchors(1, 2))
    engine.settle_back()
    assert engine.shown(1) == {1, 2}
    engine.directory.left_alone, engine.directory.principals = "CN=copy,DC=test is left alone: it has two marks", 3
    told = engine.back().written
    assert told is not None
    assert (told.left_alone, told.strangers) == ("CN=copy,DC=test is left alone: it has two marks", 3)
    engine.directory.left_alone = ""
    told = engine.back().written
    assert told is not None and told.left_alone == ""


def test_a_hidden_group_is_warned_of_once_in_a_run_and_stays_as_it_was(tmp_path: Path) -> None:
    engine = WrittenEngine(tmp_path / "state.db", Tenant())
    engine.employ(1, 2)
    engine.settle()
    engine.tenant.given(1, engine.cloud_anchors(1))
    engine.settle_back()
    anchor = mark(1).lower()
    engine.directory.hidden = {anchor: "let the account read it"}
    engine.tenant.given(2, engine.cloud_anchors(2))
    report = engine.back()
    assert report.warnings == {HIDDEN: 1}
    assert [(one.anchor, one.detail) for one in report.warning_samples[HIDDEN]] == [
        (anchor, "let the account read it")
    ]
    assert (engine.shown(1), engine.shown(2)) == ({1}, {2})
    engine.directory.hidden = {}
    assert engine.back().warnings == {}


def test_a_group_whose_members_replicate_all_together_is_warned_of_when_it_is_taken_over(tmp_path: Path) -> None:
    engine = WrittenEngine(tmp_path / "state.db", Tenant())
    engine.employ(1)
    engine.settle()
    engine.directory.create(mark(1), [user(1).guid]).legacy = True
    engine.tenant.given(1, engine.cloud_anchors(1))
    assert engine.back().warnings == {LEGACY: 1}
    assert engine.shown(1) == {1}
    assert engine.back().warnings == {}
