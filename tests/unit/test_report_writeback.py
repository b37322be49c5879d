"""Written-back groups in plans and runs: a block of their own, and numbers that go together."""

import json
from dataclasses import replace

import pytest
from pyroaring import BitMap

from support.written_back import CONTAINER, other, written
from syncramp.cli.exits import Exit
from syncramp.cli.sync import verdict
from syncramp.cycle.slices import add
from syncramp.model.cloud import Unwritable
from syncramp.model.guards import Reading
from syncramp.model.holds import Hold
from syncramp.model.plan import MembershipChange, ObjectChange, Plan, Sample, Verb
from syncramp.model.ramp_reports import RampReport
from syncramp.model.report import RunReport, SourceReport, Tally
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.model.written import Side
from syncramp.plan.outline import Outline
from syncramp.plan.sizes import histogram
from syncramp.plan.summary import summarise
from syncramp.report.guards import guard_lines, guards_document
from syncramp.report.html import html
from syncramp.report.json import plan_document, run_document
from syncramp.report.markdown import markdown
from syncramp.report.parts import HOLDS_THERE, hold_told
from syncramp.report.sheet import Sheet, make_sheet
from syncramp.report.text import plan_lines, report_from, run_lines
from syncramp.writeback.unwritable import WORDS

RAMP = RampReport("writeback", "Members", "Growing", 1, 8, 1_400, 250_000, "Directory", groups=3)
READING = Reading("Deletes", "failsafe.deletes.count", "", 3, 2, -1, "Deletes", "TooManyDeletes", True, "three go")


def _block(report: RunReport) -> list[str]:
    """The lines of the other direction."""
    lines = list(run_lines(report))
    start = next(number for number, line in enumerate(lines) if line.startswith("Written back"))
    return [lines[start], *(line for line in lines[start + 1 :] if line.startswith(" "))]


def test_a_run_tells_of_the_directory_in_a_block_of_its_own() -> None:
    lines = _block(RunReport(writeback=other(ramps=[RAMP])))
    assert lines[0] == f"Written back to Active Directory: {CONTAINER}, on dc1.corp.example.com"
    assert lines[1] == "  Groups: Create 3, Update 1"
    assert [line.split() for line in lines[3:5]] == [
        ["Objects", "5", "4", "1", "0", "0", "0"],
        ["Links", "900", "500", "400", "0", "0", "0"],
    ]
    assert lines[5:11] == [
        "  In the directory: 12 groups with 4,400 members",
        "  Not written 2 groups of the cloud: role-assignable",
        "  Cannot be members there 30 (CloudOnly): in the cloud only",
        "  Cannot be members there 7 (Guest): a guest",
        "  Replication: every writable domain controller has our last write",
        "  Held 1 (ApprovalRequired): a person must approve it",
    ]
    assert "      approve: syncramp approve FILE efefefefefef (Deletes, 1 change)" in lines
    assert "  Drift: 2 members put into groups in the directory" in lines
    assert "  Ramp writeback: Growing at 1,400, step 1 of 8 up to 250,000: nothing waits in 3 groups" in lines


def test_a_run_of_a_document_without_writeback_says_nothing_of_it() -> None:
    assert not any("Active Directory" in line for line in run_lines(RunReport()))
    assert not any("Active Directory" in line for line in plan_lines(Plan(), RunReport()))


def test_a_failure_of_one_direction_stands_in_its_block_and_the_run_did_not_succeed() -> None:
    report = RunReport(writeback=other(failure="the directory is gone"))
    assert _block(report)[-1] == "  Failed: the directory is gone"
    assert not any(line.startswith("Failed") for line in run_lines(report))
    assert not report.succeeded and verdict(report) is Exit.FAILED


def test_what_waits_in_one_direction_makes_the_run_wait() -> None:
    assert verdict(RunReport(writeback=other())) is Exit.PENDING
    settled = other(objects=Tally(3, 3), links=Tally(9, 9))
    assert verdict(RunReport(writeback=settled)) is Exit.OK
    assert verdict(RunReport(objects=Tally(1, left=1), writeback=settled)) is Exit.PENDING
    unread = SourceReport("corp", "all", complete=False, entries=0, expected=None)
    assert verdict(RunReport(sources=[unread], writeback=settled)) is Exit.FAILED


