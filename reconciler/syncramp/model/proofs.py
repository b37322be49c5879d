"""Three proofs of a read: complete, fresh, permitted. What they are judged by, and the verdict.

Nothing destructive follows from a read without all three. A proof that fails for what may be true (everybody was
deleted, an attribute was cleared everywhere) fails until a person says that it is: ``Accepted``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from syncramp.model.facts import Evidence, Proof
from syncramp.model.values import Kind

PROOFS = ("complete", "fresh", "permitted")


class Doubt(StrEnum):
    """Which proof of a read fails; a condition of a SyncConfig has the same reasons."""

    INCOMPLETE = "SourceIncomplete"
    SHRUNKEN = "SourceShrunken"
    NOT_FRESH = "SourceNotFresh"
    NOT_PERMITTED = "SourceNotPermitted"


def failed(doubt: str) -> str:
    """Which of the three proofs a doubt is about."""
    return {Doubt.NOT_FRESH.value: "fresh", Doubt.NOT_PERMITTED.value: "permitted"}.get(doubt, "complete")


@dataclass(frozen=True, slots=True)
class Observed:
    """What the store saw of a partition while it was read, beside what it knew."""

    known: Mapping[Kind, int] = field(default_factory=dict)
    """Entries that are there, or were there before this read."""
    missing: Mapping[Kind, int] = field(default_factory=dict)
    """Those of them that a full read did not show for the first time, or that a delta calls gone."""
    hidden: Mapping[str, int] = field(default_factory=dict)
    """DN of a container -> how many entries were below it, of which none is shown any more."""
    had: Mapping[str, int] = field(default_factory=dict)
    """Attribute -> entries that had it, of those that are looked at: all that are still shown, in a delta the changed
    ones."""
    lost: Mapping[str, int] = field(default_factory=dict)
    """Attribute -> those of them that do not show it any more."""
    vanished: int = 0
    """Sentinels that are not found, and that nobody told to be gone."""

    @property
    def shown(self) -> int:
        """Entries that are there."""
        return sum(self.known.values()) - sum(self.missing.values())


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a person says to be true of a partition."""

    entries: int | None = None
    """A read that shows at least so many is accepted, whatever it misses; None: nothing was said."""
    attributes: frozenset[str] = frozenset()
    """It is true that entries lost these."""
    older: bool = False
    """It is true that the directory knows less than it did."""
    by: str = ""
    """Who says so."""
    annotated: str = ""
    """What the document's annotation said when it was taken last."""
    taken: bool = False
    """A read was proven since, by it or without it. It accepts no other one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The three proofs of a read, judged."""

    complete: Evidence = field(default_factory=Evidence)
    fresh: Evidence = field(default_factory=Evidence)
    permitted: Evidence = field(default_factory=Evidence)
    shrunken: bool = False
    """It is not complete because it shows too little."""
    unread: frozenset[str] = frozenset()
    """Attributes that entries seem to have lost, and of which that is not believed."""
    taken: bool = False
    """It would not be proven but for what a person accepted."""

    @property
    def proven(self) -> bool:
        """All three are."""
        return self.complete.proven and self.fresh.proven and self.permitted.proven

    def applied(self, proof: Proof) -> Proof:
        """A proof as it is judged: complete only if it is fresh and permitted, too."""
        return replace(proof, complete=self.proven, reason=self.reason, fresh=self.fresh, permitted=self.permitted)

    def as_json(self) -> dict[str, dict[str, Any]]:
        """The evidence as plain data, by the name of the proof."""
        return {name: asdict(getattr(self, name)) for name in PROOFS}

    @property
    def reason(self) -> str:
        """Why the first that fails does; empty when none does."""
        failed = (each.reason for each in (self.complete, self.fresh, self.permitted) if not each.proven)
        return next(failed, "")

    @property
    def told(self) -> str:
        """The same, with the proof that fails where that is not the first."""
        doubt = self.doubt or ""
        return f"not {failed(doubt)}: {self.reason}" if failed(doubt) != "complete" else self.reason

    @property
    def doubt(self) -> Doubt | None:
        """Which one fails first; None when none does."""
        if not self.complete.proven:
            return Doubt.SHRUNKEN if self.shrunken else Doubt.INCOMPLETE
        if not self.fresh.proven:
            return Doubt.NOT_FRESH
        return None if self.permitted.proven else Doubt.NOT_PERMITTED
