"""``syncramp ramp suggest``: policies that fit groups, with reasons, and that are accepted as they are printed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support import build
from support.build import group, guid, user, user_dn
from support.documents import findings, minimal
from support.engine import Engine
from syncramp.check import load
from syncramp.cli import run
from syncramp.model.forecast import End, Foretold
from syncramp.ramp.expected import Terms
from syncramp.ramp.forecast import forecast
from syncramp.ramp.growth import Counted
from syncramp.ramp.latency import LatencyModel
from syncramp.ramp.suggestion import Large, ramped, suggest
from syncramp.report.suggestion import suggestion_lines
from syncramp.spec.policies import policies
from syncramp.spec.ramps import Admit, Metric, Soak
from syncramp.spec.types import WriteBudget

TERMS = Terms(interval=1800.0, next_run=1_796_029_200.0)
MEASURED = LatencyModel(2.0, 0.004, 1.25, 500, 15_000)
"""A full call takes 62 seconds, the slowest of 20 takes 77."""
DOCUMENT = build.DOCUMENT.replace("spec:", "spec:\n  mode: Staging")


def _ceilings(admit: Admit, *groups: Large, terms: Terms = TERMS) -> list[int | None]:
    return [step.ceiling for step in suggest(groups, admit, 50_000, 250_000, terms).policy.steps]


def test_whole_groups_of_about_one_size_come_with_one_step() -> None:
    sizes = (60_000, 61_500, 70_000, 120_000, 240_000)
    assert _ceilings(Admit.WHOLE, *(Large(size, 0) for size in sizes)) == [72_000, 123_000, 245_000]


def test_a_step_stays_just_below_a_limit_of_others_where_it_can() -> None:
    assert _ceilings(Admit.WHOLE, Large(98_500, 0)) == [99_000]
    assert _ceilings(Admit.WHOLE, Large(99_500, 0)) == [100_000]
    assert _ceilings(Admit.WHOLE, Large(90_000, 0), Large(105_000, 0)) == [92_000, 108_000]
    assert _ceilings(Admit.WHOLE, Large(249_000, 0)) == [250_000]


def test_groups_that_come_bit_by_bit_climb_by_half_and_rest_below_the_limits() -> None:
    assert _ceilings(Admit.MEMBERS, Large(230_000, 50_000)) == [75_000, 99_000, 149_000, 224_000, 235_000]
    assert _ceilings(Admit.MEMBERS, Large(60_000, 0), Large(230_000, 0))[0] == 75_000
    assert _ceilings(Admit.MEMBERS, Large(80_000, 80_000), Large(104_000, 80_000)) == [99_000, 107_000]
    assert _ceilings(Admit.MEMBERS, Large(50_000, 50_000)) == [50_000]


def test_a_person_looks_at_mail_enabled_groups_before_they_come_to_the_limit_of_exchange() -> None:
    mail = (Large(90_000, 0, mail_enabled=True), Large(150_000, 0))
    made = suggest(mail, Admit.WHOLE, 50_000, 250_000, TERMS)
    assert [step.ceiling for step in made.policy.steps] == [92_000, None, 153_000]
    assert "1 mail-enabled group near 100,000" in made.steps[1]
    assert None not in _ceilings(Admit.WHOLE, Large(60_000, 0, mail_enabled=True), Large(150_000, 0))


def test_mail_enabled_groups_end_at_the_limit_of_exchange() -> None:
    large = Large(180_000, 0, mail_enabled=True)
    assert ramped([large], Admit.WHOLE, 250_000) == []
    assert _ceilings(Admit.MEMBERS, large)[-1] == 100_000
    assert _ceilings(Admit.WHOLE, large, Large(120_000, 0)) == [None, 123_000]


def test_a_soak_grows_with_the_ceiling() -> None:
    made = suggest([Large(size, 0) for size in (60_000, 120_000, 240_000)], Admit.WHOLE, 50_000, 250_000, TERMS)
    assert [step.soak for step in made.policy.steps] == [
        Soak(timedelta(hours=24), business_days=1),
        Soak(timedelta(hours=48), business_days=1),
        Soak(timedelta(hours=72), business_days=2),
    ]


def test_a_run_fills_as_many_groups_as_half_an_interval_has_time_for() -> None:
    made = suggest([Large(60_000, 0)], Admit.WHOLE, 50_000, 250_000, TERMS)
    assert made.policy.groups_per_cycle == 7  # 128 seconds each, of 900
    assert "filling the largest takes about 128s, and a run lasts 30m00s" in made.amount
    slow = replace(TERMS, writes=WriteBudget(share=1))
    made = suggest([Large(60_000, 0)], Admit.WHOLE, 50_000, 250_000, slow)
    assert made.policy.groups_per_cycle == 1
    assert "it never can; raise spec.interval or writes.linksPerFiveMinutes" in made.amount


def test_a_budget_leaves_time_in_the_interval_and_room_in_the_throttle() -> None:
    def budget(**terms: object) -> int:
        return suggest([Large(60_000, 0)], Admit.MEMBERS, 50_000, 250_000, replace(TERMS, **terms)).policy.per_cycle

    assert budget() == 37_000  # half of 75,000 links in five minutes
    assert budget(writes=WriteBudget(links_per_five_minutes=20_000)) == 5_000
    assert budget(interval=300.0, latency=MEASURED) == 14_000  # 75 seconds


def test_a_gate_is_loosened_only_by_what_was_measured() -> None:
    assert suggest([Large(60_000, 0)], Admit.WHOLE, 50_000, 250_000, TERMS).gates == {}
    made = suggest([Large(60_000, 0)], Admit.WHOLE, 50_000, 250_000, replace(TERMS, latency=MEASURED))
    assert list(made.gates) == [Metric.EXPORT_LATENCY_P95]
    gate = next(gate for gate in made.policy.gates if gate.metric is Metric.EXPORT_LATENCY_P95)
    assert (gate.hold, gate.abort) == (120, 360)
    unsure = replace(TERMS, latency=replace(MEASURED, calls=19))
    assert suggest([Large(60_000, 0)], Admit.WHOLE, 50_000, 250_000, unsure).gates == {}


GROUPS = st.lists(
    st.builds(Large, st.integers(50_000, 260_000), st.integers(0, 50_000), mail_enabled=st.booleans()),
    min_size=1,
    max_size=30,
)


@given(GROUPS, st.sampled_from([Admit.WHOLE, Admit.MEMBERS]), st.sampled_from([LatencyModel(), MEASURED]))
def test_every_suggestion_is_accepted_as_it_is_printed_and_ends(
    groups: list[Large], admit: Admit, latency: LatencyModel
) -> None:
    helped = ramped(groups, admit, 250_000)
    if not helped:
        return
    terms = replace(TERMS, latency=latency)
    made = suggest(groups, admit, 50_000, 250_000, terms)
    ceilings = list(made.policy.ceilings)
    assert ceilings == sorted(set(ceilings))
    assert ceilings[-1] >= helped[-1].size
    assert len(ceilings) <= 12
    if admit is Admit.WHOLE:
        for below, ceiling in zip([0, *ceilings], ceilings, strict=False):
            assert any(below < group.size <= ceiling for group in helped)
    told = Foretold("a/b", 0.0, 1800.0, 0.0, "", 0.0, 15_000, [])
    printed = yaml.safe_load("\n".join(suggestion_lines(made, told, groups)))
    assert findings(minimal() | {"spec": minimal()["spec"] | printed}) == []
    counted = [
        Counted("CN=g", admit, 0, group.size, 250_000, mail=100_000 if group.mail_enabled else None)
        for group in groups
    ]
    ended = forecast(made.policy, None, "digest", counted, terms, TERMS.next_run)
    assert ended.end is End.COMPLETE or latency is MEASURED


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command, on a store with groups of 4, 6 and 13 members."""
    engine = Engine(tmp_path / ".syncramp" / "default.contoso.db", clock=lambda: 1_772_409_600.0)
    engine.source.add(*map(user, range(1, 14)), group(501), group(502), group(503))
    for number, size in ((501, 4), (502, 6), (503, 13)):
        engine.source.members[guid(number)] = [user_dn(each) for each in range(1, size + 1)]
    engine.run()
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        return run(["ramp", "suggest", str(tmp_path / "syncconfig.yaml"), *arguments]), *capsys.readouterr()

    return command


