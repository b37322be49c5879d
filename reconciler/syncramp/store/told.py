"""What one read of a partition told, for whoever has to know what it did not tell."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyroaring import BitMap


@dataclass
class Told:
    """Until now, or to its end."""

    seen: BitMap = field(default_factory=BitMap)
    """Entries."""
    named: BitMap = field(default_factory=BitMap)
    """Entries with their DN."""
    valued: BitMap = field(default_factory=BitMap)
    """Entries with the attributes that name others."""
    containers: set[bytes] = field(default_factory=set)
    """By GUID."""
    everything: bool = False
    """It was a full read and proven: all that there is was told."""
    delta: bool = False
    """It was proven, and told changes only."""

    @property
    def proven(self) -> bool:
        return self.everything or self.delta

    def whole(self, ids: Iterable[int]) -> None:
        """Entries that were told with all that they have."""
        page = BitMap(ids)
        self.seen |= page
        self.named |= page
        self.valued |= page

    def part(self, identity: int, *, name: bool, values: bool) -> None:
        """An entry of which some was told: its DN, attributes that name others."""
        self.seen.add(identity)
        if name:
            self.named.add(identity)
        if values:
            self.valued.add(identity)

    def forget(self, ids: Iterable[int]) -> None:
        """Entries that are no more."""
        for identity in ids:
            for told in (self.seen, self.named, self.valued):
                told.discard(identity)
