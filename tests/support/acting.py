"""SyncConfigs with their actors on a virtual clock, a cluster in memory and runs that a test plays."""

import asyncio
import base64
from typing import Any, cast

from support.cluster_in_memory import Clock, MemoryCluster, Object
from support.kube_api_documents import document
from support.stage import Stage
from support.status_check import check_status
from syncramp.spec.schema import with_defaults
from syncramp_operator.actors.actor import Actor
from syncramp_operator.actors.known import number_of, under_way
from syncramp_operator.actors.office import Office
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import SECRETS, SYNCCONFIGS, SYNCRUNS
from syncramp_operator.settings import Settings

NAMESPACE = "identity"
SECRET_NAMES = ("entra", "reader")
"""Those that the document of tests mentions."""


class Acting:
    """One operator after another; each knows nothing of the one before but what the cluster holds."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.cluster = MemoryCluster(self.clock)
        self.events: list[tuple[str, str]] = []
        self._settings = Settings(**settings)
        for name in SECRET_NAMES:
            self.put_secret(name, "first")
        self.restart()

    def restart(self, *, kills_runs: bool = True) -> None:
        """A new operator; the runs of the old one are gone with it, unless they were Jobs."""
        alive = set() if kills_runs or not hasattr(self, "stage") else self.stage.alive
        self.stage = Stage(self.cluster, self.clock, alive=alive)
        self.office = Office(self._settings, cast("Cluster", self.cluster), self.stage, self._told, self.clock)
        self.actors: dict[str, Actor] = {}

    def put_secret(self, name: str, value: str) -> None:
        """A Secret, or a new content of it."""
        body = {"metadata": {"name": name}, "data": {"secret": base64.b64encode(value.encode()).decode()}}
        if ("secrets", NAMESPACE, name) in self.cluster.held:
            self.cluster.patch(SECRETS, NAMESPACE, name, {"data": body["data"]})
        else:
            self.cluster.create(SECRETS, NAMESPACE, body)

    def apply(self, name: str = "contoso", patch: Object | None = None) -> Object:
        """A SyncConfig that is made or changed."""
        if ("syncconfigs", NAMESPACE, name) in self.cluster.held:
            return self.cluster.patch(SYNCCONFIGS, NAMESPACE, name, patch or {})
        return self.cluster.create(SYNCCONFIGS, NAMESPACE, with_defaults(document(name, NAMESPACE, patch)))

    def annotate(self, name: str = "contoso", **texts: str) -> None:
        """Requests to a SyncConfig."""
        given = {f"syncramp.io/{key.replace('_', '-')}": text for key, text in texts.items()}
        self.cluster.patch(SYNCCONFIGS, NAMESPACE, name, {"metadata": {"annotations": given}})

    def config(self, name: str = "contoso") -> Object:
        """As it is stored."""
        return self.cluster.get(SYNCCONFIGS, NAMESPACE, name)

    def actor(self, name: str = "contoso") -> Actor:
        """Its actor in the operator that lives now."""
        uid = self.config(name)["metadata"]["uid"]
        if uid not in self.actors:
            self.actors[uid] = Actor(self.office, NAMESPACE, name, uid)
        return self.actors[uid]

    def look(self, name: str = "contoso", seen: Object | None = None) -> float:
        """One step of an actor; each status that it leaves is well-formed."""
        pause = asyncio.run(self.actor(name).step(seen or self.config(name)))
        if "status" in self.config(name):
            check_status(self.config(name))
        return pause

    def step(self, actor: Actor, seen: Object) -> float:
        """One step, whatever the cluster says."""
        return asyncio.run(actor.step(seen))

    def runs(self, name: str = "contoso") -> list[Object]:
        """The SyncRuns of a SyncConfig of this name, the newest last."""
        found = self.cluster.list(SYNCRUNS, NAMESPACE, labels=f"syncramp.io/config={name}")
        return sorted(found, key=number_of)

    def triggers(self, name: str = "contoso") -> list[str]:
        """Why its runs were made."""
        return [run["spec"]["trigger"] for run in self.runs(name)]

    def active(self, name: str = "contoso") -> Object:
        """The run under way."""
        found = under_way(self.runs(name))
        assert found is not None
        return found

    def status(self, name: str = "contoso") -> Object:
        """Its status."""
        return dict(self.config(name)["status"])

    def ready(self, name: str = "contoso") -> tuple[str, str]:
        """Status and reason of its condition Ready."""
        condition = next(one for one in self.status(name)["conditions"] if one["type"] == "Ready")
        return condition["status"], condition["reason"]

    def finish(self, name: str = "contoso", phase: str = "Succeeded", **status: Any) -> float:
        """The run under way ends, and the actor looks."""
        self.stage.end(self.active(name), phase, **status)
        return self.look(name)

    def _told(self, body: Object, kind: str, reason: str, message: str) -> None:
        del message
        self.events.append((kind, reason))
