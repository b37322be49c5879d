"""Fixtures of the unit tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.both import Both, five, three_written
from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.postgresql import Server, instead_of_files, requires_postgresql
from syncramp.store.places import Schema

BOTH = {
    "test_store_staging",
    "test_store_adoption",
    "test_departed",
    "test_exports",
    "test_cycle",
    "test_cycle_fence",
    "test_cycle_importers",
    "test_tenant_lease",
}
"""Modules whose tests are made on a file and in a server; with ``--postgresql`` all are made in a server."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in BOTH and not metafunc.config.getoption("--postgresql"):
        server = pytest.param("server", marks=requires_postgresql)
        metafunc.parametrize("kept_in", ["file", server], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    everywhere = config.getoption("--postgresql")
    for item in items:
        case = getattr(item, "callspec", None)
        there = case is not None and case.params.get("kept_in") == "server"
        if (there or everywhere) and (bound := item.get_closest_marker("in_a_file")) is not None:
            item.add_marker(pytest.mark.skip(reason=bound.args[0]))


@pytest.fixture(autouse=True)
def kept_in(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where the stores of a test are, which calls them files."""
    always = request.config.getoption("--postgresql")
    if getattr(request, "param", "server" if always else "file") == "file":
        yield
    else:
        with instead_of_files(request.getfixturevalue("postgresql")):
            yield


@pytest.fixture
def schema(postgresql: Server) -> Schema:
    """A schema of the server of the tests that nobody used before."""
    return postgresql.schema()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Three people, the first two of them in one group; nothing of it in the cloud yet."""
    made = Engine(tmp_path / "state.db")
    made.source.add(user(1), user(2), user(3), group(101))
    made.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    return made


@pytest.fixture
def lost(engine: Engine) -> Engine:
    """Everything is in the cloud, and the store that knew it is gone."""
    engine.settle()
    engine.lose_store()
    engine.cloud.calls.clear()
    return engine


@pytest.fixture
def settled(engine) -> Engine:
    """The cloud holds everything, and what was sent for it is forgotten."""
    engine.run()
    engine.cloud.calls.clear()
    return engine


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """Five people and a tenant, in front of a directory without groups."""
    return five(tmp_path)


@pytest.fixture
def written(both: Both) -> Both:
    """The same with a group of three that was written back."""
    return three_written(both)
