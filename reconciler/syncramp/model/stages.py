"""How much went to a tenant since it was adopted, and what of it was answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from pyroaring import BitMap

RELEASES = "syncramp.io/release"
"""Annotation of a document: the stages that may end, with commas between them."""
PROBATION_RUNS = 48
"""Exporting runs after an adoption in which every delete waits for an approval: a day of half-hour intervals."""
HALVED = 7 * 86_400.0
"""Seconds after the probation in which the limits of the failsafe are halved."""


class Stage(StrEnum):
    """How much may go to a tenant that was adopted; disables and explicit removals beside."""

    CANARY = "Canary"
    TENTH = "Tenth"
    ALL = "All"


RELEASABLE = (Stage.CANARY.value, Stage.TENTH.value)
"""Stages that a person ends."""


def named_stages(text: str) -> frozenset[str]:
    """The stages that an annotation names; whatever stands between commas."""
    return frozenset(filter(None, (part.strip() for part in text.split(","))))


@dataclass(frozen=True, slots=True)
class Progress:
    """One stage of an adopted tenant, and its probation."""

    adopted: float = 0.0
    """When the tenant was adopted (seconds since the epoch): another adoption begins anew."""
    stage: Stage | None = None
    """None: no stage has begun."""
    most_objects: int = 0
    most_links: int = 0
    """What may go in this stage."""
    objects: BitMap = field(default_factory=BitMap)
    """Ids of those that were chosen to go."""
    links: Mapping[int, BitMap] = field(default_factory=dict)
    """Group -> members that were chosen to be added."""
    applied: int = 0
    """Changes that were acknowledged in this stage."""
    refused: int = 0
    """Changes that were refused in its last run."""
    waiting: int = 0
    """Changes of its last run that are left, in doubt, or not confirmed by a read-back yet."""
    announced: bool = False
    """The document's annotation named the stage when it began, and does so still: it was meant for another one."""
    runs: int = 0
    """Exporting runs since the adoption, as far as the probation counts them."""
    probation_ended: float = 0.0
    """Seconds since the epoch; 0: not yet."""

    @property
    def chosen_links(self) -> int:
        """How many links were chosen to go."""
        return sum(map(len, self.links.values()))

    @property
    def confirmed(self) -> bool:
        """What went was answered and shown by a read-back."""
        return self.applied > 0 and not self.waiting

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        links = {str(group): members.serialize().hex() for group, members in self.links.items()}
        return {
            **plain,
            "stage": self.stage.value if self.stage else None,
            "objects": self.objects.serialize().hex(),
            "links": links,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it was kept."""
        links = {int(group): BitMap.deserialize(bytes.fromhex(members)) for group, members in kept["links"].items()}
        objects = BitMap.deserialize(bytes.fromhex(kept["objects"]))
        return cls(
            **{**kept, "stage": Stage(kept["stage"]) if kept["stage"] else None, "objects": objects, "links": links}
        )


_PLAIN = (
    "adopted",
    "most_objects",
    "most_links",
    "applied",
    "refused",
    "waiting",
    "announced",
    "runs",
    "probation_ended",
)


@dataclass(frozen=True, slots=True)
class StageReport:
    """A stage as a report tells of it. Everything in it is plain data."""

    name: str = ""
    """Canary, Tenth or All; empty: the tenant was not adopted."""
    objects: int = 0
    links: int = 0
    """Chosen to go in this stage so far."""
    most_objects: int = 0
    most_links: int = 0
    applied: int = 0
    refused: int = 0
    waiting: int = 0
    probation_runs: int = 0
    """Exporting runs until deletes need no approval any more."""
    halved_until: str = ""
    """RFC 3339, UTC: until then the limits of the failsafe are halved; empty: they are not."""
