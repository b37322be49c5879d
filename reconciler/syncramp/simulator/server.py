"""The simulator as an HTTPS server on loopback: the provisioning service, the token issuer and Graph behind one port.

Its event loop only moves bytes; a call is processed in it, one after the other, as the tenant wants it. The loop runs
in the caller's thread (``serve``) or in one of its own (``running_simulator``).
"""

import asyncio
import logging
import os
import re
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from syncramp.endpoint import contract
from syncramp.endpoint.clouds import PATH
from syncramp.endpoint.soap import CONTENT_TYPE
from syncramp.errors import InputRefused, SyncrampError
from syncramp.simulator.behaviour import PROMPT, Behaviour
from syncramp.simulator.certificates import Certificates, Pair, make_certificates
from syncramp.simulator.delivery import deliver
from syncramp.simulator.faults import Script
from syncramp.simulator.graph import Graph
from syncramp.simulator.issuer import Issuer
from syncramp.simulator.latency import Clock
from syncramp.simulator.registration import Account, Application, Cluster
from syncramp.simulator.service import Service
from syncramp.simulator.settings import ADDRESS, SignIn, TenantSettings
from syncramp.simulator.tenant import Tenant

EVERYWHERE = "0.0.0.0"  # noqa: S104 - only where it is given a name that others call it by
CLIENT_ID = "0b1c2d3e-0000-4000-8000-000000000001"
LARGEST = 64 << 20
"""Bytes of a request: 15,000 links are about 4 MB."""
CLIENT_HEADERS = (
    "client-request-id",
    "x-ms-aadmsods-clientversion",
    "x-ms-aadmsods-dirsyncbuildnumber",
    "x-ms-aadmsods-tenantid",
)
"""HTTP headers of every published client; whether the service reads them is not known, so they are only counted."""


@dataclass
class Simulator:
    """One simulator: a tenant, its issuer, and what they are reached with."""

    tenant: Tenant
    issuer: Issuer
    service: Service
    certificates: Certificates
    client_id: str
    client_secret: str = field(repr=False)
    cluster: Cluster
    """Whose service account the application trusts."""
    account: Account
    redirects: int = 0
    """Hosts that only send a client on, before the one that serves the tenant."""
    name: str = ADDRESS
    """What clients call it; with another one than that it listens on all addresses."""
    graph: Graph = field(kw_only=True)
    ports: tuple[int, ...] = ()
    """In the order in which a client comes by; the last one serves."""
    exports: int = 0
    """Export calls that were processed."""

    @property
    def host(self) -> str:
        """Name and port of the first host."""
        return f"{self.name}:{self.ports[0] if self.ports else 0}"

    def onward(self, port: int) -> str:
        """Where a call that came by this port must go instead; empty when it came to the right one."""
        place = self.ports.index(port)
        return f"https://{self.name}:{self.ports[place + 1]}{PATH}" if port != self.ports[-1] else ""


def make_simulator(
    settings: TenantSettings | None = None,
    *,
    client_id: str = CLIENT_ID,
    path: Path | None = None,
    clock: Callable[[], float] = time.time,
    behaviour: Behaviour = PROMPT,
    faults: Script | None = None,
    redirects: int = 0,
    sign_in: SignIn | None = None,
    name: str = ADDRESS,
) -> Simulator:
    """A simulator that does not listen yet.

    :param path: the tenant's file; None: in memory.
    :raises InputRefused: the file holds another tenant.
    :param clock: of the tenant, the issuer and the latency; a virtual :class:`Clock` sleeps for nobody.
    :param faults: which calls go wrong.
    :param redirects: how often a client is sent on, from port to port.
    :param name: what clients call it; see :class:`Simulator`.
    """
    clock = clock if isinstance(clock, Clock) else Clock(clock)
    tenant = Tenant(settings or TenantSettings(), clock, path)
    try:
        tenant.journal.describe(tenant.settings)
    except InputRefused as error:
        tenant.close()
        raise InputRefused(error.what, where=str(path), remedy=error.remedy) from None
    signs = sign_in or SignIn()
    certificates = make_certificates(client_id, timedelta(days=signs.certificate_days), name)
    secret, cluster = uuid4().hex, Cluster()
    application = Application(client_id, certificates.application.certificate, secret, trusts=cluster.credential)
    account = Account("Sync_SIMULATOR_0001@contoso.onmicrosoft.com", uuid4().hex, signs.multifactor)
    issuer = Issuer(tenant.settings.tenant_id, application, clock, account, signs.token_lifetime)
    service = Service(tenant, issuer, clock, behaviour, faults)
    graph = Graph(tenant, issuer, clock, tenant.settings.graph_page_size, service.script)
    made = tenant, issuer, service, certificates, client_id, secret, cluster, account, redirects
    return Simulator(*made, name=name, graph=graph)


