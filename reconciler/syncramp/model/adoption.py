"""What is written down of an adoption: when, by whom, what was found, and how much may go since."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self


class Stage(StrEnum):
    """How much may go to a tenant that was adopted; disables and explicit removals beside."""

    CANARY = "Canary"
    TENTH = "Tenth"
    ALL = "All"


@dataclass(frozen=True, slots=True)
class Adoption:
    """The adoption of a tenant."""

    at: float
    """Seconds since the epoch."""
    by: str
    """Who asked for it."""
    run: int
    digest: str
    """Of what was found; see ``plan.adoption``."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """What was found -> how often."""
    stage: Stage = Stage.CANARY
    released_by: str = ""
    """Who ended the stage before; empty in the first one."""
    released_at: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it was kept."""
        return cls(**{**kept, "stage": Stage(kept["stage"])})
