"""What is wrong with an expression of a document, with its place in the text and what to do."""

import re
from collections.abc import Iterator

from syncramp.check.findings import Finding
from syncramp.check.values import show
from syncramp.expr.environment import Environment
from syncramp.expr.errors import ExpressionError, Problem
from syncramp.expr.types import Name, Want
from syncramp.expr.words import DASHED
from syncramp.rules.secrets import is_secret
from syncramp.source.canonical import LINKS

_UNKNOWN = re.compile(r"entry has no attribute '(\w+)'")


OF_RULES = "name an attribute that the built-in rules send (docs/attributes.md)"


def expression_findings(
    path: str, text: str, names: Environment, wants: Name | Want, unknown: str = OF_RULES
) -> Iterator[Finding]:
    """Nothing where the expression can be evaluated.

    :param path: where it stands in the document.
    :param unknown: what to do about an attribute that ``object`` does not have.
    """
    try:
        names.compile(text, wants)
    except ExpressionError as error:
        for problem in error.problems:
            where = f"line {problem.line}, column {problem.column}"
            yield Finding(path, f"{where}: {problem.what}", _remedy(problem, unknown), show(path, text))


def _remedy(problem: Problem, unknown: str) -> str:
    found = _UNKNOWN.match(problem.what)
    if found is None:
        named = problem.what.startswith("object has no attribute")
        return problem.remedy or (unknown if named else "mend the expression")
    if found[1].lower() == LINKS:
        return "name another attribute: no expression sees the members of a group"
    if is_secret(found[1].replace("_", "-")):
        return "name another attribute: this one holds secrets, which no expression may read"
    if problem.remedy.startswith(DASHED):
        return problem.remedy
    declare = "declare it in spec.attributes if the directory has it"
    return f"{problem.remedy} otherwise {declare}" if problem.remedy else declare
