"""A simulator for the tests of a module, and a bare connection to it; a domain controller for all tests of a run."""

from collections.abc import Iterator

import pytest

from support.build import CLIENT, TENANT
from support.foreign_client import Line, line
from support.samba import Samba, samba
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    settings = TenantSettings(TENANT, visibility_delay=0.0, writes_per_five_minutes=0)
    with running_simulator(make_simulator(settings, client_id=CLIENT)) as running:
        yield running


@pytest.fixture
def wire(simulator: Simulator) -> Iterator[Line]:
    with line(simulator.host, simulator.certificates.ca) as made:
        yield made


@pytest.fixture(scope="session")
def domain() -> Iterator[Samba]:
    """Shared by all: a test keeps to an organizational unit of its own."""
    with samba() as running:
        yield running
