"""The operator in a thread of a test, with runs that the test plays."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import kopf
from kubernetes import client

from support.stage import Stage
from syncramp_operator.actors.handlers import Handlers, configure, post
from syncramp_operator.actors.office import Office
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.settings import Settings

PATIENCE = 60.0


@dataclass
class Running:
    """An operator in a thread."""

    office: Office
    stage: Stage


@contextmanager
def operator_thread(url: str, token: str, settings: Settings) -> Iterator[Running]:
    """Kopf with our handlers, in a loop and a thread of its own; at the end of the block it ends in order."""
    configuration = client.Configuration(host=url)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    cluster = Cluster(configuration)
    stage = Stage(cluster)
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    office = Office(settings, cluster, stage, post)

    async def run() -> None:
        registry, kopfs = kopf.OperatorRegistry(), kopf.OperatorSettings()
        configure(kopfs, settings)
        Handlers(lambda: office).register(registry, settings)

        @kopf.on.login(registry=registry)
        def login(**_: Any) -> kopf.ConnectionInfo:
            return kopf.ConnectionInfo(server=url, token=token)

        where: dict[str, Any] = {"namespaces": settings.namespaces, "clusterwide": not settings.namespaces}
        await kopf.operator(
            registry=registry, settings=kopfs, standalone=True, stop_flag=stop, ready_flag=ready, **where
        )

    async def end() -> None:
        await office.close(1.0)
        stop.set()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the operator did not start"
        yield Running(office, stage)
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(PATIENCE)
        thread.join(PATIENCE)
        loop.close()
        cluster.close()
