"""The operator as a process: how it starts, stands by, leads and ends, and with which exit code."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import httpx
import pytest

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import (
    ACCOUNT,
    PATIENCE,
    Cluster,
    SyncConfigs,
    cluster_at,
    install_crd,
    install_rights,
    token_of_operator,
    until,
    write_kubeconfig,
)
from support.kube_api_documents import document
from support.kube_api_scenarios import said
from support.operator_process import operator_process

NAMESPACE = "identity"
LEASES = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases"
SUSPENDED = {"spec": {"suspend": True}}

Object = dict[str, Any]


@dataclass(frozen=True)
class House:
    """A server with CRDs and rights, and a folder for the files of operators."""

    api: KubeApi
    cluster: Cluster
    folder: Path

    @contextmanager
    def operator(self, name: str = "first", token: str = "", **settings: str) -> Iterator[Popen[bytes]]:
        """A replica with this name, with the rights of the service account unless it is given another token."""
        home = self.folder / name
        home.mkdir(exist_ok=True)
        token = token or token_of_operator(self.cluster, NAMESPACE)
        write_kubeconfig(home / "kubeconfig", self.cluster.configuration, token)
        given = {"NAMESPACES": NAMESPACE, "HOME": NAMESPACE, "NAME": name, **settings}
        with operator_process(home / "kubeconfig", home, **given) as process:
            yield process

    def lines(self, name: str = "first") -> list[Object]:
        """What a replica wrote to its log; every line is JSON."""
        path = self.folder / name / "operator.log"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def told(self, name: str = "first") -> str:
        """The messages of its log."""
        return "\n".join(line["message"] for line in self.lines(name))

    def port(self, name: str = "first") -> int:
        """Where its probes are."""

        def found(told: str) -> bool:
            return "Probes and metrics are on port" in told

        return int(until(lambda: self.told(name), found).split("are on port ")[1].split()[0])

    def ready(self, name: str = "first") -> str:
        """What its readiness probe says."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port(name)}/readyz").text.strip()
        except httpx.TransportError:
            return ""

    def holder(self) -> str:
        """Which replica leads."""
        code, lease = self.cluster.ask("GET", f"{LEASES}/syncramp-operator")
        return str(lease["spec"].get("holderIdentity") or "").partition("_")[0] if code == 200 else ""


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[KubeApi, Cluster]]:
    with KubeApi().running() as api:
        cluster = cluster_at(api.url)
        install_crd(cluster)
        install_rights(cluster, NAMESPACE)
        yield api, cluster
        cluster.close()


@pytest.fixture
def house(server: tuple[KubeApi, Cluster], tmp_path: Path) -> Iterator[House]:
    api, cluster = server
    install_rights(cluster, NAMESPACE)
    yield House(api, cluster, tmp_path)
    api.faults.mend()
    cluster.ask("DELETE", f"{LEASES}/syncramp-operator")


def test_it_leads_serves_and_ends_in_order_when_it_is_asked_to(house: House) -> None:
    SyncConfigs(house.cluster, NAMESPACE).create(document("process", NAMESPACE, SUSPENDED))
    with house.operator() as process:
        until(house.ready, lambda state: state == "leading")
        SyncConfigs(house.cluster, NAMESPACE).until("process", said(1, "Unknown"))
        assert house.holder() == "first"
        metrics = httpx.get(f"http://127.0.0.1:{house.port()}/metrics").text
        assert "syncramp_leader 1.0\n" in metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert house.holder() == "", "the next one need not wait"
    user = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
    assert all(call.allowed for call in house.api.calls_of(user))
    assert not [line for line in house.lines() if line["severity"] in ("ERROR", "CRITICAL")]


def test_a_missing_right_ends_it_at_once_and_is_told_with_the_rule_to_add(house: House) -> None:
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}/roles/{ACCOUNT}"
    role = house.cluster.done("GET", path)
    rules = [rule for rule in role["rules"] if rule["resources"] != ["syncruns/status"]]
    house.cluster.done("PATCH", path, {"rules": rules}, "application/merge-patch+json")
    with house.operator() as process:
        assert process.wait(PATIENCE) == 1
    assert house.lines()[-1]["severity"] == "CRITICAL"
    told = house.lines()[-1]["message"]
    assert "may not patch syncruns/status.syncramp.io in the namespace identity; add to its Role:\n" in told
    assert "- apiGroups: [syncramp.io]\n  resources: [syncruns/status]\n  verbs: [patch]" in told


def test_a_cluster_without_the_crds_is_told_as_such(tmp_path: Path) -> None:
    with KubeApi().running() as api:
        house = House(api, cluster_at(api.url), tmp_path)
        with house.operator(token=ADMIN_TOKEN) as process:
            assert process.wait(PATIENCE) == 1
        assert house.lines()[-1]["message"].startswith("the cluster has no syncconfigs.syncramp.io; apply the CRDs")
        house.cluster.close()


def test_a_setting_that_cannot_be_is_told_by_its_variable(house: House) -> None:
    with house.operator(MAX_CONCURRENT_RUNS="none") as process:
        assert process.wait(PATIENCE) == 3
    assert house.lines()[-1]["message"].startswith("SYNCRAMP_MAX_CONCURRENT_RUNS: none is no number from 1 to 1000")


def test_a_second_replica_stands_by_and_takes_over(house: House) -> None:
    with house.operator("first") as first:
        until(lambda: house.ready("first"), lambda state: state == "leading")
        with house.operator("second"):
            until(lambda: house.ready("second"), lambda state: state == "standby")
            assert house.holder() == "first"
            first.send_signal(signal.SIGTERM)
            assert first.wait(PATIENCE) == 0
            until(lambda: house.ready("second"), lambda state: state == "leading")
            assert house.holder() == "second"


def test_a_replica_that_stands_by_ends_when_it_is_asked_to(house: House) -> None:
    with house.operator("first"):
        until(lambda: house.ready("first"), lambda state: state == "leading")
        with house.operator("second") as second:
            until(lambda: house.ready("second"), lambda state: state == "standby")
            second.send_signal(signal.SIGTERM)
            assert second.wait(PATIENCE) == 0


def test_a_leader_whose_lease_was_taken_ends_with_an_error(house: House) -> None:
    with house.operator() as process:
        until(house.ready, lambda state: state == "leading")
        lease = house.cluster.done("GET", f"{LEASES}/syncramp-operator")
        spec = {**lease["spec"], "holderIdentity": "somebody_else", "leaseTransitions": 7}
        path = f"{LEASES}/syncramp-operator"
        house.cluster.done("PATCH", path, {"spec": spec}, "application/merge-patch+json")
        assert process.wait(PATIENCE) == 1
    assert house.lines()[-1]["message"].startswith("The Lease of the leader is lost")
    assert house.holder() == "somebody", "it is not ours to give back"


NOBODY = """
import os, pwd

def unknown(_):
    raise KeyError("no such user")

pwd.getpwuid = unknown
for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
    os.environ.pop(name, None)
"""
"""As in a Pod, whose user is a number that no file knows."""


def test_it_leads_as_a_user_without_a_name(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody/sitecustomize.py").write_text(NOBODY, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "nobody"))
    with house.operator() as process:
        until(house.ready, lambda state: state == "leading")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, house.told()
