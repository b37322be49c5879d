"""What is wrong with a document, for people."""

from dataclasses import asdict, dataclass
from typing import Any

from syncramp.words import printable


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    path: str
    """In the document, as ``spec.sources[0].name``; empty for the document itself."""
    reason: str
    remedy: str = ""
    value: str = ""
    """What stands there, shortened; empty where it says nothing or may be a secret."""
    line: int | None = None
    """In the file, from 1; None for an object that comes from a cluster."""
    forbidden: bool = False
    """The value is known and refused by name."""
    stands: bool = False
    """It was so before and did not change: the API server lets it stand, with a warning; a run refuses it."""

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        path = f"{self.path}:" if self.path else "the document:"
        value = f" {self.value}:" if self.value else ""
        advice = f"; {self.remedy}" if self.remedy else ""
        return printable(f"{place}{path}{value} {self.reason}{advice}")

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return asdict(self)
