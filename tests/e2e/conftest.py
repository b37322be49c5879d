"""The cluster of the kubeconfig, and a namespace of its own that is removed at the end; the CRD stays."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client, config

from support.kube_api_client import (
    Cluster,
    SyncConfigs,
    install_crd,
    install_rights,
    token_of_operator,
    write_kubeconfig,
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--cluster"):
        return
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="needs a cluster: make e2e (pytest tests/e2e --cluster)"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """As the admin of the kubeconfig's current context."""
    configuration = client.Configuration()
    config.load_kube_config(client_configuration=configuration)
    found = Cluster(configuration)
    yield found
    found.close()


@pytest.fixture(scope="session")
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace with the CRD and the operator's rights."""
    name = f"syncramp-e2e-{uuid.uuid4().hex[:8]}"
    install_crd(cluster)
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.done("POST", "/api/v1/namespaces", made)
    try:
        install_rights(cluster, name)
        yield name
    finally:
        cluster.done("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def configs(cluster: Cluster, namespace: str) -> SyncConfigs:
    return SyncConfigs(cluster, namespace)


@pytest.fixture
def kubeconfig(cluster: Cluster, namespace: str, tmp_path: Path) -> Path:
    """With the rights of the operator's service account, and no others."""
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, cluster.configuration, token_of_operator(cluster, namespace))
    return path
