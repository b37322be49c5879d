"""``syncramp ramp suggest --writeback``: a ramp that fits the groups of a directory, and is accepted as printed."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from support.documents import changed, findings
from support.tenant_model import SECURITY, Tenant
from support.written_back import DOCUMENT
from support.written_engine import WrittenEngine, policy, written_back
from syncramp.check import load
from syncramp.cli import run
from syncramp.model.forecast import End, Foretold
from syncramp.ramp.expected import Terms
from syncramp.ramp.forecast import forecast
from syncramp.ramp.growth import Counted
from syncramp.ramp.latency import DIRECTORY, LatencyModel
from syncramp.ramp.written_suggestion import WrittenSuggestion, suggest_written
from syncramp.report.suggestion import written_lines
from syncramp.spec.policies import steps_of
from syncramp.spec.ramps import Admit, Gate, Metric, built_in_writeback
from syncramp.spec.types import GroupKind, WriteBudget
from syncramp.spec.writeback import ramp_over
from syncramp.store.places import beside

Told = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.in_a_file("the command line is given a file")
RAMP = built_in_writeback()
TERMS = Terms(
    interval=1800.0,
    next_run=1_796_029_200.0,
    writes=WriteBudget(10**9, 100, 10**9),
    latency=DIRECTORY,
    per_call=500,
    objects_per_call=1,
    parallel=1,
    least_calls=1,
)
SLOW = LatencyModel(0.1, 0.0008, 1.2, 500, 500, 500)
"""The slowest of 20 full requests takes 600 ms, of 250 members 360 ms."""
STUCK = replace(SLOW, call=5.0)
"""Six seconds, however small."""


def _group(size: int, there: int = 0, admit: Admit = Admit.MEMBERS) -> Counted:
    return Counted(f"CN=g{size}", admit, there, size - there, 250_000)


def _made(*groups: Counted, terms: Terms = TERMS) -> WrittenSuggestion:
    return suggest_written(groups, RAMP, terms)


def _ceilings(*groups: Counted) -> list[int | None]:
    return [step.ceiling for step in _made(*groups).policy.steps]


def test_the_last_ceiling_is_just_above_the_largest_group_where_that_is_large() -> None:
    assert _ceilings(_group(31_000)) == [1_400, 4_900, None, 25_000, 32_000]
    assert _ceilings(_group(249_000)) == [1_400, 4_900, None, 25_000, 50_000, None, 100_000, 250_000]
    assert _ceilings(_group(4_950)) == [1_400, 4_900, None, 5_100]
    assert _ceilings(_group(1_450)) == [1_400, 4_900]
    assert _ceilings(_group(0)) == _ceilings(_group(1_390)) == [1_400]


def test_a_step_at_which_nobody_grows_is_left_out_and_so_is_a_pause() -> None:
    assert _ceilings(_group(30_000, 30_000)) == [31_000], "it is whole, and newcomers find room"
    assert _ceilings(_group(30_000, 30_000), _group(900)) == [1_400, 31_000]
    assert _ceilings(_group(60_000, 26_000)) == [None, 50_000, None, 62_000]
    assert _ceilings(_group(80, admit=Admit.WHOLE), _group(3_000, admit=Admit.WHOLE)) == [1_400, 4_900]
    assert _ceilings(_group(8_000, admit=Admit.WHOLE)) == [None, 8_200]


def test_each_step_says_who_grows_with_it_and_which_limit_it_keeps_to() -> None:
    made = _made(_group(900), _group(1_200), _group(31_000), _group(6_000, 6_000))
    assert made.steps[0].startswith("for 2 groups of 900 to 1,200 members; 1 group would have more and grow up to it")
    assert "just below 1,500 (values that Active Directory answers at once" in made.steps[0]
    assert "just below 5,000" in made.steps[1]
    assert made.steps[2:] == [
        "1 group would have more than 4,900: a person looks who reads them",
        "1 group would have more and grow up to it",
        "for 1 group of 31,000 members",
    ]
    assert made.policy.steps[-1].soak.duration == timedelta(hours=48)
    assert _made(_group(9_000, 9_000)).steps == ["nobody grows; newcomers find room"]


def test_requests_carry_less_where_a_controller_was_measured_to_be_slow() -> None:
    def values(latency: LatencyModel, *gates: Gate) -> int:
        terms = replace(TERMS, latency=latency)
        return suggest_written([_group(9)], replace(RAMP, gates=gates or RAMP.gates), terms).values

    assert values(DIRECTORY) == 500
    assert values(SLOW) == 250
    assert values(replace(SLOW, tail=0.9)) == 250, "450 ms are near 500"
    assert values(replace(SLOW, calls=19)) == 500, "too little was measured"
    assert values(SLOW, Gate(Metric.AD_LATENCY, None, None)) == 250, "a gate that never holds: by the usual limit"
    assert values(SLOW, Gate(Metric.AD_LATENCY, Decimal(2), None)) == 500
    assert values(STUCK) == 50
    modify = _made(_group(9), terms=replace(TERMS, latency=SLOW)).modify
    assert modify == (
        "of 20 requests of so many members the slowest takes 360ms, and ADModifyLatencyP95 holds at 500ms"
    )


def test_a_run_writes_for_half_of_the_time_at_which_the_gate_of_its_share_holds() -> None:
    assert (_made(_group(9)).policy.per_cycle, _made(_group(9)).policy.per_day) == (5_000, 100_000)
    stuck = _made(_group(9), terms=replace(TERMS, latency=STUCK))
    assert stuck.policy.per_cycle == 2_200  # 270 seconds: 44 requests of 50 members, each of six seconds
    assert "15% of the interval" in stuck.amount


def test_gates_and_what_the_site_links_ask_for_stay() -> None:
    far = ramp_over(RAMP, timedelta(hours=30))
    made = suggest_written([_group(900)], far, TERMS).policy
    assert (made.gates, made.least_soak) == (far.gates, timedelta(hours=60))


BOTH = yaml.safe_load(DOCUMENT)
GROUPS = st.lists(
    st.builds(
        lambda size, part, admit: _group(size, size * part // 4, admit),
        st.integers(0, 250_000),
        st.integers(0, 4),
        st.sampled_from([Admit.MEMBERS, Admit.WHOLE]),
    ),
    min_size=1,
    max_size=30,
)


@given(GROUPS, st.sampled_from([DIRECTORY, SLOW]))
def test_every_suggestion_is_accepted_as_it_is_printed_and_makes_every_group_whole(
    groups: list[Counted], latency: LatencyModel
) -> None:
    made = _made(*groups, terms=replace(TERMS, latency=latency))
    ceilings = list(made.policy.ceilings)
    assert ceilings == sorted(set(ceilings)) and ceilings[-1] >= max(group.size for group in groups)
    assert made.policy.steps[-1].ceiling is not None
    told = Foretold("a/b", 0.0, 1800.0, 0.0, "", 0.0, 500, [])
    printed = yaml.safe_load("\n".join(written_lines(made, told, groups, written_back(RAMP))))
    ramp = printed["writeback"]["groups"]["ramp"]
    assert findings(changed(BOTH, {"spec.writeback.groups.ramp": ramp})) == []
    assert steps_of(ramp, ()) == made.policy.steps and ramp["budget"]["perCycle"] == made.policy.per_cycle
    assert forecast(made.policy, None, "digest", groups, TERMS, TERMS.next_run).end is End.COMPLETE


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """The command, on the ledger of a Microsoft 365 group of three, one of whom is there, and a security group."""
    now = time.time()
    made = WrittenEngine(tmp_path / ".syncramp" / "default.contoso.db", cloud=Tenant(), clock=lambda: now)
    ramp = policy(1, 2, 3, admit=Admit.MEMBERS)
    made.config = replace(made.config, writeback=written_back(ramp, kinds=frozenset(GroupKind)))
    made.employ(1, 2, 3)
    made.settle_back()
    made.tenant.given(7, made.cloud_anchors(1, 2, 3))
    made.tenant.given(8, made.cloud_anchors(1, 2), **SECURITY, groupTypes=())
    made.run()
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)

    def command(*options: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["ramp", "suggest", str(tmp_path / "syncconfig.yaml"), *options])
        return int(code), *capsys.readouterr()

    return command


def test_the_command_prints_the_ramp_at_its_place_in_the_document_and_its_forecast(
    told: Told, tmp_path: Path
) -> None:
    code, text, error = told("--writeback", "--from", "2026-11-30")
    assert code == 0, error
    assert text.startswith("# For 2 written-back groups, the largest of 3; paste what is in ramp into yours: ")
    assert "# Ramp writeback (Members): 2 groups, 4 members to come" in text
    assert "# Complete, " in text
    document = yaml.safe_load(DOCUMENT)
    document["spec"]["writeback"]["groups"]["ramp"] = yaml.safe_load(text)["writeback"]["groups"]["ramp"]
    (tmp_path / "pasted.yaml").write_text(yaml.safe_dump(document))
    pasted = load(str(tmp_path / "pasted.yaml")).writeback
    assert pasted is not None and pasted.ramp.ceilings == (1_400,) and pasted.creates_per_cycle == 100
    body = json.loads(told("--writeback", "--from", "2026-11-30", "-o", "json")[1])
    assert body["writeback"]["groups"]["ramp"]["steps"] == [{"ceiling": 1_400, "soak": {"duration": "24h"}}]
    (ramp,) = body["forecast"]["ramps"]
    assert ramp["end"] == "Complete" and [step["ceiling"] for step in ramp["steps"]] == [1_400]
    assert len(body["why"]["steps"]) == 1


def test_the_forecast_is_one_of_what_is_suggested_not_of_what_the_document_has(told: Told, tmp_path: Path) -> None:
    text = DOCUMENT + "      ramp: {valuesPerModify: 7, steps: [{ceiling: 2}, {ceiling: 1000}, {ceiling: 2000}]}\n"
    (tmp_path / "syncconfig.yaml").write_text(text)
    forecast = json.loads(told("--writeback", "-o", "json")[1])["forecast"]
    assert forecast["per_call"] == 500
    assert [step["ceiling"] for step in forecast["ramps"][0]["steps"]] == [1_400]


@pytest.mark.parametrize("option", [("--admit", "Whole"), ("--min-members", "50000")])
def test_what_chooses_groups_in_the_cloud_is_refused(told: Told, option: tuple[str, str]) -> None:
    code, _, error = told("--writeback", *option)
    assert code == 3 and f"{option[0]}: written-back groups have one ramp for all sizes" in error


def test_without_groups_without_a_ledger_and_without_writeback_there_is_no_suggestion(
    told: Told, tmp_path: Path
) -> None:
    made = WrittenEngine(tmp_path / "empty.db", cloud=Tenant())
    made.employ(1)
    made.settle_back()
    code, _, error = told("--writeback", "--state", str(tmp_path / "empty.db"))
    assert code == 3 and "no group is written back; kinds and match" in error
    beside(made.path).unlink()
    code, _, error = told("--writeback", "--state", str(tmp_path / "empty.db"))
    assert code == 3 and "no run has looked at the directory" in error
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT.partition("  writeback:")[0])
    code, _, error = told("--writeback")
    assert code == 3 and "the document has no spec.writeback" in error
