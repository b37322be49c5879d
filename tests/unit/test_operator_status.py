"""The status as a whole: what runs say, what stays when they are pruned, how large it is, and what is told of it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.run_cases import NOW, change, config, failed, hold, ramp, run, stepped, tally
from support.schemas import refused
from support.status_check import check_status, lint
from syncramp.check import Finding
from syncramp.model.holds import Hold
from syncramp.schedule.known import Cause, Decision, End, Start, Trigger, Wait
from syncramp.spec.schema import schema
from syncramp_operator.actors.known import outdated
from syncramp_operator.status.facts import Facts, mark
from syncramp_operator.status.view import needed
from syncramp_operator.status.whole import LARGEST, Told, changes_told, status_of
from syncramp_operator.status.wording import size_of

Object = dict[str, Any]
STATUS: Object = schema()["properties"]["status"]
LATER = Wait(Cause.DUE_LATER, NOW + timedelta(minutes=20))

TEXTS = st.one_of(st.text(max_size=20), st.text(min_size=1, max_size=5).map(lambda text: text * 400))
COUNTS = st.integers(min_value=-5, max_value=2**63)
JUNK = st.one_of(st.none(), st.booleans(), COUNTS, TEXTS, st.lists(TEXTS, max_size=3))
PHASES = ["Pending", "Running", "Succeeded", "Incomplete", "Failed", "Cancelled"]


def several(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Object]]:
    """Lists of objects, longer than any schema lets them be."""
    one = st.fixed_dictionaries({}, optional={name: st.one_of(made, JUNK) for name, made in members.items()})
    return st.lists(one, max_size=6).map(lambda few: few * 20)


REPORTS = st.fixed_dictionaries(
    {},
    optional={
        "reason": TEXTS,
        "family": st.sampled_from(["Stalled", "Waiting", "Retry"]),
        "message": TEXTS,
        "completionTime": st.one_of(TEXTS, st.just("2026-11-25T11:00:00Z")),
        "duration": TEXTS,
        "digest": TEXTS,
        "generation": COUNTS,
        "objects": st.fixed_dictionaries({"expected": COUNTS, "left": COUNTS, "refused": COUNTS}),
        "holds": several(reason=st.one_of(TEXTS, st.sampled_from(["Ramp", "TooManyDeletes"])), count=COUNTS),
        "changes": several(verb=st.sampled_from(["Create", "Update", "Delete"]), acknowledged=COUNTS, planned=COUNTS),
        "sources": several(name=TEXTS, complete=st.booleans(), entries=COUNTS, reason=TEXTS),
        "ramps": several(name=TEXTS, phase=TEXTS, pause=TEXTS, reason=TEXTS, eta=TEXTS, membersWaiting=COUNTS),
        "waiting": several(digest=TEXTS, count=COUNTS, reason=TEXTS, **{"class": TEXTS}),
        "drift": several(kind=TEXTS, count=COUNTS),
        "lease": st.fixed_dictionaries({"namespace": TEXTS, "name": TEXTS, "holder": TEXTS}),
        "rampProgress": TEXTS,
        "serviceInterval": TEXTS,
        "certificateValidUntil": st.one_of(TEXTS, st.just("2026-12-01T00:00:00Z")),
        "progress": st.fixed_dictionaries({"phase": TEXTS, "unit": TEXTS, "done": COUNTS, "total": COUNTS}),
        "inCloud": JUNK,
    },
)
DECISIONS: st.SearchStrategy[Decision | None] = st.one_of(
    st.none(),
    st.builds(Start, st.sampled_from(Trigger)),
    st.builds(Wait, st.sampled_from(Cause), st.one_of(st.none(), st.just(NOW))),
    st.builds(End, st.sampled_from(Cause)),
)
FINDINGS = st.builds(Finding, path=TEXTS, reason=TEXTS, remedy=TEXTS, value=TEXTS, forbidden=st.booleans())


@st.composite
def hostile(draw: st.DrawFn) -> Facts:
    """What a broken tenant, a broken runner and a bad document could come to."""
    phases = draw(st.lists(st.sampled_from(PHASES), max_size=3))
    runs = [run(number, phase, **draw(REPORTS)) for number, phase in enumerate(phases, 1)]
    return Facts(
        findings=tuple(draw(st.lists(FINDINGS, max_size=2))),
        decision=draw(DECISIONS),
        runs=runs,
        place=draw(st.one_of(st.none(), st.integers(1, 300))),
        judged=draw(st.booleans()),
        requests={name: mark(draw(TEXTS)) for name in draw(st.sets(st.sampled_from(["requestedAt", "approve"])))},
        secrets="0123456789abcdef" * 4,
    )


@settings(max_examples=60, deadline=None)
@given(hostile(), hostile(), st.sampled_from(["Plan", "Staging", "Sync"]), st.booleans())
def test_whatever_runs_say_the_status_is_small_and_well_formed(first, second, mode, suspend) -> None:
    body = config(3, mode=mode, suspend=suspend)
    for facts in (first, second, second):
        before, body = body, stepped(body, facts)
        assert refused(body["status"], STATUS) == [], "the API server would refuse it, or leave it out"
        assert len(json.dumps(body["status"]).encode()) < LARGEST
        assert [str(found) for found in lint(body, now=NOW) if found.code.startswith("FAIL")] == []
    assert body["status"] == before["status"], "the same knowledge says the same"
    assert changes_told(before["status"], body["status"]) == []


def test_foreign_conditions_stay_as_far_as_there_is_room() -> None:
    mine = {"type": "example.com/Seen", "status": "True", "lastTransitionTime": "x", "reason": "R", "message": "m"}
    large = {**mine, "type": "example.com/Large", "message": "m" * 5000}
    body = config(status={"conditions": [mine, large]})
    found = stepped(body, Facts(runs=[run()], decision=LATER))["status"]["conditions"]
    assert mine in found
    assert large not in found


@pytest.mark.parametrize(("sign", "kept"), [("x", 17), ("<", 0)])
def test_the_largest_status_is_cut_no_more_than_it_must_be(sign: str, kept: int) -> None:
    wide = sign * 300  # some writers of JSON make six bytes of a <
    other = {"status": "True", "observedGeneration": 1, "lastTransitionTime": "2026-11-25T12:00:00Z", "reason": "R"}
    foreign = [{**other, "type": f"example.com/T{number}", "message": "m" * 500} for number in range(4)]
    told = run(
        1,
        "Incomplete",
        holds=[hold(each.value, 10**6) for each in Hold],
        ramps=[ramp(f"{number}{wide}", "Paused", reason=wide, pause=wide) for number in range(30)],
        waiting=[{"class": wide, "digest": f"{number}{wide}", "reason": wide, "count": 9} for number in range(30)],
        sources=[
            {"name": f"{number}{wide}", "complete": False, "entries": 9, "reason": wide} for number in range(60)
        ],
        lease=dict.fromkeys(("namespace", "name", "holder"), wide),
        drift=[{"kind": wide, "count": 1}],
    )
    body = stepped(config(status={"conditions": foreign}), Facts(runs=[told], requests={"approve": wide[:64]}))
    assert size_of(body["status"]) < LARGEST
    assert {"Ready", "ApprovalRequired", "RampPaused"} <= check_status(body, now=NOW).keys()
    assert len(body["status"]["ramps"]) >= kept
    assert body["status"]["lastHandled"], "what was handled is never forgotten: it would be handled again"


def test_lists_have_their_bounds_and_show_what_matters_first() -> None:
    sources = [
        {"name": f"s{number}", "complete": number != 19, "entries": 1, "reason": "torn"} for number in range(20)
    ]
    sources += [{"name": "s0", "complete": True, "entries": 4}]
    waiting = [{"class": "Rest", "digest": f"d{number}", "count": 1} for number in range(20)]
    told = run(1, sources=sources, waiting=waiting, ramps=[ramp(f"r{number}") for number in range(20)])
    status = stepped(config(), Facts(runs=[told], decision=LATER))["status"]
    assert [len(status[name]) for name in ("sources", "waiting", "ramps")] == [16, 16, 18]
    assert status["sources"][0] == {"name": "s19", "complete": False, "entries": 1, "reason": "torn"}
    assert status["sources"][1] == {"name": "s0", "complete": True, "entries": 5}, "its parts are added up"


def test_a_status_tells_of_the_tenant_and_of_what_comes_next() -> None:
    told = run(
        7,
        trigger="Requested",
        objects=tally(20, held=5),
        links=tally(100, held=90),
        waiting=[{"class": "Deletes", "digest": "abcd1234", "count": 5, "reason": "TooManyDeletes"}],
        ramps=[ramp(waiting=90)],
        rampProgress="75000/250000",
        serviceInterval="30m",
        certificateValidUntil="2027-11-25T12:00:00Z",
        digest="d1",
        lease={"namespace": "home", "name": "syncramp-tenant-x", "holder": "h", "token": 3},
    )
    status = stepped(config(), Facts(runs=[told], decision=LATER, requests={"requestedAt": "a"}, secrets="s"))[
        "status"
    ]
    assert status["lastRun"] == {
        "name": "contoso-7",
        "number": 7,
        "trigger": "Requested",
        "phase": "Succeeded",
        "startTime": "2026-11-25T11:50:00Z",
        "completionTime": "2026-11-25T11:50:00Z",
        "duration": "4m10s",
    }
    assert (status["runs"], status["failures"], status["lastSyncTime"]) == (7, 0, "2026-11-25T11:50:00Z")
    assert (status["nextSyncTime"], status["lastHandled"]) == ("2026-11-25T12:20:00Z", {"requestedAt": "a"})
    assert (status["pending"], status["heldDeletes"]) == (95, 5)
    assert (status["rampStep"], status["rampProgress"]) == ("2/4", "75000/250000")
    assert status["waiting"][0]["annotation"] == "syncramp.io/approve=abcd1234"
    assert status["sources"] == [{"name": "corp", "complete": True, "entries": 100}]
    assert status["objects"] == {"users": 90, "groups": 10, "contacts": 0, "devices": 0}
    assert status["lease"] == {"namespace": "home", "name": "syncramp-tenant-x", "holder": "h"}
    assert (status["serviceInterval"], status["certificateValidUntil"]) == ("30m", "2027-11-25T12:00:00Z")
    assert status["observedSecrets"] == "s"


def test_the_time_at_which_a_run_is_stopped_is_not_the_time_of_the_next_one() -> None:
    during = Facts(runs=[run(1), run(2, "Running")], decision=Wait(Cause.RUNNING, NOW + timedelta(hours=6)))
    assert "nextSyncTime" not in stepped(config(), during)["status"]


def test_what_a_pruned_run_said_of_the_tenant_stays() -> None:
    before = stepped(config(), Facts(runs=[run(1, digest="d1"), run(2)], decision=LATER))
    after = stepped(before, Facts(runs=[failed(3, "EndpointUnavailable", "Retry")], decision=None))["status"]
    assert after["objects"]["users"] == 90
    assert after["lastSyncTime"] == before["status"]["lastSyncTime"]
    assert [each["name"] for each in after["history"]] == ["contoso-3", "contoso-2", "contoso-1"]


def test_the_runs_that_a_status_is_made_of_are_not_pruned() -> None:
    planned = run(5, mode="Plan", trigger="Planned")
    runs = [run(1), run(2), failed(3, "EndpointUnavailable", "Retry"), run(4, "Cancelled"), planned]
    assert needed(runs) == {"contoso-2", "contoso-3", "contoso-5"}
    spared = [each for each in runs if each["metadata"]["name"] in needed(runs)]
    for name in ("conditions", "objects", "lastRun", "lastSyncTime"):
        whole, rest = (stepped(config(), Facts(runs=those, decision=LATER)) for those in (runs, spared))
        assert whole["status"][name] == rest["status"][name]


def test_failures_in_a_row_are_counted_though_runs_are_pruned() -> None:
    def once(body: Object, *runs: Object) -> Object:
        return stepped(body, Facts(runs=runs, decision=Wait(Cause.BACKING_OFF, NOW)))

    broken = [failed(number, "SourceUnavailable", "Retry") for number in range(2, 7)]
    body = once(config(), run(1), broken[0], broken[1])
    assert (body["status"]["failures"], body["status"]["retryTime"]) == (2, "2026-11-25T12:00:00Z")
    body = once(once(body, broken[1]), broken[2], broken[3])
    assert body["status"]["failures"] == 4
    body = once(body, broken[3], run(7))
    assert body["status"]["failures"] == 0
    assert "retryTime" not in body["status"]


def test_runs_that_only_planned_on_request_or_were_stopped_say_nothing_of_ready() -> None:
    before = stepped(config(), Facts(runs=[run(1)], decision=LATER))
    for other in (
        run(2, mode="Plan", trigger="Planned", holds=[hold("TooManyDeletes", 4)]),
        run(2, "Cancelled", reason="Cancelled"),
        run(2, "Failed", reason="Interrupted"),
    ):
        after = stepped(before, Facts(runs=[run(1), other], decision=LATER))
        assert after["status"]["conditions"] == before["status"]["conditions"]
        assert after["status"]["lastSyncTime"] == before["status"]["lastSyncTime"]
        assert after["status"]["lastRun"]["name"] == "contoso-2"


def test_members_of_the_last_run_do_not_mix_with_those_of_the_one_before() -> None:
    before = stepped(config(), Facts(runs=[run(1)], decision=LATER))
    silent = run(2, "Failed", reason="Interrupted")
    del silent["status"]["duration"]
    after = stepped(before, Facts(runs=[silent], decision=LATER))["status"]
    assert "duration" not in after["lastRun"]


def test_a_request_that_is_long_or_cannot_be_shown_stands_as_its_digest() -> None:
    assert mark("2026-11-25T12:00:00Z") == "2026-11-25T12:00:00Z"
    for text in ("a" * 65, "two\nlines", "\ud800"):
        assert mark(text).startswith("sha256:")
        assert len(mark(text)) == 71
    assert mark("a" * 65) != mark("a" * 66)


def told(before: Object, after: Object) -> list[tuple[str, str]]:
    return [(each.type, each.reason) for each in changes_told(before.get("status", {}), after["status"])]


def test_an_event_is_told_when_something_changed_and_at_no_other_time() -> None:
    new = stepped(config(), Facts(decision=Start(Trigger.CREATED)))
    under_way = stepped(new, Facts(runs=[run(1, "Running")], decision=Wait(Cause.RUNNING)))
    further = run(1, "Running", progress={"phase": "export", "done": 5, "total": 9, "unit": "object"})
    progress = stepped(under_way, Facts(runs=[further], decision=Wait(Cause.RUNNING)))
    well = stepped(progress, Facts(runs=[run(1, changes=[change("Create", 9)])], decision=LATER))
    again = stepped(well, Facts(runs=[run(1, changes=[change("Create", 9)]), run(2, "Running")], decision=LATER))
    assert told(config(), new) == [("Normal", "Progressing")]
    assert told(new, under_way) == [("Normal", "Progressing")]
    assert told(under_way, progress) == []
    assert told(progress, well) == [
        ("Normal", "SyncSucceeded"),
        ("Normal", "SourcesRead"),
        ("Normal", "TargetAnswered"),
    ]
    assert told(well, again) == []


def test_the_way_of_a_run_is_no_event() -> None:
    waiting = run(1, "Incomplete", holds=[hold("TooManyDeletes")])
    before = stepped(config(), Facts(runs=[waiting], decision=LATER))
    after = stepped(before, Facts(runs=[waiting], decision=Start(Trigger.APPROVED)))
    assert "Reconciling" in check_status(after, now=NOW)
    assert told(before, after) == []


def test_a_condition_keeps_the_time_of_its_last_transition() -> None:
    def since(body: Object) -> dict[str, str]:
        return {one["type"]: one["lastTransitionTime"] for one in body["status"]["conditions"]}

    hour = timedelta(hours=1)
    first = stepped(config(), Facts(runs=[run(1)], decision=LATER))
    second = stepped(first, Facts(runs=[run(1), run(2, changes=[change("Create", 1)])], decision=LATER), NOW + hour)
    assert since(second) == since(first)
    torn = run(3, sources=[{"name": "corp", "complete": False, "entries": 1}])
    third = stepped(second, Facts(runs=[run(1), run(2), torn], decision=LATER), NOW + 2 * hour)
    assert since(third)["TargetReady"] == "2026-11-25T12:00:00Z"
    assert since(third)["Ready"] == since(third)["SourcesReady"] == "2026-11-25T14:00:00Z"


def test_a_stall_is_one_event_and_what_people_must_see_to_warns() -> None:
    well = stepped(config(), Facts(runs=[run(1)], decision=LATER))
    finding = Finding("spec.interval", "is too short")
    bad = stepped(well, Facts(findings=(finding,), runs=[run(1)], decision=Wait(Cause.REFUSED)))
    assert changes_told(well["status"], bad["status"]) == [
        Told("Warning", "InvalidSpec", "spec.interval: is too short")
    ]
    held = run(2, holds=[hold("TooManyDeletes", 4)], waiting=[{"class": "Deletes", "digest": "ab", "count": 4}])
    holding = stepped(well, Facts(runs=[run(1), held], decision=LATER))
    assert told(well, holding) == [
        ("Warning", "FailsafeTriggered"),
        ("Warning", "DeletionsHeld"),
    ]


@pytest.mark.parametrize("known", [Facts(), Facts(runs=[run(1, "Running")]), Facts(runs=[{}])])
def test_little_knowledge_makes_a_status_too(known: Facts) -> None:
    check_status(stepped(config(), known), now=NOW)
    assert status_of(config(), known, NOW)["observedGeneration"] == 1


@pytest.mark.parametrize(("kept", "gone"), [(1, [1, 3, 5]), (4, [1, 3]), (7, [])])
def test_runs_beyond_the_limit_go_but_for_those_that_the_status_is_made_of(kept: int, gone: list[int]) -> None:
    broken = failed(4, "EndpointUnavailable", "Retry")
    runs = [run(1), run(2), run(3, "Cancelled"), broken, run(5, "Cancelled"), run(6, "Running")]
    assert [each["spec"]["number"] for each in outdated(runs, kept)] == gone
