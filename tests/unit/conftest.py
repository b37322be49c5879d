"""Fixtures of the unit tests."""

from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.postgresql import Server
from syncramp.store.places import Place


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """Where a store is that nobody made yet."""
    if request.config.getoption("--postgresql"):
        server: Server = request.getfixturevalue("postgresql")
        return server.schema()
    return tmp_path / "state.db"


@pytest.fixture
def engine(place: Place) -> Engine:
    """Three people, the first two of them in one group; nothing of it in the cloud yet."""
    made = Engine(place)
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
