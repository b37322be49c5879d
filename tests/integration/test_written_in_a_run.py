"""A run as the operator makes it, a process of its own, in both directions: what a SyncRun says of it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.run_cases import config, run, stepped
from support.samba import Samba, requires_samba
from support.schemas import refused
from support.status_check import check_status
from support.walk import PATIENCE
from support.written import Written, written
from syncramp.spec.schema import RUN, schema
from syncramp_operator.runs.run_end import Outcome, RunPhase
from syncramp_operator.status.facts import Facts

RUNNER = (sys.executable, "-P", "-m", "syncramp_operator.runner", "--run", "default/walk-1")
ASKED = {"groups": {"source": "corp"}}


@pytest.fixture
def scene(domain: Samba, tmp_path: Path) -> Iterator[Written]:
    with written(domain, tmp_path) as made:
        made.written["ramp"] = {"steps": [{"ceiling": 1}, {"pause": {}}, {"ceiling": 250_000}]}
        made.given_synchronised("ann", "bob")
        made.given_group("Sales", "ann", "bob", made.portal.add_guest("eve@elsewhere.example"))
        yield made


def made(scene: Written, *more: str) -> Outcome:
    """One run."""
    scene.write()
    words = [
        "--document",
        str(scene.document),
        "--secrets",
        str(scene.folder / "secrets"),
        "--state",
        str(scene.state),
    ]
    done = subprocess.run([*RUNNER, *words, *more], capture_output=True, text=True, timeout=PATIENCE)
    outcome = Outcome.of_line(done.stdout.splitlines()[-1])
    assert outcome is not None and "Traceback" not in done.stderr, done
    assert refused(outcome.told, schema(RUN)["properties"]["status"]) == []
    return outcome


def conditions(outcome: Outcome) -> dict[str, Any]:
    status = {name: value for name, value in outcome.told.items() if name != "number"}
    told = run(2, outcome.phase.value, reason=outcome.reason, message=outcome.message, **status)
    return check_status(stepped(config(writeback=ASKED), Facts(runs=[told])))


@requires_samba
def test_a_run_tells_both_directions_and_what_the_ramp_of_the_directory_decided(scene: Written) -> None:
    planned = made(scene, "--plan")
    assert f"Create Group CN={scene.mark('Sales')}".lower() in planned.told["plan"].lower()
    assert scene.found("Sales") is None, "a plan writes nothing"
    outcome = made(scene)
    there = outcome.told["writeback"]
    assert (outcome.phase, there["groups"], there["members"]) == (RunPhase.INCOMPLETE, 1, 1)
    assert there["container"] == scene.container and there["links"]["held"] == 1
    assert there["unwritable"] == [{"reason": "Guest", "count": 1}]
    (ramp,) = [each for each in outcome.told["ramps"] if each["direction"] == "Directory"]
    assert (ramp["name"], ramp["ceiling"]) == ("writeback", 1)
    assert [each["what"] for each in ramp["decisions"]] == ["Started"]
    found = conditions(outcome)
    assert (found["WritebackReady"]["status"], found["Ready"]["status"]) == ("True", "True"), "the ramp may wait"


@requires_samba
def test_a_directory_that_refuses_the_writer_fails_its_direction_and_nothing_else(scene: Written) -> None:
    (scene.folder / "secrets" / "corp-writer" / "password").write_text("Nobody-knows-this")
    scene.given_people("cid")
    outcome = made(scene)
    assert outcome.phase is RunPhase.INCOMPLETE and outcome.told["objects"]["acknowledged"] == 1
    failure = outcome.told["writeback"]["failure"]
    assert (failure["reason"], failure["family"]) == ("CredentialsInvalid", "Stalled")
    assert "Nobody-knows-this" not in json.dumps(outcome.told)
    found = conditions(outcome)
    assert (found["Ready"]["status"], found["Ready"]["reason"]) == ("False", "CredentialsInvalid")
    assert found["WritebackReady"]["status"] == "False" and "Stalled" not in found
