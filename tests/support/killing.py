"""The engine in both directions, before the double of Active Directory over the wire, in a process that is killed.

It is killed before a request leaves, or at a moment after it was answered: each transaction of either store from
there on may die before it begins, before it commits, or right after. The double counts every value that it gets.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from support.ad_double_forest import configured
from support.ad_double_server import PASSWORD, READER, Controller
from support.ad_double_tree import Object, Replica, Stamp
from support.ad_double_view import Account, Rights
from support.ad_double_writes import ADD, DELETE, Write
from support.build import guid, user
from support.engine import crashing
from support.model import Crash
from support.tenant_model import Tenant, mark
from support.written_engine import WrittenEngine, written_back
from syncramp.directory.target import LdapTarget
from syncramp.model.report import RunReport
from syncramp.source.ldap import LdapSource

CONTAINER = "OU=Cloud,DC=test"
PASSES = 300.0
"""Seconds between two runs: no request of the one before can be under way any more."""


class Dying(LdapTarget):
    """A target whose process dies before a request leaves, or after it was answered."""

    dies_before = -1
    """So many requests are made, and before the next one it dies; -1: never."""
    dies_after = -1
    """So many requests are made, and then ``moments`` are counted."""
    moments = 0
    asked = 0
    _left = -1

    def kill(self, *, before: int = -1, after: int = -1, moments: int = 0) -> None:
        """From now on, and once."""
        self.dies_before, self.dies_after, self.moments, self.asked, self._left = before, after, moments, 0, -1

    def provision(self, objects: Any, patience: float) -> Any:
        if self.asked == self.dies_before:
            raise Crash
        outcomes = super().provision(objects, patience)
        self.asked += 1
        if self.asked == self.dies_after:
            self._left = self.moments
        return outcomes

    def dies(self) -> bool:
        """Is it now that a transaction dies?"""
        if self._left < 0:
            return False
        self._left -= 1
        return self._left < 0


@dataclass
class Killing:
    """A scene with one controller, and people by number."""

    engine: WrittenEngine
    target: Dying
    controller: Controller
    now: float = 1000.0

    @property
    def replica(self) -> Replica:
        return self.controller.replica

    def run(self, *, before: int = -1, after: int = -1, moments: int = 0) -> RunReport | None:
        """One run, which is killed as said; None: it was."""
        self.now += PASSES
        self.target.kill(before=before, after=after, moments=moments)
        report = None
        with suppress(Crash), crashing(self.target.dies):
            report, _ = self.engine.run()
            assert not report.failure and report.writeback and not report.writeback.failure, report
        return report

    def run_killed_everywhere(self, most: int = 80) -> int:
        """Runs, each killed at its first request or after it, at a moment that moves, until nothing is left to do.

        :returns: how many were killed.
        """
        moments, killed = count(), 0
        for number in range(most):
            before = number % 2 == 0
            report = self.run(before=0) if before else self.run(after=1, moments=next(moments) % 9)
            if report is not None and report.settled:
                assert report.writeback is not None and report.writeback.settled
                return killed
            killed += report is None
        raise AssertionError(f"not settled after {most} runs: {report and report.writeback}")

    def members(self, number: int) -> set[bytes]:
        """Who is in a group in the directory."""
        (held,) = (one for one in self.replica.having("admindescription") if self._marks(one, number))
        return set(self.replica.targets(held, "member"))

    @staticmethod
    def _marks(held: Object, number: int) -> bool:
        return held.values["admindescription"][0].decode().lower() == mark(number) and not held.deleted

    def check_counts(self, links: int, most: int) -> None:
        """No value was sent twice, or without need, and no request had more than it may.

        :param links: how many were to be added.
        """
        writes = self.controller.writes
        assert sum(writes.sent.values()) == len(writes.sent) == links
        assert max(writes.removed.values(), default=1) == 1
        assert not writes.needless
        assert max(write.values for write in writes.asked if write.operation == "modify") <= most
        adds = [write.name for write in writes.asked if write.operation == "add"]
        assert len(adds) == len(set(adds)), "a group was made twice"


def changes(writes: Iterable[Write]) -> list[int]:
    """ADD or DELETE of each request that changed members, in their order."""
    return [kind for write in writes for kind in (DELETE, ADD) if write.members(kind)]


def crowd(replica: Replica, guids: Iterable[bytes]) -> None:
    """Many people at once, whom nobody looks for by name."""
    unit, classes = replica.unit("People"), [b"top", b"person", b"organizationalPerson", b"user"]
    stamps = {"objectclass": Stamp(1, replica.invocation, replica.usn, replica.usn)}
    for one in guids:
        values = {"objectclass": classes}
        replica.objects[one] = Object(one, f"CN={one.hex()}", unit, values, stamps, {}, replica.usn, replica.usn)


@contextmanager
def killing(folder: Path, numbers: Iterable[int], **settings: Any) -> Iterator[Killing]:
    """A scene.

    :param numbers: of the people of the directory; in the source are those that the engine employs.
    :param settings: of the written-back groups.
    """
    replica = Replica()
    replica.unit("Cloud")
    configured(replica)
    crowd(replica, map(guid, numbers))
    groups = replace(written_back(**settings), container=CONTAINER)
    with Controller(replica, {READER: Account(rights=Rights())}).running(folder) as server:
        account = LdapSource("writer", [server.url], READER, PASSWORD, server.ca, ["DC=test"])
        with closing(Dying(account, groups)) as target:
            engine = WrittenEngine(folder / "state.db", Tenant(), directory=target)  # type: ignore[arg-type]
            engine.config = replace(engine.config, writeback=groups)
            engine.cloud.page = 500
            engine.pace = replace(engine.pace, objects_per_call=500)
            made = Killing(engine, target, server)
            engine.clock = lambda: made.now
            yield made


def employed(scene: Killing, numbers: Iterable[int]) -> None:
    """People are in the source, and in the tenant."""
    scene.engine.source.add(*map(user, numbers))
    scene.run()
    report = scene.run()
    assert report is not None and report.settled
