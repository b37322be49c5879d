"""Facts for guards: a test says how many of what."""

from pyroaring import BitMap

from syncramp.plan.facts import Loss, Number


def number(due: int, spent: int = 0, whole: int = 0) -> Number:
    """So many due, so many more sent in the last 24 hours."""
    return Number(BitMap(range(due)), BitMap(range(due + spent)), whole)


def loss(identity: int, removed: int, size: int, spent: int = 0, left: int | None = None) -> Loss:
    """A group of this size that loses so many members now, and lost others in the last 24 hours."""
    stays = size - removed - spent if left is None else left
    return Loss(identity, f"CN=Group {identity}", size, number(removed, spent), stays)
