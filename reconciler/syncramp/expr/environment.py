"""Expressions of CEL: compiled once, with all that is wrong in them, and evaluated for each entry.

The library parses and checks (:mod:`syncramp.expr.library`), the checked tree becomes Python functions
(:mod:`syncramp.expr.compiler`). What an expression may be made of is in docs/expressions.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncramp.expr.access import Step
from syncramp.expr.compiler import Compiler
from syncramp.expr.declarations import configuration
from syncramp.expr.errors import EvaluationFailed, ExpressionError, Problem
from syncramp.expr.library import Library
from syncramp.expr.limits import LONGEST, Exhausted
from syncramp.expr.placement import misplaced
from syncramp.expr.refusals import Refused
from syncramp.expr.results import canonical, unfit
from syncramp.expr.run import Run
from syncramp.expr.spelling import spelled
from syncramp.expr.tree import read
from syncramp.expr.types import Name, Special, Values, Want
from syncramp.expr.words import problems
from syncramp.model.values import Type, Value


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, ready to be evaluated."""

    text: str
    names: Mapping[str, frozenset[str]]
    """Variable -> the attributes of it that are read, by name; only these must be handed in."""
    wants: Name | Want
    _step: Step = field(repr=False)
    _slots: int = field(repr=False)

    def evaluate(self, values: Values) -> Value | Special:
        """The result for one entry.

        :param values: for each variable its attributes by name, or its text. An attribute without a value is absent.
        :returns: a value of the model; NO_VALUE also for an empty text or list, and for a value that is missing.
        :raises EvaluationFailed: there is no result for this entry.
        """
        try:
            return canonical(self._step(Run(values, self._slots)), self.wants)
        except Exhausted as error:
            raise EvaluationFailed(str(error)) from error


class Environment:
    """The variables that expressions may name.

    :param variables: variable -> the types of its attributes by name, or ``Type.STRING`` for a text.
    :raises ValueError: two attributes of a variable are spelled alike.
    """

    def __init__(self, variables: Mapping[str, Mapping[str, Name] | Type]) -> None:
        self._spelled = spelled(variables)
        self._library = Library(self._spelled, configuration())

    def compile(self, text: str, wants: Name | Want) -> Expression:
        """An expression that makes what is wanted.

        :raises ExpressionError: it does not parse, names what does not exist, or makes something else.
        """
        if len(text) > LONGEST:
            raise ExpressionError((Problem(f"it has more than {LONGEST:,} characters", 1, 1),))
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise ExpressionError((Problem("it has a character that is no text (a lone surrogate)", 1, 1),))
        try:
            serialized, made = self._library.check(text)
        except (RuntimeError, ValueError, LookupError) as error:
            raise ExpressionError(problems(str(error), text, self._spelled)) from None
        compiler = Compiler(self._spelled)
        tree = read(serialized)
        try:
            misplaced(tree, wants)
            step = compiler.step(tree)
        except Refused as error:
            raise ExpressionError((_problem(error, text),)) from None
        if wrong := unfit(made, wants):
            raise ExpressionError((Problem(wrong[0], 1, 1, wrong[1]),))
        names = {variable: frozenset(found) for variable, found in compiler.names.items()}
        return Expression(text, names, wants, step, compiler.slots)


def _problem(error: Refused, text: str) -> Problem:
    before = text[: error.at]
    line = before.count("\n") + 1
    return Problem(error.what, line, error.at - (before.rfind("\n") + 1) + 1, error.remedy)
