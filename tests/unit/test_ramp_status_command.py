"""``syncramp ramp status`` and ``history`` on a store that an engine made: from the store alone."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from support.build import TENANT, group, guid, user, user_dn
from support.engine import Engine
from support.ramped import STEPS, policy
from syncramp.cli import run
from syncramp.model.ramps import Command, Order
from syncramp.spec.ramps import Admit, RampPolicy
from syncramp.spec.types import Mode

DOCUMENT = f"""\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: contoso}}
spec:
  target:
    tenantID: {TENANT}
    auth: {{clientSecret: {{clientID: {TENANT}, secretKeyRef: {{name: entra}}}}}}
  sources:
  - name: corp
    ldif: {{path: corp.ldif}}
    scope:
    - {{dn: "DC=corp,DC=example,DC=com"}}
"""


pytestmark = pytest.mark.in_a_file("the command line is given a file")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Nine people in one group that follows a ramp; the document beside it knows none."""
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    engine = Engine(tmp_path / "state.db")
    engine.source.add(*map(user, range(1, 10)), group(90))
    engine.source.members[guid(90)] = [user_dn(number) for number in range(1, 10)]
    _follow(engine, policy(admit=Admit.MEMBERS))
    return engine


def _follow(engine: Engine, *ramps: RampPolicy) -> None:
    engine.config = replace(engine.config, ramps=ramps)


class Typed:
    """Commands on the store of an engine."""

    def __init__(self, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder, self._capsys = engine.path.parent, capsys
        self.errors = ""

    def __call__(self, command: str, *options: str) -> tuple[str, int]:
        document = str(self._folder / "syncconfig.yaml")
        code = run(["ramp", command, document, *options, "--state", str(self._folder / "state.db")])
        told = self._capsys.readouterr()
        self.errors = told.err
        return told.out, code

    def json(self, command: str, *options: str) -> Mapping[str, object]:
        told: Mapping[str, object] = json.loads(self(command, *options, "-o", "json")[0])
        return told


@pytest.fixture
def typed(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(engine, capsys)


def test_before_the_first_run_nothing_is_known(engine: Engine, typed: Typed) -> None:
    assert typed("status") == ("No run has told of ramps yet; syncramp plan shows what they would do.\n", 2)
    assert typed("history") == ("Nothing was decided yet.\n", 0)
    assert typed.json("status") == {"version": 1, "run": None, "at": None, "ramps": [], "orders": [], "changes": {}}
    assert not engine.path.exists()


def test_the_status_tells_what_the_last_run_left_and_what_was_said_since(engine: Engine, typed: Typed) -> None:
    engine.run()
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PAUSE, "large", "ada", 60.0))
    text, code = typed("status")
    assert code == 0
    assert text.startswith("Ramp large (Members): Growing at 5, step 1 of 5 up to 20\n")
    assert "  asked          pause by ada at 1970-01-01 00:01:00 UTC; the next run follows it\n" in text
    assert "  waiting        4 memberships wait in 1 of 1 group\n" in text
    assert "As of run 1 of 1970-01-01 00:00:00 UTC" in text
    assert "  next run       the document does not have it any more" in text  # the one beside the store has no ramp


def test_a_ramp_that_waits_for_a_person_ends_with_another_code(engine: Engine, typed: Typed) -> None:
    _follow(engine, policy(admit=Admit.MEMBERS, steps=(STEPS[0], STEPS[2], STEPS[3])))
    engine.run()
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PROMOTE, "large", "ada", 60.0))
    engine.run()
    text, code = typed("status")
    assert code == 2
    assert "Paused (PauseStep) at 5" in text
    assert "  look at        Licences: " in text
    assert " large (goes on)\n" in text


def test_the_history_tells_the_newest_decisions_the_oldest_first(engine: Engine, typed: Typed) -> None:
    engine.run()
    with engine.store() as store:
        store.ramp_states.give(Order(Command.PAUSE, "large", "ada", 60.0))
    engine.run()
    told = [each["what"] for each in typed.json("history")["decisions"]]
    assert told[0] == "Started"
    assert told[-1] == "pause"
    assert [each["what"] for each in typed.json("history", "large", "--last", "1")["decisions"]] == ["pause"]
    assert typed.json("history", "built-in")["decisions"] == []
    assert "large: pause by ada at step 1, ceiling 5" in typed("history")[0]


def test_a_ramp_that_nobody_knows_is_refused_with_the_one_that_may_be_meant(typed: Typed) -> None:
    assert typed("history", "buildin") == ("", 3)
    assert "do you mean built-in?" in typed.errors


def test_a_plan_and_a_staging_run_change_no_state(engine: Engine, typed: Typed) -> None:
    engine.config = replace(engine.config, mode=Mode.STAGING)
    engine.run()
    assert typed.json("history")["decisions"] == []
    assert typed("status")[0].startswith("Ramp large (Members): Growing at 5")


def test_a_store_of_another_tenant_is_refused(engine: Engine, typed: Typed) -> None:
    engine.run()
    document = engine.path.parent / "syncconfig.yaml"
    document.write_text(DOCUMENT.replace(f"tenantID: {TENANT}", "tenantID: 00000000-0000-4000-8000-000000000001"))
    assert typed("status")[1] == 1
