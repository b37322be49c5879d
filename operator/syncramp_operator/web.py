"""Probes and metrics over HTTP, beside Kopf, so that a replica that stands by answers too.

``/healthz``: the process is alive. It is answered by the loop that everything else runs in, so a loop that hangs does
not answer, and the kubelet's probe runs out of time. ``/readyz``: it would take over now (standing by), or it works
(leading, and everything was listed once). A replica that stands by is ready on purpose: it serves the webhook, and a
rolling update waits for it before the leader is ended. ``/metrics``: as Prometheus reads them.
"""

import socket
from collections.abc import Callable
from enum import StrEnum

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class State(StrEnum):
    """How far this replica is."""

    STARTING = "starting"
    """Its rights are not known yet."""
    STANDBY = "standby"
    """Another replica leads."""
    LISTING = "listing"
    """It leads, and has not seen every SyncConfig yet."""
    LEADING = "leading"
    ENDING = "ending"


READY = (State.STANDBY, State.LEADING)


class Web:
    """The server; started and ended from the operator's loop."""

    def __init__(self, port: int, registry: CollectorRegistry, state: Callable[[], State]) -> None:
        """:param port: on all addresses; 0: any that is free."""
        application = web.Application()
        application.router.add_get("/healthz", self._healthy)
        application.router.add_get("/readyz", self._ready)
        application.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        self._port, self._registry, self._state = port, registry, state

    @property
    def port(self) -> int:
        """Where it listens, once it is started."""
        return int(self._runner.addresses[0][1])

    async def start(self) -> None:
        """Listen.

        :raises OSError: the port is taken.
        """
        await self._runner.setup()
        await web.SockSite(self._runner, listening(self._port)).start()

    async def end(self) -> None:
        """Close all connections: left open, Kopf would wait five seconds for them at its end."""
        await self._runner.cleanup()

    async def _healthy(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def _ready(self, _: web.Request) -> web.Response:
        state = self._state()
        return web.Response(text=f"{state}\n", status=200 if state in READY else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def listening(port: int) -> socket.socket:
    """One socket for IPv4 and IPv6, where there is IPv6."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))
