"""A run in both directions is killed at its transactions, one after the other: the end is the same as of one that
was not.
"""

import copy
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from support.both import Both, five, three_written
from support.build import guid, user
from support.directory_model import ModelDirectory
from support.engine import crashing
from support.model import Crash
from support.tenant_model import Tenant, mark
from syncramp.store.places import beside

TENANT = "objects", "links", "bin", "groups", "_clock", "_log", "_link_log"
DIRECTORY = "people", "groups", "bin", "_usn", "_ours"
EVERY = 7
"""A transaction may die before, in and after it; of these moments every seventh is tried."""


@pytest.fixture
def ready(tmp_path: Path) -> Both:
    """A run has something to do in both: somebody comes to the tenant, groups change, and one is made."""
    made = three_written(five(tmp_path))
    made.source.add(user(6))
    made.directory.people.add(guid(6))
    made.tenant.leave(1, *made.cloud_anchors(1))
    made.tenant.join(1, *made.cloud_anchors(4))
    made.tenant.alter(1, displayName="Anew")
    made.tenant.given(2, [*made.cloud_anchors(1, 5), f"Group_{mark(1).partition('_')[2]}"])
    made.now += 86_400.0
    return made


def _again(ready: Both, folder: Path) -> Both:
    """The same once more, with stores of its own."""
    folder.mkdir()
    with ready.store() as store:
        store.database.copy_to(folder / ready.path.name)
    with ready.ledger() as ledger:
        ledger.database.copy_to(folder / beside(ready.path).name)
    tenant, directory = Tenant(), ModelDirectory()
    for made, before, names in ((tenant, ready.cloud, TENANT), (directory, ready.directory, DIRECTORY)):
        for name in names:
            setattr(made, name, copy.deepcopy(getattr(before, name)))
    other = Both(folder / ready.path.name, tenant, copy.deepcopy(ready.sources), ready.config, directory=directory)
    other.now = ready.now
    other.clock = lambda: other.now
    return other


def _moments(ready: Both, folder: Path) -> int:
    """How many there are in a run that nobody kills."""
    asked = count()
    with crashing(lambda: next(asked) < 0):
        _again(ready, folder).run()
    return next(asked)


def _end(both: Both) -> object:
    return {
        held.anchor: (held.values, both.directory.members(held.anchor)) for held in both.directory.groups.values()
    }


def _killed(ready: Both, folder: Path) -> Iterator[tuple[int, Both]]:
    for moment in range(0, _moments(ready, folder / "whole"), EVERY):
        made, asked = _again(ready, folder / str(moment)), count()
        with suppress(Crash), crashing(lambda asked=asked, moment=moment: next(asked) == moment):
            made.run()
        yield moment, made


def test_a_run_that_is_killed_at_any_transaction_ends_alike_and_sends_nothing_twice(
    ready: Both, tmp_path: Path
) -> None:
    whole = _again(ready, tmp_path / "straight")
    whole.settle_back()
    tried = 0
    for moment, made in _killed(ready, tmp_path):
        made.now += 86_400.0  # whatever was under way has arrived, or never will
        made.settle_back()
        assert _end(made) == _end(whole), moment
        assert not made.directory.needless, moment
        tried += 1
    assert tried > 10
