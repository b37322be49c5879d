"""An expression of a document as findings: each of its problems with line and column, and what to do about it."""

from collections.abc import Iterator

from syncramp.check.findings import Finding
from syncramp.check.values import show
from syncramp.expr.environment import Environment
from syncramp.expr.errors import ExpressionError, Problem
from syncramp.expr.types import Name, Want


def expression_findings(path: str, text: str, names: Environment, wants: Name | Want) -> Iterator[Finding]:
    """What is wrong with an expression.

    :param names: what it may name.
    :param wants: what it has to make.
    """
    try:
        names.compile(text, wants)
    except ExpressionError as error:
        for problem in error.problems:
            where = f"line {problem.line}, column {problem.column}"
            yield Finding(path, f"{where}: {problem.what}", _remedy(problem), show(path, text))


def _remedy(problem: Problem) -> str:
    if problem.what.startswith("entry has no attribute"):
        declare = "declare it in spec.attributes if the directory has it"
        return f"{problem.remedy} otherwise {declare}" if problem.remedy else declare
    return problem.remedy or "mend the expression"
