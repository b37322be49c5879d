"""Expressions of CEL over the attributes of an entry, with functions of ours. They read nothing and have no clock."""

from syncramp.expr.environment import Environment, Expression
from syncramp.expr.errors import EvaluationFailed, ExpressionError, Problem
from syncramp.expr.types import Name, Special, Values, Want

__all__ = [
    "Environment",
    "EvaluationFailed",
    "Expression",
    "ExpressionError",
    "Name",
    "Problem",
    "Special",
    "Values",
    "Want",
]
