"""What all actors share: the API server, the way runs are made, the line for them, the mailboxes and the clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import ParamSpec, TypeVar

from syncramp_operator.actors.mailboxes import Mailboxes
from syncramp_operator.actors.queue import Queue
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import Object
from syncramp_operator.execution.protocol import Execution
from syncramp_operator.metrics.registry import Metrics
from syncramp_operator.settings import Execution as Where
from syncramp_operator.settings import Settings
from syncramp_operator.status.facts import Facts

P = ParamSpec("P")
T = TypeVar("T")

MANY = 10
"""With so many SyncConfigs at its start, the operator spreads their runs and its looks at them."""
PACE = 10.0
"""So many SyncConfigs are looked at for the first time in one second: each look costs some calls."""


@dataclass(slots=True)
class Office:
    """One for a process; used from one event loop."""

    settings: Settings
    cluster: Cluster
    runs: Execution
    """The way runs are made."""
    tell: Callable[[Object, str, str, str], None]
    """Post an Event on an object: its type, its reason, its message."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """The operator ends: nothing is started any more."""
    metrics: Metrics = field(default_factory=Metrics)
    queue: Queue = field(init=False)
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.queue = Queue(self.settings.concurrent_runs, self.mailboxes.wake)
        self.began = self.now()

    def awake(self) -> datetime | None:
        """When the operator began, if it has many documents: their runs are spread then."""
        return self.began if len(self.mailboxes) > MANY else None

    def observe(self, before: Object, after: Object, facts: Facts, now: datetime) -> None:
        """Let the metrics know what became of one look."""
        self.metrics.observe(before, after, facts, now)
        self.metrics.queued, self.metrics.running = self.queue.waiting, self.queue.running

    async def close(self, grace: float) -> None:
        """Start nothing more, and end what would not go on without this process."""
        self.closing.set()
        await self.runs.close(grace)


def execution_of(settings: Settings, cluster: Cluster) -> Execution:
    """The way runs are made, as the settings say."""
    if settings.execution is Where.JOB:
        from syncramp_operator.execution.jobs import Jobs

        return Jobs(cluster, settings)
    from syncramp_operator.execution.inprocess import InProcess

    return InProcess(cluster, settings)


async def call(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """A call that blocks, in a thread."""
    return await asyncio.to_thread(partial(function, *args, **kwargs))
