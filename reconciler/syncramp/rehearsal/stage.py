"""The stage of a rehearsal: a simulator behind real TLS, a store in a folder that is thrown away, and one clock.

The clock is virtual: it begins on a Monday at midnight, and only latency, waits and whoever plays put it forward. So
the same rehearsal measures the same seconds on every machine. Calls go one after the other, because calls side by
side would count each other's seconds on it.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from syncramp.cycle.job import Job, Pace
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.throttle import Timing
from syncramp.errors import InputRefused
from syncramp.events import Listener
from syncramp.model.report import WireReport
from syncramp.rehearsal.document import SOURCE, rehearsed, secrets_of, slower, tenant_of, turned
from syncramp.rehearsal.staff import Staff
from syncramp.rules.ruleset import Ruleset
from syncramp.simulator.behaviour import Behaviour
from syncramp.simulator.faults import Script
from syncramp.simulator.latency import NO_LATENCY, Clock, Latency
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import SignIn
from syncramp.source import dn
from syncramp.spec.types import SyncConfig
from syncramp.store.store import Store

BEGIN = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
"""A Monday at midnight."""
TOKENS = 3_650 * 86_400
"""Seconds a token is good for: the client looks at another clock, and would not renew it in time."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a rehearsal is made of."""

    config: SyncConfig
    """The document."""
    scale: int = 1
    latency: Latency = NO_LATENCY
    script: Script | None = None
    """What goes wrong, and when."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that a run needs, and what stands behind it."""

    job: Job
    simulator: Simulator
    clock: Clock
    staff: Staff

    def wait_until(self, moment: float) -> None:
        """Put the clock forward, unless it is later already (seconds since the epoch)."""
        self.clock.spend(max(0.0, moment - self.clock()))


@dataclass(frozen=True)
class _Secrets:
    """Secrets in memory (``model.seams.SecretReader``)."""

    kept: Mapping[tuple[str, str], bytes]

    def read(self, name: str, key: str) -> bytes:
        """:raises InputRefused: there is none."""
        if (name, key) not in self.kept:
            raise InputRefused(f"a rehearsal has no Secret {name} with {key}")
        return self.kept[name, key]


@contextmanager
def stage(setting: Setting, staff: Staff, listen: Listener) -> Iterator[Stage]:
    """A stage, torn down with the block.

    :raises SyncrampError: the simulator does not start.
    """
    config = rehearsed(setting.config, setting.scale)
    clock = Clock(lambda: BEGIN, virtual=True)
    made = make_simulator(
        tenant_of(setting.config, setting.scale),
        clock=clock,
        behaviour=Behaviour(latency=slower(setting.latency, setting.scale)),
        faults=setting.script,
        sign_in=SignIn(token_lifetime=TOKENS),
    )
    with running_simulator(made) as simulator, TemporaryDirectory(prefix="syncramp-rehearsal-") as folder:
        config = turned(config, simulator, setting.scale)
        secrets = _Secrets(secrets_of(simulator))
        endpoint = V2Endpoint(config.target, secrets, timing=Timing(clock, clock.rest))
        with closing(endpoint), closing(Store(Path(folder) / "state.db", dn.key)) as store:
            yield Stage(_job(config, staff, endpoint, store, clock, listen), simulator, clock, staff)


def _job(config: SyncConfig, staff: Staff, endpoint: V2Endpoint, store: Store, clock: Clock, listen: Listener) -> Job:
    rules = Ruleset(config.sources[0].scopes, config.source_anchor, SOURCE)
    return Job(
        config,
        [(staff, rules)],
        endpoint,
        store,
        listen=listen,
        clock=clock,
        pace=replace(Pace.of(config.target.endpoint), parallel=1),
        wire=WireReport(accepted=True),
        rest=clock.rest,
    )
