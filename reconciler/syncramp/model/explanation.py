"""Why an object is in the cloud as it is, or is not: everything a store and a document say of one entry."""

from dataclasses import dataclass
from enum import StrEnum

from syncramp.model.approvals import Approval, Proposal
from syncramp.model.desire import Violation
from syncramp.model.explanation_written import WrittenTold
from syncramp.model.plan import MembershipChange, ObjectChange
from syncramp.model.ramp_reports import RampTold
from syncramp.model.values import Kind, Value


@dataclass(frozen=True, slots=True)
class Brief:
    """One entry that a question may mean."""

    id: int
    source: str
    kind: Kind
    dn: str
    absent: int
    """Complete imports in a row that did not see it."""
    in_cloud: bool
    by: str = ""
    """What of it is, or is like, what was asked for."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whom a question means."""

    asked: str
    looked_for: tuple[str, ...]
    """As what it was looked for, as nouns."""
    found: tuple[Brief, ...] = ()
    near: tuple[Brief, ...] = ()
    """Like it, where nothing was found."""
    foreign: str = ""
    """The kind of the object that has this source anchor in the tenant and is not ours."""


@dataclass(frozen=True, slots=True)
class RunTold:
    """The last run of the store."""

    number: int
    state: str
    started: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class EntryTold:
    """An entry as it was read last, and what is proven of the part of its source that it stands in."""

    source: str
    in_document: bool
    """The document names that source."""
    partition: str
    complete: bool
    entries: int | None
    expected: int | None
    seen: str
    """What the last read of the part showed, as text; empty when it did not come to its end."""
    reason: str
    """Why the part, or the whole source, is not complete; empty when it is."""
    guid: str
    """objectGUID as text."""
    absent: int
    changed: bool
    """It, or somebody it depends on, changed after it was synchronised: the next run judges it again."""
    new_rules: bool
    """The rules are not those it was synchronised with."""


class Standing(StrEnum):
    """What the rules say of an entry."""

    IN_SCOPE = "InScope"
    OUT_OF_SCOPE = "OutOfScope"
    UNDECIDED = "Undecided"
    """What decides cannot be read: it stays as it is."""
    ABSENT_ONCE = "AbsentOnce"
    ABSENT = "Absent"
    NO_SOURCE = "NoSource"
    """The document does not name its source any more: it stays as it is."""


