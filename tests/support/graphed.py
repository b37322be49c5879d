"""Microsoft Graph of a simulator over real TLS, and the client of a run in front of it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from support.model import Crash
from support.service import Secrets
from support.simulator import HandClock
from support.tenant_cloud import wanting
from syncramp.cycle.job import Job, Pace, Writeback
from syncramp.cycle.phases import Phase
from syncramp.cycle.writeback.intake import take_in
from syncramp.endpoint.graph import Graph
from syncramp.model.cloud import GroupsPage
from syncramp.simulator.faults import Script
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.tenant import Tenant
from syncramp.source import dn
from syncramp.spec.references import KeyRef
from syncramp.spec.types import EndpointOverrides, MembersFrom, Target
from syncramp.store.store import Store


@dataclass
class Dying:
    """A reader of Graph that is killed after some pages, when a test says so."""

    graph: Graph
    after: int = -1

    def groups(self, cursor: str | None) -> Iterator[GroupsPage]:
        for given, page in enumerate(self.graph.groups(cursor)):
            if given == self.after:
                raise Crash
            yield page

    def hard_deleted(self, object_id: str) -> bool:
        return self.graph.hard_deleted(object_id)


@dataclass
class Graphed:
    """A simulator with its Graph, and what asks it."""

    simulator: Simulator
    target: Target
    reader: Dying
    path: Path
    clock: HandClock
    notes: list[Any] = field(default_factory=list)

    @property
    def tenant(self) -> Tenant:
        return self.simulator.tenant

    def store(self) -> Any:
        return closing(Store(self.path, dn.key))

    def take_in(self, store: Store) -> None:
        """What the other direction of a run begins with."""
        config = wanting(members=MembersFrom.GRAPH)
        assert config.writeback is not None
        other = Writeback(config.writeback, store, store, None, graph=self.reader)  # type: ignore[arg-type]
        job = Job(config, [], None, store, clock=self.clock, listen=self.notes.append, pace=Pace(), writeback=other)  # type: ignore[arg-type]
        take_in(job, Phase("import", self.notes.append, "group"))


@contextmanager
def graphed(
    folder: Path, script: Script | None = None, roles: tuple[str, ...] | None = None, **settings: Any
) -> Iterator[Graphed]:
    """A simulator that listens, and the client of its Graph.

    :param roles: permissions of the application for Graph; None: those that are needed.
    """
    clock = HandClock()
    tenant = TenantSettings(**{"visibility_delay": 0.0, **settings})
    made = make_simulator(tenant, clock=clock, faults=script)
    if roles is not None:
        made.issuer._application = replace(made.issuer._application, graph_roles=roles)
    with running_simulator(made) as simulator:
        secrets = Secrets(
            {("ca", "ca.crt"): simulator.certificates.ca, ("app", "secret"): simulator.client_secret.encode()}
        )
        endpoint = EndpointOverrides(
            host=simulator.host, authority=f"https://{simulator.host}", ca=KeyRef("ca", "ca.crt"), unverified=True
        )
        document = wanting()
        auth = replace(document.target.auth, client_id=simulator.client_id, secret=KeyRef("app", "secret"))  # type: ignore[call-arg]
        target = replace(document.target, endpoint=endpoint, auth=auth, tenant_id=tenant.tenant_id)
        with closing(Graph(target, secrets, simulator.host, threading.Event(), first=0.01)) as graph:
            yield Graphed(simulator, target, Dying(graph), folder / "state.db", clock)
