"""What a cluster gets: manifests that fit together, rights that are few, Pods that may do little."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import syncramp
from support.pod_security import violations
from syncramp.check import verdict_of
from syncramp.model.acceptances import ANNOTATION as ACCEPTS
from syncramp.model.approvals import ADOPTS, ANNOTATION
from syncramp.model.orders import COMMANDS
from syncramp.model.stages import RELEASES
from syncramp.spec.mentions import mentioned
from syncramp_operator.admission import review as admission
from syncramp_operator.admission import webhook
from syncramp_operator.api.resources import FORCE_AT, MANAGED_BY, PLAN_AT, REQUESTED_AT
from syncramp_operator.api.rights import RUNNERS, Right, Where, rights_of
from syncramp_operator.execution.job_manifest import STATE_LABEL
from syncramp_operator.publisher import PUBLISHED
from syncramp_operator.settings import Execution, Settings

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
KUSTOMIZATIONS = sorted([*ROOT.glob("crds/kustomization.yaml"), *MANIFESTS.glob("**/kustomization.yaml")])
RBAC = sorted({*MANIFESTS.rglob("*role.yaml"), *MANIFESTS.rglob("role-patch.yaml")})
IMAGE = f"syncramp:{syncramp.__version__}"

Object = dict[str, Any]
Rules = dict[tuple[str, str], set[str]]


def _load(path: Path) -> list[Object]:
    return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]


def _objects(folder: str) -> dict[tuple[str, str], Object]:
    """What the files beside a kustomization hold, by kind and name."""
    beside = MANIFESTS / folder
    (kustomization,) = _load(beside / "kustomization.yaml")
    files = [beside / name for name in kustomization["resources"] if (beside / name).is_file()]
    return {(one["kind"], one["metadata"]["name"]): one for file in files for one in _load(file)}


WEBHOOK, APPROVALS = _objects("components/webhook"), _objects("components/approvals")
DEMO = _objects("overlays/demo")
BASE, RUNNER, CLUSTER = _objects("base"), _objects("runner"), _objects("overlays/cluster")
DEPLOYMENT = BASE["Deployment", "syncramp-operator"]
POD: Object = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


def _rules(role: Object) -> Rules:
    found: Rules = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


def _needed(rights: tuple[Right, ...], where: Where) -> Rules:
    found: Rules = {}
    for right in rights:
        if right.where is where:
            found.setdefault((right.resource.group, right.name), set()).update(right.verbs)
    return found


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_a_kustomization_names_is_there_and_everything_there_is_named(path: Path) -> None:
    (kustomization,) = _load(path)
    patches = [patch["path"] for patch in kustomization.get("patches", ()) if "path" in patch]
    listed = [*kustomization.get("resources", ()), *kustomization.get("components", ()), *patches]
    named = {(path.parent / name).resolve() for name in listed}
    for resource in named:
        assert resource.is_file() or (resource / "kustomization.yaml").is_file(), resource
    generated = [name for one in kustomization.get("configMapGenerator", ()) for name in one["files"]]
    assert all((path.parent / name).is_file() for name in generated)
    beside = {one.resolve() for one in path.parent.glob("*.yaml")} - {path.resolve()}
    assert beside - {MANIFESTS / "install.yaml"} == {one for one in named if one.is_file()}


@pytest.mark.parametrize("folder", ["base", "runner"])
def test_taking_away_what_stands_in_one_namespace_takes_away_nothing_of_the_cluster(folder: str) -> None:
    (kustomization,) = _load(MANIFESTS / folder / "kustomization.yaml")
    for kind, name in _objects(folder):
        assert kind not in ("Namespace", "CustomResourceDefinition") and not kind.startswith("Cluster")
        assert _objects(folder)[kind, name]["metadata"]["namespace"] == kustomization["namespace"]


@pytest.mark.parametrize("execution", Execution)
def test_the_roles_of_one_namespace_grant_what_the_operator_asks_for_and_no_more(execution: Execution) -> None:
    rights = rights_of(execution)
    watched = _rules(BASE["Role", "syncramp-operator"])
    if execution is Execution.JOB:
        (added,) = _load(MANIFESTS / "components/jobs/role-patch.yaml")
        watched |= _rules({"rules": [added[0]["value"] if isinstance(added, list) else added["value"]]})
    assert watched == _needed(rights, Where.WATCHED)
    assert _rules(BASE["Role", "syncramp-operator-home"]) == _needed(rights, Where.HOME)


def test_the_cluster_role_is_the_role_of_one_namespace() -> None:
    assert CLUSTER["ClusterRole", "syncramp-operator"]["rules"] == BASE["Role", "syncramp-operator"]["rules"]


def test_the_account_of_jobs_has_what_a_run_asks_for_and_no_more() -> None:
    assert _rules(RUNNER["Role", "syncramp-runner"]) == _needed(RUNNERS, Where.WATCHED)
    assert _rules(RUNNER["Role", "syncramp-runner-home"]) == _needed(RUNNERS, Where.HOME)
    assert "secrets" not in {resource for _, resource in _rules(RUNNER["Role", "syncramp-runner"])}


@pytest.mark.parametrize("path", RBAC, ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_each_rule_says_who_needs_it_and_has_no_wildcard(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    rules = [number for number, line in enumerate(lines) if re.match(r"- (apiGroups|op|nonResourceURLs)", line)]
    assert rules
    assert all(lines[number - 1].startswith("# ") for number in rules)
    assert "*" not in "".join(line.partition("#")[0] for line in lines)


@pytest.mark.parametrize("objects", [BASE, RUNNER, CLUSTER, WEBHOOK], ids=["base", "runner", "cluster", "webhook"])
def test_each_binding_ties_a_role_that_is_there_to_the_account(objects: dict[tuple[str, str], Object]) -> None:
    roles = {(kind, name) for kind, name in objects if kind in ("Role", "ClusterRole")}
    bound = {}
    for (kind, name), binding in objects.items():
        if kind in ("RoleBinding", "ClusterRoleBinding"):
            reference = binding["roleRef"]
            assert reference["apiGroup"] == "rbac.authorization.k8s.io"
            bound[reference["kind"], reference["name"]] = binding["subjects"]
            assert name == reference["name"]
    assert set(bound) == roles
    account = "syncramp-runner" if objects is RUNNER else "syncramp-operator"
    assert all(
        subjects == [{"kind": "ServiceAccount", "name": account, "namespace": "syncramp-system"}]
        for subjects in bound.values()
    )


def test_the_pod_keeps_to_the_restricted_standard() -> None:
    assert violations(POD) == []
    assert CONTAINER["securityContext"]["readOnlyRootFilesystem"] is True
    (namespace,) = [one for (kind, _), one in CLUSTER.items() if kind == "Namespace"]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hostNetwork": True}, "hostNetwork"),
        ({"volumes": [{"name": "disk", "hostPath": {"path": "/"}}]}, "volume disk"),
        ({"securityContext": {}}, "runAsNonRoot of operator"),
        ({"containers": [{**CONTAINER, "securityContext": {}}]}, "capabilities of operator"),
    ],
)
def test_a_pod_that_breaks_the_standard_is_told(change: Object, said: str) -> None:
    assert said in violations(POD | change)


def test_the_operator_is_told_what_it_cannot_know_and_nothing_that_is_no_setting() -> None:
    names = {one["name"] for one in CONTAINER["env"]}
    assert names == {"SYNCRAMP_HOME", "SYNCRAMP_NAME"}
    for path in MANIFESTS.glob("**/deployment-patch.yaml"):
        names |= set(re.findall(r"SYNCRAMP_\w+", path.read_text(encoding="utf-8")))
    known = {word for text in _settings_told() for word in re.findall(r"SYNCRAMP_\w+", text)}
    assert names <= known


def _settings_told() -> list[str]:
    source = (ROOT / "operator/syncramp_operator/settings.py").read_text(encoding="utf-8")
    return re.findall(r'"""``(SYNCRAMP_\w+)``', source)


