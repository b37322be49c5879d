"""A cluster seen by tests, through the official client: the double and a real API server alike.

Answers are plain data. Nothing here waits for a time; what is expected is asked for until it is there.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from support.kube_api import ADMIN_TOKEN
from support.manifests import rights

ROOT = Path(__file__).parents[2]
ACCOUNT = "syncramp-operator"
PATIENCE = 60.0
"""Seconds until an expectation is given up; a loaded machine needs some of them."""
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

Object = dict[str, Any]


class Cluster:
    """One API server, with the rights of whoever the configuration names."""

    def __init__(self, configuration: client.Configuration) -> None:
        self.configuration = configuration
        self._client = client.ApiClient(configuration)

    def ask(self, method: str, path: str, body: Any = None, media_type: str = "application/json") -> tuple[int, Any]:
        """One request: the status code, and the answer as plain data."""
        headers = {"Accept": "application/json", "Content-Type": media_type}
        request = self._client.param_serialize(
            method, path, header_params=headers, query_params=[], body=body, auth_settings=["BearerToken"]
        )
        response = self._client.call_api(*request, _request_timeout=(5, 30))
        text = response.read()
        is_json = (response.getheader("content-type") or "").startswith("application/json")
        return response.status, json.loads(text) if is_json else text.decode()

    def done(self, method: str, path: str, body: Any = None, media_type: str = "application/json") -> Any:
        """One request that must succeed."""
        code, answer = self.ask(method, path, body, media_type)
        assert code < 300, f"{method} {path}: {code} {answer}"
        return answer

    def close(self) -> None:
        self._client.close()


def cluster_at(url: str, token: str = ADMIN_TOKEN) -> Cluster:
    """The double, as its admin or as somebody else."""
    configuration = client.Configuration(host=url)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return Cluster(configuration)


class SyncConfigs:
    """The SyncConfigs of one namespace."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.namespace = namespace
        self._cluster = cluster
        self._path = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace}/syncconfigs"

    def try_create(self, document: Object) -> tuple[int, Any]:
        """Create, which may be refused."""
        return self._cluster.ask("POST", self._path, document)

    def try_change(self, name: str, patch: Object) -> tuple[int, Any]:
        """Change by a merge patch, which may be refused."""
        return self._cluster.ask("PATCH", f"{self._path}/{name}", patch, MERGE)

    def create(self, document: Object) -> Object:
        code, answer = self.try_create(document)
        assert code == 201, answer
        return dict(answer)

    def change(self, name: str, patch: Object) -> Object:
        code, answer = self.try_change(name, patch)
        assert code == 200, answer
        return dict(answer)

    def change_status(self, name: str, status: Object) -> tuple[int, Any]:
        return self._cluster.ask("PATCH", f"{self._path}/{name}/status", {"status": status}, MERGE)

    def get(self, name: str) -> Object:
        return dict(self._cluster.done("GET", f"{self._path}/{name}"))

    def delete(self, name: str) -> None:
        self._cluster.done("DELETE", f"{self._path}/{name}")

    def until(self, name: str, settled: Callable[[Object], bool]) -> Object:
        """The object, once it is as expected."""
        return until(lambda: self.get(name), settled)

    def events(self, name: str) -> list[Object]:
        """Events of one object."""
        found = self._cluster.done("GET", f"/api/v1/namespaces/{self.namespace}/events")["items"]
        return [event for event in found if event["involvedObject"]["name"] == name]


def until(look: Callable[[], Any], settled: Callable[[Any], bool]) -> Any:
    """What is seen, once it is as expected; it fails with what was seen last."""
    deadline = time.monotonic() + PATIENCE
    while not settled(seen := look()):
        assert time.monotonic() < deadline, f"not as expected after {PATIENCE:.0f} seconds: {seen}"
        time.sleep(0.02)
    return seen


@cache
def manifest(path: Path) -> Object:
    """A file of the project, read once: a CRD takes a second."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def install_crd(cluster: Cluster) -> None:
    """Apply the CRDs, and wait until they are served."""
    for file in sorted((ROOT / "crds").glob("*.syncramp.io.yaml")):
        crd = manifest(file)
        path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
        apply(cluster, crd)
        until(lambda path=path: cluster.done("GET", path).get("status", {}).get("conditions", []), _established)
        listed = f"/apis/syncramp.io/v1alpha1/{crd['spec']['names']['plural']}"
        until(lambda listed=listed: cluster.ask("GET", listed)[0], lambda code: code == 200)


def install_rights(cluster: Cluster, namespace: str, *, jobs: bool = False) -> None:
    """Apply the accounts, Roles and bindings of ``manifests`` in a namespace, as its overlay would."""
    for body in rights(namespace, jobs=jobs):
        apply(cluster, body)


def token_of_operator(cluster: Cluster, namespace: str, account: str = ACCOUNT) -> str:
    """A token of the operator's service account, or of another one."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    return str(cluster.done("POST", path, request)["status"]["token"])


def write_kubeconfig(path: Path, configuration: client.Configuration, token: str) -> None:
    """A kubeconfig for the same server, with a token of somebody else."""
    server: Object = {"server": configuration.host}
    if configuration.ssl_ca_cert:
        authority = Path(configuration.ssl_ca_cert).read_bytes()
        server["certificate-authority-data"] = base64.b64encode(authority).decode()
    elif not configuration.verify_ssl:
        server["insecure-skip-tls-verify"] = True
    written = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": server}],
        "users": [{"name": "operator", "user": {"token": token}}],
        "contexts": [{"name": "operator", "context": {"cluster": "cluster", "user": "operator"}}],
        "current-context": "operator",
    }
    path.write_text(yaml.safe_dump(written), encoding="utf-8")


@contextmanager
def operator_process(kubeconfig: Path, namespace: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The operator as people start it; it is asked to end with SIGTERM, and must do so with exit code 0."""
    command = [sys.executable, "-m", "kopf", "run", "-m", "syncramp_operator", "--namespace", namespace]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KUBERNETES_")}
    environment["KUBECONFIG"] = str(kubeconfig)
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=environment, stdout=written, stderr=written)
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0, log.read_text(errors="replace")
        finally:
            process.kill()
            process.wait()


def path_of(body: Object) -> str:
    """Where an object lives, by its own words."""
    group = f"/apis/{body['apiVersion']}" if "/" in body["apiVersion"] else f"/api/{body['apiVersion']}"
    plurals = {"NetworkPolicy": "networkpolicies", "ValidatingAdmissionPolicy": "validatingadmissionpolicies"}
    plural = plurals.get(body["kind"], f"{body['kind'].lower()}s")
    place = f"/namespaces/{body['metadata']['namespace']}" if body["metadata"].get("namespace") else ""
    return f"{group}{place}/{plural}/{body['metadata']['name']}"


def apply(cluster: Cluster, body: Object) -> Object:
    """Server-side, over whatever is there."""
    return dict(cluster.done("PATCH", f"{path_of(body)}?fieldManager=syncramp-tests&force=true", body, APPLY))


def _established(conditions: list[Object] | None) -> bool:
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions or ())
