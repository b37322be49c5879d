"""A cluster that is there for its Leases alone, for processes that take them as the operator's do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.kube_api import ADMIN_TOKEN, KubeApi
from support.kube_api_client import cluster_at, write_kubeconfig
from syncramp_operator.settings import Settings


@contextmanager
def leased(folder: Path, namespace: str = Settings().tenant_leases) -> Iterator[Path]:
    """The double of the API server, with a namespace for Leases.

    :param folder: where the kubeconfig is written.
    :returns: the kubeconfig.
    """
    with KubeApi().running() as api:
        cluster = cluster_at(api.url)
        cluster.ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        write_kubeconfig(folder / "kubeconfig", cluster.configuration, ADMIN_TOKEN)
        cluster.close()
        yield folder / "kubeconfig"
