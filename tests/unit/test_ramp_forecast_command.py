"""``syncramp ramp forecast``: from a real store, and against what the engine then does."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.build import CLIENT, TENANT, group, guid, user, user_dn
from support.engine import Engine
from syncramp.cli import run
from syncramp.cycle.forecasting import foretold, terms_of
from syncramp.model.forecast import End, Forecast
from syncramp.model.ramps import Command, Order
from syncramp.spec.ramps import Admit, Metric, RampPolicy, Soak, Step, built_in_gates
from syncramp.spec.types import ApprovalMode, Mode

RUN = 7200.0
SOAK = Soak(timedelta(hours=5))
STEPS = (Step(4, SOAK), Step(7, Soak(timedelta(hours=10))), Step(None), Step(9, SOAK), Step(14, SOAK))
GROUPS = {501: 4, 502: 6, 503: 9, 504: 13, 505: 16}
"""Groups with so many members; the last one is beyond every ceiling."""
DOCUMENT = f"""\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: contoso, namespace: default}}
spec:
  mode: Staging
  target:
    tenantID: {TENANT}
    auth: {{clientSecret: {{clientID: {CLIENT}, secretKeyRef: {{name: entra}}}}}}
  sources:
  - name: corp
    ldif: {{path: corp.ldif}}
    scope:
    - {{dn: "DC=corp,DC=example,DC=com"}}
  groups:
    ramps:
    - name: small
      match: {{minMembers: 3}}
      steps: [{{ceiling: 4, soak: {{duration: 3h}}}}, {{pause: {{}}}}, {{ceiling: 14}}]
    - name: other
      match: {{minMembers: 2}}
"""


class Time:
    """A clock that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def _engine(path: Path, ramp: RampPolicy, groups: Mapping[int, int] = GROUPS) -> Engine:
    engine = Engine(path, clock=Time(1_772_409_600.0))
    engine.config = replace(engine.config, ramps=(ramp,), interval=timedelta(seconds=RUN))
    engine.source.add(*map(user, range(1, 17)), *map(group, groups))
    for number, size in groups.items():
        engine.source.members[guid(number)] = [user_dn(each) for each in range(1, size + 1)]
    return engine


def _ramp(admit: Admit, **others: object) -> RampPolicy:
    return RampPolicy("small", STEPS, (), min_members=3, admit=admit, **others)  # type: ignore[arg-type]


def _told(engine: Engine, **settings: float) -> Forecast:
    with engine.store() as store:
        told = foretold(store, engine.config, engine.clock(), settings.get("pauses", 3 * RUN))
    assert len(told.ramps) == 1
    return told.ramps[0]


def _lived(engine: Engine, runs: int) -> list[tuple[int, float]]:
    """Steps with their moments, as the history has them; a person promotes after three runs."""
    clock = engine.clock
    assert isinstance(clock, Time)
    since = clock.now
    for _ in range(runs):
        with engine.store() as store:
            rows = store.ramp_states.history("small")
            if rows[-1].what == "Paused" and clock.now - rows[-1].at == 3 * RUN:
                store.ramp_states.give(Order(Command.PROMOTE, "small", "Ann", clock.now))
        engine.run()
        clock.now += RUN
    with engine.store() as store:
        rows = store.ramp_states.history("small")
    return [
        (row.step + 1, row.at) for row in rows if row.at >= since and row.what in ("Promoted", "Skipped", "promote")
    ]


@pytest.mark.parametrize(
    ("ramp", "groups"),
    [
        (_ramp(Admit.WHOLE), GROUPS),
        (_ramp(Admit.WHOLE, groups_per_cycle=9), GROUPS),
        (_ramp(Admit.MEMBERS), GROUPS),
        (_ramp(Admit.MEMBERS, per_cycle=3), {501: 13}),
        (_ramp(Admit.MEMBERS, per_cycle=3, per_day=5), {501: 13}),
    ],
    ids=["whole", "many whole", "members", "members of three a run", "members of five a day"],
)
def test_a_ramp_goes_as_it_was_forecast(tmp_path: Path, ramp: RampPolicy, groups: Mapping[int, int]) -> None:
    engine = _engine(tmp_path / "state.db", ramp, groups)
    clock = engine.clock
    assert isinstance(clock, Time)
    for _ in range(2):  # everybody is created, and the ramp starts
        engine.run()
        clock.now += RUN
    told = _told(engine)
    assert told.end is End.COMPLETE
    lived = _lived(engine, int((told.at - clock.now) / RUN) + 1)
    assert [(step.step, step.begins) for step in told.steps[1:]] == lived
    with engine.store() as store:
        assert store.ramp_states.history("small")[-1].what == "Completed"
        assert store.ramp_states.history("small")[-1].at == told.at
        snapshot = store.snapshot()
        there = {size.dn: size.there for size in snapshot.sizes()}
    assert {one.dn: one.size for one in told.groups if one.whole} == {
        dn: size for dn, size in there.items() if size in (4, 6, 9, 13)
    }


