"""What was seen of a source when it was tried out (``syncramp source test``). All of it is plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncramp.model.sizes import Histogram

MOST_SKEW = 60.0
"""Seconds by which a server's clock may be another than ours; Kerberos takes 300."""


@dataclass(frozen=True, slots=True)
class Right:
    """Something that the account may or may not do."""

    name: str
    partition: str
    held: bool | None
    """None: the directory does not tell."""
    why: str
    """What it is for, as a clause; or why it is not known."""
    remedy: str


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """One server; what it does not tell is empty or None."""

    url: str
    error: str = ""
    """Why it could not be used."""
    tls: str = ""
    """The version."""
    certificate_until: float | None = None
    """Seconds since the epoch."""
    bound_as: str = ""
    host: str = ""
    """Its own name."""
    vendor: str = ""
    active_directory: bool = False
    skew: float | None = None
    """Seconds by which its clock is ahead of ours."""
    max_values: int | None = None
    """Values of an attribute in one answer (MaxValRange)."""
    max_page: int | None = None
    """Entries in a page (MaxPageSize)."""
    rights: Sequence[Right] = ()


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """One server of a source as a place where groups are written back; what it does not tell is empty or None."""

    url: str
    container: str
    error: str = ""
    """Why nothing could be written there."""
    bound_as: str = ""
    host: str = ""
    rights: Sequence[Right] = ()
    recycle_bin: bool | None = None
    """What is deleted can be brought back with its members."""
    controllers: int | None = None
    """So many domain controllers can write the domain."""
    link_interval: float | None = None
    """Seconds between two replications over the slowest site link."""
    lacking: Sequence[str] = ()
    """Attributes that groups would be written with, and that the schema does not have."""
    warnings: Sequence[str] = ()
    """What a person should mend, as sentences without a full stop."""

    @property
    def flawless(self) -> bool:
        """There is nothing to mend."""
        return not self.error and not self.warnings and all(right.held is not False for right in self.rights)


@dataclass(frozen=True, slots=True)
class PartitionSeen:
    """One part of the source, read whole."""

    name: str
    server: str
    """The one that it was read from; empty: a file."""
    entries: int
    complete: bool
    reason: str
    """Why it is not complete."""
    tracking: str
    """How changes are found."""
    why_full: str
    """Why there is no better way."""
    references: Sequence[str] = ()
    """URLs of parts inside a scope that other servers hold, and that were not read."""


@dataclass(frozen=True, slots=True)
class ScopeSeen:
    """One scope."""

    dn: str
    kinds: Mapping[str, int]
    """Kind -> entries of it that the scope takes in."""
    others: int
    """Entries at its place that it does not take in: of other kinds, or by its filter."""
    lost: str = ""
    """Why a run would leave everything in it as it is, and what to do; empty if it would not."""


@dataclass(frozen=True, slots=True)
class RampedGroup:
    """A group that is large enough for a ramp."""

    dn: str
    members: int
    ramp: str
    condition: bool
    """The ramp has a condition, which only a run asks."""


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """One source of a document."""

    name: str
    servers: Sequence[ServerSeen] = ()
    partitions: Sequence[PartitionSeen] = ()
    scopes: Sequence[ScopeSeen] = ()
    sizes: Histogram = field(default_factory=lambda: Histogram((), ()))
    ramped: Sequence[RampedGroup] = ()
    """The largest of them."""
    ramped_in_all: int = 0
    error: str = ""
    """Why it could not be read; what came before is told."""
    day: float = 0.0
    """When, in seconds since the epoch."""
    targets: Sequence[TargetSeen] = ()
    """Servers that groups are written back to."""

    @property
    def readable(self) -> bool:
        """All of it was read completely."""
        return not self.error and all(partition.complete for partition in self.partitions)

    @property
    def flawless(self) -> bool:
        """It was read, and there is nothing that a person should mend."""
        return (
            self.readable
            and not any(scope.lost for scope in self.scopes)
            and all(target.flawless for target in self.targets)
            and not any(
                server.error or abs(server.skew or 0) > MOST_SKEW or not all(right.held for right in server.rights)
                for server in self.servers
            )
        )
