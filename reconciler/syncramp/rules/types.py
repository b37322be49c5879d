"""What the rules make of an entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncramp.model.values import Kind, Value


@dataclass(frozen=True, slots=True)
class DirectoryObject:
    """The object an entry should be in the cloud."""

    kind: Kind
    anchor: str
    attributes: dict[str, Value]
    """By wire name, without the anchor and without references."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Wire name of a single reference -> canonical DN of its target."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An object, or the reason why there is none."""

    object: DirectoryObject | None
    reason: str = ""
    """One sentence; empty when there is an object."""
    warnings: tuple[str, ...] = ()
    """Attributes that were left out because their value is malformed: one bad attribute never holds an object."""
