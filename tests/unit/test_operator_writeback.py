"""What the operator says of groups that are written back: numbers, conditions, series, and what a person reads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.run_cases import NOW, config, hold, ramp, run, stepped, tally
from support.schemas import refused
from support.scraped import scrape
from support.status_check import check_status
from support.written_back import CONTAINER, other, written
from syncramp.model.plan import Sample
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Decided
from syncramp.model.report import RunReport, SourceReport, Tally
from syncramp.schedule.known import Cause, Wait
from syncramp.spec.schema import KIND, RUN, schema
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.plugin.telling import run_code, run_lines, status_lines, waiting_lines
from syncramp_operator.runs.bounds import LARGEST, fitted, size
from syncramp_operator.runs.figures import WAITING, figures
from syncramp_operator.runs.run_end import RunPhase, succeeded
from syncramp_operator.runs.syncruns import Telling
from syncramp_operator.status.facts import Facts

Object = dict[str, Any]
ASKED: Object = {"groups": {"source": "corp"}}
LATER = Wait(Cause.DUE_LATER, NOW + timedelta(minutes=5))
RAMP = RampReport("writeback", "Members", "Soaking", 1, 8, 1_400, 250_000, "Directory", groups=3, members_waiting=400)
SETTLED: dict[str, Any] = {"objects": Tally(5, 5), "links": Tally(9, 9), "holds": {}, "drift": {}, "waiting": []}


def told(report: RunReport) -> Object:
    """What a run says of the other direction, and what lists of both have."""
    found = figures(RunReport(run=7, writeback=report))
    return {name: found[name] for name in ("writeback", "waiting", "ramps")}


def conditions(*runs: Object, mode: str = "Sync", **spec: Any) -> dict[str, Object]:
    """By type, after a step of the operator."""
    body = stepped(config(mode=mode, writeback=ASKED, **spec), Facts(runs=runs, decision=LATER))
    return check_status(body, now=NOW)


def said(condition: Object) -> tuple[str, str]:
    return condition["status"], condition["reason"]


def failed(family: str = "Retry", reason: str = "SourceUnavailable") -> RunReport:
    return other(**SETTLED, failure="dc1 does not answer", failure_reason=reason, failure_family=family)


def test_a_run_tells_numbers_of_the_directory_and_both_ramps_in_one_list() -> None:
    report = RunReport(run=7, digest="ab", writeback=other(ramps=[RAMP], failure_reason="x"))
    decided = [Decided(1.0, 4, "writeback", "Started", 0, 1_400, "", "begun")]
    status = figures(report, decided)
    assert refused(status, schema(RUN)["properties"]["status"]) == []
    there = status["writeback"]
    assert (there["container"], there["number"], there["groups"], there["members"]) == (CONTAINER, 4, 12, 4_400)
    assert there["objects"]["held"] == 1 and there["links"]["acknowledged"] == 500 and "failure" not in there
    assert there["unwritable"] == [{"reason": "CloudOnly", "count": 30}, {"reason": "Guest", "count": 7}]
    assert there["replicationLag"] == 0
    assert [(each["name"], each["direction"]) for each in status["ramps"]] == [("writeback", "Directory")]
    assert status["ramps"][0]["decisions"][0]["what"] == "Started"
    assert [(each["direction"], each["digest"]) for each in status["waiting"]] == [("Directory", "ef" * 16)]
    assert status["objects"]["expected"] == 0 and "rampProgress" not in status


def test_what_waits_in_the_directory_is_told_however_much_waits_in_the_cloud() -> None:
    sets = [
        {"hold": "TooManyDeletes", "class": "Deletes", "changes": 9, "digest": f"{number:032x}"}
        for number in range(30)
    ]
    status = figures(RunReport(waiting=sets, writeback=other(waiting=sets)))
    directions = [each["direction"] for each in status["waiting"]]
    assert (directions.count("Cloud"), directions.count("Directory")) == (WAITING - WAITING // 4, WAITING // 4)
    alone = figures(RunReport(waiting=sets[:1], writeback=other(waiting=sets)))
    assert [each["direction"] for each in alone["waiting"]] == ["Cloud", *["Directory"] * (WAITING - 1)]


def test_a_document_without_writeback_is_told_nothing_of_it() -> None:
    status = figures(RunReport(run=7))
    assert "writeback" not in status
    body = stepped(config(), Facts(runs=[run()], decision=LATER))
    assert "writeback" not in body["status"] and "WritebackReady" not in check_status(body, now=NOW)


def test_the_status_has_numbers_of_its_own_for_the_directory() -> None:
    cloud = {"class": "Deletes", "digest": "aa", "count": 7, "reason": "TooManyDeletes"}
    found = told(other(ramps=[RAMP]))
    runs = run(7, writeback=found["writeback"], waiting=[cloud, *found["waiting"]], ramps=[ramp(), *found["ramps"]])
    status = stepped(config(writeback=ASKED), Facts(runs=[runs], decision=LATER))["status"]
    assert refused(status, schema(KIND)["properties"]["status"]) == []
    assert status["writeback"] == {
        "container": CONTAINER,
        "server": "dc1.corp.example.com",
        "groups": 12,
        "members": 4_400,
        "pending": 401,
        "heldDeletes": 1,
        "unwritable": 37,
        "rampProgress": "1400/250000",
        "rampStep": "1/8",
    }
    assert (status["heldDeletes"], status["rampStep"]) == (7, "2/4"), "what columns show is of the cloud"
    assert [each["direction"] for each in status["ramps"]] == ["Cloud", "Directory"]
    assert [each["direction"] for each in status["waiting"]] == ["Cloud", "Directory"]


def test_numbers_of_the_directory_go_when_a_run_tells_of_none() -> None:
    body = stepped(config(writeback=ASKED), Facts(runs=[run(1, **told(other()))], decision=LATER))
    after = stepped(body, Facts(runs=[run(2)], decision=LATER))
    assert "writeback" not in after["status"]


def test_what_is_written_is_ready() -> None:
    found = conditions(run(1, **told(other(**SETTLED))))
    assert said(found["Ready"]) == ("True", "SyncSucceeded")
    assert said(found["WritebackReady"]) == ("True", "Written")
    assert found["WritebackReady"]["message"] == "12 groups with 4,400 members in the directory"


@pytest.mark.parametrize(
    ("reason", "family", "shown"),
    [
        ("SourceUnavailable", "Retry", "DirectoryUnavailable"),
        ("AccessDenied", "Stalled", "AccessDenied"),
        ("CredentialsInvalid", "Stalled", "CredentialsInvalid"),
        ("SomethingNewer", "Retry", "SyncFailed"),
    ],
)
def test_a_direction_that_failed_makes_the_document_unready_and_does_not_stall_it(
    reason: str, family: str, shown: str
) -> None:
    found = conditions(run(1, "Incomplete", **told(failed(family, reason))))
    assert said(found["Ready"]) == said(found["WritebackReady"]) == ("False", shown)
    assert found["Ready"]["message"] == "Active Directory: dc1 does not answer"
    assert "Stalled" not in found


@pytest.mark.parametrize("mode", ["Plan", "Staging"])
def test_a_plan_whose_other_direction_failed_is_not_ready(mode: str) -> None:
    found = conditions(run(1, "Incomplete", mode=mode, **told(failed())), mode=mode)
    assert said(found["Ready"]) == ("False", "DirectoryUnavailable")
    well = conditions(run(1, mode=mode, **told(other())), mode=mode)
    assert said(well["Ready"])[0] == "True" and said(well["WritebackReady"])[0] == "Unknown"


def test_a_directory_that_is_behind_is_waited_for_and_told_after_three_runs() -> None:
    runs = [run(number, "Incomplete", **told(failed("Waiting", "DirectoryBehind"))) for number in range(1, 4)]
    found = conditions(*runs[:2])
    assert said(found["Ready"]) == said(found["WritebackReady"]) == ("Unknown", "DirectoryBehind")
    assert "Reconciling" in found
    found = conditions(*runs)
    assert said(found["Ready"]) == said(found["WritebackReady"]) == ("False", "DirectoryBehind")


def test_what_waits_for_a_person_in_the_directory_is_told_as_in_the_cloud() -> None:
    found = conditions(run(1, "Incomplete", **told(other())))
    assert said(found["Ready"]) == ("False", "AwaitingApproval")
    assert found["Ready"]["message"].startswith("Active Directory: 1 change wait for a person")
    assert said(found["WritebackReady"]) == ("False", "WritebackIncomplete")
    assert said(found["ApprovalRequired"]) == ("True", "AwaitingApproval")
    assert said(found["DeletionsHeld"]) == ("True", "DeletionsHeld")
    assert found["Drifted"]["message"] == "LinksAdded 2 in Active Directory"


def test_what_the_cloud_lacks_is_told_before_what_the_directory_lacks() -> None:
    found = conditions(run(1, "Incomplete", holds=[hold("TooManyDeletes", 5)], **told(failed())))
    assert said(found["Ready"]) == ("False", "FailsafeTriggered")
    assert said(found["WritebackReady"]) == ("False", "DirectoryUnavailable")


def test_what_the_document_lets_wait_is_ready() -> None:
    waits = {**SETTLED, "objects": Tally(5, 4, held=1), "links": Tally(9, 4, held=5)}
    found = conditions(
        run(1, **told(other(**{**waits, "holds": {"Ramp": 4, "LocalEdit": 1, "NotWrittenAnyMore": 1}})))
    )
    assert said(found["Ready"])[0] == said(found["WritebackReady"])[0] == "True"
    refusing = {**SETTLED, "objects": Tally(5, 4, refused=1)}
    found = conditions(run(1, "Incomplete", **told(other(**refusing))))
    assert said(found["WritebackReady"]) == ("False", "WritebackIncomplete")


def test_before_a_run_told_of_the_directory_nothing_is_known_of_it() -> None:
    assert said(conditions(run(1))["WritebackReady"]) == ("Unknown", "NoRunYet")


def test_a_status_stays_small_however_much_the_directory_has_to_tell() -> None:
    many = {f"{number} {'x' * 300}": number + 1 for number in range(60)}
    long = Sample("Create", "Group", "x" * 3000, "x" * 3000, "x" * 3000)
    found = other(errors=many, error_samples={name: [long] * 5 for name in many}, hold_samples={"Ramp": [long] * 5})
    outcome = succeeded(RunReport(run=1, mode="Sync", writeback=found), stopped=False)
    telling = Telling(run(1), 1.0)
    telling.end(outcome, 2.0)
    status = telling.patch(2.0)["status"]
    assert size(status) <= LARGEST and status["writeback"]["errors"] and status["writeback"]["errorCount"] == 1830


def test_a_status_that_is_cut_keeps_what_waits_in_the_directory_and_its_ramp() -> None:
    sets = [
        {"hold": "TooManyDeletes", "class": "Deletes", "changes": 9, "digest": f"{number:064x}"}
        for number in range(30)
    ]
    ramps = [replace(RAMP, name=f"ramp-{number}", direction="Cloud", reason="x" * 250) for number in range(17)]
    many = {f"{number} {'x' * 300}": number + 1 for number in range(60)}
    sources = [SourceReport(f"s{number}", "x" * 250, False, 1, 2, "x" * 500) for number in range(32)]
    told = RunReport(
        sources=sources, errors=many, ramps=ramps, waiting=sets, writeback=other(waiting=sets, ramps=[RAMP])
    )
    status = fitted(figures(told))
    assert len(status["ramps"]) < 17, "nothing had to go"
    for name in ("ramps", "waiting"):
        assert {each["direction"] for each in status[name]} == {"Cloud", "Directory"}


def test_the_end_of_a_run_tells_both_directions() -> None:
    outcome = succeeded(RunReport(run=1, mode="Sync", writeback=other()), stopped=False)
    assert outcome.phase is RunPhase.INCOMPLETE
    assert "in Active Directory 4 groups and 500 members; groups: 1 held; members: 400 held" in outcome.message
    outcome = succeeded(RunReport(run=1, mode="Sync", writeback=failed()), stopped=False)
    assert outcome.phase is RunPhase.INCOMPLETE, "one direction that failed fails no run"
    assert outcome.message.endswith("writing back failed (SourceUnavailable): dc1 does not answer")
    outcome = succeeded(RunReport(mode="Plan", writeback=other(sends=False)), stopped=False)
    assert outcome.message.endswith("in Active Directory 4 groups and 500 members would be written")


def test_series_of_the_directory_are_measured_and_its_ramp_is_told_apart() -> None:
    metrics = Metrics()
    found = told(other(ramps=[RAMP], done={"Create": {"Group": 3}}, written=written(converged_seconds=720.0)))
    found["writeback"]["modifyLatency"] = {"p95": 250}
    body, facts = config(writeback=ASKED), Facts(runs=[run(1, **found)])
    metrics.observe(body, stepped(body, facts), facts, NOW)
    seen = scrape(metrics)
    assert (seen.of("syncramp_writeback_groups"), seen.of("syncramp_writeback_members")) == (12, 4_400)
    assert seen.of("syncramp_writeback_unwritable", reason="Guest") == 7
    assert seen.of("syncramp_writeback_held", hold="ApprovalRequired") == 1
    assert seen.of("syncramp_writeback_drift", kind="LinksAdded") == 2
    assert seen.of("syncramp_writeback_changes_total", verb="create") == 3
    assert seen.of("syncramp_writeback_links_total", result="acknowledged") == 500
    assert seen.of("syncramp_writeback_modify_seconds", percentile="95") == 0.25
    assert seen.of("syncramp_writeback_replication_seconds") == 720
    assert seen.of("syncramp_ramp_step", ramp="writeback", direction="Directory") == 1


def test_a_document_without_writeback_has_no_series_of_it() -> None:
    metrics = Metrics()
    body, facts = config(), Facts(runs=[run(1)])
    metrics.observe(body, stepped(body, facts), facts, NOW)
    seen = scrape(metrics)
    assert not [name for name, _ in seen if name.startswith("syncramp_writeback")]
    told_of = {dict(labels)["type"] for name, labels in seen if name == "syncramp_condition"}
    assert "TargetReady" in told_of and "WritebackReady" not in told_of


def test_kubectl_shows_the_directory_and_what_waits_in_it() -> None:
    body = stepped(config(writeback=ASKED), Facts(runs=[run(7, **told(other(ramps=[RAMP])))], decision=LATER))
    lines = status_lines(body)
    assert any(line.startswith("Active Directory: 12 groups with 4,400 members") for line in lines)
    assert any(line.startswith("Ramp writeback: Soaking at 1,400, step 1 of 8") for line in lines)
    assert any(" in Active Directory efef" in line for line in lines)
    assert any("Directory" in line and "Deletes" in line for line in waiting_lines(body, "contoso"))


def test_a_plan_with_something_for_the_directory_alone_is_something_to_do() -> None:
    planned = run(1, mode="Plan", objects=tally(), links=tally(), **told(other()))
    assert run_code(planned) == 2 and run_lines(planned)
    assert run_code(run(1, mode="Plan", **told(other(objects=Tally(), links=Tally())))) == 0
