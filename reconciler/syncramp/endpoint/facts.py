"""What is not certain about the service, as questions that can be asked of one.

Each question has a name, the answers this release is built for, and who asked it keeps what came back as a fact. A
question without expected answers is asked because its answer is worth knowing: any will do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Observed = str | int | float | bool | None
"""What was seen, in a word or a number; None: nothing that could be recognised."""
LONGEST = 240
"""Characters of evidence."""


class Verdict(StrEnum):
    """How a fact stands to what this release is built for."""

    CONFIRMED = "confirmed"
    DIFFERS = "differs"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Fact:
    """One question and what came of it."""

    asked: str
    observed: Observed
    verdict: Verdict
    evidence: str = ""
    """What the service said, or what it was concluded from."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    asked: str
    expected: tuple[Observed, ...] = ()
    """Empty: any answer but none."""

    def answered(self, observed: Observed, evidence: str = "", *, agrees: bool | None = None) -> Fact:
        """The fact that an answer makes.

        :param agrees: whether it is what was expected, where that depends on more than the answer.
        """
        if agrees is None:
            agrees = observed in self.expected if self.expected else observed is not None
        return Fact(self.asked, observed, Verdict.CONFIRMED if agrees else Verdict.DIFFERS, evidence[:LONGEST])

    def not_tried(self, why: str) -> Fact:
        """The fact that the question was not asked."""
        return Fact(self.asked, None, Verdict.NOT_TRIED, why[:LONGEST])


REFUSED, ACCEPTED = "refused", "accepted"
NO_MEMBERS = "not at all"
"""The read-back shows no members."""

QUESTIONS: Mapping[str, Question] = {
    "redirects": Question("Over which hosts does a call come to the one that serves the tenant?"),
    "token.invalid": Question("How is a token answered that is not valid?", ("token refused", "access denied")),
    "cookie.unknown": Question("Is a cookie that the service did not write refused?", (REFUSED,)),
    "readBack.cookieMember": Question("Which member of the read-back holds the cookie?"),
    "readBack.moreMember": Question("Which member of the read-back marks its end?"),
    "readBack.end": Question("Does a full read-back come to a marked end?", (True,)),
    "readBack.delta": Question("Does a cookie of the end show what changed since, and not everything?", (True,)),
    "readBack.members": Question("In which form does the read-back show members?", ("changes",)),
    "readBack.deleted": Question("As which operation does the read-back show a deleted object?", ("Delete",)),
    "result.created": Question("Which operation does the result of a Set name that created an object?", ("Add",)),
    "result.updated": Question("Which operation does the result of a Set name that changed one?", ("Set",)),
    "result.deleted": Question("Which operation does the result of a Delete name?", ("Delete",)),
    "nil": Question("Does nil clear an attribute?", (True,)),
    "visibilityDelay": Question("After how many seconds can a new object be referred to?"),
    "members.added": Question("Is an Add of a member that is there accepted?", (ACCEPTED,)),
    "members.removed": Question("Is a Remove of a member that is not there accepted?", (ACCEPTED,)),
    "members.unknown": Question("Is a member that does not exist refused by words about a reference?", (REFUSED,)),
    "members.list": Question("Is a plain list of members refused, which this release never sends?", (REFUSED,)),
    "linksPerCall": Question("How many links does a call carry?"),
    "links.above": Question("Is a call with one link more than the tenant says refused?", (REFUSED,)),
    "duplicate": Question("What becomes of a user principal name that is taken?", (REFUSED, "written otherwise")),
    "values.text": Question("Are values understood as text too?", (ACCEPTED,)),
    "restore.members": Question("Does a user who is deleted and set again come back with memberships?", (True,)),
    "delete.unknown": Question("With which code is a Delete of something unknown refused?", ("114",)),
}
"""In the order in which a probe tells them."""


def differing(facts: Mapping[str, Fact]) -> list[str]:
    """Names of those that are not what this release is built for."""
    return [name for name, fact in facts.items() if fact.verdict is Verdict.DIFFERS]
