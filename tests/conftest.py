"""Options of all tests; pytest takes them from the topmost conftest only."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.postgresql import Server, running
from syncramp.endpoint import throttle

SCENARIOS = Path(__file__).parent / "e2e"

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")  # a slow machine is no fault of the code

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell makes what it runs in the background deaf to Ctrl-C, and every process that a test starts inherits it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgresql", action="store_true", help="tests/unit: every store in a server, not in a file")
    parser.addoption("--cluster", action="store_true", help="tests/e2e: a real API server, not the double")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The scenarios come last: their API server and their operator live until the end, in this very process, and what
    they allocate and run would be counted by tests of memory and of work.
    """
    items.sort(key=lambda item: SCENARIOS in item.path.parents)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server for all tests of the process."""
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_spent() -> None:
    """What one test writes to a tenant takes no room from the next one."""
    throttle._tenants.clear()
