"""The read-back of a simulated tenant in front of the engine, and what it should have come to."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.build import config
from support.cloud_groups import writeback
from support.engine import Engine
from support.model import Crash, ModelCloud
from support.simulator import HandClock
from syncramp.cycle.confirm import read_back
from syncramp.cycle.phases import Phase
from syncramp.errors import CookieRefused
from syncramp.model.cloud import CloudState
from syncramp.model.report import RunReport
from syncramp.model.wire import ReadBackPage
from syncramp.simulator.refusals import Fault
from syncramp.simulator.tenant import Tenant
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store


@dataclass
class TenantCloud(ModelCloud):
    """A cloud that is only read back."""

    tenant: Tenant = field(kw_only=True)
    dies_after: int = -1
    """Pages after which the process is killed; -1: never."""

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        given = 0
        while True:
            if given == self.dies_after:
                raise Crash
            try:
                page = self.tenant.read_back(cookie)
            except Fault as fault:
                raise CookieRefused(fault.text) from None
            yield page
            given += 1
            if not page.more:
                return
            cookie = page.cookie


def wanting(**fields: object) -> SyncConfig:
    """A document that writes groups back."""
    return replace(config(), writeback=writeback(**fields))


def engine_of(tenant: Tenant, path: Path, clock: HandClock) -> Engine:
    """An engine whose document writes groups back, in front of a tenant."""
    return Engine(path, TenantCloud(tenant=tenant), config=wanting(), clock=clock)


def look(engine: Engine, store: Store) -> RunReport:
    """One read-back, and what it told."""
    exports = store.exports(*store.runs.begin(engine.clock()), engine.clock())
    phase = Phase("read back", engine.events.append, "object")
    report = RunReport()
    read_back(engine.job(store), exports, report, phase)
    return report


def known(store: Store) -> dict[str, set[str] | None]:
    """Cloud anchor of each group that is there -> its members; None: nobody told them."""
    groups = [group for group in store.cloud.all() if group.state is CloudState.LIVE]
    return {
        f"Group_{group.object_id}": None
        if group.members is None
        else {name for _, name in store.cloud.names(group.members)}
        for group in groups
    }


def truth(tenant: Tenant) -> dict[str, set[str] | None]:
    """The same, as the tenant has it."""
    return {anchor: {member.lower() for member in members} for anchor, members in tenant.cloud_groups().items()}
