"""The operator as a process: ``python -m syncramp_operator``, which a Deployment starts.

In turn: settings, log, probes; the rights are looked at; the Lease of the leader is taken, or waited for; Kopf runs.
Kopf gets a flag to stop by, never a cancellation, and not the signals: it would wait five seconds for what it started
itself. SIGTERM ends the runs of this process first (their successor resumes them at once), then Kopf, then the Lease
is given back. A Lease that is lost ends the process: no half-stopped state is left over.

Exit code 0: it was asked to end. 1: it cannot work, or had to give up. 3: a setting is not acceptable.
"""

import asyncio
import logging
import signal
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import kopf

from syncramp.errors import SyncrampError
from syncramp_operator import logs
from syncramp_operator.actors.handlers import RUNS, Handlers, configure, login, post
from syncramp_operator.actors.mailboxes import first_of
from syncramp_operator.actors.office import Office, call, execution_of
from syncramp_operator.admission.webhook import Webhook
from syncramp_operator.api.cluster import Cluster, ClusterRefused, ClusterUnavailable, ObjectMissing, connected
from syncramp_operator.api.resources import SYNCCONFIGS, SYNCRUNS
from syncramp_operator.api.rights import missing_rights, refusal
from syncramp_operator.leases.elector import Elector
from syncramp_operator.leases.place import ANSWER
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.settings import Settings
from syncramp_operator.web import State, Web

LEASE = "syncramp-operator"
"""The Lease of the leader, in the operator's own namespace."""
GRACE = 40.0
"""Seconds that runs have for their calls in flight when the operator ends; a Pod has sixty for everything."""
HURRY = 5.0
"""The same when the Lease was lost: another operator is at work already."""
TRIES, AGAIN = 30, 2.0
"""How often, and after how many seconds, an API server that does not answer at the start is asked again."""
_LOG = logging.getLogger("syncramp.operator")


@dataclass(slots=True)
class Replica:
    """This process among its replicas."""

    settings: Settings
    connect: Callable[..., Cluster]
    cluster: Cluster = field(init=False)
    state: State = State.STARTING
    metrics: Metrics = field(default_factory=Metrics)
    term: asyncio.Event = field(default_factory=asyncio.Event)
    """It is asked to end."""
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """The Lease of the leader is lost."""

    web: Web = field(init=False)
    webhook: Webhook | None = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = self.connect()
        self.web = Web(self.settings.port, self.metrics.registry, lambda: self.state)
        self.webhook = Webhook(self.cluster, self.settings) if self.settings.webhook_port else None

    async def work(self) -> int:
        """Everything, to the exit code.

        :raises SyncrampError: it cannot work.
        """
        self.listen()
        await self.serve()
        try:
            await self.look_at_rights()
            return await self.stand_by()
        finally:
            await self.hush()

    async def serve(self) -> None:
        """Answer probes, and the API server where it asks before it stores; a replica that stands by does so, too."""
        await self.web.start()
        _LOG.info("Probes and metrics are on port %s", self.web.port)
        if self.webhook is not None:
            await self.webhook.start()

    async def hush(self) -> None:
        """Close all connections: Kopf would wait five seconds for each that is open when it ends."""
        await self.web.end()
        if self.webhook is not None:
            await self.webhook.end()

    def listen(self) -> None:
        """SIGTERM and SIGINT ask this process to end; Kopf takes them while it starts."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.term.set)

    async def look_at_rights(self) -> None:
        """:raises ClusterRefused: a right is missing, or the CRDs are.
        :raises ClusterUnavailable: the API server does not answer for a minute.
        """
        for _ in range(TRIES):
            try:
                return await self._look_at_rights()
            except ClusterUnavailable as error:
                _LOG.warning("%s", error)
            await first_of(self.term.wait(), timeout=AGAIN)
            if self.term.is_set():
                return None
        return await self._look_at_rights()

    async def _look_at_rights(self) -> None:
        if missing := await missing_rights(self.cluster, self.settings):
            raise refusal(missing)
        place = next(iter(self.settings.namespaces), "")
        for resource in (SYNCCONFIGS, SYNCRUNS):
            try:
                await call(self.cluster.list, resource, place, labels=f"{RUNS},syncramp.io/none=none")
            except ObjectMissing:
                raise ClusterRefused(
                    f"the cluster has no {resource.full}", remedy="apply the CRDs: kubectl apply -k crds"
                ) from None

    async def stand_by(self) -> int:
        """Wait for the Lease, lead, and give it back."""
        self.state = State.STANDBY
        holder = f"{self.settings.name}_{uuid.uuid4()}"
        elector = Elector(self.connect(answer=ANSWER), self.settings.home, LEASE, holder)
        if not await elector.acquire(self.term):
            return 0
        _LOG.info("This replica leads, as %s", holder)
        renewing = asyncio.ensure_future(elector.renew(self.lost))
        try:
            await self.lead()
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})
            if not self.lost.is_set():
                await elector.release()
        if self.lost.is_set():
            _LOG.error("The Lease of the leader is lost: another replica may lead")
        return 0 if self.term.is_set() and not self.lost.is_set() else 1

    async def lead(self) -> None:
        """Run Kopf until somebody asks us to end, the Lease is lost, or Kopf gives up."""
        self.state = State.LISTING
        execution = execution_of(self.settings, self.cluster)
        office = Office(self.settings, self.cluster, execution, post, metrics=self.metrics)
        self.metrics.leads = True
        stop, ready = asyncio.Event(), asyncio.Event()
        kopfs = asyncio.ensure_future(self.kopf(office, stop, ready))
        try:
            await first_of(ready.wait(), asyncio.shield(kopfs))
            self.listen()
            self.state = State.LEADING if ready.is_set() else State.ENDING
            await first_of(asyncio.shield(kopfs), self.term.wait(), self.lost.wait())
        finally:
            self.state, self.metrics.leads = State.ENDING, False
            await office.close(HURRY if self.lost.is_set() else GRACE)
            await self.hush()
            stop.set()
            await kopfs

    async def kopf(self, office: Office, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Kopf with handlers and settings of its own."""
        registry, settings = kopf.OperatorRegistry(), kopf.OperatorSettings()
        configure(settings, self.settings)
        kopf.on.login(registry=registry, errors=kopf.ErrorsMode.PERMANENT)(login)
        Handlers(lambda: office).register(registry, self.settings)
        me: Any = self.settings.name  # otherwise Kopf looks for the name of the user, and a Pod's has none
        await kopf.operator(
            registry=registry,
            identity=me,
            settings=settings,
            namespaces=self.settings.namespaces,
            clusterwide=not self.settings.namespaces,
            standalone=True,
            stop_flag=stop,
            ready_flag=ready,
        )


def main() -> int:
    """The process, to its exit code."""
    logs.configure()
    try:
        return asyncio.run(Replica(Settings.of(), connected).work())
    except SyncrampError as error:
        _LOG.critical("%s", error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - its text may hold anything
        _LOG.critical("The operator failed", extra={"trace": logs.trace(error)})
        return 1


if __name__ == "__main__":
    sys.exit(main())
