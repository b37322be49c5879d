"""One evaluation: what it reads, and how much it may still do."""

from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Values

MOST_STEPS = 100_000
"""Steps of all loops of one evaluation: one over a group's members, or three nested ones over 46 values."""
MOST_SPACE = 4_000_000
"""Characters, bytes and items of all that one evaluation makes: 32 MB of references at most."""


class Exhausted(Exception):
    """An evaluation would do more than it may. It is no :class:`EvaluationFailed`: ``||`` must not absorb it."""


class Run:
    """The state of one evaluation."""

    __slots__ = ("local", "space", "steps", "values")

    def __init__(self, values: Values, locals_: int) -> None:
        self.values = values
        self.local: list[object] = [None] * locals_
        self.steps = MOST_STEPS
        self.space = MOST_SPACE

    def step(self) -> None:
        """Count a step of a loop."""
        self.steps -= 1
        if self.steps < 0:
            raise Exhausted(f"its loops take more than {MOST_STEPS:,} steps")

    def take(self, made: object) -> object:
        """Count what was made, and give it back."""
        if type(made) in (str, bytes, tuple):
            self.space -= len(made)  # type: ignore[arg-type]  # one of the three
            if self.space < 0:
                raise Exhausted(f"it makes more than {MOST_SPACE:,} characters and items")
        return made


def fail(reason: str) -> EvaluationFailed:
    """An error to raise."""
    return EvaluationFailed(reason)
