"""How much one evaluation may do. What the numbers stand for is in docs/expressions.md."""

MOST_STEPS = 100_000
"""Steps of all loops together: one loop over the members of a large group, or three nested ones over 46 values."""
MOST_SPACE = 4_000_000
"""Characters, bytes and items of all that is made: 32 MB of references at most."""
LONGEST = 10_000
"""Characters of an expression."""


class Exhausted(Exception):
    """An evaluation would do more than it may. It is no ``EvaluationFailed``, which ``||`` would absorb."""


def room(size: int) -> None:
    """Refuse to make something of this size.

    :raises Exhausted: it is too large.
    """
    if size > MOST_SPACE:
        raise Exhausted(f"it makes more than {MOST_SPACE:,} characters and items")
