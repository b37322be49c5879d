"""A ramp as a report tells of it: phases of groups, what waits, when it goes on, what a person looks at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from support.ramped import DAY, MONDAY, judgement, membership, policy, room, standing, state
from syncramp.model.holds import Hold
from syncramp.model.ramps import GroupPhase, PauseReason, Phase, Verdict
from syncramp.model.sizes import LIMITS
from syncramp.ramp import checklist as checklists
from syncramp.ramp.checklist import checklist
from syncramp.ramp.reporting import SHOWN, Standing, group_phase, report, with_groups
from syncramp.spec.ramps import Admit, Soak, Step, built_in

PLAIN = report(policy(), state(), MONDAY)


@pytest.mark.parametrize("phase", GroupPhase)
def test_a_group_is_in_the_phase_of_its_room_until_nobody_is_missing(phase: GroupPhase) -> None:
    assert group_phase(standing(desired=9, possible=3, admitted=1, phase=phase)) is phase
    assert group_phase(standing(desired=9, possible=9, phase=phase)) is GroupPhase.WHOLE


def test_a_group_is_filled_until_the_last_of_those_who_were_let_in_has_come() -> None:
    assert group_phase(standing(desired=9, possible=3, admitted=6, phase=GroupPhase.FILLING)) is GroupPhase.FILLING


def test_a_group_waits_again_when_everybody_who_was_let_in_has_come() -> None:
    for phase in (GroupPhase.GROWING, GroupPhase.FILLING):
        assert group_phase(standing(desired=9, possible=3, phase=phase)) is GroupPhase.WAITING
    assert group_phase(standing(desired=9, phase=GroupPhase.ABSENT)) is GroupPhase.ABSENT


def test_a_ramp_whose_groups_never_wait_has_no_soak_to_tell_of() -> None:
    complete = state(phase=Phase.COMPLETE, soaked_from=MONDAY)
    told = report(policy(admit=Admit.NOW), complete, MONDAY)
    assert (told.reason, told.soak["duration"]) == ("its groups never wait (admit: Now)", 0.0)
    assert report(policy(), complete, MONDAY).reason == "nobody waits whom a later step could let in"


def test_a_ramp_is_told_with_its_numbers() -> None:
    groups = [
        standing(
            1, desired=9, possible=3, admitted=2, phase=GroupPhase.GROWING, note="large-mail would match it now"
        ),
        standing(2, desired=4, possible=4),
        standing(3, desired=7, phase=GroupPhase.ABSENT),
    ]
    found = with_groups(
        report(policy(admit=Admit.MEMBERS), state(judgements=(judgement(),)), MONDAY, spent=2), groups
    )
    assert (found.phase, found.step, found.steps, found.ceiling, found.target) == ("Growing", 1, 5, 5, 20)
    assert (found.groups, found.groups_held, found.members_waiting, found.admitted) == (3, 2, 4 + 7, 2)
    assert (found.largest, found.phases) == (4, {"Absent": 1, "Growing": 1, "Whole": 1})
    assert (found.admitted_today, found.per_day, found.per_cycle) == (2, 50_000, 10_000)
    assert [(group.dn, group.members, group.there, group.waiting) for group in found.held] == [
        ("CN=g1", 9, 3, 4),
        ("CN=g3", 7, 0, 7),
    ]
    assert found.held[0].reason == "it does not fit"
    assert found.notes == {"CN=g1": "large-mail would match it now"}
    assert found.judgements[0]["value"] == 312.0
    assert (found.reason, found.next_ceiling, found.checklist) == ("groups grow up to the ceiling", 8, ())


def test_what_is_let_in_waits_for_nobody_even_if_it_was_not_sent() -> None:
    found = with_groups(PLAIN, [standing(desired=9, possible=3, admitted=6)])
    assert (found.groups_held, found.members_waiting, found.held) == (0, 0, [])


def test_a_ramp_without_a_budget_has_none() -> None:
    found = with_groups(report(policy(admit=Admit.WHOLE), state(), MONDAY), [])
    assert (found.per_day, found.per_cycle, found.largest, found.phases) == (0, 0, 0, {})


def test_a_group_that_no_step_lets_in_has_a_note() -> None:
    mail = Standing(membership(1, range(9), range(3)), room(hold=Hold.MAIL_ENABLED, reason="it is mail-enabled"))
    whole = Standing(membership(2, range(3), range(3)), room(hold=Hold.MAIL_ENABLED, reason="it is mail-enabled"))
    waits = Standing(membership(3, range(9), range(3)), room(reason="9 do not fit"))
    assert with_groups(PLAIN, [mail, whole, waits]).notes == {"CN=g1": "it is mail-enabled"}


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)), max_size=30))
def test_every_membership_is_there_let_in_or_waits(rows: list[tuple[int, int, int]]) -> None:
    groups = []
    for number, (desired, possible, admitted) in enumerate(rows):
        there, wanted = BitMap(range(5, 5 + possible)), BitMap(range(desired))
        may = room((wanted - there)[:admitted])
        groups.append(Standing(replace(membership(number), desired=wanted, possible=there), may))
    found = with_groups(PLAIN, groups)
    there = sum(len(group.membership.desired & group.membership.possible) for group in groups)
    assert found.members_waiting + found.admitted + there == sum(row[0] for row in rows)
    assert found.groups_held == sum(bool(group.waiting) for group in groups)
    assert len(found.held) == min(SHOWN, found.groups_held)
    assert sum(found.phases.values()) == len(rows)


def _at(days: float, hours: float = 0) -> str:
    return f"{datetime.fromtimestamp(MONDAY + days * DAY + hours * 3600, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_the_next_decision_is_when_every_part_of_the_soak_can_be_over() -> None:
    soaking = state(Phase.SOAKING, soaked_from=MONDAY, cycles=1)
    later = report(policy(), soaking, MONDAY + 60, next_run=1800)
    assert later.next_decision == _at(1)  # 24 hours; the business day ends at 18:00
    slow = report(policy(), soaking, MONDAY, next_run=DAY)
    assert slow.next_decision == _at(3)  # three more of four runs, one a day
    friday = state(Phase.SOAKING, soaked_from=MONDAY + 4.5 * DAY, cycles=4)
    assert report(policy(), friday, MONDAY + 5 * DAY).next_decision == _at(7, 18)  # over a weekend


def test_a_soak_that_is_over_is_decided_on_in_the_next_run() -> None:
    over = state(Phase.SOAKING, soaked_from=MONDAY, cycles=4)
    assert report(policy(), over, MONDAY + 9 * DAY).next_decision == _at(9)


def test_while_something_still_fits_the_step_cannot_end_before_a_soak_from_now() -> None:
    found = report(policy(), state(), MONDAY)
    assert found.next_decision == _at(1)
    assert found.soak["elapsed"] == 0.0


def test_a_soak_that_no_calendar_ends_has_no_next_decision() -> None:
    endless = policy(steps=(Step(5, Soak(business_days=3_000_000)),))
    assert report(endless, state(), MONDAY).next_decision == ""


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.ABORTED, Phase.REVERTING, Phase.COMPLETE])
def test_what_does_not_go_on_by_itself_has_no_next_decision(phase: Phase) -> None:
    assert report(policy(), state(phase), MONDAY).next_decision == ""


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_has_a_reason_and_the_states_own_counts_first(phase: Phase) -> None:
    assert report(policy(), state(phase), MONDAY).reason
    assert report(policy(), state(phase, reason="because"), MONDAY).reason == "because"


def test_the_last_step_has_no_ceiling_after_it_and_a_pause_has_none() -> None:
    assert report(policy(), state(step=4, ceiling=20), MONDAY).next_ceiling is None
    assert report(policy(), state(step=1, ceiling=8), MONDAY).next_ceiling is None  # a pause follows


def test_effective_members_are_asked_for_the_groups_that_are_named() -> None:
    asked: list[int] = []

    def effective(number: int) -> int:
        asked.append(number)
        return 99

    groups = [standing(number, desired=9) for number in range(30)]
    found = with_groups(PLAIN, groups, effective)
    assert len(asked) == SHOWN
    assert {group.effective for group in found.held} == {99}


def test_large_groups_are_told_with_the_limits_of_others() -> None:
    found = with_groups(
        report(policy(), state(), MONDAY), [standing(desired=41_000, possible=41_000), standing(2, desired=9)]
    )
    assert found.warnings == {"CN=g1": f"41,000 of 50,000 ({LIMITS[50_000]})"}


def _text(pause: PauseReason, step: int) -> str:
    ramp = built_in(timedelta(minutes=30))
    return "\n".join(checklist(ramp, state(Phase.PAUSED, step, 100_000, pause=pause)))


def test_a_checklist_names_what_breaks_at_the_next_ceiling() -> None:
    told = _text(PauseReason.STEP, 2)  # before 150,000
    assert "a distribution group takes 100,000 members" in told
    for word in ("Licences", "Conditional Access", "Teams", "Provisioning", "Help desk", "moderation"):
        assert word in told
    small = "\n".join(checklist(policy(), state(Phase.PAUSED, 2, 8, pause=PauseReason.STEP)))
    assert "Licences" in small
    assert "Exchange" not in small
    assert "Teams" not in small


def test_a_checklist_looks_at_the_next_ceiling_and_not_at_the_one_that_is_reached() -> None:
    takes = "a distribution group takes 100,000 members"
    assert takes not in _text(PauseReason.MANUAL, 0)  # 100,000 comes next
    assert takes in _text(PauseReason.MANUAL, 1)  # behind a pause 150,000


def test_a_checklist_begins_with_why_the_ramp_stands() -> None:
    first = {pause: _text(pause, 0).partition("\n")[0] for pause in PauseReason}
    assert first[PauseReason.GATE].startswith("Gates: find out why the gate")
    assert "again and again" in first[PauseReason.FAILURES]
    assert first[PauseReason.MANUAL].startswith("Pause: ask whoever")
    assert first[PauseReason.STEP].startswith("Licences")


def test_only_a_paused_ramp_has_a_checklist() -> None:
    assert checklist(policy(), state()) == ()
    found = report(policy(), state(Phase.PAUSED, 2, 8, pause=PauseReason.STEP), MONDAY)
    assert (found.pause, bool(found.checklist)) == ("PauseStep", True)


def test_the_limits_of_the_checklist_are_those_that_are_known() -> None:
    assert {checklists.EXCHANGE, checklists.TEAMS, checklists.SENDERS} <= LIMITS.keys()


def test_a_failed_gate_keeps_its_sentence() -> None:
    found = report(policy(), state(judgements=(judgement(Verdict.FAILED, "1,300 s"),)), MONDAY)
    assert found.judgements[0]["sentence"] == "1,300 s"
