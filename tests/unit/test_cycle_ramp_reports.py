"""What plans and runs tell of ramps, from the directory to the kept report."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.ramped import policy
from syncramp.model.report import RunReport
from syncramp.report.ramps import size
from syncramp.report.text import kept_run_lines, plan_lines, report_from
from syncramp.spec.ramps import Admit

PEOPLE, ALL, INNER = range(1, 10), 90, 91


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Nine people in one group, with a first ceiling of five."""
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*map(user, PEOPLE), group(ALL))
    engine.source.members[guid(ALL)] = [user_dn(number) for number in PEOPLE]
    ramped(engine, Admit.MEMBERS)
    return engine


def ramped(engine: Engine, admit: Admit) -> None:
    """The document has a ramp."""
    engine.config = replace(engine.config, ramps=(policy(admit=admit, gates=()),))


def test_a_plan_tells_what_goes_and_what_waits(engine: Engine) -> None:
    report, plan = engine.run(sends=False)
    (ramp,) = plan.ramps
    assert report.ramps == [ramp]
    assert (ramp.name, ramp.admitted, ramp.members_waiting, ramp.phases) == ("large", 5, 4, {"Growing": 1})
    told = list(plan_lines(plan, report))
    assert "    5 memberships go; 4 memberships wait in 1 of 1 group (1 Growing)" in told
    assert any(
        line.startswith(f"    Growing Group {group(ALL).dn}: 9 members, 0 in the cloud, 4 wait: ") for line in told
    )


def test_a_run_tells_how_it_is_when_it_is_over_and_keeps_that(engine: Engine) -> None:
    report, plan = engine.run()
    assert (plan.ramps[0].largest, report.ramps[0].largest) == (0, 5)
    assert (report.ramps[0].held[0].there, report.ramps[0].members_waiting) == (5, 4)
    assert (plan.ramps[0].admitted_today, report.ramps[0].admitted_today) == (0, 5)
    with engine.store() as store:
        kept = store.runs.last_planned()
        assert kept is not None
        assert report_from(kept.report).ramps[0].held == report.ramps[0].held
        lines = list(kept_run_lines(1, "Incomplete", __import__("datetime").datetime(2026, 1, 1), kept.report))
    assert any(
        line.startswith("Ramp large: Growing at 5, step 1 of 5 up to 20: 4 memberships wait") for line in lines
    )


def test_a_group_that_comes_whole_is_absent_until_it_fits(engine: Engine) -> None:
    ramped(engine, Admit.WHOLE)
    report, _ = engine.run()
    (ramp,) = report.ramps
    assert (ramp.phases, ramp.admitted, ramp.members_waiting, ramp.largest) == ({"Absent": 1}, 0, 9, 0)


def test_people_of_nested_groups_are_counted(engine: Engine) -> None:
    engine.source.add(group(INNER))
    engine.source.members[guid(INNER)] = [user_dn(number) for number in (1, 2)]
    engine.source.members[guid(ALL)].append(group(INNER).dn)
    _, plan = engine.run(sends=False)
    (told,) = plan.ramps[0].held
    assert (told.members, told.effective) == (10, 9)


def _note(engine: Engine) -> str:
    """What a plan notes of the one group that waits."""
    report, plan = engine.run(sends=False)
    (told,) = plan.ramps[0].held
    assert plan.ramps[0].notes == {told.dn: told.note}
    assert any(line.endswith(f" wait: {told.reason}; {told.note}") for line in plan_lines(plan, report))
    return told.note


def test_a_rename_that_would_change_the_ramp_is_a_line_of_the_plan_and_changes_nothing(engine: Engine) -> None:
    named = 'object.displayName == "Staff"'
    first = policy(admit=Admit.MEMBERS, gates=(), where=named)
    engine.config = replace(engine.config, ramps=(first, policy(name="others", admit=Admit.NOW, gates=())))
    engine.source.entries[guid(ALL)] = group(ALL, displayName="Staff")
    engine.run()
    engine.source.entries[guid(ALL)] = group(ALL, displayName="Everybody")
    assert _note(engine) == "ramp others would match it now; it stays with large until it is whole"
    report, _ = engine.run()
    assert (report.ramps[0].name, report.ramps[0].largest) == ("large", 5)
    engine.config = replace(engine.config, ramps=(first,))
    assert _note(engine) == "no ramp would match it now; it stays with large until it is whole"


def test_a_group_that_is_whole_because_of_its_name_is_noted(engine: Engine) -> None:
    engine.source.entries[guid(ALL)] = group(ALL, displayName="Block legacy sign-in")
    _, plan = engine.run(sends=False)
    assert plan.ramps[0].notes == {group(ALL).dn: "it comes whole because its name matches *block*"}
    assert size(plan.ramps[0].held[0], plan.ramps[0]).count("it comes whole because its name matches *block*") == 1


def test_a_group_beyond_every_step_is_noted(engine: Engine) -> None:
    engine.config = replace(engine.config, max_members=7)
    _, plan = engine.run(sends=False)
    assert plan.ramps[0].notes == {group(ALL).dn: "it would have 9 members, groups.maxMembers is 7"}


def test_a_run_that_fails_after_its_plan_tells_of_ramps_too(engine: Engine) -> None:
    engine.lose()
    with engine.store() as store:
        kept = store.runs.last_planned()
        assert kept is not None
        assert (kept.state, [ramp.name for ramp in report_from(kept.report).ramps]) == ("Failed", ["large"])


def test_a_run_that_fails_before_its_plan_hides_nothing(engine: Engine) -> None:
    engine.run()
    with engine.store() as store:
        number, _ = store.runs.begin(1.0)
        store.runs.end(number, 2.0, "Failed", RunReport(failure="no answer").as_json())
        store.runs.begin(3.0)
        kept = store.runs.last_planned()
        assert kept is not None
        assert (kept.id, [ramp.name for ramp in report_from(kept.report).ramps]) == (1, ["large"])


def test_a_tenant_without_large_groups_has_no_ramps(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=())
    report, plan = engine.run()
    assert (report.ramps, plan.ramps) == ([], ())


def test_while_an_adoption_waits_ramps_are_told_as_they_would_begin(engine: Engine) -> None:
    engine.config = replace(engine.config, ramps=(policy(admit=Admit.WHOLE, min_members=3),))
    engine.source.add(group(INNER))
    engine.source.members[guid(INNER)] = [user_dn(number) for number in (1, 2, 3)]
    engine.run()
    engine.lose_store()
    _, plan = engine.run(sends=False)
    (ramp,) = plan.ramps
    assert plan.around.adoption and (ramp.step, ramp.phase, ramp.members_waiting) == (1, "Growing", 9)