@asynccontextmanager
async def listening(simulator: Simulator, port: int = 0) -> AsyncIterator[None]:
    """Listen until the block ends: on loopback, or everywhere if it has a name.

    :param port: of the first host; 0 takes a free one. ``simulator.host`` tells it.
    :raises SyncrampError: the port is taken.
    """
    runner = web.AppRunner(
        _application(simulator), access_log=None, shutdown_timeout=1.0, auto_decompress=False, logger=_logger()
    )
    await runner.setup()
    context = _context(simulator.certificates.server)
    try:
        for number in (port, *[0] * simulator.redirects):
            address = ADDRESS if simulator.name == ADDRESS else EVERYWHERE
            await _listen(web.TCPSite(runner, address, number, ssl_context=context), number)
        simulator.ports = tuple(address[1] for address in runner.addresses)
        yield
    finally:
        await runner.cleanup()


async def _listen(site: web.TCPSite, port: int) -> None:
    try:
        await site.start()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SyncrampError(
            f"the simulator cannot listen: {why}", where=f"{ADDRESS}:{port}", remedy="name a free port, or none"
        ) from error


async def serve(simulator: Simulator, port: int, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set.

    :param ready: called once the simulator listens.
    :raises SyncrampError: the port is taken.
    """
    async with listening(simulator, port):
        ready()
        await stop.wait()


@contextmanager
def running_simulator(simulator: Simulator | None = None) -> Iterator[Simulator]:
    """A simulator in a thread of its own, until the block ends."""
    made = simulator or make_simulator()
    stop, ready = asyncio.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def listens() -> None:
        loops.append(asyncio.get_running_loop())
        ready.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve(made, 0, listens, stop)), daemon=True)
    thread.start()
    try:
        while not ready.wait(0.1):
            if not thread.is_alive():
                raise SyncrampError("the simulator did not start")
        yield made
    finally:
        for loop in loops:
            loop.call_soon_threadsafe(stop.set)
        thread.join()
        made.tenant.close()


def _context(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        certificate, key = Path(folder) / "tls.crt", Path(folder) / "tls.key"
        certificate.write_bytes(pair.certificate)
        key.touch(mode=0o600)
        key.write_bytes(pair.key)
        context.load_cert_chain(certificate, key)
    return context


def _application(simulator: Simulator) -> web.Application:
    """The routes: the service, and below ``/{tenant}`` what Entra's issuer answers to msal."""
    application = web.Application(client_max_size=LARGEST)
    issuer = simulator.issuer

    async def describe(request: web.Request) -> web.Response:
        return web.Response(text="A simulated V2 endpoint. Send SOAP 1.2 as application/soap+msbin1.\n")

    async def call(request: web.Request) -> web.StreamResponse:
        if refused := _refused(request):
            return refused
        try:
            data = await request.read()
        except (HttpProcessingError, ConnectionError):  # no chunks, or the client hung up in the middle
            return web.Response(status=400, text="The body is not what HTTP allows.\n")
        local = request.transport.get_extra_info("sockname") if request.transport else (ADDRESS, simulator.ports[-1])
        missing = tuple(name for name in CLIENT_HEADERS if name not in request.headers)
        answer = simulator.service.answer(data, simulator.onward(local[1]), missing)
        simulator.exports += answer.operation == contract.PROVISION
        return await deliver(request, answer)

    async def configuration(request: web.Request) -> web.Response:
        status, document = issuer.configuration(request.match_info["tenant"], f"https://{request.host}")
        return web.json_response(document, status=status)

    async def keys(request: web.Request) -> web.Response:
        return web.json_response(issuer.keys())

    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        ask = issuer.token if "v2.0" in request.path else issuer.older_token
        status, document = ask(request.match_info["tenant"], form, str(request.url))
        return web.json_response(document, status=status)

    async def graph(request: web.Request) -> web.StreamResponse:
        base, path = f"https://{request.host}", request.match_info["path"]
        authorization = request.headers.get("Authorization", "")
        return await deliver(request, simulator.graph.answer(base, path, request.query, authorization))

    service = rf"/{{service:(?i:{re.escape(PATH[1:])})}}"  # paths of IIS know no case
    application.router.add_get(service, describe)
    application.router.add_post(service, call)
    application.router.add_get("/v1.0/{path:.+}", graph)
    application.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", configuration)
    application.router.add_get("/{tenant}/discovery/v2.0/keys", keys)
    for path in ("/{tenant}/oauth2/v2.0/token", "/{tenant}/oauth2/token"):
        application.router.add_post(path, token)
    return application


def _refused(request: web.Request) -> web.Response | None:
    """What HTTP alone refuses, before a byte of the body is read."""
    if request.content_type != CONTENT_TYPE:
        return web.Response(status=415, text=f"Cannot process the message: the type must be {CONTENT_TYPE}.\n")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return web.Response(status=415, text="Cannot process the message: its body must not be compressed.\n")
    if (request.content_length or 0) > LARGEST:
        return web.Response(status=413, text=f"The message is too large: {LARGEST} bytes are allowed.\n")
    return None


def _logger() -> logging.Logger:
    """A log that tells our own mistakes, and not those of whoever speaks no HTTP to us."""
    logger = logging.getLogger(__name__)
    logger.addFilter(_ours)
    return logger


def _ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
