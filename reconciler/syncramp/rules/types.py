"""What the rules make of an entry."""

from collections.abc import Mapping
from dataclasses import field

from syncramp.model.desire import Violation
from syncramp.model.rows import row
from syncramp.model.values import Kind, Value


@row
class DirectoryObject:
    """The object an entry should be in the cloud."""

    kind: Kind
    anchor: str
    """Empty: it has none, and ``Decision.anchorless`` says why."""
    attributes: dict[str, Value]
    """By wire name, without the anchor and without references."""
    references: dict[str, str] = field(default_factory=dict)
    """Wire name of a single reference -> canonical DN of its target."""
    unread: frozenset[str] = frozenset()
    """Wire names whose value could not be read: what the object had stays, or what stands in ``attributes``."""
    incomplete: bool = False
    """One of several entries it is made of could not be judged: what it does not say stays as it was."""
    won: Mapping[str, int] = field(default_factory=dict)
    """Wire name -> precedence of the own rule that decided it, by a value, a clear or a leave."""
    cleared: frozenset[str] = frozenset()
    """Wire names that an own rule cleared: no other source gives them a value."""
    violations: tuple[Violation, ...] = ()
    """What is kept back of it. An attribute that is kept back whole is ``unread`` too."""
    withheld: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values that were left out of a list, by its wire name; those that the cloud has there stay."""


@row
class Decision:
    """An object, or the reason why there is none."""

    object: DirectoryObject | None
    reason: str = ""
    """One sentence; empty when there is an object."""
    warnings: tuple[str, ...] = ()
    """Attributes that could not be read: one bad attribute never holds an object."""
    undecided: bool = False
    """It cannot be judged, because what decides could not be read: everything stays as it is, but a disable goes."""
    disabled: bool = False
    """Of an account that cannot be judged."""
    stalled: bool = False
    """It cannot be judged because its scope was not found, which is told once for all."""
    anchorless: str = ""
    """Why the object has no source anchor, as a clause: it stays as it is if the cloud knows it, and does not come
    otherwise."""
    partial: DirectoryObject | None = None
    """Of an entry that is no object of its own, but adds to one of another source: a linked mailbox. It has no anchor
    and no user principal name."""
    detail: str = ""
    """Why it cannot be judged, where that differs from entry to entry."""

    @property
    def part(self) -> DirectoryObject | None:
        """What it is together with entries of other sources."""
        return self.object or self.partial
