"""What is looked at before a run may send: who else writes to the tenant, and what would end with that one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from syncramp.model.wire import Company


@dataclass(frozen=True, slots=True)
class Client:
    """A sync client, as a tenant tells of its last one."""

    machine: str = ""
    version: str = ""
    application: str = ""

    @property
    def name(self) -> str:
        """What a document calls it by; empty: the tenant tells of none."""
        return self.machine or self.application or self.version

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.version and f"(build {self.version})") if part)

    def called(self, name: str) -> bool:
        """It goes by this name."""
        return bool(name) and name.strip().lower() in (self.machine.lower(), self.application.lower())


@dataclass(frozen=True, slots=True)
class Mark:
    """What the last export of whatever client left in the tenant."""

    client: Client
    objects: int | None = None
    """How many objects that client had in its connector space; None: not told."""

    @classmethod
    def of(cls, company: Company) -> Self:
        """The mark that a tenant shows."""
        told = company.client_machine, company.client_version, company.client_application
        return cls(Client(*(text or "" for text in told)), company.known_objects)


@dataclass(frozen=True, slots=True)
class Watch:
    """What was seen of the clients of a tenant so far; times are seconds since the epoch."""

    mark: Mark
    """At the last look."""
    own: Client | None = None
    """How the tenant tells of us, as was seen after an export of ours."""
    other: Client | None = None
    """The last other client that there was a sign of."""
    sign: float | None = None
    """When that sign was seen."""
    exported: float | None = None
    """When we sent something for the first time."""
    exporting: bool = False
    """We began to send and did not look since: a new mark may be ours."""

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """From plain data."""
        mark = Mark(Client(**kept["mark"]["client"]), kept["mark"]["objects"])
        own, other = (Client(**kept[name]) if kept[name] else None for name in ("own", "other"))
        return cls(mark, own, other, kept["sign"], kept["exported"], kept["exporting"])


@dataclass(frozen=True, slots=True)
class Finding:
    """What a preflight has to say."""

    check: str
    """AnotherSyncClientActive, CapabilityLoss or Quota."""
    text: str
    """A sentence without a full stop."""
    blocks: bool
    """A run that would send does not begin."""
    remedy: str = ""
