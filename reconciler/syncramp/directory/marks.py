"""The mark of a group in Active Directory that is that of a group in the cloud: ``Group_<object id>``.

It stands in ``adminDescription``, and in ``msDS-ExternalDirectoryObjectId`` where the schema has that. It alone joins
the two: whoever changes it by hand, or copies it to another group, is told of, and such a group is never taken.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ATTRIBUTES = ("adminDescription", "msDS-ExternalDirectoryObjectId")
NAMES = tuple(name.lower() for name in ATTRIBUTES)
_BEGIN = "group_"
_MARK = re.compile(r"group_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_TOLD = 64
"""Characters of what looks like a mark that are told."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """A group that has a mark."""

    guid: bytes
    anchor: str
    dn: str
    """Canonical."""
    inside: bool
    """It lies in the container."""
    created: int
    """uSNCreated."""


def mark_of(values: Iterable[str]) -> tuple[str, str]:
    """The mark among the values of the attributes for it, in small letters.

    :returns: the mark, empty if there is none to go by; and, as a clause, why what looks like one is not taken.
    """
    found = sorted({value.lower() for value in values if value.lower().startswith(_BEGIN)})
    if not found:
        return "", ""
    if len(found) > 1:
        return "", f"it has two marks ({' and '.join(one[:_TOLD] for one in found)})"
    return (found[0], "") if _MARK.fullmatch(found[0]) else ("", f"its mark is malformed ({found[0][:_TOLD]})")


def chosen(bearers: Sequence[Bearer], known: bytes | None) -> Bearer:
    """Which of several groups with one mark is meant: the one that is known, else one in the container, else the one
    that was made first.

    :param known: objectGUID of the group that had the mark up to now.
    """
    return min(bearers, key=lambda one: (one.guid != known, not one.inside, one.created, one.guid))
