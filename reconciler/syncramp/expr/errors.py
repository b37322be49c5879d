"""What is wrong with an expression: with its place when it is compiled, with its reason when it is evaluated."""

from dataclasses import dataclass

from syncramp.errors import InputRefused


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in the text of an expression."""

    what: str
    """One sentence without a full stop at its end."""
    line: int
    column: int
    """Both count from 1, the column in characters."""
    remedy: str = ""


class ExpressionError(InputRefused):
    """An expression cannot be used. It says its first problem; ``problems`` has all, in the order of the text."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.what, where=f"line {first.line}, column {first.column}", remedy=first.remedy)
        self.problems = problems

    @property
    def line(self) -> int:
        """The line of the first problem, from 1."""
        return self.problems[0].line

    @property
    def column(self) -> int:
        """The column of the first problem, from 1."""
        return self.problems[0].column


class EvaluationFailed(Exception):
    """An expression has no result for this entry.

    It concerns one attribute of one object, so it is not in the tree of errors that end a run.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """One sentence without a full stop at its end."""
