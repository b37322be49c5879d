"""The operator in a test: in a thread with runs that the test plays, or as a process."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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


@contextmanager
def operator_process(kubeconfig: Path, folder: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """``python -m syncramp_operator`` with variables such as ``NAMESPACES``; its log is ``FOLDER/operator.log``.

    It is killed at the end of the block, if it still lives.
    """
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(("KUBERNETES_", "SYNCRAMP_"))
    }
    for name in ("state", "runtime"):
        (folder / name).mkdir(exist_ok=True)
    given = {"STATE": str(folder / "state"), "RUNTIME": str(folder / "runtime"), "PORT": "0", **settings}
    environment |= {f"SYNCRAMP_{name}": text for name, text in given.items()}
    environment["KUBECONFIG"] = str(kubeconfig)
    command = [sys.executable, "-m", "syncramp_operator"]
    with (folder / "operator.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