@dataclass(frozen=True, slots=True)
class ScopeTold:
    """One scope of the source, asked about the entry; each answer is None where it is not asked any more."""

    dn: str
    kinds: tuple[str, ...]
    filter: str
    below: bool
    kind: bool | None
    matches: bool | None
    excluded: str = ""
    """The DN that leaves out what lies where the entry lies; empty if none does."""
    group: str = ""
    """Its pilot group, as the document names it; empty: it has none."""
    member: bool | None = True
    """The entry is a direct member of it; true where there is none."""
    lost: str = ""
    """Why nobody can tell what lies in it; empty where that can be told."""

    @property
    def holds(self) -> bool:
        """The entry is in it."""
        return bool(self.below and self.kind and self.matches and self.member)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an entry is synchronised."""

    standing: Standing
    reason: str = ""
    """Why not, one sentence; empty when it is in scope."""
    because: str = ""
    """What of the entry makes it so: what a default rule looks at, or the expression of an own rule."""
    scopes: tuple[ScopeTold, ...] = ()


@dataclass(frozen=True, slots=True)
class PartTold:
    """One of several entries that are one person, or that could not be joined."""

    source: str
    kind: Kind
    dn: str
    by: tuple[str, ...]
    """The joins by which it shares a key with another one of them."""
    names: bool = False
    """The object has its id and its anchor."""
    leads: bool = False
    """It is the account: what an account is comes from it."""
    missing: str = ""
    """Why it adds nothing; empty when it does."""


@dataclass(frozen=True, slots=True)
class PersonTold:
    """Who is joined."""

    parts: tuple[PartTold, ...] = ()
    """The entries that make the object; none when it is made of one alone."""
    others: tuple[PartTold, ...] = ()
    """Entries that share a key with it and are not joined."""
    conflict: str = ""
    """Why not."""


@dataclass(frozen=True, slots=True)
class AttributeTold:
    """One attribute of an object."""

    name: str
    """Its wire name."""
    desired: Value | None
    cloud: Value | None
    """What the cloud is known to hold."""
    differs: bool
    """An object that is known to be in the cloud holds something else, or nothing."""
    changes: bool = False
    """The rules of today make something else of the entry of today: the next run changes what is desired."""
    next: Value | None = None
    """To this; None: to nothing."""
    source: str = ""
    """Of an object of several entries: the source of the one that gives it."""
    attribute: str = ""
    """The directory attribute that it comes from; empty where it follows from something else."""
    given: tuple[bytes, ...] = ()
    """What the directory has there."""
    how: str = ""
    """How the value is made of it."""
    rule: str = ""
    """The own rule that decided it; empty: a built-in one."""
    when: str = ""
    """For which entries that rule is; empty: for all of their kind."""
    expression: str = ""
    """What that rule sets; empty where it clears."""
    note: str = ""
    """Why it has no new value, and what becomes of it."""
    violations: tuple[Violation, ...] = ()
    """Why it, or a value of it, is kept back."""
    drift: str = ""
    """The cloud shows it otherwise than it was sent, and why that is, as a sentence; empty where it does not."""
    shown: Value | None = None
    """What the cloud shows then."""


@dataclass(frozen=True, slots=True)
class ReferenceTold:
    """One reference to another object."""

    name: str
    dn: str
    """Whom the directory names."""
    resolved: bool
    """It is sent as the anchor of that object."""
    detail: str
    """In what state that one is, or why the reference is not sent."""


@dataclass(frozen=True, slots=True)
class GroupTold:
    """One group, as seen by somebody who is, was or will be in it."""

    dn: str
    desired: bool
    sure: bool
    possible: bool
    state: str
    """One clause for people."""
    hold: str = ""
    reason: str = ""

    @property
    def waits(self) -> bool:
        """The cloud is not known to have it as it should be."""
        return not (self.desired == self.sure == self.possible)


@dataclass(frozen=True, slots=True)
class MembersTold:
    """The members of a group."""

    read: int
    """Entries that the group names in its directory."""
    unresolved: int
    """Values that name nobody who was read."""
    desired: int
    sure: int
    possible: int
    names: tuple[str, ...]
    """DNs of the first of those who are named in the directory, or of all."""


@dataclass(frozen=True, slots=True)
class CloudTold:
    """What is known of the cloud's side."""

    present: bool
    anchor: str
    """CloudAnchor, as the service told it."""
    created: float | None
    """When its create was answered (seconds since the epoch)."""
    confirmed: int
    """0 no, 1 yes, 2 with differences."""
    doubt: bool
    travelling: bool
    """A call that was never answered may still be changing it."""
    cloud_managed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What the last run said of an object; it keeps a few samples of each cause, so it may have said more."""

    refused: bool
    """The service refused it; False: a warning."""
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known of one entry and of its object."""

    kind: Kind
    dn: str
    anchor: str
    """The source anchor; empty where it has none of its own."""
    entry: EntryTold
    verdict: Verdict
    cloud: CloudTold
    person: PersonTold = PersonTold()
    attributes: tuple[AttributeTold, ...] = ()
    references: tuple[ReferenceTold, ...] = ()
    referrers: int = 0
    """Objects that name it as their manager or owner."""
    groups: tuple[GroupTold, ...] = ()
    members: MembersTold | None = None
    """Of a group that should be in the cloud."""
    ramp: RampTold | None = None
    """Of a group that follows one."""
    change: ObjectChange | None = None
    """What a run would do with the object, as far as the store knows."""
    links: MembershipChange | None = None
    """The same with its members."""
    said: tuple[Said, ...] = ()
    approvals: tuple[Approval, ...] = ()
    """Of something of it that is pending."""
    proposals: tuple[Proposal, ...] = ()
    """Sets with something of it that wait for an approval."""
    written_back: tuple[GroupTold, ...] = ()
    """Groups of the cloud that it is in: what of that is written to the directory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who is meant, and why they are in the cloud as they are, or are not."""

    finding: Finding
    last: RunTold | None
    """The last run: what the tenant said is as of it."""
    explanation: Explanation | None = None
    """None: nobody was found, or several, or a group of the cloud."""
    written: WrittenTold | None = None
    """Of a group of the cloud, or of the entry that is written for one."""
