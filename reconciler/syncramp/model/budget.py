"""What a plan costs: writes, links, calls, and the time that the tenant's throttle takes for them."""

from dataclasses import dataclass

WINDOW = 5
"""Minutes over which the tenant counts writes."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The cost of what goes, as far as it is known before it is sent."""

    writes: int
    """Objects, a group once for each call that changes its members: what the tenant's throttle counts."""
    links: int
    calls: int
    """At least so many: each layer of creates ends its last call."""
    tenant: int
    """Writes that the tenant takes in five minutes."""
    share: int
    """Percent of them that are ours."""
    minutes: int
    """At least: until the last write may begin. 0: all of it fits into the first five minutes."""
    interval: int
    """Minutes from one run to the next."""
    slices: int
    """Intervals that the export needs; a run sends for one of them, then the directories are read again."""

    @property
    def fits(self) -> bool:
        """One interval is enough."""
        return self.slices <= 1
