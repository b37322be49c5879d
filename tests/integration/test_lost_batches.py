"""The connection is reset around a batch, at every batch of a run, and the directory changes before the next run.

The whole engine over real TLS: a run whose n-th batch is never answered (all of its tries are processed and reset, or
reset without being processed), then a leaver, a newcomer, a member who goes and one who comes, another title and a
disabled account, then runs until nothing waits. The tenant must hold what the directory says: nothing twice, nothing
lost, nothing left behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from support.online import online
from syncramp.cycle.job import Pace
from syncramp.endpoint import contract
from syncramp.errors import AnswerLost
from syncramp.model.values import Kind
from syncramp.simulator.faults import Calls, Rule, Script
from syncramp.simulator.faults import Kind as Fault
from syncramp.simulator.server import Simulator
from syncramp.simulator.settings import Repeated

TRIES = Pace().lost_answers
FIRST = {101: [1, 2, 3, 4, 5], 102: [2, 4, 6], 103: []}
"""Groups of the first day and their people, 1 to 7."""


def _directory() -> ListSource:
    source = ListSource()
    source.add(*map(user, range(1, 8)), *(group(number) for number in FIRST))
    for number, people in FIRST.items():
        source.members[guid(number)] = [user_dn(person) for person in people]
    source.members[guid(101)].append(group(103).dn)
    return source


def _change(source: ListSource) -> None:
    """One leaves with all memberships, one comes, one is moved to another group, one is disabled, one has a title."""
    source.entries.pop(guid(2))
    for members in source.members.values():
        if user_dn(2) in members:
            members.remove(user_dn(2))
    source.add(user(8), user(3, userAccountControl="514"), user(4, title="Clerk"))
    source.members[guid(101)].remove(user_dn(5))
    source.members[guid(101)].append(user_dn(8))
    source.members[guid(103)].append(user_dn(5))


@contextmanager
def _engine(path: Path, script: Script, **settings: object) -> Iterator[tuple[Engine, Simulator]]:
    with online(path, _directory(), script, most_links=3, **settings) as (engine, simulator):
        engine.pace = Pace(objects_per_call=2, parallel=2)
        yield engine, simulator


def _settle(engine: Engine) -> None:
    """Runs at their interval, until nothing waits."""
    for _ in range(8):
        engine.clock.now += 1800  # type: ignore[attr-defined]
        if engine.run()[0].settled:
            return
    raise AssertionError(engine.run()[0])


def _assert_in_step(engine: Engine, simulator: Simulator) -> None:
    tenant, source = simulator.tenant, engine.source
    wanted = {engine.anchor(entry): entry for entry in source.entries.values()}
    by_dn = {entry.dn: anchor for anchor, entry in wanted.items()}
    assert tenant.anchors() == set(wanted)
    assert tenant.count() == len(wanted)
    for anchor, entry in wanted.items():
        held = tenant.attributes(anchor)
        assert held is not None
        if entry.kind is Kind.GROUP:
            assert tenant.members(anchor) == {by_dn[name] for name in source.members[entry.guid]}
        else:
            assert held["UserPrincipalName"] == entry.attributes["userprincipalname"][0].decode()
            assert held["AccountEnabled"] is (entry.attributes["useraccountcontrol"] != (b"514",))
            assert held.get("Title") == (entry.attributes.get("title", (b"",))[0].decode() or None)


def _calls(path: Path) -> int:
    """How many batches the first run has when nothing goes wrong."""
    with _engine(path, Script()) as (engine, simulator):
        assert engine.run()[0].settled
        return simulator.exports


def _first_batches(path: Path) -> range:
    return range(1, _calls(path) + 1)


@pytest.mark.parametrize("repeated", list(Repeated), ids=lambda value: f"repetition-{value.value}")
@pytest.mark.parametrize("processed", [True, False], ids=["after it was processed", "before"])
def test_a_first_run_that_breaks_at_any_batch_is_made_good_by_the_next_ones(
    tmp_path, monkeypatch, processed, repeated
) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    (tmp_path / "count").mkdir()
    batches = _first_batches(tmp_path / "count")
    assert len(batches) == 8
    for batch in batches:
        folder = tmp_path / str(batch)
        folder.mkdir()
        calls = Calls(batch, batch + TRIES * 2 - 1)  # two calls fly together: both are lost for good
        script = Script([Rule(Fault.RESET, contract.PROVISION, calls, processed=processed)])
        with _engine(folder, script, repeated_changes=repeated) as (engine, simulator):
            with pytest.raises(AnswerLost):
                engine.run()
            script.rules = []
            _change(engine.source)
            _settle(engine)
            _assert_in_step(engine, simulator)
            calls_before = simulator.exports
            assert engine.run()[0].settled
            assert simulator.exports == calls_before


@pytest.mark.parametrize("processed", [True, False], ids=["after it was processed", "before"])
def test_a_later_run_that_breaks_at_any_batch_is_made_good_by_the_next_ones(tmp_path, monkeypatch, processed) -> None:
    """The changes of the second day break off, and the third day takes them back."""
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    for batch in range(1, 9):
        folder = tmp_path / str(batch)
        folder.mkdir()
        script = Script()
        with _engine(folder, script) as (engine, simulator):
            assert engine.run()[0].settled
            first = _directory()
            _change(engine.source)
            calls = Calls(batch, batch + TRIES * 2 - 1)
            script.rules = [Rule(Fault.RESET, contract.PROVISION, calls, processed=processed)]
            engine.clock.now += 1800
            with suppress(AnswerLost):  # the later batches are none of the run any more
                engine.run()
            script.rules = []
            engine.source.entries, engine.source.members = first.entries, first.members
            _settle(engine)
            _assert_in_step(engine, simulator)


def test_one_reset_is_not_even_seen(tmp_path, monkeypatch) -> None:
    """The batch goes again within the run."""
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    (tmp_path / "count").mkdir()
    for batch in _first_batches(tmp_path / "count"):
        folder = tmp_path / str(batch)
        folder.mkdir()
        script = Script([Rule(Fault.RESET, contract.PROVISION, Calls.at(batch), processed=True)])
        with _engine(folder, script) as (engine, simulator):
            assert engine.run()[0].settled
            _assert_in_step(engine, simulator)
