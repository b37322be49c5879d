"""Five people of a directory who are in the tenant, and the groups of the tenant that go back into the directory."""

from dataclasses import replace
from pathlib import Path

from support.postgresql import lose
from support.tenant_model import Tenant
from support.written_engine import WrittenEngine, written_back
from syncramp.model.report import RunReport
from syncramp.spec.types import DriftMode
from syncramp.store.places import beside

DAY = 86_400.0


class Both(WrittenEngine):
    """Five people who are in the tenant; the clock is put forward by a day before each run."""

    now = 1000.0

    def run_back(self) -> RunReport:
        self.now += DAY
        return self.back()

    def drifting(self, mode: DriftMode) -> None:
        self.config = replace(self.config, writeback=written_back(drift=mode))

    def lose_ledger(self) -> None:
        lose(beside(self.path))

    def approve_there(self) -> int:
        with self.ledger() as store:
            waiting = [each for each in store.approvals.proposals() if each.waits]
            for each in waiting:
                store.approvals.give(each.digest, "ada", self.now, self.now + 3 * DAY)
            return len(waiting)

    def requests(self) -> list[tuple[str, int]]:
        """What went to the directory since it was asked last: which operation, and how many members."""
        calls = [obj for call in self.directory.calls for obj in call]
        self.directory.calls.clear()
        return [(str(obj.operation), obj.links) for obj in calls]


def five(folder: Path) -> Both:
    """They are in both; there is no group yet."""
    made = Both(folder / "state.db", Tenant())
    made.clock = lambda: made.now
    made.employ(1, 2, 3, 4, 5)
    made.settle()
    return made


def three_written(both: Both) -> Both:
    """A group of three of them is in the directory."""
    both.tenant.given(1, both.cloud_anchors(1, 2, 3))
    assert both.run_back().settled
    both.requests()
    return both
