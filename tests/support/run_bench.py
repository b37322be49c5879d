"""The operator's side of runs that are its children, without the operator."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from support.ledger import Ledger
from support.walk import PATIENCE, Walk
from syncramp.schedule.known import Start, Trigger
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import SYNCRUNS
from syncramp_operator.execution.inprocess import InProcess
from syncramp_operator.runs.syncruns import manifest
from syncramp_operator.settings import Execution, Settings

Object = dict[str, Any]


@dataclass
class Bench:
    """An operator's side of runs, without the operator."""

    walk: Walk
    settings: Settings
    ledger: Ledger = field(default_factory=Ledger)
    number: int = 0
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Object:
        about = {"annotations": {**self.annotations, "kubectl.kubernetes.io/last-applied-configuration": "{}"}}
        metadata = {"name": "walk", "namespace": "default", "uid": "uid-1", "generation": 1, **about}
        return {
            "apiVersion": "syncramp.io/v1alpha1",
            "kind": "SyncConfig",
            "metadata": metadata,
            "spec": self.walk.spec,
        }

    def made(self, start: Start | None = None) -> Object:
        """The next SyncRun."""
        self.walk.write()
        self.number += 1
        run = manifest(self.config, self.number, start or Start(Trigger.INTERVAL), Execution.IN_PROCESS)
        run["metadata"]["uid"] = f"run-uid-{self.number}"
        return self.ledger.create(SYNCRUNS, "default", run)

    def execution(self) -> InProcess:
        return InProcess(cast("Cluster", self.ledger), self.settings)

    def run(
        self, meanwhile: Callable[[InProcess, Object], Awaitable[None]] | None = None, start: Start | None = None
    ) -> Object:
        """One run to its end.

        :returns: its last status.
        """
        run = self.made(start)

        async def course() -> None:
            execution = self.execution()
            await execution.start(self.config, run)
            if meanwhile:
                await meanwhile(execution, run)
            await self.over(execution)

        asyncio.run(course())
        return self.ledger.status(run["metadata"]["name"])

    async def over(self, execution: InProcess) -> None:
        """Wait until no child is left."""
        async with asyncio.timeout(PATIENCE):
            while execution._children:
                await asyncio.sleep(0.02)

    def assert_nothing_left(self) -> None:
        """No Secret lies about."""
        assert list(self.settings.runtime.iterdir()) == []


async def passed(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE)


def child_of(execution: InProcess) -> asyncio.subprocess.Process:
    (child,) = execution._children.values()
    return child.process
