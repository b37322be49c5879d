"""An adoption: what was found in a tenant, and what is written down of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from syncramp.model.plan import Sample
from syncramp.model.report import RunReport
from syncramp.model.saved import Restored
from syncramp.model.stages import Stage as Stage  # noqa: PLC0414 - a part of an adoption, to others


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


class Finding(StrEnum):
    """How one object of the tenant, or one that should be there, stands to the directories."""

    MATCHED = "Matched"
    """Wanted, and in the tenant with the same anchor and kind."""
    TO_CREATE = "ToCreate"
    """Wanted, and not in the tenant."""
    WOULD_MATCH = "WouldMatch"
    """Of those: the service would join it with an object that is there and is not ours, by a name or an address."""
    WOULD_RESTORE = "WouldRestore"
    """Of those: it was deleted less than 30 days ago, and would come back."""
    TYPE_CONFLICT = "TypeConflict"
    """Wanted, and in the tenant with the same anchor as an object of another kind."""
    NOT_ADOPTABLE = "NotAdoptable"
    """A group whose members the read-back does not show: no removal from it could ever be told."""
    ORPHAN = "Orphan"
    """In the tenant with an anchor that no directory wants there."""
    DEPARTING = "Departing"
    """Known to be ours, in the tenant, and not wanted any more: the next plan deletes it."""
    GONE = "Gone"
    """Known to be ours, and not in the tenant any more."""


class Alarm(StrEnum):
    """What looks so wrong that an adoption is recorded only when a person says so."""

    MANY_CREATES = "ManyCreates"
    CREATES_MATCH_ORPHANS = "CreatesMatchOrphans"
    MANY_ORPHANS = "ManyOrphans"
    COUNTS_DIFFER = "CountsDiffer"
    SOURCE_INCOMPLETE = "SourceIncomplete"


@dataclass(slots=True)
class LinkFindings:
    """Members of groups that are adopted."""

    both: int = 0
    missing: int = 0
    """Wanted, and not in the tenant."""
    extra: int = 0
    """In the tenant and not wanted; of entries that are known."""
    unknown: int = 0
    """In the tenant, of objects that no directory knows."""


@dataclass(slots=True)
class Findings:
    """What an adoption found."""

    report: RunReport
    """Of the run that looked."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Finding -> kind -> objects."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    """Some of each finding but those that match."""
    equal: int = 0
    """Matched objects that hold what is wanted."""
    normalised: int = 0
    """Those that differ by what the service is known to write otherwise, and by nothing else."""
    different: int = 0
    attributes: dict[str, int] = field(default_factory=dict)
    """Attribute -> matched objects that differ in it."""
    difference_samples: list[Sample] = field(default_factory=list)
    links: LinkFindings = field(default_factory=LinkFindings)
    link_samples: list[Sample] = field(default_factory=list)
    frozen: list[Sample] = field(default_factory=list)
    """Groups that look as if the tool before had stopped to synchronise them at its limit."""
    cloud_managed: int = 0
    """Matched objects whose source of authority is the cloud: nothing will be sent for them."""
    shown: int = 0
    """Objects that the read-back showed, those of the cloud among them."""
    anchored: int = 0
    """Those with a source anchor."""
    counted: int | None = None
    """What the tenant itself counts; None: it does not."""
    alarms: dict[str, str] = field(default_factory=dict)
    """Alarm -> what is wrong, as a sentence."""
    digest: str = ""
    recorded: bool = False
    """What is observed is known from now on."""
    unmatched: Callable[[], Iterator[Sample]] = lambda: iter(())
    """All objects but those that match, their finding as the verb, while the store is open."""
    restored: Restored | None = None
    """What was taken of the state snapshot of a store that was lost; None: there was none."""

    def number(self, finding: Finding) -> int:
        """How many objects, of all kinds."""
        return sum(self.counts.get(finding.value, {}).values())

    def note(self, finding: Finding, kind: str, number: int = 1) -> None:
        """So many more of a kind."""
        kinds = self.counts.setdefault(finding.value, {})
        kinds[kind] = kinds.get(kind, 0) + number
