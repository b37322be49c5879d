"""Where the scopes of a source are, as its directory says it now.

A document names the base of a scope by its DN, and a pilot group by a DN or a GUID. What it names by a GUID is found
under any DN. What is not found stalls its scope: of an entry that may be in it nobody can tell whether it stays, so
everything about it stays as it is. A base that is gone looks like the delete of all that was below it, and hardly
ever is one.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from syncramp.model.seams import Whereabouts
from syncramp.source import dn
from syncramp.source.bases import Base
from syncramp.spec.types import Scope

GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""How a GUID is written."""
NEVER_READ = "its source was not read yet"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one scope is."""

    base: str
    """The canonical DN of its base."""
    excluded: tuple[str, ...] = ()
    """Canonical DNs of the subtrees that it leaves out."""
    members: Collection[bytes] | None = None
    """GUIDs of the direct members of its pilot group; None: it has none, or nobody knows."""
    lost: str = ""
    """Why nobody can tell what lies in it; empty where that can be told."""
    no_base: bool = False
    """It is its base that is lost."""
    named: str = ""
    """The canonical DN that the document gives to its base, where that is not where it is."""


def named_group(group: str) -> UUID | str:
    """What a document calls a pilot group: a GUID, or the canonical DN."""
    return UUID(group) if GUID.fullmatch(group) else dn.canonical(group)


def document_place(scope: Scope) -> Place:
    """What the document alone says of a place: all of it, unless somebody must be asked."""
    base = dn.canonical(scope.dn)
    asked = scope.guid is not None or scope.group is not None
    return Place(base, _excluded(scope, base), lost=NEVER_READ if asked else "", no_base=scope.guid is not None)


def place_of(scope: Scope, directory: Whereabouts) -> Place:
    """Where a scope is.

    :param directory: what its source was seen to hold.
    """
    label = dn.canonical(scope.dn)
    base = label if scope.guid is None else directory.named(scope.guid.bytes_le)
    if base is None or (scope.guid is None and not _there(label, directory)):
        return Place(label, _excluded(scope, label), lost=Base(label, scope.guid).lost, no_base=True)
    place = Place(base, _excluded(scope, base), named=label if dn.lower(base) != dn.lower(label) else "")
    if scope.group is None:
        return place
    group = named_group(scope.group)
    members = directory.members(group.bytes_le if isinstance(group, UUID) else group)
    if members:
        return Place(place.base, place.excluded, members, named=place.named)
    return Place(place.base, place.excluded, lost=_no_group(group, members), named=place.named)


def _there(base: str, directory: Whereabouts) -> bool:
    """Whether a base is there: a read that was proven has seen it."""
    return directory.proven or any(dn.lies_below(name, base) for name in directory.names())


def _excluded(scope: Scope, base: str) -> tuple[str, ...]:
    """What is left out, below where the base is now."""
    label = dn.canonical(scope.dn)
    names = map(dn.canonical, scope.exclude)
    return tuple(dn.rebased(name, label, base) for name in names)


def _no_group(group: UUID | str, members: Collection[bytes] | None) -> str:
    return f"the pilot group {group} {'has no members' if members is not None else 'is not there'}"


REMEDY_GROUP = "name it by its GUID if it was renamed; remove the scope if its objects are to be deleted"


def remedy(scope: Scope, place: Place) -> str:
    """What to do about a scope that is lost."""
    return Base(place.base, scope.guid).remedy if place.no_base else REMEDY_GROUP
