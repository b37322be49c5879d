"""Dataclasses of which a run makes some for each object."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def row(cls: type[_T]) -> type[_T]:
    """A dataclass that is frozen for the type checker, and at run time has slots alone.

    A frozen one sets each field by a call of ``object.__setattr__``. Measured: one with 4 fields is made in 0.27 µs,
    so in 0.09; the five that a full synchronise makes for each object cost 3.3 µs, so 1.1.
    """
    return dataclass(slots=True)(cls)
