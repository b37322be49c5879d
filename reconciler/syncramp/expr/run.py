"""One evaluation: what it reads, and how much it may still do."""

from syncramp.expr.limits import MOST_SPACE, MOST_STEPS, Exhausted, room
from syncramp.expr.types import Values

SIZED = (str, bytes, tuple)


class Run:
    """The state of one evaluation."""

    __slots__ = ("local", "made", "steps", "values")

    def __init__(self, values: Values, slots: int) -> None:
        self.values = values
        self.local: list[object] = [None] * slots
        """The variables of loops, by the slot that the compiler gave them."""
        self.steps = 0
        self.made = 0

    def step(self) -> None:
        """Count a step of a loop.

        :raises Exhausted: it was one too many.
        """
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Exhausted(f"its loops take more than {MOST_STEPS:,} steps")

    def take(self, made: object) -> object:
        """Count what was made, and give it back.

        :raises Exhausted: it was too much.
        """
        if isinstance(made, SIZED):
            self.made += len(made)
            if self.made > MOST_SPACE:
                room(self.made)
        return made
