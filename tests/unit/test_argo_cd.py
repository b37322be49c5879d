"""The health check for Argo CD, run as Lua on statuses that the operator makes."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lupa import LuaRuntime

from support.pages import section
from support.run_cases import change, config, failed, hold, ramp, run, stepped, tally
from syncramp.check import Finding
from syncramp.errors import Stalled
from syncramp_operator.status.facts import Facts

ROOT = Path(__file__).parents[2]
KEY = "resource.customizations.health.syncramp.io_SyncConfig"
CHECK = yaml.safe_load((ROOT / "examples/15-argo-cd/argocd-cm.yaml").read_text(encoding="utf-8"))["data"][KEY]
HEALTHS = {"Healthy", "Progressing", "Degraded", "Suspended"}

Object = dict[str, Any]


def health(body: Object) -> tuple[str, str]:
    """What Argo CD makes of it: its health, and the message."""
    lua = LuaRuntime()

    def given_to(value: Any) -> Any:
        if isinstance(value, dict):
            return lua.table_from({key: given_to(each) for key, each in value.items()})
        return lua.table_from([given_to(each) for each in value]) if isinstance(value, list) else value

    lua.globals().obj = given_to(body)
    found = lua.execute(CHECK)
    return found.status, found.message


def conditions(body: Object) -> dict[str, str]:
    return {each["type"]: each["status"] for each in body["status"]["conditions"]}


def seen(*runs: Object, generation: int = 1, **spec: Any) -> Object:
    """A SyncConfig after one step of the operator."""
    return stepped(config(generation, **spec), Facts(runs=runs))


WAITING = [{"class": "Deletes", "digest": "0" * 32, "count": 3, "reason": "TooManyDeletes"}]
HELD = {"objects": tally(3, held=3), "holds": [hold("TooManyDeletes", 3)], "waiting": WAITING}


def test_each_health_is_that_of_a_status_the_operator_makes() -> None:
    assert health(config())[0] == "Progressing"
    assert health(seen())[0] == "Progressing"
    assert health(seen(run()))[0] == "Healthy"
    assert health(seen(run(), generation=2))[0] == "Progressing"
    assert health(seen(run(1, "Incomplete", changes=[change("Delete", 3, 0)], **HELD)))[0] == "Suspended"
    assert health(seen(failed(1, "SourceUnavailable", "Retry")))[0] == "Degraded"
    assert health(seen(failed(1, "CredentialsInvalid", "Stalled")))[0] == "Degraded"
    assert health(seen(run(), suspend=True))[0] == "Suspended"
    assert health(seen(failed(1, "CredentialsInvalid", "Stalled"), suspend=True))[0] == "Degraded"


def test_a_status_of_an_older_generation_says_nothing() -> None:
    body = seen(run())
    body["metadata"]["generation"] += 1
    assert health(body)[0] == "Progressing"


PHASES = st.sampled_from(["Pending", "Running", "Succeeded", "Incomplete", "Failed", "Cancelled"])
FAILURES = st.sampled_from(
    [("SourceUnavailable", "Retry"), ("TenantHeld", "Waiting"), ("CredentialsInvalid", "Stalled")]
)
RAMPS = st.lists(st.sampled_from(["Growing", "Soaking", "Holding", "Paused", "Aborted", "Complete"]), max_size=2)


@st.composite
def bodies(draw: st.DrawFn) -> Object:
    """Any SyncConfig after a step."""
    made = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        phase, ago = draw(PHASES), timedelta(minutes=60 - number)
        told: Object = {"ramps": [ramp(f"r{at}", each) for at, each in enumerate(draw(RAMPS))]}
        if draw(st.booleans()):
            told |= HELD
        if phase == "Failed":
            reason, family = draw(FAILURES)
            made.append(failed(number, reason, family, ago=ago))
        else:
            made.append(run(number, phase, mode=draw(st.sampled_from(["Plan", "Staging", "Sync"])), ago=ago, **told))
    facts = Facts(
        findings=draw(st.sampled_from([(), (Finding("spec.x", "it is wrong", "mend it"),)])),
        runs=made,
        place=draw(st.sampled_from([None, 1, 3])),
        trouble=draw(st.sampled_from([None, Stalled("a Secret is missing")])),
        judged=draw(st.booleans()),
    )
    return stepped(config(draw(st.integers(1, 2)), suspend=draw(st.booleans())), facts)


@given(bodies())
def test_no_status_breaks_the_check_and_health_agrees_with_the_conditions(body: Object) -> None:
    state, message = health(body)
    found = conditions(body)
    assert state in HEALTHS
    assert message
    if found.get("Stalled") == "True":
        assert state == "Degraded"
    elif body["spec"]["suspend"]:
        assert state == "Suspended"
    elif found["Ready"] == "True":
        assert state == "Healthy"
    else:
        assert state != "Healthy"


def test_the_page_of_conditions_has_the_same_check() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", section("docs/spec/conditions.md", "## Argo CD"), re.DOTALL)
    assert yaml.safe_load(shown)["data"][KEY] == CHECK


@pytest.mark.parametrize("file", ["argocd-cm.yaml", "application.yaml"])
def test_the_files_are_for_argo_cds_namespace(file: str) -> None:
    body = yaml.safe_load((ROOT / "examples/15-argo-cd" / file).read_text(encoding="utf-8"))
    assert body["metadata"]["namespace"] == "argocd"
