"""Groups that are written to a directory, as the directory shows them, and what is told of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from syncramp.model.values import Value


class Side(StrEnum):
    """What a run writes to, as reports and commands tell it (``direction``)."""

    CLOUD = "Cloud"
    """The tenant: people, groups and devices of the directories."""
    DIRECTORY = "Directory"
    """Active Directory: groups that are mastered in the cloud."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A group in the directory that carries the mark of a group in the cloud."""

    guid: bytes
    """objectGUID, 16 bytes as they are stored."""
    anchor: str
    """``group_<object id>``: its mark, in small letters."""
    dn: str
    values: Mapping[str, Value]
    """What it has of the attributes that are written, by the directory's names."""
    members: Sequence[bytes] | None
    """objectGUIDs of all its members; None: nothing changed since the cookie."""
    changed: int
    """uSNChanged."""
    protected: bool = False
    """adminCount is 1: the directory holds its rights, and nobody is added."""
    legacy: bool = False
    """Some of its members replicate with all others; looked at when it is seen first."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A group that was in the directory and is not there any more."""

    anchor: str
    deleted: bool = True
    """False: it is there, and carries its mark no more."""


@dataclass(frozen=True, slots=True)
class LookCookie:
    """Where the next look begins; the last of what a look gives."""

    value: bytes
    strangers: int = 0
    """Members that were read and are principals of other forests."""
    left_alone: str = ""
    """Groups that have a mark and are not taken, each with why."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Known groups of which nobody can tell what became of them, by their marks, and what to do."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """The one domain controller that a run writes to."""

    url: str
    server: str
    """Its host name, for people."""
    note: str = ""
    """Why it is not the first one, as a clause; empty where it is."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one writable domain controller is."""

    url: str
    covers: bool | None
    """It has our last write; None: it could not be asked."""
    error: str = ""
    """Why it could not be asked."""
    lacks: int = 0
    """How many of the earlier horizons that it was asked about it does not have: the last ones."""


@dataclass(frozen=True, slots=True)
class WriteTimed:
    """One request that changed the directory."""

    operation: str
    """``add``, ``modify``, ``delete``, ``rename``."""
    seconds: float
    values: int = 0
    """Member values it carried."""
    code: str = "success"
    """LDAP's name of its result."""


@dataclass(slots=True)
class WrittenReport:
    """What a run tells of groups that are written back, beside its report; plain data."""

    container: str = ""
    server: str = ""
    groups: int = 0
    """In the directory, and ours."""
    members: int = 0
    """Memberships that the directory surely holds."""
    unwritable: dict[str, int] = field(default_factory=dict)
    """Why members cannot be written (``Unwritable``) -> memberships: a fact, no error."""
    refused: dict[str, int] = field(default_factory=dict)
    """Why groups of the cloud are not written -> how many."""
    converged_seconds: float | None = None
    """Age of the oldest of our writes that some writable domain controller lacks; None: not measured."""
    strangers: int = 0
    """Members in the directory of whom no source knows."""
    left_alone: str = ""
    """Groups in the directory that have a mark and are not taken, each with why."""
    unwanted: int = 0
    """Groups in the directory whose mark is of a group that is not written back: they stay as they are."""
    note: str = ""
