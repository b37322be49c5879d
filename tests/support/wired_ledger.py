"""The other direction of runs alone, over the wire: both stores, and a target at a double of Active Directory.

What the cloud has is written into the store of the tenant, as intake does; the runs are the real ones. A process can
be killed before or after any request: then the stores are opened anew, and the directory is as it was left.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from support.ad_double_server import Controller
from support.ad_double_tree import Replica
from support.build import config, entry, guid
from support.cloud_groups import object_id, writeback
from support.ledger_scene import UNIFIED, LedgerScene, in_cloud, ledger_scene
from support.model import Crash
from support.targeted import OU, account, cloud_domain, writing
from support.written_engine import policy
from syncramp.cycle.job import Job, Writeback
from syncramp.cycle.writeback.both import Second
from syncramp.directory.target import LdapTarget
from syncramp.model.report import RunReport, WireReport
from syncramp.model.values import Kind
from syncramp.model.wire import Outcome, SyncObject
from syncramp.model.written import Shown
from syncramp.spec.failsafe import RemovalLimits

DAY = 86_400.0
Kills = Callable[[int, str], bool]
"""Told of every call, by its number from the beginning, ``before`` and ``after`` it; true: the process dies."""


def nobody(number: int, moment: str) -> bool:
    """No process dies."""
    return False


class Killed(LdapTarget):
    """A target whose process may die around a call."""

    kills: Kills = staticmethod(nobody)
    number: int = 0

    def provision(self, objects: list[SyncObject], patience: float) -> list[Outcome]:  # type: ignore[override]
        if self.kills(self.number, "before"):
            raise Crash
        outcomes = list(super().provision(objects, patience))
        self.number += 1
        if self.kills(self.number - 1, "after"):
            raise Crash
        return outcomes


@dataclass
class WiredLedger:
    """Runs of the other direction, one after the other."""

    scene: LedgerScene
    server: Controller
    kills: Kills = nobody
    made: int = 0
    """Calls that were answered, over all runs."""
    now: float = 1000.0
    runs: int = 0
    reports: list[RunReport] = field(default_factory=list)

    def employ(self, numbers: range) -> None:
        """People of the directory, whom the cloud knows."""
        replica = self.server.replica
        for number in numbers:
            replica._create(guid(number), f"CN=User {number}", replica.root, ["top", "person", "user"])
        self.scene.people(*(entry(Kind.USER, number, f"CN=User {number},DC=test", {}) for number in numbers))

    def cloud(self, number: int, members: range | list[int], **attributes: str) -> None:
        """A group of the cloud with all its members."""
        told = {"displayName": f"Group {number}", **UNIFIED, **attributes}
        self.scene.cloud(number, [in_cloud(one) for one in members], told)

    def run(self) -> RunReport:
        """One run, a day after the last one.

        :raises Crash: it was killed; the stores are open again.
        """
        self.now += DAY
        self.runs += 1
        scene = self.scene
        target = Killed(account([self.server]), scene.asks)
        target.kills, target.number = self.kills, self.made
        made = Writeback(scene.asks, scene.main, scene.ledger, target)
        removals = RemovalLimits(percent_of_all=Decimal(100))
        job = Job(
            replace(config(), writeback=scene.asks, failsafe=replace(config().failsafe, member_removals=removals)),
            [],
            target,
            scene.main,
            clock=lambda: self.now,
            wire=WireReport(probed="2026-11-25T00:00:00Z", accepted=True),
            writeback=made,
        )
        whole = RunReport()
        second = Second(job, whole)
        try:
            second.revoke()
            second.write()
            second.end()
        except Crash:
            scene.reopen()
            raise
        finally:
            self.made = target.number
            target.close()
        assert whole.writeback is not None
        assert not whole.writeback.failure, whole.writeback.failure
        return whole.writeback

    def run_until_settled(self, most: int = 200) -> int:
        """Runs, however often they are killed, until nothing waits; how many were killed."""
        killed = 0
        for _ in range(most):
            try:
                if self.run().settled:
                    return killed
            except Crash:
                killed += 1
        raise AssertionError(f"not settled after {most} runs")

    def members(self, number: int) -> frozenset[int]:
        """Numbers of the people in a group, as another look shows it."""
        anchor = f"group_{object_id(number)}"
        target = LdapTarget(account([self.server]), self.scene.asks)
        target.pin(None)
        (found,) = (one for one in target.look(None, {}) if isinstance(one, Shown) and one.anchor == anchor)
        target.close()
        return frozenset(int.from_bytes(one) for one in found.members or ())


@contextmanager
def wired_ledger(folder: Path, replica: Replica | None = None) -> Iterator[WiredLedger]:
    """Both stores, new, and a domain without people."""
    asks = writeback(container=OU, ramp=policy(per_cycle=1_000_000))
    with ledger_scene(folder) as scene, writing(replica or cloud_domain()).running(folder) as server:
        scene.asks = asks
        yield WiredLedger(scene, server)
