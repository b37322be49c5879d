"""Given, when, then: a SyncConfig in a cluster, its directory, its cloud, and an operator between them.

A story has a namespace, a simulated tenant over TLS, a directory as LDIF in a ConfigMap and its Secrets in the
cluster. What happens is done through the API server, as people and GitOps tools do it; what came of it is read from
the resources and from the cloud. Nothing waits for a time: it is asked until it is so.
"""

import base64
import itertools
from collections.abc import Callable
from typing import Any

from support.api_servers import ApiServer
from support.cloud import Cloud
from support.directory_ldif import SCOPE, Directory
from support.kube_api_client import SyncConfigs, apply, until
from support.kube_api_patches import merged
from support.observed import ENDS
from support.status_check import check_status

GROUP = "syncramp.io"

Object = dict[str, Any]

_numbers = itertools.count(1)


class Story:
    """One SyncConfig and everything around it.

    :param name: of the SyncConfig, and of what it needs.
    """

    def __init__(
        self, server: ApiServer, namespace: str, cloud: Cloud, name: str, directory: Directory | None = None
    ):
        self.server, self.namespace, self.cloud, self.name = server, namespace, cloud, name
        self.directory = directory or Directory()
        self.configs = SyncConfigs(server.cluster, namespace)
        self.runs_path = f"/apis/{GROUP}/v1alpha1/namespaces/{namespace}/syncruns"

    # given

    def given_secrets(self, secret: str = "") -> None:
        """The client secret (or a wrong one), and the authority of the simulator."""
        text = secret or self.cloud.simulator.client_secret
        self._secret(f"{self.name}-app", "secret", text.encode())
        self._secret(f"{self.name}-ca", "ca.crt", self.cloud.simulator.certificates.ca)

    def given_directory(self) -> None:
        """The directory as it is now, in its ConfigMap."""
        body = self._object("v1", "ConfigMap", f"{self.name}-ldif")
        apply(self.server.cluster, body | {"data": {"directory.ldif": self.directory.ldif}})

    def document(self, **spec: Any) -> Object:
        """The SyncConfig, with changes of its spec as a merge patch."""
        ldif = {"configMapKeyRef": {"name": f"{self.name}-ldif"}, "entries": self.directory.entries}
        plain = {
            "interval": "30m",
            "target": self.cloud.target(f"{self.name}-app", f"{self.name}-ca"),
            "sources": [{"name": "corp", "ldif": ldif, "scope": SCOPE}],
        }
        body = self._object(f"{GROUP}/v1alpha1", "SyncConfig", self.name)
        return body | {"spec": merged(plain, spec)}

    # when

    def when_applied(self, **spec: Any) -> Object:
        """``kubectl apply`` with everything the document needs."""
        self.given_secrets()
        self.given_directory()
        return self.configs.create(self.document(**spec))

    def when_edited(self, **spec: Any) -> Object:
        """A merge patch of the spec."""
        return self.configs.change(self.name, {"spec": spec})

    def when_annotated(self, **annotations: str | None) -> Object:
        """``kubectl annotate``; names without the group, ``_`` for ``-``."""
        told = {f"{GROUP}/{name.replace('_', '-')}": text for name, text in annotations.items()}
        return self.configs.change(self.name, {"metadata": {"annotations": told}})

    def when_requested(self) -> None:
        """A run is asked for, now."""
        self.when_annotated(requestedAt=f"story-{next(_numbers)}")

    def when_directory_changes(self, change: Callable[[Directory], Any]) -> None:
        """Somebody works in the directory; the next run sees it."""
        entries = self.directory.entries
        change(self.directory)
        self.given_directory()
        if entries != self.directory.entries:
            self.when_edited(sources=self.document()["spec"]["sources"])

    def when_deleted(self) -> None:
        """``kubectl delete --wait=false``."""
        self.configs.delete(self.name)

    # then

    def then_ready(self, status: str = "True", reason: str = "") -> Object:
        """Ready has this status (and reason), for the newest generation."""
        return self.then_condition("Ready", status, reason)

    def then_condition(self, name: str, status: str = "True", reason: str = "") -> Object:
        """A condition is as told, for the newest generation."""

        def settled(body: Object) -> bool:
            found = conditions(body).get(name, {})
            newest = body.get("status", {}).get("observedGeneration") == body["metadata"]["generation"]
            return newest and found.get("status") == status and reason in ("", found.get("reason"))

        body = self.configs.until(self.name, settled)
        check_status(body)
        return body

    def then_no_condition(self, name: str) -> Object:
        """A condition is not there."""
        return self.configs.until(self.name, lambda body: bool(body.get("status")) and name not in conditions(body))

    def then_run(self, number: int, *phases: str) -> Object:
        """A SyncRun of this number is over, in one of the phases (any, if none is named)."""
        wanted = phases or ENDS
        return dict(until(lambda: self.run(number), lambda body: body.get("status", {}).get("phase") in wanted))

    def then_users(self, count: int) -> None:
        """So many users are in the cloud."""
        until(lambda: self.cloud.users, lambda users: users == count)

    def then_gone(self) -> None:
        """The SyncConfig is gone."""
        path = f"/apis/{GROUP}/v1alpha1/namespaces/{self.namespace}/syncconfigs/{self.name}"
        until(lambda: self.server.cluster.ask("GET", path)[0], lambda code: code == 404)

    def then_told(self, reason: str) -> Object:
        """An Event of this reason is told."""
        found = until(lambda: [event for event in self.configs.events(self.name) if event["reason"] == reason], bool)
        return dict(found[0])

    def body(self) -> Object:
        """The SyncConfig as it is."""
        return self.configs.get(self.name)

    def runs(self) -> list[Object]:
        """Its SyncRuns, by number."""
        found = self.server.cluster.done("GET", self.runs_path)["items"]
        own = [body for body in found if body["spec"]["configRef"]["name"] == self.name]
        return sorted(own, key=lambda body: body["spec"]["number"])

    def run(self, number: int) -> Object:
        """A SyncRun by its number; empty if there is none."""
        return next((body for body in self.runs() if body["spec"]["number"] == number), {})

    def _secret(self, name: str, key: str, value: bytes) -> None:
        data = {key: base64.b64encode(value).decode()}
        apply(self.server.cluster, self._object("v1", "Secret", name) | {"data": data})

    def _object(self, version: str, kind: str, name: str) -> Object:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}}


def conditions(body: Object) -> dict[str, Object]:
    """The conditions by type."""
    return {one["type"]: one for one in body.get("status", {}).get("conditions", ())}
