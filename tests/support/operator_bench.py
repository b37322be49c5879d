"""An operator with played runs, in namespaces of its own, on an API server that several tests share."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from support.kube_api import KubeApi
from support.kube_api_client import (
    ACCOUNT,
    Cluster,
    SyncConfigs,
    cluster_at,
    install_crd,
    install_rights,
    token_of_operator,
    until,
)
from support.kube_api_documents import document
from support.kube_api_scenarios import said
from support.operators import Running, operator_thread
from syncramp_operator.actors.known import number_of
from syncramp_operator.settings import Settings

SUSPENDED = {"spec": {"suspend": True}}
FINALIZER = "syncramp.io/operator"
_NUMBERS = count()

Object = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """A server with the CRDs, the rights and Secrets, and what tests do with it."""

    api: KubeApi
    cluster: Cluster
    namespace: str
    """Of this test alone."""
    other: str
    """Another one, of this test, too; the service account has no rights there."""

    @property
    def configs(self) -> SyncConfigs:
        return SyncConfigs(self.cluster, self.namespace)

    @property
    def user(self) -> str:
        """The operator, as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{ACCOUNT}"

    @contextmanager
    def operator(self, namespaces: tuple[str, ...] | None = None, token: str = "") -> Iterator[Running]:
        """The operator with the service account's token, unless another one is given."""
        given = (self.namespace,) if namespaces is None else namespaces
        token = token or token_of_operator(self.cluster, self.namespace)
        with operator_thread(self.api.url, token, Settings(namespaces=given, home=self.namespace)) as running:
            yield running

    def create(self, name: str, patch: Object | None = None, namespace: str = "") -> Object:
        """A SyncConfig."""
        place = namespace or self.namespace
        return SyncConfigs(self.cluster, place).create(document(name, place, patch))

    def path(self, name: str) -> str:
        """Where a SyncConfig is."""
        return f"/apis/syncramp.io/v1alpha1/namespaces/{self.namespace}/syncconfigs/{name}"

    def until_gone(self, name: str) -> None:
        """Wait until there is no such SyncConfig."""
        until(lambda: self.cluster.ask("GET", self.path(name))[0], lambda code: code == 404)

    def runs(self, name: str, namespace: str = "") -> list[Object]:
        """SyncRuns of one SyncConfig, the newest last."""
        place = f"/apis/syncramp.io/v1alpha1/namespaces/{namespace or self.namespace}/syncruns"
        path = f"{place}?labelSelector=syncramp.io/config%3D{name}"
        return sorted(self.cluster.done("GET", path)["items"], key=number_of)

    def until_running(self, name: str, number: int = 1, namespace: str = "") -> Object:
        """The SyncRun of this number, once it runs."""

        def begun(runs: list[Object]) -> bool:
            return (
                bool(runs) and number_of(runs[-1]) == number and runs[-1].get("status", {}).get("phase") == "Running"
            )

        return dict(until(lambda: self.runs(name, namespace), begun)[-1])

    def annotate(self, name: str, **texts: str) -> None:
        """Requests to a SyncConfig."""
        given = {f"syncramp.io/{key}": text for key, text in texts.items()}
        self.configs.change(name, {"metadata": {"annotations": given}})

    def triggers(self, name: str, old: Object) -> list[str]:
        """Why the runs of a SyncConfig were made, without those of an earlier one that had the same name."""
        gone = old["spec"]["configRef"]["uid"]
        return [run["spec"]["trigger"] for run in self.runs(name) if run["spec"]["configRef"]["uid"] != gone]

    def reasons(self, name: str) -> list[str]:
        """Of the Events of one SyncConfig."""
        return [event["reason"] for event in self.configs.events(name)]

    def writes(self) -> list[tuple[str, str]]:
        """What the operator wrote, as verb and resource."""
        seen = ("list", "watch", "get")
        return [(call.verb, call.resource) for call in self.api.calls_of(self.user) if call.verb not in seen]

    def see(self, name: str) -> None:
        """Wait until the operator has looked at everything up to now: another document, made later, was looked at."""
        self.create(name, SUSPENDED)
        self.configs.until(name, said(1, "Unknown"))


def put_secrets(cluster: Cluster, namespace: str, value: str = "first") -> None:
    """The Secrets that documents of tests name, as they are new or changed."""
    data = {"password": base64.b64encode(value.encode()).decode()}
    for name in ("entra", "reader"):
        made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
        path = f"/api/v1/namespaces/{namespace}/secrets"
        if cluster.ask("POST", path, made)[0] == 409:
            cluster.done("PATCH", f"{path}/{name}", {"data": data}, "application/merge-patch+json")


@contextmanager
def a_server() -> Iterator[tuple[KubeApi, Cluster]]:
    """One for all tests of a file, because CRDs take seconds."""
    with KubeApi().running() as api:
        cluster = cluster_at(api.url)
        install_crd(cluster)
        yield api, cluster
        cluster.close()


@contextmanager
def a_bench(api: KubeApi, cluster: Cluster) -> Iterator[Bench]:
    """Two namespaces of a server; the operator has its rights in the first one."""
    names = [f"one-{next(_NUMBERS)}" for _ in range(2)]
    for name in names:
        cluster.done("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        put_secrets(cluster, name)
    install_rights(cluster, names[0])
    yield Bench(api, cluster, *names)
    api.faults.mend()
    for name in names:
        clear(SyncConfigs(cluster, name), cluster)


def clear(configs: SyncConfigs, cluster: Cluster) -> None:
    """Nothing is left that an operator of another test would look after."""
    path = f"/apis/syncramp.io/v1alpha1/namespaces/{configs.namespace}/syncconfigs"
    for body in cluster.done("GET", path)["items"]:
        configs.change(body["metadata"]["name"], {"metadata": {"finalizers": None}})
        cluster.ask("DELETE", f"{path}/{body['metadata']['name']}")
