"""API servers for stories: the double, a real one of ``KUBEBUILDER_ASSETS``, or the cluster of a kubeconfig.

A story is told once and runs on each of them. What only the double can be made to do (faults, another clock) is found
in ``api``, which the others lack.
"""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client, config

from support.garbage import collecting
from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import Cluster, install_crd, install_rights, until
from support.real_api_server import assets, real_api_server


@dataclass(frozen=True)
class ApiServer:
    """One of them, with the CRDs."""

    configuration: client.Configuration
    """Of its admin."""
    cluster: Cluster
    api: KubeApi | None = None
    """The double, if it is one."""
    whole: bool = False
    """Whether it may have controllers of its own; then Pods are not made by us."""

    @contextmanager
    def namespace(self, prefix: str = "story", *, jobs: bool = False) -> Iterator[str]:
        """A namespace of its own with the committed rights, and somebody who collects garbage."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.cluster.done("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        with ExitStack() as stack:
            if self.api is None:
                stack.enter_context(collecting(self.cluster, name))
            try:
                install_rights(self.cluster, name, jobs=jobs)
                yield name
            finally:
                self._leave(name)

    def _leave(self, name: str) -> None:
        """No finalizer holds the namespace: its operator is gone."""
        path = f"/apis/syncramp.io/v1alpha1/namespaces/{name}/syncconfigs"
        for body in self.cluster.done("GET", path)["items"]:
            one = f"{path}/{body['metadata']['name']}"
            self.cluster.ask("PATCH", one, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
            self.cluster.ask("DELETE", one)
        until(lambda: self.cluster.done("GET", path)["items"], lambda items: not items)
        self.cluster.ask("DELETE", f"/api/v1/namespaces/{name}")


@contextmanager
def double(*, tls: bool = False) -> Iterator[ApiServer]:
    """The double."""
    with KubeApi(tls=tls).running() as api, ExitStack() as stack:
        configuration = client.Configuration(host=api.url)
        configuration.api_key = {"authorization": f"Bearer {ADMIN_TOKEN}"}
        if authority := api.authority:
            configuration.ssl_ca_cert = str(authority)
        yield stack.enter_context(_prepared(configuration, api))


@contextmanager
def real(folder: Path) -> Iterator[ApiServer]:
    """The one of ``KUBEBUILDER_ASSETS``, started for this; else the cluster of the kubeconfig."""
    with ExitStack() as stack:
        if binaries := assets():
            configuration = stack.enter_context(real_api_server(binaries, folder))
        else:
            configuration = client.Configuration()
            config.load_kube_config(client_configuration=configuration)
        yield stack.enter_context(_prepared(configuration, whole=not binaries))


@contextmanager
def _prepared(
    configuration: client.Configuration, api: KubeApi | None = None, *, whole: bool = False
) -> Iterator[ApiServer]:
    cluster = Cluster(configuration)
    try:
        install_crd(cluster)
        yield ApiServer(configuration, cluster, api, whole)
    finally:
        cluster.close()
