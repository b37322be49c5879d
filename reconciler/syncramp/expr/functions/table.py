"""The table of functions: what each is called, which types it takes and gives, what it does, and an example.

The types are those of the Python function: ``str``, ``int``, ``bool``, ``bytes``, ``tuple[T, ...]`` for a list,
``dict[str, T]`` for a map, :class:`Optional` for a value that may be missing, and a type variable for what may be
anything. A parameter with a default makes a second overload without it. A function may be written in front of its
first argument, ``lower(x)``, or behind it, ``x.lower()``.
"""

import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from inspect import Parameter, getdoc, signature
from typing import Any, TypeVar

from syncramp.expr.types import Optional

T = TypeVar("T")
"""Stands for any type; the same one wherever it stands in a function."""


class Family(StrEnum):
    """The families, in the order of the documentation."""

    TEXT = "Text"
    LIST = "Lists"
    CONVERSION = "Conversion"
    TIME = "Time"
    BITS = "Bits"
    CHOICE = "Choice"
    NAME = "Distinguished names"


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function."""

    id: str
    parameters: tuple[Any, ...]
    """Types, as in the annotations of the Python function."""
    names: tuple[str, ...]
    result: Any
    call: Callable[..., object]

    @property
    def classes(self) -> tuple[type | None, ...]:
        """The class of each argument; None is any."""
        return tuple(_class(parameter) for parameter in self.parameters)


@dataclass(frozen=True, slots=True)
class Function:
    """A name with its overloads."""

    name: str
    family: Family
    doc: str
    examples: tuple[tuple[str, str], ...]
    """Expression and its result, both as they are written in an expression."""
    overloads: tuple[Overload, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        """How it is called: ``lower(text)``."""
        return tuple(f"{self.name}({', '.join(map(shown, overload.parameters))})" for overload in self.overloads)


FUNCTIONS: dict[str, Function] = {}
"""By name, in the order of the modules."""
_WORDS: Mapping[Any, str] = {str: "text", int: "number", bool: "bool", bytes: "bytes", T: "any"}
_CEL: Mapping[Any, str] = {str: "string", int: "int", bool: "bool", bytes: "bytes"}
Implementation = TypeVar("Implementation", bound=Callable[..., object])


def offered(family: Family, *examples: tuple[str, str], name: str = "") -> Callable[[Implementation], Implementation]:
    """Put a Python function into the table, under its own name in camel case unless another one is given.

    Another function under the same name adds its overloads and examples; only one of them needs a text.
    """

    def enter(function: Implementation) -> Implementation:
        called = name or _camel(function.__name__)
        before = FUNCTIONS.pop(called, None)
        known = before.overloads if before else ()
        doc = " ".join((getdoc(function) or "").split())
        FUNCTIONS[called] = Function(
            called,
            family,
            f"{before.doc} {doc}".strip() if before else doc,
            (*(before.examples if before else ()), *examples),
            (*known, *_overloads(called, function, len(known))),
        )
        return function

    return enter


def shown(type_: Any) -> str:
    """A type in the words of the documentation: ``text``, ``list of number``."""
    if type_ in _WORDS:
        return _WORDS[type_]
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is tuple:
        return f"list of {shown(arguments[0])}"
    if origin is dict:
        return f"map of {shown(arguments[1])}"
    return f"optional {shown(arguments[0])}"


def declaration(type_: Any) -> dict[str, Any]:
    """A type as the library's configuration spells it."""
    if isinstance(type_, TypeVar):
        return {"type_name": type_.__name__, "is_type_param": True}
    if type_ in _CEL:
        return {"type_name": _CEL[type_]}
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is tuple:
        return {"type_name": "list", "params": [declaration(arguments[0])]}
    if origin is dict:
        return {"type_name": "map", "params": [declaration(part) for part in arguments]}
    return {"type_name": "optional_type", "params": [declaration(arguments[0])]}


def _overloads(name: str, function: Callable[..., object], first: int) -> list[Overload]:
    hints = typing.get_type_hints(function)
    parameters = list(signature(function).parameters.values())
    least = sum(parameter.default is Parameter.empty for parameter in parameters)
    made: list[Overload] = []
    for count in range(least, len(parameters) + 1):
        names = tuple(parameter.name for parameter in parameters[:count])
        types = tuple(hints[part] for part in names)
        made.append(Overload(f"{name}_{first + len(made)}", types, names, hints["return"], function))
    return made


def _class(type_: Any) -> type | None:
    if isinstance(type_, TypeVar):
        return None
    found: type = typing.get_origin(type_) or type_
    return found


def _camel(name: str) -> str:
    return re.sub(r"_(.)", lambda found: found[1].upper(), name.rstrip("_"))


__all__ = ["FUNCTIONS", "Family", "Function", "Optional", "Overload", "T", "declaration", "offered", "shown"]
