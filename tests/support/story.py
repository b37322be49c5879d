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
from support.operator_process import Operator
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
        self.operators: list[Operator] = []
        """Whoever must be at work while something is waited for."""
        self._before = 0
        self.configs = SyncConfigs(server.cluster, namespace)
        self._path = f"/apis/{GROUP}/v1alpha1/namespaces/{namespace}/syncconfigs"

    # given

    def given_secrets(self, secret: str = "") -> None:
        """The client secret (or a wrong one), and the authority of the simulator."""
        text = secret or self.cloud.simulator.client_secret
        self._secret(f"{self.name}-app", secret=text.encode())
        self._secret(f"{self.name}-ca", **{"ca.crt": self.cloud.simulator.certificates.ca})

    def given_bind(self) -> None:
        """Credentials of a directory."""
        self._secret(f"{self.name}-bind", username=b"reader", password=b"a made-up password")

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

    def when_kept(self) -> None:
        """From here on, only what runs that begin later did is waited for."""
        self.when_kept_from(max((body["spec"]["number"] for body in self.runs()), default=0))

    def when_kept_from(self, number: int) -> None:
        """The same, of runs behind this number."""
        self._before = number

    def when_edited(self, **spec: Any) -> Object:
        """A merge patch of the spec."""
        self.when_kept()
        return self.configs.change(self.name, {"spec": spec})

    def when_annotated(self, **annotations: str | None) -> Object:
        """``kubectl annotate``; names without the group, ``_`` for ``-``."""
        self.when_kept()
        told = {f"{GROUP}/{name.replace('_', '-')}": text for name, text in annotations.items()}
        return self.configs.change(self.name, {"metadata": {"annotations": told}})

    def when_looked_at(self) -> None:
        """The look that would come within five minutes comes now; nothing is asked for."""
        self.configs.change(
            self.name, {"metadata": {"annotations": {f"{GROUP}/looked-at": f"story-{next(_numbers)}"}}}
        )

    def when_requested(self) -> None:
        """A run is asked for, now."""
        self.when_annotated(requestedAt=f"story-{next(_numbers)}")

    def when_directory_changes(self, change: Callable[[Directory], Any]) -> None:
        """Somebody works in the directory; a run is asked for, unless the document changes with it."""
        entries = self.directory.entries
        change(self.directory)
        self.given_directory()
        if entries != self.directory.entries:
            self.when_edited(sources=self.document()["spec"]["sources"])
        else:
            self.when_requested()

    def when_deleted(self) -> None:
        """``kubectl delete --wait=false``."""
        self.configs.delete(self.name)

    def when_over(self) -> None:
        """Take the SyncConfig away, if it is there."""
        self.server.cluster.ask("DELETE", f"{self._path}/{self.name}")
        self.then_gone()

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

        body = self._until(settled)
        check_status(body)
        return body

    def then_no_condition(self, name: str) -> Object:
        """A condition is not there."""
        return self._until(lambda body: bool(body.get("status")) and name not in conditions(body))

    def then_run(self, *phases: str) -> Object:
        """A run that began since what was done last is over, in one of the phases; the status speaks of it."""

        def settled(runs: list[Object]) -> bool:
            newest = runs[-1] if runs else {}
            over = newest.get("status", {}).get("phase") in ENDS
            return over and newest["spec"]["number"] > self._before

        newest: Object = self._until_seen(self.runs, settled)[-1]
        assert not phases or newest["status"]["phase"] in phases, newest["status"]
        number = newest["spec"]["number"]
        body = self._until(lambda found: found["status"].get("lastRun", {}).get("number", 0) >= number)
        check_status(body)
        return newest

    def then_no_run(self) -> None:
        """Nothing was begun since what was done last."""
        begun = [body for body in self.runs() if body["spec"]["number"] > self._before]
        assert not begun, begun

    def then_users(self, count: int) -> None:
        """So many users are in the cloud."""
        self._until_seen(lambda: self.cloud.users, lambda users: users == count)

    def then_gone(self) -> None:
        """The SyncConfig is gone."""
        self._until_seen(
            lambda: self.server.cluster.ask("GET", f"{self._path}/{self.name}")[0], lambda code: code == 404
        )

    def then_told(self, reason: str) -> Object:
        """An Event of this reason is told."""
        found = self._until_seen(
            lambda: [event for event in self.configs.events(self.name) if event["reason"] == reason], bool
        )
        return dict(found[0])

    def body(self) -> Object:
        """The SyncConfig as it is."""
        return self.configs.get(self.name)

    def runs(self) -> list[Object]:
        """Its SyncRuns, by number."""
        found = self.server.cluster.done("GET", self._path.replace("syncconfigs", "syncruns"))["items"]
        own = [body for body in found if body["spec"]["configRef"]["name"] == self.name]
        return sorted(own, key=lambda body: body["spec"]["number"])

    def _until(self, settled: Callable[[Object], bool]) -> Object:
        """The SyncConfig, once it is as expected."""
        return dict(self._until_seen(self.body, settled))

    def _until_seen(self, look: Callable[[], Any], settled: Callable[[Any], bool]) -> Any:
        def seen() -> Any:
            for operator in self.operators:
                operator.check()
            return look()

        return until(seen, settled)

    def _secret(self, name: str, /, **keys: bytes) -> None:
        """All its keys at once: an apply takes away what the one before it set and it does not name."""
        data = {key: base64.b64encode(value).decode() for key, value in keys.items()}
        apply(self.server.cluster, self._object("v1", "Secret", name) | {"data": data})

    def _object(self, version: str, kind: str, name: str) -> Object:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": self.namespace}}


def conditions(body: Object) -> dict[str, Object]:
    """The conditions by type."""
    return {one["type"]: one for one in body.get("status", {}).get("conditions", ())}
