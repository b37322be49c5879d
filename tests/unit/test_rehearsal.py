"""What a rehearsal is made of: the made directory, a document divided by a number, and what must be told."""

import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import config
from support.ramped import state
from syncramp.cli import run
from syncramp.model.facts import Entry, Links, Proof
from syncramp.model.ramps import PauseReason, Phase
from syncramp.model.report import RunReport, Tally
from syncramp.rehearsal.course import Course, End, Group, Moment
from syncramp.rehearsal.document import SOURCE, least_of, rehearsed, slower, smaller
from syncramp.rehearsal.picture import chart_of
from syncramp.rehearsal.play import too_large
from syncramp.rehearsal.staff import DISABLED, ENABLED, MadeGroup, Staff, made_groups, person_dn
from syncramp.rehearsal.telling import moment_lines, worth_telling
from syncramp.rules.ruleset import Ruleset
from syncramp.simulator.latency import Latency
from syncramp.spec.ramps import built_in
from syncramp.words import count

WANTED = frozenset({"objectguid", "samaccountname", "useraccountcontrol", "member"})


def read(staff: Staff) -> tuple[dict[str, Entry], dict[str, set[str]]]:
    """Entries and members by DN."""
    entries: dict[bytes, Entry] = {}
    members: dict[str, set[str]] = {}
    facts = list(staff.read("made", WANTED))
    for fact in facts:
        if isinstance(fact, Entry):
            entries[fact.guid] = fact
        elif isinstance(fact, Links):
            members.setdefault(entries[fact.guid].dn, set()).update(fact.dns)
    proof = facts[-1]
    assert isinstance(proof, Proof) and proof.complete and proof.entries == proof.expected == len(entries)
    return {entry.dn: entry for entry in entries.values()}, members


