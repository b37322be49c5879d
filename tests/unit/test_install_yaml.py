"""The one file for ``kubectl apply -f``: what stands in it, and that it is what the manifests say now."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.kustomize import kubectl, kustomized
from support.pod_security import violations

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
BUILDS = {
    "base": [()],
    "overlays/cluster": [
        (),
        ("webhook",),
        ("approvals",),
        ("jobs",),
        ("postgresql",),
        ("webhook", "approvals", "jobs", "postgresql"),
    ],
    "overlays/namespace": [(), ("jobs",), ("postgresql",)],
    "overlays/demo": [()],
    "runner": [(), ("postgresql",)],
}

Object = dict[str, Any]
Objects = dict[tuple[str, str], Object]


def _objects(text: str) -> Objects:
    listed = [one for one in yaml.safe_load_all(text) if one]
    found = {(one["kind"], one["metadata"]["name"]): one for one in listed}
    assert len(found) == len(listed)
    return found


INSTALLED = _objects((MANIFESTS / "install.yaml").read_text(encoding="utf-8"))


def _built(folder: Path) -> Objects:
    return _objects(kustomized(folder))


def _combined(folder: Path, resource: str, components: tuple[str, ...], **more: Any) -> Objects:
    """What somebody gets who combines parts as manifests/README.md says."""
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [os.path.relpath(MANIFESTS / resource, folder)],
        "components": [os.path.relpath(MANIFESTS / "components" / name, folder) for name in components],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    return _built(folder)


def _operator(objects: Objects) -> Object:
    (container,) = objects["Deployment", "syncramp-operator"]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def _environment(objects: Objects) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in _operator(objects)["env"]}


def test_the_file_is_what_the_manifests_say_now() -> None:
    command, environment = [str(MANIFESTS / "generate.sh")], os.environ | {"KUBECTL": kubectl()}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60)
    assert _objects(done.stdout) == INSTALLED, "run: make manifests"


def test_the_file_holds_the_crds_as_they_are() -> None:
    crds = {}
    for path in (ROOT / "crds").glob("*.syncramp.io.yaml"):
        crds |= _objects(path.read_text(encoding="utf-8"))
    assert crds
    assert {key: one for key, one in INSTALLED.items() if key[0] == "CustomResourceDefinition"} == crds


def test_the_file_holds_everything_of_the_operator_and_nothing_else() -> None:
    kinds = sorted(kind for kind, _ in INSTALLED if kind not in ("CustomResourceDefinition", "Role", "RoleBinding"))
    assert " ".join(kinds) == (
        "ClusterRole ClusterRoleBinding Deployment Namespace NetworkPolicy PersistentVolumeClaim PodDisruptionBudget "
        "Service ServiceAccount"
    )


def test_the_file_grants_what_the_manifests_grant() -> None:
    granted = {}
    for path in (MANIFESTS / "base/role.yaml", MANIFESTS / "overlays/cluster/clusterrole.yaml"):
        granted |= _objects(path.read_text(encoding="utf-8"))
    for kind, name in (("ClusterRole", "syncramp-operator"), ("Role", "syncramp-operator-home")):
        assert INSTALLED[kind, name]["rules"] == granted[kind, name]["rules"]
        subjects = [{"kind": "ServiceAccount", "name": "syncramp-operator", "namespace": "syncramp-system"}]
        assert INSTALLED[f"{kind}Binding", name]["subjects"] == subjects


def test_the_file_names_one_namespace_and_makes_it_before_what_is_in_it() -> None:
    listed = list(INSTALLED)
    inside = [key for key, one in INSTALLED.items() if "namespace" in one["metadata"]]
    assert {INSTALLED[key]["metadata"]["namespace"] for key in inside} == {"syncramp-system"}
    assert listed.index(("Namespace", "syncramp-system")) < min(map(listed.index, inside))


def test_the_operator_of_the_file_runs_under_the_restricted_standard_for_all_namespaces() -> None:
    assert violations(INSTALLED["Deployment", "syncramp-operator"]["spec"]["template"]["spec"]) == []
    assert set(_environment(INSTALLED)) == {"SYNCRAMP_HOME", "SYNCRAMP_NAME"}


@pytest.mark.parametrize(
    ("resource", "components"), [(one, with_) for one in BUILDS for with_ in BUILDS[one] or [()]]
)
def test_every_combination_that_is_offered_can_be_built(
    resource: str, components: tuple[str, ...], tmp_path: Path
) -> None:
    objects = _combined(tmp_path, resource, components)
    for kind, one in objects.items():
        if kind[0] == "Deployment":
            assert violations(one["spec"]["template"]["spec"]) == []
    if resource == "runner":
        return
    cluster_wide = {kind for kind, _ in objects if kind.startswith("Cluster") or kind == "Namespace"}
    assert bool(cluster_wide) is (resource in ("overlays/cluster", "overlays/demo"))
    assert ("SYNCRAMP_NAMESPACES" in _environment(objects)) is (resource in ("overlays/namespace", "overlays/demo"))


def test_postgresql_takes_the_volume_away_and_lets_two_replicas_roll(tmp_path: Path) -> None:
    objects = _combined(tmp_path, "overlays/cluster", ("postgresql",))
    deployment = objects["Deployment", "syncramp-operator"]["spec"]
    assert (deployment["replicas"], deployment["strategy"]["type"]) == (2, "RollingUpdate")
    assert ("PersistentVolumeClaim", "syncramp-state") not in objects
    assert deployment["template"]["metadata"]["labels"] == deployment["selector"]["matchLabels"]
    assert {one["name"] for one in deployment["template"]["spec"]["volumes"]} == {"runtime", "tmp"}
    assert {one["name"] for one in _operator(objects)["volumeMounts"]} == {"runtime", "tmp"}
    assert _environment(objects)["SYNCRAMP_STATE"] == "postgresql:syncramp-postgresql"
    ports = [
        port["port"]
        for rule in objects["NetworkPolicy", "syncramp-operator"]["spec"]["egress"]
        for port in rule["ports"]
    ]
    assert 5432 in ports


@pytest.mark.parametrize(("overlay", "kind"), [("cluster", "ClusterRole"), ("namespace", "Role")])
def test_jobs_are_made_with_the_image_of_the_operator_and_a_right_where_they_run(
    overlay: str, kind: str, tmp_path: Path
) -> None:
    image = {"name": "syncramp", "newName": "registry.example.com/syncramp", "newTag": "0.1.0"}
    (tmp_path / "image").mkdir()
    (tmp_path / "jobs").mkdir()
    _combined(tmp_path / "image", f"overlays/{overlay}", (), images=[image])
    objects = _combined(tmp_path / "jobs", str(tmp_path / "image"), ("jobs",))
    assert _environment(objects)["SYNCRAMP_EXECUTION"] == "Job"
    assert (
        _environment(objects)["SYNCRAMP_IMAGE"]
        == _operator(objects)["image"]
        == "registry.example.com/syncramp:0.1.0"
    )
    groups = {
        key: {group for rule in one["rules"] for group in rule["apiGroups"]}
        for key, one in objects.items()
        if "rules" in one
    }
    assert "batch" in groups[kind, "syncramp-operator"]
    assert "batch" not in groups["Role", "syncramp-operator-home"]


def test_another_namespace_moves_everything(tmp_path: Path) -> None:
    objects = _combined(tmp_path, "overlays/namespace", (), namespace="directory-sync")
    assert {one["metadata"]["namespace"] for one in objects.values()} == {"directory-sync"}
    subjects = [subject for one in objects.values() for subject in one.get("subjects", ())]
    assert {subject["namespace"] for subject in subjects} == {"directory-sync"}
