"""The API server of the scenarios: the double, or with ``--cluster`` a real one (``make e2e``).

With ``--cluster``, ``KUBEBUILDER_ASSETS`` names a folder with kube-apiserver and etcd, which are started; without it
the cluster of the kubeconfig is taken: each namespace is removed at the end, the CRDs stay.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.api_servers import ApiServer, double, real
from support.cloud import Cloud
from support.kube_api_client import Cluster, SyncConfigs, token_of_operator, write_kubeconfig
from support.observed import observing
from support.operator_process import Operator
from support.story import Story

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """One for all scenarios."""
    to_real = request.config.getoption("--cluster")
    with real(tmp_path_factory.mktemp("api-server")) if to_real else double() as found:
        yield found


@pytest.fixture(scope="session")
def cluster(server: ApiServer) -> Cluster:
    """As its admin."""
    return server.cluster


@pytest.fixture(scope="session")
def namespace(server: ApiServer) -> Iterator[str]:
    """A namespace with the operator's rights."""
    with server.namespace("syncramp-e2e") as name:
        yield name


@pytest.fixture(scope="session")
def operated(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Operator]]:
    """A namespace with an operator at work; each status that anybody writes there is looked at."""
    with (
        server.namespace("operated") as name,
        observing(server.configuration, name),
        Operator(server, name, tmp_path_factory.mktemp("operator")).running() as operator,
    ):
        yield name, operator


@pytest.fixture
def story(server: ApiServer, operated: tuple[str, Operator], request: pytest.FixtureRequest) -> Iterator[Story]:
    """A SyncConfig that is not there yet, with a tenant of its own; all stories share an operator."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[:40].strip("-")
    name = f"{words}-{next(_numbers)}"  # the state of an earlier one of this name would belong to another tenant
    with Cloud().running() as cloud:
        told = Story(server, operated[0], cloud, name)
        told.operators.append(operated[1])
        yield told
        told.when_over()


@pytest.fixture(scope="session")
def configs(cluster: Cluster, namespace: str) -> SyncConfigs:
    return SyncConfigs(cluster, namespace)


@pytest.fixture
def kubeconfig(server: ApiServer, namespace: str, tmp_path: Path) -> Path:
    """With the rights of the operator's service account, and no others."""
    path = tmp_path / "kubeconfig"
    write_kubeconfig(path, server.configuration, token_of_operator(server.cluster, namespace))
    return path