@given(st.integers(60, 150), st.integers(0, 12), st.booleans())
def test_whoever_left_is_disabled_and_in_no_group_and_every_group_keeps_its_size(people, runs, grown) -> None:
    staff = Staff("made", people, made_groups(people, people // 5))
    if grown:
        staff.grow()
    left = {person_dn(number) for _ in range(runs) for number in staff.turn_over()}
    entries, members = read(staff)
    assert len(left) == len(staff.left) == runs
    for dn, entry in entries.items():
        if ",OU=People," in dn:
            assert entry.attributes["useraccountcontrol"] == (DISABLED if dn in left else ENABLED)
    for group in staff.groups:
        assert len(members.get(group.dn, ())) == staff.size(group)
        assert not members.get(group.dn, set()) & left
        assert members.get(group.dn, set()) <= entries.keys()


def test_a_directory_gives_what_is_asked_for_and_every_person_has_an_anchor_of_their_own() -> None:
    staff = Staff("made", 120, made_groups(120, 50))
    rules = Ruleset(rehearsed(config(), 1).sources[0].scopes, "mS-DS-ConsistencyGuid", SOURCE)
    entries = [fact for fact in staff.read("made", rules.wanted) if isinstance(fact, Entry)]
    assert all(entry.attributes.keys() <= rules.wanted and rules.in_scope(entry) for entry in entries)
    assert len({rules.anchor(entry) for entry in entries}) == len(entries)


def test_groups_of_the_second_day_are_not_there_on_the_first() -> None:
    staff = Staff("made", 100, [MadeGroup("Late", 0, 60)])
    assert MadeGroup("Late", 0, 60).dn not in read(staff)[0]
    staff.grow()
    assert len(read(staff)[1][MadeGroup("Late", 0, 60).dn]) == 60


def test_a_smaller_rehearsal_divides_sizes_and_leaves_what_is_measured_in_time() -> None:
    policy = built_in(timedelta(minutes=30))
    small = smaller(policy, 100)
    assert small.ceilings == (750, 1_000, 1_500, 2_000, 2_500)
    assert (small.min_members, small.per_cycle, small.per_day) == (500, 100, 500)
    assert [step.soak for step in small.steps] == [step.soak for step in policy.steps]
    assert small.gates == policy.gates
    links = 15_000
    full, part = Latency(0.3, 0.02, 0.001), slower(Latency(0.3, 0.02, 0.001), 100)
    assert full.seconds(30, links) - full.seconds(30, 0) == pytest.approx(part.seconds(0, links // 100) - part.call)


def test_a_rehearsal_keeps_ramps_and_limits_and_leaves_everything_that_leads_outside() -> None:
    document = replace(config(), ramps=(replace(built_in(timedelta(hours=1)), name="mine", built_in=False),))
    made = rehearsed(document, 50)
    assert [policy.name for policy in made.ramps] == ["mine", "built-in"]
    assert least_of(document, 50) == 1_000
    assert made.interval == document.interval and made.failsafe == document.failsafe
    assert [source.name for source in made.sources] == [SOURCE]
    assert rehearsed(document, 1).ramps == document.ramps


def moment(at: float = 1_000_000.0, *groups: Group, **others: object) -> Moment:
    report = RunReport(run=7, links=Tally(3, 3))
    values = {"states": {"large": state()}, "decided": (), "groups": groups, **others}
    return Moment(at, at + 60, report, **values)  # type: ignore[arg-type]


def test_a_group_above_its_ceiling_is_found() -> None:
    groups = [Group("A", 5, 9, "large", 5), Group("B", 6, 9, "large", 5), Group("C", 7, 9)]
    assert list(too_large(groups)) == ["B has 6 members, above its ceiling of 5"]


def test_only_groups_that_changed_are_told_again() -> None:
    before = moment(1.0, Group("A", 100, 200, "large", 150), Group("B", 50, 50, "large", 150))
    now = moment(2.0, Group("A", 150, 200, "large", 150), Group("B", 51, 50, "large", 150))
    told = list(moment_lines(now, before))
    assert told[1:] == ["    A 150 of 200"]
    assert worth_telling(moment(2e9, findings=["x"])) and not worth_telling(moment(2e9))


def test_a_chart_of_a_rehearsal_has_its_steps_pauses_and_holds() -> None:
    phases = [
        (0.0, state(Phase.GROWING, 0, 5)),
        (10.0, state(Phase.SOAKING, 0, 5, soaked_from=10.0)),
        (20.0, state(Phase.HOLDING, 0, 5, soaked_from=20.0)),
        (30.0, state(Phase.HOLDING, 0, 5, soaked_from=20.0)),
        (40.0, state(Phase.PAUSED, 1, 5, pause=PauseReason.STEP)),
        (50.0, state(Phase.GROWING, 2, 9)),
    ]
    groups = (Group("A", 4, 9, "large", 5), Group("B", 3, 3, "other", 5), Group("C", 1, 1))
    moments = [moment(at, *groups, states={"large": each}) for at, each in phases]
    made = chart_of(Course(End.COMPLETE, "", moments, ramps=("large",), people=10), "a/b")
    assert made is not None
    assert [(step.step, step.begins, step.ends, step.pause) for step in made.steps] == [
        (1, 0.0, 40.0, False),
        (2, 40.0, 50.0, True),
        (3, 50.0, None, False),
    ]
    assert made.steps[0].grown == 10.0
    assert list(made.held) == [(20.0, 40.0)]
    assert [point.largest for point in made.points] == [4] * 6
    assert list(made.others) == ["B"]
    assert chart_of(Course(End.LATE, "", moments), "a/b") is None


@pytest.mark.parametrize(("number", "told"), [(1, "1 day"), (30, "30 days")])
def test_days_are_counted_as_people_write_them(number: int, told: str) -> None:
    assert count(number, "day") == told
    assert count(2, "entry") == "2 entries"


def test_without_the_simulator_a_rehearsal_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "syncramp.simulator.server", None)
    assert run(["ramp", "rehearse", "nothing.yaml"]) == 1
    assert "pip install 'syncramp[simulator]'" in capsys.readouterr().err


@pytest.mark.parametrize("largest", [1, 7, 20, 500, 1_000, 250_000])
def test_no_made_group_is_larger_than_a_group_may_be(largest: int) -> None:
    groups = made_groups(largest, max(1, largest // 5))
    assert max(max(each.first, each.later) for each in groups) <= largest
    assert next(each for each in groups if each.name == "All Staff").later >= largest - largest // 250
