"""Who is who among the groups that were written: by the mark of a group its objectGUID and its DN.

It is filled by each look at the directory, and by what is made after it. What it does not know is not written to.
One that lost its mark, or is not shown, may still be a member of others: it can be taken out by its objectGUID.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Placed:
    """A group in the directory."""

    guid: bytes
    """objectGUID, 16 bytes as they are stored."""
    dn: str


@dataclass
class Roster:
    """The groups of one directory."""

    hidden: frozenset[str] = frozenset()
    """Groups of which the last look could not tell what became of them: they are not written to."""
    _placed: dict[str, Placed] = field(default_factory=dict)
    _members: dict[str, bytes] = field(default_factory=dict)

    def begin(self, known: Mapping[bytes, str]) -> None:
        """A look begins.

        :param known: objectGUID -> anchor of groups that were there up to now.
        """
        self._members = {anchor.lower(): guid for guid, anchor in known.items()}

    def deleted(self, anchor: str) -> None:
        """A group is not there any more, and a member of nothing."""
        self.forget(anchor)
        self._members.pop(anchor.lower(), None)

    def member(self, anchor: str) -> bytes | None:
        """objectGUID of a group that may be a member of others; None: it is not there."""
        placed = self.find(anchor)
        return placed.guid if placed else self._members.get(anchor.lower())

    def note(self, anchor: str, guid: bytes, dn: str) -> None:
        """A group was seen, or made."""
        self._placed[anchor.lower()] = Placed(guid, dn)

    def forget(self, anchor: str) -> None:
        """A group is not there any more."""
        self._placed.pop(anchor.lower(), None)

    def find(self, anchor: str) -> Placed | None:
        """A group by its mark; None: it is not there."""
        return self._placed.get(anchor.lower())

    def anchors(self) -> Iterator[str]:
        """Of all groups, in small letters."""
        yield from self._placed
