"""The whole engine in front of a simulator over real TLS, in one process, on a clock that is turned by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.build import config
from support.engine import Engine
from support.model import ListSource
from support.service import Secrets
from support.simulator import HandClock
from syncramp.cycle.job import Pace
from syncramp.endpoint.client import V2Endpoint
from syncramp.simulator.behaviour import Behaviour
from syncramp.simulator.faults import Script
from syncramp.simulator.latency import NO_LATENCY, Clock, Latency
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings
from syncramp.spec.references import KeyRef
from syncramp.spec.sign_in import ClientSecretAuth
from syncramp.spec.types import (
    EndpointOverrides,
    SyncConfig,
)


@contextmanager
def online(
    path: Path, source: ListSource, script: Script | None = None, latency: Latency = NO_LATENCY, **settings: Any
) -> Iterator[tuple[Engine, Simulator]]:
    """An engine and its simulator.

    :param path: a folder for the store.
    :param script: what goes wrong.
    :param latency: how long the service takes; the clock is put forward by it.
    :param settings: of the tenant, in which new objects can be referred to at once.
    """
    clock = HandClock() if latency is NO_LATENCY else Clock(HandClock(), virtual=True)
    tenant = TenantSettings(**{"visibility_delay": 0.0, "writes_per_five_minutes": 0, **settings})
    with running_simulator(
        make_simulator(tenant, faults=script, clock=clock, behaviour=Behaviour(latency=latency))
    ) as simulator:
        document = _document(simulator)
        secret = simulator.client_secret.encode()
        secrets = Secrets({("ca", "ca.crt"): simulator.certificates.ca, ("app", "secret"): secret})
        endpoint = V2Endpoint(document.target, secrets, busy_first=0.01)
        engine = Engine(path / "state.db", endpoint, [source], document, Pace(), clock)  # type: ignore[arg-type]
        try:
            yield engine, simulator
        finally:
            endpoint.close()


def _document(simulator: Simulator) -> SyncConfig:
    made = config(
        endpoint=EndpointOverrides(
            host=simulator.host,
            authority=f"https://{simulator.host}",
            ca=KeyRef("ca", "ca.crt"),
            visibility_delay=timedelta(),
            unverified=True,
        )
    )
    auth = ClientSecretAuth(simulator.client_id, KeyRef("app", "secret"))
    return replace(made, target=replace(made.target, auth=auth, tenant_id=simulator.tenant.settings.tenant_id))
