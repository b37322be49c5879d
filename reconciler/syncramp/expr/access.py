"""How an expression reads an attribute: from the mapping as it is, with the type that the environment promised."""

from collections.abc import Callable

from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.operators import WORDS, word
from syncramp.expr.run import Run
from syncramp.expr.types import NONE, Name, Optional
from syncramp.model.values import Type

Step = Callable[[Run], object]
"""A compiled node."""
CLASSES: dict[Type, type] = {
    Type.STRING: str,
    Type.REFERENCE: str,
    Type.BOOLEAN: bool,
    Type.INTEGER: int,
    Type.BINARY: bytes,
}


def required(variable: str, name: str, kind: Name) -> Step:
    """``entry.mail``: an error when there is no value. A list without a value is empty."""
    look = _reader(variable, name, kind)

    def step(run: Run) -> object:
        value = look(run)
        if value is None:
            raise EvaluationFailed(f"{variable}.{name} has no value")
        return value

    def many(run: Run) -> object:
        value = look(run)
        return () if value is None else value

    return many if kind.multi else step


def optional(variable: str, name: str, kind: Name) -> Step:
    """``entry.?mail``."""
    look = _reader(variable, name, kind)

    def step(run: Run) -> object:
        value = look(run)
        return NONE if value is None or value == () else Optional(value)

    return step


def present(variable: str, name: str, kind: Name) -> Step:
    """``has(entry.mail)``."""
    look = _reader(variable, name, kind)

    def step(run: Run) -> object:
        value = look(run)
        return not (value is None or value == ())

    return step


def plain(variable: str) -> Step:
    """A variable that is a text itself."""

    def step(run: Run) -> object:
        return run.values[variable]

    return step


def _reader(variable: str, name: str, kind: Name) -> Step:
    """None is no value; a single value of a list is a list of one."""
    wanted = tuple if kind.multi else CLASSES[kind.type]

    def read(run: Run) -> object:
        value = run.values[variable].get(name)  # type: ignore[union-attr]  # the checker knows which are texts
        if value is None or type(value) is wanted:
            return value
        return _fit(value, f"{variable}.{name}", kind)

    return read


def _fit(value: object, place: str, kind: Name) -> object:
    if kind.multi:
        return tuple(value) if isinstance(value, list | tuple) else (value,)
    if isinstance(value, list | tuple):
        if len(value) == 1 and type(value[0]) is CLASSES[kind.type]:
            return value[0]
        raise EvaluationFailed(f"{place} has {len(value)} values")
    raise EvaluationFailed(f"{place} is {word(value)}, not {WORDS[CLASSES[kind.type]]}")
