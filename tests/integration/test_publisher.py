"""The trial's parts together: a simulator with a name, its credentials in an API server, and a run by those."""

import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.kube_api import KubeApi
from support.kube_api_client import Cluster, cluster_at, token_of_operator, until, write_kubeconfig
from support.manifests import MANIFESTS
from support.ports import free_port
from syncramp.simulator.certificates import write_private

DEMO = "syncramp-demo"
FOLDER = MANIFESTS / "overlays/demo"

Object = dict[str, Any]


def _files(*names: str) -> list[Object]:
    return [one for name in names for one in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))]


@contextmanager
def process(log: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program of ours that SIGTERM ends in order."""
    command = [sys.executable, "-m", *arguments]
    with log.open("wb") as written:
        started = subprocess.Popen(command, env=os.environ | environment, stdout=written, stderr=written)
        try:
            yield started
            started.send_signal(signal.SIGTERM)
            assert started.wait(30) == 0, log.read_text(errors="replace")
        finally:
            started.kill()
            started.wait()


@contextmanager
def simulator(folder: Path, port: int) -> Iterator[None]:
    log = folder / "simulator.log"
    options = ["--directory", str(folder), "--name", "localhost", "--port", str(port), "--visibility-delay", "0"]
    with process(log, "syncramp", "simulator", *options):
        until(lambda: log.read_text(), lambda text: "secrets simulator-ca" in text)
        yield


@pytest.fixture
def cluster() -> Iterator[tuple[KubeApi, Cluster]]:
    """What the overlay holds for the publisher, and the directory."""
    with KubeApi((DEMO,)).running() as api:
        admin = cluster_at(api.url)
        core, rbac = f"/api/v1/namespaces/{DEMO}", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{DEMO}"
        for one in _files("credentials.yaml", "publisher.yaml"):
            place = rbac if one["kind"].startswith("Role") else core
            admin.done("POST", f"{place}/{one['kind'].lower()}s", one)
        yield api, admin
        admin.close()


def _data(admin: Cluster, plural: str, name: str) -> dict[str, str]:
    return dict(admin.done("GET", f"/api/v1/namespaces/{DEMO}/{plural}/{name}").get("data") or {})


def test_a_run_succeeds_by_what_the_publisher_told_the_cluster(
    cluster: tuple[KubeApi, Cluster], tmp_path: Path
) -> None:
    api, admin = cluster
    port = free_port()
    write_kubeconfig(tmp_path / "kubeconfig", admin.configuration, token_of_operator(admin, DEMO, "simulator"))
    told = {"KUBECONFIG": str(tmp_path / "kubeconfig"), "SYNCRAMP_HOME": DEMO}
    watched = str(tmp_path / "secrets")
    with (
        process(tmp_path / "publisher.log", "syncramp_operator.publisher", watched, **told),
        simulator(tmp_path, port),
    ):
        until(lambda: _data(admin, "configmaps", "simulator-wire"), bool)
        first = until(lambda: _data(admin, "secrets", "simulator-ca"), bool)
        done = _synchronised(tmp_path, admin, port)
        assert done.returncode == 0, done.stderr
        assert "In the cloud: 1 contact, 3 groups, 10 users" in done.stdout
        with socket.create_connection(("127.0.0.2", port), 10):
            pass  # not loopback's first address only
    with (
        process(tmp_path / "publisher.log", "syncramp_operator.publisher", watched, **told),
        simulator(tmp_path, port),
    ):
        until(lambda: _data(admin, "secrets", "simulator-ca"), lambda data: data != first)
    calls = api.calls_of(f"system:serviceaccount:{DEMO}:simulator")
    assert {(call.verb, call.allowed) for call in calls} == {("patch", True)}


def _synchronised(folder: Path, admin: Cluster, port: int) -> subprocess.CompletedProcess[str]:
    """One run of the overlay's document, with nothing but what stands in the cluster."""
    given = folder / "given"
    for name in ("simulator-ca", "entra-sync"):
        for key, text in _data(admin, "secrets", name).items():
            write_private(given / name / key, base64.b64decode(text))
    write_private(
        given / "simulator-wire/profile.yaml", _data(admin, "configmaps", "simulator-wire")["profile.yaml"].encode()
    )
    write_private(given / "directory/directory.ldif", (FOLDER / "directory.ldif").read_bytes())
    text = (FOLDER / "syncconfig.yaml").read_text(encoding="utf-8").replace("simulator:8443", f"localhost:{port}")
    (folder / "quickstart.yaml").write_text(text, encoding="utf-8")
    options = ["--secrets", str(given), "--state", str(folder / "state.db")]
    command = [sys.executable, "-m", "syncramp", "sync", str(folder / "quickstart.yaml"), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_publisher_without_its_rights_says_so_and_tries_again(
    cluster: tuple[KubeApi, Cluster], tmp_path: Path
) -> None:
    _, admin = cluster
    binding = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{DEMO}/rolebindings"
    kept = admin.done("GET", f"{binding}/simulator")
    admin.done("DELETE", f"{binding}/simulator")
    write_private(tmp_path / "secrets/simulator-ca/ca.crt", b"an authority")
    write_kubeconfig(tmp_path / "kubeconfig", admin.configuration, token_of_operator(admin, DEMO, "simulator"))
    told = {"KUBECONFIG": str(tmp_path / "kubeconfig"), "SYNCRAMP_HOME": DEMO}
    log = tmp_path / "publisher.log"
    with process(log, "syncramp_operator.publisher", str(tmp_path / "secrets"), **told):
        until(lambda: log.read_text(), lambda text: "give the service account this right" in text)
        admin.done("POST", binding, {**kept, "metadata": {"name": "simulator", "namespace": DEMO}})
        until(lambda: _data(admin, "secrets", "simulator-ca"), bool)
    assert "authority" not in log.read_text()
