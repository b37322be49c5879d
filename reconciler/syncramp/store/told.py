"""What one read of a partition told, for whoever has to know what it did not tell."""

from dataclasses import dataclass, field

from pyroaring import BitMap


@dataclass
class Told:
    """Until now, or to its end."""

    seen: BitMap = field(default_factory=BitMap)
    """Entries."""
    containers: set[bytes] = field(default_factory=set)
    """By GUID."""
    everything: bool = False
    """It was a full read and proven: all that there is was told."""
    delta: bool = False
    """It was proven, and told changes only."""

    @property
    def proven(self) -> bool:
        return self.everything or self.delta
