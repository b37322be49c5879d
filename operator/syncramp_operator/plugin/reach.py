"""The cluster of a person's kubeconfig, as kubectl finds it: its context, and the namespace of that.

Beside it stands what a person is told when a thing is not there, or not allowed: what is missing is a right of
theirs, not of the operator.
"""

import os
from dataclasses import dataclass
from typing import Any, cast

from kubernetes import client, config

from syncramp.errors import InputRefused, Stalled
from syncramp_operator.actors.known import own_runs
from syncramp_operator.api.cluster import Cluster, ClusterRefused, ObjectMissing
from syncramp_operator.api.resources import CONFIG_LABEL, SYNCCONFIGS, SYNCRUNS, Object


class NotAllowed(Stalled):
    """A person may not do this to SyncConfigs."""

    reason = "ClusterRefused"


@dataclass(frozen=True, slots=True)
class Reach:
    """One SyncConfig, and where it is."""

    cluster: Cluster
    namespace: str
    name: str
    context: str = ""
    """As it was asked for; empty: the current one."""

    @property
    def place(self) -> list[str]:
        """The same as options of kubectl."""
        return [*(["--context", self.context] if self.context else []), "--namespace", self.namespace]

    @property
    def full(self) -> str:
        """For people."""
        return f"SyncConfig {self.namespace}/{self.name}"

    def body(self) -> Object:
        """The SyncConfig as it is.

        :raises InputRefused: there is none of this name.
        :raises NotAllowed: this person may not read it.
        """
        try:
            return self.cluster.get(SYNCCONFIGS, self.namespace, self.name)
        except ObjectMissing:
            remedy = "kubectl get syncconfigs --all-namespaces lists all; -n names a namespace"
            raise InputRefused("there is no such SyncConfig", where=self.full, remedy=remedy) from None
        except ClusterRefused as error:
            raise self._refused(error, "get on syncconfigs.syncramp.io") from None

    def runs(self, uid: str) -> list[Object]:
        """Its SyncRuns, the newest last.

        :raises NotAllowed: this person may not list them.
        """
        try:
            return own_runs(self.cluster.list(SYNCRUNS, self.namespace, labels=f"{CONFIG_LABEL}={self.name}"), uid)
        except ClusterRefused as error:
            raise self._refused(error, "list on syncruns.syncramp.io") from None

    def change(self, patch: Object) -> Object:
        """Annotate or patch it.

        :raises NotAllowed: this person may not.
        """
        try:
            return self.cluster.patch(SYNCCONFIGS, self.namespace, self.name, patch)
        except ClusterRefused as error:
            asked = "patch on syncconfigs.syncramp.io, and for what lets something go the verb approve"
            raise self._refused(error, asked) from None

    def _refused(self, error: ClusterRefused, right: str) -> NotAllowed:
        return NotAllowed(error.what, where=self.full, remedy=f"you need the verb {right}")


def reach(name: str, namespace: str = "", context: str = "") -> Reach:
    """A SyncConfig as a person names it.

    :param namespace: empty: that of the context.
    :param context: of the kubeconfig; empty: the current one.
    :raises InputRefused: there is no kubeconfig, or no such context in it.
    """
    configuration, loader = client.Configuration(), cast("Any", config)
    file = os.environ.get("KUBECONFIG") or None  # the library reads it when it is imported
    try:
        loader.load_kube_config(file, context=context or None, client_configuration=configuration)
        found, current = loader.list_kube_config_contexts(file)
    except (config.ConfigException, OSError):
        what = f"no context {context} is to be found" if context else "no cluster is to be found"
        raise InputRefused(
            what, where="kubeconfig", remedy="kubectl config get-contexts lists what there is"
        ) from None
    chosen = next((each for each in found if each["name"] == context), current)
    own = (chosen.get("context") or {}).get("namespace") or "default"
    return Reach(Cluster(configuration), namespace or own, name, context)