def test_who_cannot_be_a_member_is_a_fact_and_nothing_that_waits() -> None:
    report = RunReport(writeback=RunReport(written=written()))
    assert report.settled
    assert "  Nothing to do: the directory is known to hold what the cloud says" in _block(report)


@pytest.mark.parametrize("reason", Unwritable)
def test_every_reason_is_told_in_words(reason: Unwritable) -> None:
    lines = _block(RunReport(writeback=other(written=written(unwritable={reason.value: 3}))))
    assert f"  Cannot be members there 3 ({reason.value}): {WORDS[reason]}" in lines


def test_a_lagging_domain_controller_and_strangers_are_told() -> None:
    told = written(
        converged_seconds=720.0,
        strangers=4,
        left_alone="CN=copy is left alone",
        unwanted=2,
        note="dc0 does not have our last write",
    )
    lines = _block(RunReport(writeback=other(written=told)))
    assert "  Replication: a writable domain controller lacks a write that is 12m00s old" in lines
    assert "  Members there of whom no source knows: 4; they stay" in lines
    assert "  Not taken over: CN=copy is left alone" in lines
    assert "  Left as they are: 2 groups there with the mark of one that is not written" in lines
    assert lines[0].endswith("on dc1.corp.example.com (dc0 does not have our last write)")


@pytest.mark.parametrize("hold", HOLDS_THERE)
def test_holds_are_told_in_words_of_the_directory(hold: Hold) -> None:
    assert "cloud" not in hold_told(hold, Side.DIRECTORY) and "tenant" not in hold_told(hold, Side.DIRECTORY)
    assert hold_told(hold, Side.CLOUD) != hold_told(hold, Side.DIRECTORY)


def test_names_of_a_hostile_directory_make_no_line_of_their_own() -> None:
    evil = Sample("Delete", "Group", "CN=a\nWritten back to\x1b[2J", "", "x\ny")
    told = written(container="OU=a\nFailed: b", refused={"a\nb": 1})
    lines = list(run_lines(RunReport(writeback=other(hold_samples={"Ramp": [evil]}, written=told))))
    assert all(line.isprintable() for line in lines)
    assert sum(line.startswith("Written back") for line in lines) == 1


def test_a_plan_with_nothing_for_the_cloud_tells_what_there_is_for_the_directory() -> None:
    lines = list(plan_lines(Plan(digest="1"), RunReport(writeback=other())))
    assert lines[0].startswith("Nothing to do: the cloud")
    assert "  Groups: Create 3, Update 1" in lines


def test_a_report_is_the_same_after_it_was_kept() -> None:
    report = RunReport(run=3, writeback=other(ramps=[RAMP], guards=[READING]), written=None)
    kept = json.loads(json.dumps(report.as_json()))
    again = report_from(kept)
    assert json.loads(json.dumps(again.as_json())) == kept
    assert again.writeback is not None and again.writeback.written == written() and again.writeback.links.held == 400


def test_a_report_that_an_earlier_version_kept_has_no_other_direction() -> None:
    kept = {name: value for name, value in RunReport().as_json().items() if name not in ("writeback", "written")}
    assert report_from(kept).writeback is None


def test_slices_add_up_in_each_direction() -> None:
    first = RunReport(run=1, digest="a", objects=Tally(4, 4), writeback=other())
    second = RunReport(run=2, digest="b", objects=Tally(2, 2), writeback=other(objects=Tally(1, 1)))
    total = add(first, second)
    assert total.objects.acknowledged == 6 and total.writeback is not None
    assert total.writeback.objects == Tally(5, 5) and total.writeback.slices == 2


