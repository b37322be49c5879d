"""The engine in both directions, in memory: directory -> tenant -> directory that groups are written to."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from support.build import user
from support.directory_model import CONTAINER, ModelDirectory
from support.engine import Engine
from support.tenant_model import Tenant, mark
from syncramp.cycle.job import Job, Writeback
from syncramp.model.report import RunReport
from syncramp.source import dn
from syncramp.spec.ramps import Gate, RampPolicy, Soak, Step
from syncramp.spec.types import LdapAccess, WritebackGroups
from syncramp.store.places import beside
from syncramp.store.store import Store


def policy(*ceilings: int, gates: Iterable[Gate] = (), **more: Any) -> RampPolicy:
    """The ramp of written-back groups, with steps that need no soak."""
    steps = tuple(Step(ceiling, Soak()) for ceiling in ceilings or (250_000,))
    least: dict[str, Any] = {"min_members": 0, "per_cycle": 100_000, "per_day": 10_000_000}
    return RampPolicy("writeback", steps, tuple(gates), **{**least, "mail_enabled_max": 250_000, **more})


def written_back(ramp: RampPolicy | None = None, **more: Any) -> WritebackGroups:
    """``spec.writeback.groups`` of the source corp."""
    access = LdapAccess(("ldaps://dc1.test",), "writer")
    return WritebackGroups("corp", CONTAINER, access, ramp or policy(), **more)


@dataclass
class WrittenEngine(Engine):
    """A run goes in both directions; both stores are opened anew for it."""

    directory: ModelDirectory = field(default_factory=ModelDirectory)

    def __post_init__(self) -> None:
        if self.config.writeback is None:
            self.config = replace(self.config, writeback=written_back())

    @property
    def tenant(self) -> Tenant:
        return cast("Tenant", self.cloud)

    def job(self, store: Store, *, sends: bool = True) -> Job:
        made = super().job(store, sends=sends)
        assert self.config.writeback is not None
        return replace(made, writeback=Writeback(self.config.writeback, store, self._ledger, self.directory))

    @contextmanager
    def store(self) -> Iterator[Store]:
        with super().store() as store:
            self._ledger = Store(beside(self.path), dn.key)
            try:
                yield store
            finally:
                self._ledger.close()

    @contextmanager
    def ledger(self) -> Iterator[Store]:
        """The store of the other direction."""
        with self.store():
            yield self._ledger

    def employ(self, *numbers: int) -> None:
        """People come into the directory, who may be members of written-back groups."""
        self.source.add(*map(user, numbers))
        self.directory.people |= {user(number).guid for number in numbers}

    def cloud_anchors(self, *numbers: int) -> list[str]:
        """What the tenant calls people of the directory; they must be there."""
        return [self.cloud.objects[self.anchor(user(number))].cloud_anchor for number in numbers]

    def shown(self, number: int) -> set[int]:
        """Numbers of the people who are in the group in the directory."""
        return {int.from_bytes(guid, "big") for guid in self.directory.members(mark(number))}

    def back(self) -> RunReport:
        """One run: what it did in the directory."""
        report, _ = self.run()
        assert report.writeback is not None
        return report.writeback

    def settle_back(self, most: int = 10) -> RunReport:
        """Runs until nothing waits in either direction."""
        for _ in range(most):
            report, _ = self.run()
            if report.settled and report.writeback is not None and report.writeback.settled:
                return report
        raise AssertionError(f"not settled after {most} runs: {report}")
