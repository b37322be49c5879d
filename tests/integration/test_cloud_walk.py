"""Whatever happens in a directory, and however it is read in turn: the cloud is what a fresh engine makes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ad_double_search import Search
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Replica
from support.ad_double_view import Account
from support.ad_double_walk import FORGOTTEN, STEPS, Walk
from support.build import config
from support.engine import Engine, crashing
from support.model import Crash
from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.rules.ruleset import Ruleset
from syncramp.source.ldap import LdapSource
from syncramp.spec.types import EndpointOverrides, Scope, SourceAnchor

UNTOLD = ("manager", "restore")
"""Not both in one walk: no delta tells that a reference to a restored entry works again, or does not."""
KILLED = "killed"
BROKEN = "broken off"
RACED = "changed meanwhile"
TROUBLE = (KILLED, BROKEN, RACED)
READS = ("DirSync", "USN", "Full", "Auto", "--full", *TROUBLE)


@dataclass
class Office(Walk):
    """Changes of a domain with a unit in scope, and one that is not."""

    people: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.people = self.replica.unit("People")
        self.replica.unit("Others")
        self.stays = self.replica.user("first", self.people)
        self.replica.delete(self.replica.unit(FORGOTTEN))

    @contextmanager
    def meanwhile(self, server: Controller, steps: list[str], after: int, chance: Random) -> Iterator[None]:
        """One step before each search that follows so many others."""
        ready, choose, self.choose = _after(after), self.choose, chance.choice

        def change(_: Search) -> None:
            if ready() and steps:
                self.step(steps.pop())

        server.before = change
        try:
            yield
        finally:
            server.before, self.choose = None, choose

    def disable(self) -> None:
        for guid in self._some(self._of("user")):
            before = self.replica.objects[guid].values["useraccountcontrol"]
            self.replica.change(guid, userAccountControl=[b"514" if before == [b"512"] else b"512"])

    def leave_scope(self) -> None:
        for guid in self._some([*self._people(), *self._of("organizationalUnit")]):
            if guid != self.people:
                self.replica.rename(guid, parent=self.replica.root)

    def enter_scope(self) -> None:
        for guid in self._some([*self._people(), *self._of("organizationalUnit")]):
            if not self._lies_below(self.people, guid):
                self.replica.rename(guid, parent=self.people)

    def delete(self) -> None:
        parents = {held.parent for held in self._living()} | {self.stays, self.people}
        for guid in self._some([held.guid for held in self._living() if held.guid not in parents and held.parent]):
            self.replica.delete(guid)


MORE = ("disable", "leave_scope", "enter_scope")


@dataclass
class Reading(Engine):
    """An engine that reads one unit of a controller."""

    server: Controller = field(kw_only=True)
    scope: Scope = field(kw_only=True)

    def rules(self, name: str) -> Ruleset:
        return Ruleset((self.scope,), self.config.source_anchor, name)

    def go(self, tracking: str) -> RunReport:
        """One run of a new process."""
        full = tracking == "--full"
        guids = {self.scope.dn: self.scope.guid}
        source = LdapSource(
            "corp",
            [self.server.url],
            READER,
            PASSWORD,
            self.server.ca,
            bases=[self.scope.dn],
            guids=guids,
            tracking="Auto" if full else tracking,
        )
        self.sources = [source]
        return self.run(full=full)[0]

    def calm(self, tracking: str) -> RunReport:
        """Runs until nothing waits."""
        for _ in range(6):
            report = self.go(tracking)
            if report.settled:
                return report
        raise AssertionError(f"{report.sources} {report.holds} {report.errors} {report.objects} {report.links}")

    def shape(self) -> dict[str, Any]:
        """What the cloud has, by anchor."""
        return {
            anchor: (held.kind, held.values, self.cloud.links.get(anchor, set()))
            for anchor, held in self.cloud.objects.items()
        }


def reading(path: Path, server: Controller, office: Office) -> Reading:
    at_once = EndpointOverrides(visibility_delay=timedelta())
    document = config(endpoint=at_once, source_anchor=SourceAnchor.OBJECT_GUID)
    scope = Scope("OU=People,DC=test", frozenset({Kind.USER, Kind.GROUP, Kind.CONTACT}))
    scope = replace(scope, guid=UUID(bytes_le=office.people))
    made = Reading(path, config=document, server=server, scope=scope)
    made.pace = replace(made.pace, objects_per_call=500)
    return made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    with Controller(Replica()).running(tmp_path_factory.mktemp("controller")) as running:
        yield running


def _after(moments: int) -> Callable[[], bool]:
    left = iter(range(moments))
    return lambda: next(left, None) is None


@given(st.data(), st.booleans(), st.booleans())
@settings(max_examples=4, deadline=None)
def test_the_cloud_is_what_a_fresh_engine_makes_of_the_directory(
    server: Controller,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    recycle_bin: bool,
    replicates: bool,
) -> None:
    replica = server.replica = Replica(recycle_bin=recycle_bin)
    server.accounts[READER] = Account(replicates=replicates)
    office = Office(replica, lambda guids: data.draw(st.sampled_from(guids)))
    untold = data.draw(st.sampled_from(UNTOLD))
    steps = [step for step in (*STEPS, *MORE) if step != untold]
    reads = [read for read in READS if replicates or read != "DirSync"]
    folder = tmp_path_factory.mktemp("walk")
    engine = reading(folder / "state.db", server, office)
    engine.calm("Auto")
    for number in range(3):
        for step in data.draw(st.lists(st.sampled_from(steps), min_size=2, max_size=10)):
            office.step(step)
        for read in data.draw(st.lists(st.sampled_from(reads), min_size=0, max_size=2)):
            tracking = data.draw(st.sampled_from(("Auto", "USN", "Full"))) if read in TROUBLE else read
            if read == KILLED:
                with crashing(_after(data.draw(st.integers(0, 25)))), suppress(Crash):
                    engine.go(tracking)
            elif read == BROKEN:
                server.break_after = data.draw(st.integers(0, 20))
                engine.go(tracking)
                server.break_after = None
            elif read == RACED:
                planned = data.draw(st.lists(st.sampled_from(steps), min_size=1, max_size=6))
                chance = Random(data.draw(st.integers(0, 1000)))
                with office.meanwhile(server, planned, data.draw(st.integers(0, 12)), chance):
                    engine.go(tracking)
            else:
                engine.go(tracking)
            for step in data.draw(st.lists(st.sampled_from(steps), max_size=4)):
                office.step(step)
        engine.calm(data.draw(st.sampled_from([read for read in reads if read not in TROUBLE])))
        fresh = reading(folder / f"fresh{number}.db", server, office)
        fresh.calm("Full")
        assert engine.shape() == fresh.shape()


def test_who_moves_to_where_the_account_sees_nothing_goes_after_two_full_reads(
    server: Controller, tmp_path: Path
) -> None:
    replica = server.replica = Replica()
    office = Office(replica, min)
    everybody = [replica.user(f"u{number}", office.people) for number in range(40)]
    hidden = replica.unit("Hidden")
    elsewhere = replica.user("other", hidden)
    server.accounts[READER] = Account(blind=frozenset({hidden}))
    engine = reading(tmp_path / "state.db", server, office)
    engine.calm("Auto")
    replica.rename(elsewhere, rdn="CN=unknown to us")
    assert engine.go("Auto").sources[0].delta and engine.go("Auto").sources[0].delta
    with engine.store() as store:
        watched = store.staging.known(1, "DC=test").sentinels
    replica.rename(next(guid for guid in everybody if guid not in watched), parent=hidden)
    assert engine.go("Auto").sources[0].delta and len(engine.shape()) == 41
    told = [engine.go("Auto").sources[0].why_full for _ in range(3)]
    assert "sees nothing" in told[0] and "absent once" in told[1] and not told[2]
    assert len(engine.shape()) == 40