def test_a_slice_that_came_to_no_plan_keeps_what_the_other_direction_did() -> None:
    total = add(RunReport(digest="a", writeback=other()), RunReport(failure="gone"))
    assert total.writeback == other() and total.failure == "gone"
    total = add(RunReport(digest="a", writeback=other()), RunReport(digest="b", writeback=RunReport(failure="gone")))
    assert total.writeback is not None
    assert (total.writeback.objects.acknowledged, total.writeback.failure) == (4, "gone")


def test_guards_tell_both_directions_apart() -> None:
    report = other(guards=[READING])
    plan = Plan(readings=(replace(READING, tripped=False, value=1),))
    lines = list(guard_lines(plan, report))
    at = lines.index("Groups written back to Active Directory")
    assert "TRIPPED" not in "".join(lines[:at]) and "TRIPPED" in "".join(lines[at:])
    told = json.loads(guards_document(plan, report))
    assert (told["tripped"], told["writeback"]["tripped"], told["writeback"]["digest"]) == (0, 1, "cd" * 16)
    assert json.loads(guards_document(plan))["writeback"] is None


def test_the_json_of_a_plan_and_of_a_run_has_the_other_direction() -> None:
    report = RunReport(writeback=other())
    plan = json.loads("".join(plan_document(Plan(), report, (), lambda ids: ())))
    assert plan["writeback"]["links"]["held"] == 400
    assert json.loads(run_document(report))["writeback"] == plan["writeback"]


def _back() -> tuple[ObjectChange, MembershipChange]:
    """A group that is made, and members of another one who come."""
    state = ObjectState(
        1, 1, Kind.GROUP, "group_1", "CN=New,OU=Groups", {"cn": "New"}, None, False, frozenset(), None, "", {}
    )
    there = BitMap()
    group = Membership(2, 1, "group_2", "CN=Old,OU=Groups", "", BitMap([3]), there, there, there, in_cloud=True)
    return ObjectChange(state, Verb.CREATE, {"cn": "New"}), MembershipChange(group, BitMap([3]), there, ())


def test_a_plan_names_the_groups_that_would_be_written() -> None:
    made, members = _back()
    plan = summarise(iter((made, members)), lambda ids: iter(["a"] * len(ids)), Plan().around)
    lines = list(plan_lines(Plan(digest="1"), RunReport(writeback=other()), back=plan))
    at = lines.index("  Groups: Create 3, Update 1")
    assert lines[at + 1].split() == ["Members", "+1", "−0", "in", "1", "group"]
    assert any("Create Group CN=New,OU=Groups" in line for line in lines[at:])
    back = (_back(), lambda ids: [("a", "CN=Ada")], BitMap())
    told = json.loads("".join(plan_document(Plan(), RunReport(writeback=other()), (), lambda ids: (), back=back)))
    assert [each["verb"] for each in told["writeback_changes"]] == ["Create", "Members"] and told["changes"] == []
    outline = Outline(5, plan.around, plan.lanes.deletes)
    outline.take(made)
    page = markdown(
        make_sheet(
            Plan(), RunReport(writeback=other()), histogram([]), Outline(5, plan.around, BitMap()), (), outline
        )
    )
    assert "Creates in Active Directory: 1" in page and "CN=New,OU=Groups" in page


def _sheet(report: RunReport) -> Sheet:
    return make_sheet(Plan(digest="1" * 32), report, histogram([]), Outline(5, Plan().around, Plan().lanes.deletes))


def test_a_comment_and_a_page_tell_what_is_written_and_how_it_is_approved() -> None:
    sheet = _sheet(RunReport(writeback=other(ramps=[RAMP], failure="it is gone")))
    assert sheet.headline == "5 groups and 900 members to write to Active Directory, of which 401 held."
    for page in (markdown(sheet), html(sheet)):
        assert "Held in Active Directory: ApprovalRequired" in page and "syncramp approve FILE efefefefefef" in page
        assert CONTAINER in page and "it is gone" in page and "CN=Old,OU=Groups" in page


def test_a_comment_says_that_there_is_nothing_to_do_in_either_direction() -> None:
    assert _sheet(RunReport(writeback=RunReport())).headline == "Nothing to do."