@pytest.mark.in_a_file("the command line is given a file")
@pytest.mark.parametrize("admit", ["Whole", "Members"])
def test_what_the_command_prints_is_the_policy_of_a_document(
    told: Callable[..., tuple[int, str, str]], admit: str, tmp_path: Path
) -> None:
    code, text, _ = told("--min-members", "4", "--admit", admit, "--from", "2026-11-30")
    assert code == 0
    assert text.startswith("# For 3 groups of 4 members or more, the largest of 13; paste it below spec.\n")
    assert "# What it is expected to do:\n# From 2026-11-30 00:00 UTC" in text
    (tmp_path / "pasted.yaml").write_text(DOCUMENT + "".join(f"  {line}\n" for line in text.splitlines()))
    policy = policies(load(str(tmp_path / "pasted.yaml")))[0]
    assert (policy.name, policy.admit, policy.min_members) == ("large-groups", admit, 4)
    body = json.loads(told("--min-members", "4", "--admit", admit, "--from", "2026-11-30", "-o", "json")[1])
    assert body["groups"]["ramps"][0]["steps"][-1]["ceiling"] == policy.target
    assert len(body["why"]["steps"]) == len(policy.steps)
    assert body["forecast"]["ramps"][0]["end"] == "Complete"


@pytest.mark.in_a_file("the command line is given a file")
def test_a_document_without_large_groups_gets_no_suggestion(told: Callable[..., tuple[int, str, str]]) -> None:
    code, _, error = told()
    assert code == 3
    assert "no group has 50,000 members: the largest has 13; nothing need grow step by step" in error