def test_what_the_settings_expect_is_mounted_and_reached() -> None:
    settings = Settings()
    mounts = {one["mountPath"]: one["name"] for one in CONTAINER["volumeMounts"]}
    volumes = {one["name"]: one for one in POD["volumes"]}
    assert set(mounts.values()) == set(volumes)
    assert volumes[mounts[settings.state]]["persistentVolumeClaim"]["claimName"] == settings.claim
    assert ("PersistentVolumeClaim", settings.claim) in BASE
    assert volumes[mounts[str(settings.runtime)]]["emptyDir"]["medium"] == "Memory"
    assert mounts["/tmp"]
    assert ("ServiceAccount", settings.runner_account) in RUNNER
    ports = {one["name"]: one["containerPort"] for one in CONTAINER["ports"]}
    assert ports == {"http": settings.port}
    for probe, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
        assert CONTAINER[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "http"}


def test_a_volume_of_one_node_has_one_pod_that_ends_before_the_next_begins() -> None:
    claim = BASE["PersistentVolumeClaim", "syncramp-state"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert DEPLOYMENT["spec"]["replicas"] == 1
    assert DEPLOYMENT["spec"]["strategy"] == {"type": "Recreate"}


def test_whatever_selects_the_pod_selects_it_by_its_labels() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    selector = DEPLOYMENT["spec"]["selector"]["matchLabels"]
    assert labels == selector | {STATE_LABEL: Settings().claim}
    assert BASE["Service", "syncramp-operator"]["spec"]["selector"] == selector
    assert BASE["PodDisruptionBudget", "syncramp-operator"]["spec"]["selector"]["matchLabels"] == selector
    assert BASE["NetworkPolicy", "syncramp-operator"]["spec"]["podSelector"]["matchLabels"] == selector
    assert RUNNER["NetworkPolicy", "syncramp-runner"]["spec"]["podSelector"]["matchLabels"] == MANAGED_BY


def test_a_budget_never_keeps_a_node_from_being_drained() -> None:
    assert BASE["PodDisruptionBudget", "syncramp-operator"]["spec"]["maxUnavailable"] == 1


def test_every_image_of_ours_is_that_of_this_release() -> None:
    found = [
        line.split("image: ")[1].strip()
        for path in MANIFESTS.rglob("*.yaml")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s+(- )?image: ", line)
    ]
    assert set(found) == {IMAGE}


def test_the_configuration_of_the_webhook_leads_to_the_server_of_the_operator() -> None:
    (hook,) = WEBHOOK["ValidatingWebhookConfiguration", webhook.NAME]["webhooks"]
    service = WEBHOOK["Service", webhook.NAME]
    called = hook["clientConfig"]["service"]
    assert (called["name"], called["namespace"]) == (webhook.NAME, service["metadata"]["namespace"])
    assert called["path"] == admission.PATH
    (port,) = service["spec"]["ports"]
    assert port["port"] == called["port"]
    (patch,) = _load(MANIFESTS / "components/webhook/deployment-patch.yaml")
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    (opened,) = container["ports"]
    assert opened["name"] == port["targetPort"]
    assert container["env"] == [{"name": "SYNCRAMP_WEBHOOK_PORT", "value": str(opened["containerPort"])}]
    assert service["spec"]["selector"] == DEPLOYMENT["spec"]["selector"]["matchLabels"]


def test_nobody_is_kept_from_a_document_because_the_operator_is_away() -> None:
    (hook,) = WEBHOOK["ValidatingWebhookConfiguration", webhook.NAME]["webhooks"]
    assert hook["failurePolicy"] == "Ignore"
    assert hook["timeoutSeconds"] <= 5
    (condition,) = hook["matchConditions"]
    assert condition["expression"] == "request.operation == 'CREATE' || object.spec != oldObject.spec"


def test_the_rights_of_the_webhook_are_bound_to_names_where_that_is_possible() -> None:
    rules = [rule for (kind, _), one in WEBHOOK.items() if kind.endswith("Role") for rule in one["rules"]]
    assert {tuple(rule["verbs"]): rule.get("resourceNames") for rule in rules} == {
        ("create",): None,
        ("get", "update"): [webhook.NAME],
        ("get", "patch"): [webhook.NAME],
    }


FREE = {"pause", "abort", "revert"}
"""Commands that hold a ramp, or only plan: what a revert would take out waits for an approval."""


def test_the_policy_asks_for_the_right_to_approve_where_something_is_let_go() -> None:
    policy = APPROVALS["ValidatingAdmissionPolicy", "syncramp-approvals"]["spec"]
    variables = {one["name"]: one["expression"] for one in policy["variables"]}
    listed = re.findall(r"'([^']+)'", variables["approvals"])
    approving = {name for name, command in COMMANDS.items() if command.value not in FREE}
    assert listed == sorted({ACCEPTS, ANNOTATION, ADOPTS, RELEASES, *approving})
    head = (MANIFESTS / "components/approvals/validatingadmissionpolicy.yaml").read_text(encoding="utf-8")
    told = head.partition("apiVersion")[0]
    for name in (REQUESTED_AT, FORCE_AT, PLAN_AT, *FREE):
        assert name.removeprefix("syncramp.io/") in told
    assert policy["failurePolicy"] == "Fail"


def test_approvers_have_the_verb_that_the_policy_asks_for() -> None:
    policy = APPROVALS["ValidatingAdmissionPolicy", "syncramp-approvals"]
    (validation,) = policy["spec"]["validations"]
    assert "check('approve')" in validation["expression"]
    assert "approve" in _rules(APPROVALS["ClusterRole", "syncramp-approver"])["syncramp.io", "syncconfigs"]
    binding = APPROVALS["ValidatingAdmissionPolicyBinding", "syncramp-approvals"]["spec"]
    assert binding == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}