def test_what_runs_measured_is_what_is_reckoned_with(tmp_path: Path) -> None:
    engine = _engine(tmp_path / "state.db", _ramp(Admit.MEMBERS))
    engine.run()
    with engine.store() as store:
        terms = terms_of(store, engine.config, engine.clock())
        told = foretold(store, engine.config, engine.clock(), 0.0)
    assert terms.latency.calls > 0
    assert "measured" in told.latency
    assert terms.cycle is not None


def test_a_run_tells_when_a_ramp_can_be_complete(tmp_path: Path) -> None:
    engine = _engine(tmp_path / "state.db", _ramp(Admit.WHOLE))
    clock = engine.clock
    assert isinstance(clock, Time)
    report, plan = engine.run()
    assert [ramp.eta for ramp in plan.ramps] == [ramp.eta for ramp in report.ramps]
    clock.now += RUN
    told = _told(engine, pauses=0.0)
    assert report.ramps[0].eta == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(told.at))


def test_what_a_forecast_cannot_know_is_told(tmp_path: Path) -> None:
    gates = tuple(gate for gate in built_in_gates(timedelta(minutes=30)) if gate.metric is Metric.REMOVAL_LATENCY)
    outside = replace(gates[0], metric=Metric.EXTERNAL, name="tickets")
    engine = _engine(tmp_path / "state.db", replace(_ramp(Admit.WHOLE), gates=(*gates, outside)))
    engine.run()
    changed = replace(engine.config, mode=Mode.STAGING, approval=ApprovalMode.MANUAL, max_members=15)
    with engine.store() as store:
        notes = foretold(store, changed, engine.clock(), 0.0).notes
    assert [note.partition(":")[0] for note in notes[:2]] == ["spec.mode is Staging", "spec.approval is Manual"]
    assert any("No removal was measured" in note for note in notes)
    assert any(note == "External gates are taken to pass: tickets." for note in notes)


def _command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def told(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["ramp", "forecast", str(tmp_path / "syncconfig.yaml"), *arguments])
        return code, *capsys.readouterr()

    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    return told


def test_without_a_store_the_command_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = _command(tmp_path, capsys)()
    assert code == 3
    assert "there is no store yet, so no group is known; make a run first; with spec.mode Staging it reads" in error


@pytest.mark.in_a_file("the command line is given a file")
def test_the_command_tells_dates_and_draws_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _command(tmp_path, capsys)
    _engine(tmp_path / ".syncramp" / "default.contoso.db", _ramp(Admit.WHOLE)).run()
    code, text, _ = told("--from", "2026-11-30T09:00Z", "--chart", str(tmp_path / "ramp.svg"))
    assert code == 0
    assert text.startswith("From 2026-11-30 09:00 UTC: a run every 30m00s, 24h00m for each pause\n")
    assert "Ramp small (Whole): 5 groups" in text
    assert "spec.mode is Staging" in text
    assert (tmp_path / "ramp.svg").exists()
    code, text, _ = told("--from", "2026-11-30", "--pauses", "3h30m", "-o", "json", "--ramp", "small")
    body = json.loads(text)
    assert (code, body["now"], body["pauses"]) == (0, "2026-11-30T00:00:00Z", 12_600.0)
    code, text, _ = told("--ramp", "other")
    assert (code, "No group follows a ramp." in text) == (0, True)


@pytest.mark.in_a_file("the command line is given a file")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("--from", "tomorrow"), "--from: 'tomorrow' is no date; write 2026-11-30"),
        (("--from", "0001-01-01"), "--from: '0001-01-01' is no date"),
        (("--pauses", "2 days"), "--pauses: '2 days' is no duration; write 24h or 30m"),
        (("--ramp", "smal"), "the document has no ramp smal; do you mean small?"),
        (("--chart", "ramp.pdf"), "--chart: ramp.pdf is neither .png nor .svg; name one of them"),
        (("--ramp", "other", "--chart", "ramp.png"), "--chart: no group follows a ramp; leave --chart out"),
    ],
)
def test_what_the_command_does_not_take_is_refused_with_a_remedy(
    arguments: tuple[str, ...], error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = _command(tmp_path, capsys)
    _engine(tmp_path / ".syncramp" / "default.contoso.db", _ramp(Admit.WHOLE)).run()
    code, _, found = told(*arguments)
    assert (code, error in found) == (3, True), found
