"""The pages of JSON against what commands print: every member, and no others."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.build import TENANT
from support.json_pages import compare
from support.ramped import MONDAY, judgement, policy, standing, state
from support.written_engine import written_back
from syncramp.cli import run
from syncramp.model.adoption import Findings
from syncramp.model.approvals import Approval, Marks, Proposal, Waiting
from syncramp.model.budget import Budget
from syncramp.model.desire import Code, Violation
from syncramp.model.drift import Drift
from syncramp.model.explanation import (
    Answer,
    AttributeTold,
    Brief,
    CloudTold,
    EntryTold,
    Explanation,
    Finding,
    GroupTold,
    MembersTold,
    PartTold,
    PersonTold,
    ReferenceTold,
    RunTold,
    Said,
    ScopeTold,
    Standing,
    Verdict,
)
from syncramp.model.explanation_written import WrittenAttribute, WrittenGroup, WrittenTold
from syncramp.model.forecast import End, Forecast, Foretold, GroupForecast, NearGate, NearLimit, Point, StepForecast
from syncramp.model.guards import Reading
from syncramp.model.holds import Class, HeldPart, Hold
from syncramp.model.plan import HeldLinks, MembershipChange, ObjectChange, Plan, Sample, Verb
from syncramp.model.proofs import Verdict as ModelVerdict
from syncramp.model.ramp_reports import RampTold
from syncramp.model.ramps import Command, Decided, Order, PauseReason, Phase
from syncramp.model.report import PhaseReport, RunReport, SourceReport
from syncramp.model.saved import Restored
from syncramp.model.sizes import GroupSize
from syncramp.model.state import Membership, ObjectState
from syncramp.model.values import Kind
from syncramp.model.written import Side, WrittenReport
from syncramp.plan.sizes import histogram
from syncramp.ramp.reporting import report, with_groups
from syncramp.ramp.suggestion import Suggestion
from syncramp.ramp.written_suggestion import WrittenSuggestion
from syncramp.rehearsal.course import Course, Difference, Group, Moment
from syncramp.rehearsal.course import End as RehearsalEnd
from syncramp.rehearsal.telling import course_document
from syncramp.report.adoption import adoption_document
from syncramp.report.approvals import Decisions, approve_document
from syncramp.report.explanation_json import explanation_document
from syncramp.report.forecast import forecast_document
from syncramp.report.guards import guards_document
from syncramp.report.json import plan_document, run_document
from syncramp.report.ramp_status import StatusTold, history_document, status_document
from syncramp.report.suggestion import suggestion_document, written_document
from syncramp.source import dn
from syncramp.spec.ramps import WRITTEN_STEPS, Metric, built_in_writeback
from syncramp.store.store import Store


def _sample() -> Sample:
    return Sample("Create", "User", "CN=x", "eA==", "because")


def _approval() -> Approval:
    return Approval(1, "ab" * 16, Hold.TOO_MANY_DELETES, Class.DELETES, "ada", 0.0, 1.0, 1, 1)


def _proposal() -> Proposal:
    return Proposal("ab" * 16, Class.DELETES, Hold.TOO_MANY_DELETES, 0.0, 1, waits=True)


def _reading() -> Reading:
    return Reading("Deletes", "failsafe.deletes.count", "", 1, 2, 1, "Deletes", "TooManyDeletes", False, "one delete")


RAMP = with_groups(
    report(policy(), state(judgements=(judgement(),), phase=Phase.PAUSED, pause=PauseReason.STEP), MONDAY),
    [standing(desired=50_000, note="another ramp would match it")],
)
"""A ramp of which everything is told."""


def _report() -> RunReport:
    """A run in which everything happened."""
    report = RunReport(run=1, counts={"Create": {"User": 1}}, in_cloud={"User": 1}, skipped={"no sAMAccountName": 1})
    report.unmanaged, report.done = {"labs": 1}, {"Create": {"User": 1}}
    report.preflight = [{"check": "Quota", "text": "too many", "remedy": "ask for more"}]
    report.holds, report.hold_samples = {"AbsentOnce": 1}, {"AbsentOnce": [_sample()]}
    waiting = Waiting(Hold.TOO_MANY_DELETES, Class.DELETES, "ab" * 16, Marks([1]))
    report.waiting, report.approvals = [waiting.as_json()], [_approval().as_json()]
    report.guards = [_reading()]
    report.violations, report.violation_samples = {"TooLong": 1}, {"TooLong": [_sample()]}
    report.note_error(_sample(), "InvalidAnchor")
    report.note_drift(Drift.GONE, _sample())
    report.differences, report.normalised = {"title": 1}, {"userPrincipalName": 1}
    report.note_warning(_sample(), "dropped")
    read = SourceReport("corp", "file", False, 1, None, "cut", references=["ldap://sub"])
    report.sources.append(replace(read, proofs=ModelVerdict().as_json()))
    report.phases.append(PhaseReport("import", 0.1, 1, 1))
    report.ramps = [RAMP]
    return report


def _changes() -> tuple[ObjectChange, MembershipChange]:
    state = ObjectState(1, 1, Kind.USER, "eA==", "CN=x", {"a": 1}, {"a": "old"}, False, frozenset(), None, "", {})
    change = ObjectChange(state, Verb.UPDATE, {"a": b"\x00"}, (HeldPart(Hold.SOURCE_INCOMPLETE, "cut", {"b": None}),))
    group = Membership(2, 1, "eQ==", "CN=g", "", *(_bits(*ids) for ids in ((), (), (), (1,))), in_cloud=True)
    held = HeldLinks(Hold.TOO_MANY_MEMBERS, "too large", _bits(1))
    return change, MembershipChange(group, _bits(1), _bits(1), (held,))


def _bits(*ids: int) -> Any:
    from pyroaring import BitMap

    return BitMap(ids)


def _plan() -> dict[str, Any]:
    plan = Plan(digest="0" * 32, counts={"Update": {"User": 1}}, attributes={"a": 1}, holds={"SourceIncomplete": 1})
    plan.link_adds = plan.link_removes = plan.groups = 1
    plan.origins, plan.upgrade = {"Upgrade": 1}, (1, 2)
    plan.link_origins, plan.containers = {"Cloud": 1}, {("OU=a", "OU=b"): 1}
    plan.readings = (_reading(),)
    plan.topics, plan.digests = {"Update": {"User": 1}}, {"Rest": "0" * 32}
    plan.ramps = [RAMP]
    plan.budget = Budget(1, 1, 1, 7000, 50, 0, 30, 1)
    sizes = histogram([GroupSize("CN=g", 1, 1)])
    pieces = plan_document(
        plan, _report(), _changes(), lambda ids: (("eA==", "CN=x") for _ in ids), sizes, {"kinds": ["User"]}
    )
    document: dict[str, Any] = json.loads("".join(pieces))
    return document


def test_the_page_has_every_member_of_a_plan_and_no_other() -> None:
    compare(_plan(), "member of a plan")


def test_the_page_has_every_member_of_a_change_and_no_other() -> None:
    change, members = _plan()["changes"]
    compare(change, "member of a change of an object")
    compare(members, "member of a change of members")
    assert list(change["values"]["a"]) == ["base64"]


def test_the_page_has_every_member_of_what_is_written_and_no_other() -> None:
    report = _report()
    report.writeback = RunReport(written=WrittenReport(unwritable={"Guest": 1}, refused={"RoleAssignable": 1}))
    told = json.loads(run_document(report))
    compare(told, "member of a run")
    compare(told["writeback"]["written"], "member of what is written")


def test_the_page_has_every_member_of_guards_and_no_other() -> None:
    compare(json.loads(guards_document(Plan(readings=(_reading(),)))), "member of guards")


def test_the_page_has_every_member_of_a_run_and_no_other() -> None:
    compare(json.loads(run_document(_report())), "member of a run")


def test_the_page_has_every_member_of_a_ramp_and_no_other() -> None:
    compare(_plan()["ramps"][0], "member of a ramp")
    assert _plan()["ramps"] == json.loads(run_document(_report()))["ramps"]


def test_the_page_has_every_member_of_the_status_of_ramps_and_no_other() -> None:
    order = Order(Command.PROMOTE, "large", "ada", 1.0, 2)
    compare(
        json.loads(status_document(StatusTold(1, 1.0, [RAMP], [order], {"large": "anew"}))),
        "member of what ramp status prints",
    )


def test_the_page_has_every_member_of_the_history_of_ramps_and_no_other() -> None:
    decided = Decided(1.0, 1, "large", "Promoted", 1, 8, "", "all passed", {"waiting": 1})
    compare(json.loads(history_document([(Side.CLOUD, decided)])), "member of what ramp history prints")


def test_the_page_has_every_member_of_a_forecast_and_no_other() -> None:
    step = StepForecast(1, 75_000, 1.0, 2.0, gate=NearGate("CycleDurationP95", 1.0, 2.0, "maxDuration"))
    group, point = GroupForecast("CN=a", 2, 1, 1.0), Point(1.0, 75_000, 1, 1)
    ramp = Forecast("large", "Whole", 1.0, End.COMPLETE, 2.0, "nobody waits", [step], [group], [point])
    told = Foretold("a/b", 1.0, 1.0, 1.0, "a guess", 1.0, 1, [ramp], ["a note"], [NearLimit("CN=a", "1 of 2")])
    compare(json.loads(forecast_document(told, told)), "member of what ramp forecast prints")


def test_the_page_has_every_member_of_a_rehearsal_and_no_other() -> None:
    decided = Decided(1.0, 1, "large", "Promoted", 1, 8, "", "all passed", {"waiting": 1})
    groups = [Group("All Staff", 1, 2, "large", 8)]
    moment = Moment(1.0, 2.0, RunReport(run=1), {"large": state()}, [decided], groups, 1, ["too large"])
    course = Course(RehearsalEnd.FAILED, "too large", [moment], 2, [Difference("All Staff", 1, 0)], 10, 1)
    compare(json.loads(course_document(course)), "member of what ramp rehearse prints")


def test_the_page_has_every_member_of_a_suggestion_and_no_other() -> None:
    made = Suggestion(policy(), "it fits", "so many", ["a size"], {Metric.EXPORT_LATENCY_P95: "measured"})
    told = Foretold("a/b", 1.0, 1.0, 1.0, "a guess", 1.0, 1, [])
    compare(json.loads(suggestion_document(made, told)), "member of what ramp suggest prints")


def test_the_page_has_every_member_of_a_suggestion_for_written_back_groups_and_no_other() -> None:
    made = WrittenSuggestion(built_in_writeback(), 500, "so many", "at once", ["a size"] * len(WRITTEN_STEPS))
    told = Foretold("a/b", 1.0, 1.0, 1.0, "a guess", 1.0, 1, [])
    printed = written_document(made, told, written_back(built_in_writeback()))
    compare(json.loads(printed), "member of what ramp suggest --writeback prints")


def test_the_page_has_every_member_of_what_approve_prints_and_no_other() -> None:
    (body,) = approve_document([Decisions(Side.CLOUD, [(_approval(), 1)], [_proposal()], [_approval()])])
    compare(json.loads(body), "member of what approve prints")


def test_the_page_has_every_member_of_an_adoption_and_no_other() -> None:
    sample, numbers = Sample("Create", "User", "CN=a", "anchor"), {"User": 1}
    findings = Findings(
        _report(),
        counts={"Matched": numbers},
        samples={"Orphan": [sample]},
        attributes={"title": 1},
        difference_samples=[sample],
        link_samples=[sample],
        frozen=[sample],
        alarms={"ManyOrphans": "many"},
        unmatched=lambda: iter([sample]),
        restored=Restored(1, 1, {"labs": 1}, 1, 1, 1, {"corp": 1}),
    )
    compare(json.loads("".join(adoption_document(findings))), "member of what adopt prints")


def test_the_page_has_every_member_of_a_sample_and_no_other() -> None:
    for samples in ("hold_samples", "error_samples", "warning_samples"):
        ((sample,),) = json.loads(run_document(_report()))[samples].values()
        compare(sample, "member of a sample")


DOCUMENT = f"""\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: trial}}
spec:
  target:
    tenantID: {TENANT}
    auth: {{clientSecret: {{clientID: {TENANT}, secretKeyRef: {{name: entra}}}}}}
  sources:
  - name: corp
    ldif: {{path: people.ldif}}
    scope:
    - {{dn: "DC=example"}}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with a store that nobody has used."""
    path = tmp_path / "syncconfig.yaml"
    path.write_text(DOCUMENT)
    return path


def _status(document: Path, capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], int]:
    code = run(["status", str(document), "--state", str(document.with_name("state.db")), "-o", "json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told, code


def _keep(document: Path, *, state: str, report: dict[str, Any]) -> None:
    """A run in the store, ended unless it has no report."""
    store = Store(document.with_name("state.db"), dn.key)
    number, _ = store.runs.begin(1.0)
    if report:
        store.runs.end(number, 2.0, state, report)
    store.close()


def test_the_page_has_every_member_of_a_status_and_no_other(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _keep(document, state="Incomplete", report=_report().as_json())
    told, code = _status(document, capsys)
    compare(told, "member of a run", "member that status adds")
    assert code == 1  # as sync ended: a source was not complete


def test_a_run_that_was_killed_has_no_report_in_the_status(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _keep(document, state="Running", report={})
    told, code = _status(document, capsys)
    assert told == {"version": 1, "run": 1, "state": "Running", "started": 1.0, "ended": None}
    assert code == 1


def test_before_the_first_run_the_status_says_so(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _status(document, capsys) == ({"version": 1, "run": None}, 2)


def _answer() -> Answer:
    """An answer in which everything is told."""
    change, links = _changes()
    scope = ScopeTold("DC=x", ("User",), "(a=b)", True, True, True)
    wrong = Violation("a", Code.EXPRESSION_FAILED, "no result")
    brief = Brief(1, "corp", Kind.USER, "CN=x", 0, True, "mail")
    part = PartTold("corp", Kind.USER, "CN=x", ("mail",))
    told = Explanation(
        Kind.USER,
        "CN=x",
        "eA==",
        EntryTold("corp", True, "file", True, 1, 1, "1 entry read", "", "0", 0, False, False),
        Verdict(Standing.IN_SCOPE, "", "", (scope,)),
        CloudTold(True, "User_0", 1.0, 1, False, False, False),
        PersonTold((part,), (part,), "why"),
        (
            AttributeTold(
                "a",
                b"x",
                b"y",
                True,
                True,
                b"z",
                "corp",
                "a",
                (b"x",),
                "bytes",
                "mine",
                "true",
                "entry.a",
                "left",
                (wrong,),
            ),
        ),
        (ReferenceTold("manager", "CN=y", True, "in the cloud"),),
        1,
        (GroupTold("CN=g", True, True, True, "in the cloud"),),
        MembersTold(1, 1, 1, 1, 1, ("CN=z",)),
        RampTold("large", "Whole", "Growing", 1, 2, 5, 8, "grows", "", RAMP.held[0]),
        change,
        links,
        (Said(True, "InvalidSoftMatch", "taken"),),
        (_approval(),),
        (_proposal(),),
        (GroupTold("All Staff (Group_1)", True, True, True, "in the directory"),),
    )
    return Answer(Finding("x", ("mail",), (brief,), (brief,), "User"), RunTold(1, "Succeeded", 1.0), told, _written())


def _written() -> WrittenTold:
    change, links = _changes()
    there = WrittenGroup(
        "CN=g", True, ("Ramp", "it waits"), (WrittenAttribute("cn", "a", None, "the mark"),), names=("CN=z",),
        change=change, links=links, approvals=(_approval(),), proposals=(_proposal(),), noted=("moved",),
    )  # fmt: skip
    return WrittenTold("1", "All Staff", "Live", 1.0, "", 3, {"Guest": 1}, there)


def test_the_page_has_every_member_of_an_explanation_and_no_other() -> None:
    answer = json.loads(explanation_document(_answer()))
    compare(answer["explanation"], "member of an explanation")
    compare(answer["explanation"]["ramp"], "member of the ramp of a group")
    compare({**answer, "explanation": None, "written": None}, "member of an answer")
    compare(answer["written"], "member of a written-back group")
    assert list(answer["explanation"]["attributes"][0]["desired"]) == ["bytes", "sha256"]


def test_the_page_has_every_member_of_a_verdict_and_no_other(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document.write_text(f"{DOCUMENT.replace('example', 'example, broken')}\n---\n{DOCUMENT}")
    assert run(["validate", "-o", "json", str(document)]) == 3
    compare(json.loads(capsys.readouterr().out), "member of a verdict")