def test_the_trial_has_what_its_document_names() -> None:
    config = DEMO["SyncConfig", "quickstart"]
    assert verdict_of(config) == []
    spec, simulator = config["spec"], DEMO["Deployment", "simulator"]["spec"]["template"]["spec"]
    (port,) = DEMO["Service", "simulator"]["spec"]["ports"]
    assert spec["target"]["endpoint"]["host"] == f"simulator:{port['port']}"
    assert spec["target"]["endpoint"]["authority"] == f"https://simulator:{port['port']}"
    args = simulator["containers"][0]["args"]
    assert dict(zip(args[::2], args[1::2], strict=True)) == {
        "--directory": "/simulator",
        "--tenant": "/tenant/tenant.db",
        "--name": "simulator",
        "--port": str(port["port"]),
        "--visibility-delay": spec["target"]["endpoint"]["visibilityDelay"].removesuffix("s"),
    }
    names = mentioned(spec)
    (generated,) = _load(MANIFESTS / "overlays/demo/kustomization.yaml")[0]["configMapGenerator"]
    credentials = {(kind, name) for kind, name in DEMO if kind in ("Secret", "ConfigMap")}
    assert credentials == {(resource.kind, name) for name, resource in PUBLISHED.items()}
    assert {("Secret", name) for name in names.secrets} <= credentials
    assert {("ConfigMap", name) for name in names.config_maps} <= credentials | {("ConfigMap", generated["name"])}
    assert violations(simulator) == []


def test_the_publisher_may_patch_what_it_publishes_and_nothing_else() -> None:
    rules = DEMO["Role", "simulator"]["rules"]
    granted = {(rule["resources"][0], name) for rule in rules for name in rule["resourceNames"]}
    assert granted == {(resource.plural, name) for name, resource in PUBLISHED.items()}
    assert {tuple(rule["verbs"]) for rule in rules} == {("patch",)}


def test_the_directory_of_the_trial_is_that_of_the_example() -> None:
    beside = ROOT / "examples/03-first-sync/people.ldif"
    assert (MANIFESTS / "overlays/demo/directory.ldif").read_bytes() == beside.read_bytes()


@pytest.mark.parametrize("page", ["manifests/README.md", "docs/spec/syncconfig.md"])
def test_a_page_that_sends_people_to_a_cluster_says_how_old_it_may_be(page: str) -> None:
    told = (ROOT / page).read_text(encoding="utf-8")
    assert "Kubernetes 1.30 or newer; field selectors from 1.31" in told
