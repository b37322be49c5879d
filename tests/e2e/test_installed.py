"""The operator for a whole cluster, as a process with the rights of ``manifests/install.yaml`` and no others."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.api_servers import ApiServer
from support.kube_api_client import ROOT, SyncConfigs, token_of_operator, until, write_kubeconfig
from support.kube_api_documents import document
from support.manifests import MANIFESTS, RIGHTS, built
from support.operator_process import operator_process
from support.ports import free_port
from syncramp_operator.admission.webhook import NAME

HOME = "syncramp-system"
SUSPENDED = {"spec": {"suspend": True}}
RBAC = "/apis/rbac.authorization.k8s.io/v1"

Object = dict[str, Any]


def _path(body: Object) -> str:
    place = f"/namespaces/{body['metadata']['namespace']}" if "namespace" in body["metadata"] else ""
    root = "/api/v1" if body["apiVersion"] == "v1" else f"/apis/{body['apiVersion']}"
    return f"{root}{place}/{body['kind'].lower()}s"


@contextmanager
def applied(server: ApiServer, bodies: list[Object]) -> Iterator[None]:
    made = []
    try:
        for body in bodies:
            server.cluster.done("POST", _path(body), body)
            made.append(f"{_path(body)}/{body['metadata']['name']}")
        yield
    finally:
        for path in reversed(made):
            server.cluster.ask("DELETE", path)


@pytest.fixture(scope="module")
def installed(server: ApiServer) -> Iterator[ApiServer]:
    """The accounts, roles and bindings of the file; the namespace stays, because nobody here ends one."""
    if server.whole:
        pytest.skip("an operator may be installed there already")
    server.cluster.ask("POST", "/api/v1/namespaces", {"metadata": {"name": HOME}})
    listed = yaml.safe_load_all((ROOT / "manifests/install.yaml").read_text(encoding="utf-8"))
    with applied(server, [body for body in listed if body["kind"] in RIGHTS]):
        yield server


@contextmanager
def operator(server: ApiServer, folder: Path, **settings: str) -> Iterator[Path]:
    """It runs; the path of its log."""
    write_kubeconfig(folder / "kubeconfig", server.configuration, token_of_operator(server.cluster, HOME))
    with operator_process(folder / "kubeconfig", folder, HOME=HOME, NAME="one", **settings) as process:
        yield folder / "operator.log"
        process.terminate()
        assert process.wait(60) == 0, (folder / "operator.log").read_text(errors="replace")


def _judged(body: Object) -> bool:
    return any(one["type"] == "Ready" for one in body.get("status", {}).get("conditions", ()))


def test_it_looks_after_every_namespace(installed: ApiServer, tmp_path: Path) -> None:
    with installed.namespace("every") as one, installed.namespace("every") as other, operator(installed, tmp_path):
        for namespace in (one, other):
            configs = SyncConfigs(installed.cluster, namespace)
            configs.create(document("anywhere", namespace, SUSPENDED))
            configs.until("anywhere", _judged)
            configs.delete("anywhere")
            until(lambda seen=configs: seen.try_change("anywhere", {})[0], lambda code: code == 404)


def test_without_its_cluster_role_it_names_each_right_at_once(installed: ApiServer, tmp_path: Path) -> None:
    binding = f"{RBAC}/clusterrolebindings"
    kept = installed.cluster.done("GET", f"{binding}/syncramp-operator")
    installed.cluster.done("DELETE", f"{binding}/syncramp-operator")
    write_kubeconfig(tmp_path / "kubeconfig", installed.configuration, token_of_operator(installed.cluster, HOME))
    with operator_process(tmp_path / "kubeconfig", tmp_path, HOME=HOME, NAME="one") as process:
        assert process.wait(60) == 1
    installed.cluster.done("POST", binding, {**kept, "metadata": {"name": "syncramp-operator"}})
    told = (tmp_path / "operator.log").read_text(encoding="utf-8")
    assert "may not list or watch or patch syncconfigs.syncramp.io in the whole cluster" in told
    assert "add to its ClusterRole" in told
    assert "leases" not in told


def test_it_keeps_the_certificate_of_its_webhook(installed: ApiServer, tmp_path: Path) -> None:
    bodies = [body for body in built(MANIFESTS / "components/webhook") if body["kind"] in RIGHTS]
    bodies += yaml.safe_load_all(
        (MANIFESTS / "components/webhook/validatingwebhookconfiguration.yaml").read_text("utf-8")
    )
    configuration = f"{_path(bodies[-1])}/{NAME}"
    with applied(installed, bodies), operator(installed, tmp_path, WEBHOOK_PORT=str(free_port())) as log:

        def bundle() -> str:
            (hook,) = installed.cluster.done("GET", configuration)["webhooks"]
            return str(hook["clientConfig"].get("caBundle", ""))

        told = base64.b64decode(until(bundle, bool))
        secret = installed.cluster.done("GET", f"/api/v1/namespaces/{HOME}/secrets/{NAME}")
        assert base64.b64decode(secret["data"]["ca.crt"]) == told
        until(lambda: log.read_text(), lambda text: "The webhook answers on port" in text)
    installed.cluster.done("DELETE", f"/api/v1/namespaces/{HOME}/secrets/{NAME}")
