"""The bases of scopes, looked for while a directory is read.

A base that is gone looks like the delete of all that was below it, and hardly ever is one: somebody renamed it, or
exported less. So a read that has not seen every base is not complete. A base is there if anything is at or below its
DN; one that is named by its GUID is there if that entry is, under whatever DN.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from syncramp.source.dn import lies_below

REMEDY = "if it was renamed, name it by guid; if its objects are to be deleted, remove the scope"
REMEDY_GUID = "if its objects are to be deleted, remove the scope"


@dataclass(frozen=True, slots=True)
class Base:
    """The base of a scope, as the document names it."""

    dn: str
    """Canonical; of one with a GUID only what people call it."""
    guid: UUID | None = None

    @property
    def lost(self) -> str:
        """What is to be told when it is not there, as a clause."""
        if self.guid is not None:
            return f"nothing has the GUID {self.guid} that the scope {self.dn} is named by"
        return f"the base of the scope {self.dn} is not there"

    @property
    def remedy(self) -> str:
        """What to do then."""
        return REMEDY if self.guid is None else REMEDY_GUID


@dataclass
class Lookout:
    """Which bases were seen so far."""

    bases: Sequence[Base]
    _unseen: list[Base] = field(init=False)

    def __post_init__(self) -> None:
        self._unseen = list(self.bases)

    @property
    def searches(self) -> bool:
        """Some were not seen yet."""
        return bool(self._unseen)

    def see(self, dn: str, guid: bytes | None) -> None:
        """Something is there.

        :param dn: canonical.
        """
        self._unseen = [base for base in self._unseen if not _shows(base, dn, guid)]

    @property
    def problem(self) -> str:
        """Why the read is not complete; empty when every base was seen."""
        return "; ".join(f"{base.lost}; {base.remedy}" for base in self._unseen[:1])


def _shows(base: Base, dn: str, guid: bytes | None) -> bool:
    return guid == base.guid.bytes_le if base.guid is not None else lies_below(dn, base.dn)
