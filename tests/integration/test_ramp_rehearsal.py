"""Whole ramps, rehearsed: the engine over TLS against the simulator, weeks on a virtual clock."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.console import ROOT
from syncramp.check import load
from syncramp.cli import run as run_command
from syncramp.cli.ramp_rehearse import LATENCY
from syncramp.endpoint import contract
from syncramp.model.ramps import Phase, Verdict
from syncramp.rehearsal.course import Course, End, Moment
from syncramp.rehearsal.document import SOURCE, least_of
from syncramp.rehearsal.play import Bounds, anchor_of, compare, play, still_there
from syncramp.rehearsal.staff import Staff, made_groups
from syncramp.rehearsal.stage import Setting, Stage, stage
from syncramp.rehearsal.telling import closing_lines
from syncramp.simulator.fault_file import read_script
from syncramp.simulator.faults import Kind, Rule, Script
from syncramp.simulator.latency import parse_latency

EXAMPLE = ROOT / "examples" / "09-ramp"
SCALE = 250
PEOPLE = 1_000


@contextmanager
def staged(script: Script | None = None) -> Iterator[Stage]:
    """The stage of the example at its smallest."""
    config = load(str(EXAMPLE / "syncconfig.yaml"))
    staff = Staff(SOURCE, PEOPLE, made_groups(PEOPLE, least_of(config, SCALE)))
    with stage(Setting(config, SCALE, parse_latency(LATENCY, ""), script), staff, lambda event: None) as made:
        yield made


@pytest.fixture(scope="module")
def course() -> Course:
    """The example, with the slow day of its service."""
    with staged(read_script(EXAMPLE / "faults.yaml")) as made:
        return play(made, Bounds(days=60, promotes=True), lambda moment: None)


def told(course: Course, ramp: str) -> list[str]:
    return [each.what for moment in course.moments for each in moment.decided if each.ramp == ramp]


def test_a_ramp_takes_its_steps_is_held_by_a_gate_recovers_and_completes(course: Course) -> None:
    what = told(course, "everybody")
    assert [each for each in what if each != "Soaking"] == [
        "Started",
        "Promoted",
        "Promoted",
        "Paused",
        "promote",
        "Promoted",
        "Held",
        "Recovered",
        "Promoted",
        "Completed",
    ]


def test_what_held_it_is_the_latency_of_the_slow_day_and_nothing_else(course: Course) -> None:
    held = [each for moment in course.moments for each in moment.decided if each.what == "Held"]
    assert held
    for each in held:
        failed = [one for one in each.numbers["judgements"] if one["verdict"] == Verdict.FAILED.value]
        assert [one["gate"] for one in failed] == ["ExportLatencyP95"]
        assert 60 < failed[0]["value"] < 240


def test_the_end_is_equal_to_the_directory_member_by_member(course: Course) -> None:
    assert course.end is End.COMPLETE, course.why
    assert not course.differences
    wanted = sum(group.desired for group in course.moments[-1].groups)
    assert course.compared == wanted > 2 * PEOPLE
    assert all(group.members == group.desired for group in course.moments[-1].groups)


def test_no_group_was_ever_above_its_ceiling_and_the_ramps_did_keep_somebody_waiting(course: Course) -> None:
    waited = 0
    for moment in course.moments:
        assert not moment.findings
        for group in moment.groups:
            ceiling = {name: state.ceiling for name, state in moment.states.items()}.get(group.ramp)
            assert ceiling is None or group.members <= ceiling, (group, moment.report.run)
            waited += group.members < group.desired
    assert waited > 20


def test_nothing_shrinks_but_by_who_left(course: Course) -> None:
    before: dict[str, int] = {}
    for moment in course.moments:
        for group in moment.groups:
            assert group.members >= before.get(group.name, 0) - moment.left
            before[group.name] = group.members


def test_a_group_that_comes_whole_was_absent_and_then_whole_in_one_run(course: Course) -> None:
    sizes = [group.members for moment in course.moments for group in moment.groups if group.name == "Remote Access"]
    first = next(index for index, size in enumerate(sizes) if size)
    assert set(sizes[:first]) == {0}
    assert sizes[first] == 480


def test_removals_went_at_once_also_while_a_gate_held_the_ramps(course: Course) -> None:
    """After every run the cloud was asked for whoever left before it; the latency of removals says the same."""
    holding = [moment for moment in course.moments if moment.states and _phase(moment) is Phase.HOLDING]
    assert holding
    for moment in holding:
        assert moment.left == 1
        assert moment.report.removal_latency.count >= 1
        assert moment.report.removal_latency.waiting == 0
        assert (moment.report.removal_latency.max or 0) < 600


def _phase(moment: Moment) -> Phase:
    return moment.states["everybody"].phase


def test_a_gate_at_its_abort_value_ends_a_rehearsal_with_what_a_person_looks_at() -> None:
    script = Script((Rule(Kind.SLOW, contract.PROVISION, seconds=300.0, after=18 * 3600.0),))
    with staged(script) as made:
        course = play(made, Bounds(days=20, promotes=True), lambda moment: None)
    assert course.end is End.PAUSED
    assert "more than 240s" in course.why
    text = "\n".join(closing_lines(course))
    assert "find out why the gate above failed" in text and "Licences" in text
    assert course.compared == 0


def test_a_pause_ends_a_rehearsal_that_promotes_nothing() -> None:
    with staged() as made:
        course = play(made, Bounds(days=20), lambda moment: None)
    assert course.end is End.PAUSED
    assert "--promote" in "\n".join(closing_lines(course))


def test_a_member_that_the_cloud_lost_and_one_who_should_be_gone_are_found() -> None:
    with staged() as made:
        course = play(made, Bounds(days=1), lambda moment: None)
        group = made.staff.groups[0]
        assert course.end is End.LATE
        anchor = anchor_of(group.guid)
        there = sorted(made.simulator.tenant.members(anchor))
        _, before = compare(made)
        made.simulator.tenant.portal.change_members(_cloud(made, anchor), remove=[_cloud(made, there[0])])
        _, after = compare(made)
        assert not list(still_there(made))
        (leaver,) = made.staff.turn_over()
        assert list(still_there(made)) == [f"person {leaver:06} left and is a member of 3 groups"]
    missing = {each.name: each.missing for each in before}
    assert {each.name: each.missing for each in after} == missing | {group.name: missing[group.name] + 1}


def _cloud(made: Stage, anchor: str) -> str:
    return made.simulator.tenant.portal.cloud_anchor(anchor)


def test_the_command_tells_a_rehearsal_as_json_and_draws_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, chart = str(EXAMPLE / "syncconfig.yaml"), tmp_path / "ramp.svg"
    code = run_command(
        ["ramp", "rehearse", document, "--scale", "500", "--days", "1", "-o", "json", "--chart", str(chart)]
    )
    assert code == 2
    told = json.loads(capsys.readouterr().out)
    assert told["end"] == "Late"
    assert all(group["desired"] <= 500 for made in told["runs"] for group in made["groups"])
    assert "held by a gate" not in chart.read_text() and chart.stat().st_size > 5_000


def test_a_rehearsal_comes_out_the_same_whenever_it_is_played() -> None:
    def played() -> list[tuple[float, int]]:
        with staged() as made:
            course = play(made, Bounds(days=1), lambda moment: None)
        return [(moment.ended, moment.report.links.acknowledged) for moment in course.moments]

    assert played() == played()
