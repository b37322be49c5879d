"""What people say to be true of sources, in an annotation of a document: ``corp=12; labs/DC=labs,DC=test=mail``."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syncramp.model.proofs import Accepted

ANNOTATION = "syncramp.io/accept-source"
"""Of a document: accepts what sources show."""
BY_ANNOTATION = f"annotation {ANNOTATION}"
"""Who says it, if it stands in the document."""
OLDER = "older"
"""The word for a directory that knows less than it did."""

_ITEM = re.compile(r"([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:/(.+))?=([0-9]{1,9}|[A-Za-z][A-Za-z0-9-]*)")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One thing that is said of a part of a source."""

    source: str
    partition: str
    """Empty: the source has one part alone."""
    what: str
    """A number of entries, the name of an attribute, or :data:`OLDER`."""


def named_acceptances(text: str) -> tuple[Acceptance, ...]:
    """What an annotation says; whatever stands between semicolons, and is well-formed."""
    found = (_ITEM.fullmatch(part.strip()) for part in text.split(";"))
    return tuple(Acceptance(one[1], one[2] or "", one[3]) for one in found if one is not None)


def malformed(text: str) -> str:
    """The first part of an annotation that says nothing; empty if there is none."""
    parts = (part.strip() for part in text.split(";"))
    return next((part for part in parts if part and not _ITEM.fullmatch(part)), "")


def combined(said: Iterable[Acceptance], by: str) -> Accepted:
    """Several things that are said of one part, as one; of two numbers the larger counts."""
    words = [one.what for one in said]
    numbers = [int(word) for word in words if word.isdecimal()]
    return Accepted(
        max(numbers, default=None),
        frozenset(word.lower() for word in words if not word.isdecimal() and word != OLDER),
        OLDER in words,
        by,
    )
