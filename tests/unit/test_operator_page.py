"""The page of the operator tells what its settings, its probes and its manifests are."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry

from support.pages import coded, rows, section, text
from syncramp_operator.admission.certificates import RENEWED, VALID
from syncramp_operator.admission.webhook import NAME, RETRY
from syncramp_operator.api.resources import FINALIZER
from syncramp_operator.settings import Settings
from syncramp_operator.web import State, Web

ROOT = Path(__file__).parents[2]
PAGE = "docs/operator.md"
WORDS = {5.0: "five"}


def _variables() -> dict[str, str]:
    """Variables of the settings, each with its field."""
    source = (ROOT / "operator/syncramp_operator/settings.py").read_text(encoding="utf-8")
    found = re.findall(r'^    (\w+): .*\n    """``(SYNCRAMP_\w+)``', source, re.MULTILINE)
    return {variable: name for name, variable in found}


def _shown(value: Any) -> str:
    return "" if value in ((), "") else f"`{value}`"


def test_the_table_of_settings_is_the_code() -> None:
    variables = _variables()
    assert sorted(variables.values()) == sorted(field.name for field in fields(Settings))
    told = {coded(variable)[0]: default for variable, default, _ in rows(section(PAGE, "## Settings"))}
    given = {variable: _shown(getattr(Settings(), name)) for variable, name in variables.items()}
    assert told == given | {"SYNCRAMP_NAME": "the host's name"}


def test_the_table_of_probes_is_the_server() -> None:
    served = Web(0, CollectorRegistry(), lambda: State.STANDBY)._runner.app
    paths = {route.resource.canonical for route in served.router.routes() if route.resource}
    assert {coded(path)[0] for path, _ in rows(section(PAGE, "## Probes"))} == paths


def test_the_table_of_approvals_is_the_policy() -> None:
    policy = yaml.safe_load(text("manifests/components/approvals/validatingadmissionpolicy.yaml"))
    variables = {one["name"]: one["expression"] for one in policy["spec"]["variables"]}
    told = rows(section(PAGE, "## Approvals as a right"))
    assert {name for needs, _ in told for name in coded(needs)} == set(
        re.findall(r"'([^']+)'", variables["approvals"])
    )
    free = {name.removeprefix("syncramp.io/") for _, names in told for name in coded(names)}
    assert free == {"requestedAt", "forceAt", "planAt", "pause", "abort", "revert"}


def test_what_the_page_says_of_the_webhook_holds() -> None:
    told = " ".join(section(PAGE, "## The webhook").split())
    assert (VALID.days, f"made anew {RENEWED.days} days before its end" in told) == (365, True)
    assert f"keeps it in the Secret `{NAME}`" in told
    assert f"says why every {WORDS[RETRY]} seconds" in told
    configuration = yaml.safe_load(text("manifests/components/webhook/validatingwebhookconfiguration.yaml"))
    assert WORDS[float(configuration["webhooks"][0]["timeoutSeconds"])] in told


def test_what_the_page_says_of_the_pod_holds() -> None:
    deployment = yaml.safe_load(text("manifests/base/deployment.yaml"))["spec"]
    claim = yaml.safe_load(text("manifests/base/claim.yaml"))
    size = claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")
    assert f"`{claim['metadata']['name']}` ({size} GiB" in section(PAGE, "## State").replace("\n", " ")
    assert deployment["strategy"]["type"] in section(PAGE, "## State")
    assert f"user {deployment['template']['spec']['securityContext']['runAsUser']}" in section(PAGE, "## Rights")
    policy = yaml.safe_load(text("manifests/base/networkpolicy.yaml"))["spec"]
    ports = {str(port["port"]) for rule in policy["egress"] for port in rule["ports"]}
    told = re.search(r"lets it reach(.*?)\.\n", section(PAGE, "## Rights"), re.DOTALL)
    assert told
    assert set(re.findall(r"\d+", told[1])) == ports


def test_the_finalizer_that_is_taken_off_by_hand_is_ours() -> None:
    assert f"`{FINALIZER}`" in section(PAGE, "## Uninstall")


def test_the_page_of_the_manifests_lists_every_part() -> None:
    folders = {path.parent for path in (ROOT / "manifests").rglob("kustomization.yaml")}
    parts = {str(path.relative_to(ROOT / "manifests")) for path in folders}
    told = {coded(folder)[0] for folder, _ in rows(text("manifests/README.md"), title="folder")}
    assert told == parts | {"../crds"}
