"""What goes into an expression and what comes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from syncramp.model.values import Type

Given = str | bool | int | bytes | Sequence[str] | Sequence[bytes]
"""The value of an attribute, as an expression reads it."""
Values = Mapping[str, Mapping[str, Given] | str]
"""Variable -> its attributes by name (an attribute without a value is not in it), or the text of a plain variable."""


@dataclass(frozen=True, slots=True)
class Name:
    """The type of an attribute that an expression may name, and of the result that is wanted of one."""

    type: Type
    multi: bool = False


class Want(Enum):
    """What is wanted of an expression that makes no attribute."""

    CONDITION = "condition"
    """True or false, and nothing else (``when``)."""
    KEY = "key"
    """Text, or no value (a join)."""
    RANK = "rank"
    """A number, text, or true or false, or no value (``order``)."""


class Special(Enum):
    """Results that are no values."""

    NO_VALUE = "noValue()"
    """The attribute has no value; the next rule, or what the built-in rules made, does not count."""
    LEAVE = "leave()"
    """The attribute stays as it is in the cloud."""
    CLEAR = "clear()"
    """The attribute is emptied in the cloud, whatever other sources say."""


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Optional(Generic[T]):
    """A value that may be missing: what ``entry.?mail`` is."""

    value: T
    present: bool = True


NONE: Optional[object] = Optional(None, present=False)
"""No value."""
