"""Several entries of one person become one object, attribute by attribute.

They are asked in the order of ``precedence``, and the first one with a value wins. A value that cannot be read keeps
its place: what the object had stays, and no other source fills in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from syncramp.model.uniques import PRIMARY
from syncramp.model.values import Kind, Value
from syncramp.rules.catalogue import EXTENSION, WIRE
from syncramp.rules.components import Rank
from syncramp.rules.precedence import Part, Precedence
from syncramp.rules.types import DirectoryObject
from syncramp.spec.types import Merge


def merge(parts: Sequence[Part], anchor: str, merges: Mapping[str, Merge] | None = None) -> DirectoryObject:
    """One object of several entries.

    :param parts: those that are there; one without an object could not be judged, and whatever it may have given
        stays as it was.
    :param anchor: of the object.
    :param merges: multi-valued attributes that take the values of all.
    """
    precedence = Precedence(parts)
    kind = Kind.USER if precedence.leader.rank in (Rank.ENABLED, Rank.DISABLED) else Kind.CONTACT
    made = DirectoryObject(kind, anchor, {}, {}, incomplete=any(part.decision.part is None for part in parts))
    unread: set[str] = set()
    chosen: dict[str, DirectoryObject] = {}
    for name in _names(parts, kind):
        ordered = precedence.of(name)
        known, how = _choose(name, ordered, made, chosen), (merges or {}).get(name, Merge.UPDATE)
        if known and how is not Merge.UPDATE and name in made.attributes:
            known = _unite(name, ordered, made, how)
        if not known:
            unread.add(name)
    return replace(
        made,
        unread=frozenset(unread),
        violations=tuple(
            wrong for name, one in sorted(chosen.items()) for wrong in one.violations if wrong.attribute == name
        ),
        withheld={name: one.withheld[name] for name, one in chosen.items() if name in one.withheld},
    )


def _names(parts: Sequence[Part], kind: Kind) -> set[str]:
    """Every attribute that an entry says something of, and that the object can have."""
    names = {"accountEnabled"} if any(part.decision.disabled for part in parts) else set()
    for part in parts:
        if made := part.decision.part:
            names |= {*made.attributes, *made.references, *made.unread, *made.won}
    return {name for name in names if name in WIRE[kind] or name.startswith(EXTENSION)}


def _choose(name: str, ordered: Sequence[Part], made: DirectoryObject, chosen: dict[str, DirectoryObject]) -> bool:
    """Take the first value.

    :param chosen: whose value it is, or whose cannot be told.
    :returns: False when what the object had must stay.
    """
    for part in ordered:
        found = part.decision.part
        if found is None:
            if name != "accountEnabled" or not part.decision.disabled:
                return False
            made.attributes[name] = False
            return True
        if name in found.attributes:
            made.attributes[name] = found.attributes[name]
        if name in found.references:
            made.references[name] = found.references[name]
        said = name in found.attributes or name in found.references or name in found.cleared
        if said or name in found.unread:
            chosen[name] = found
            return name not in found.unread
    return True


def _unite(name: str, ordered: Sequence[Part], made: DirectoryObject, how: Merge) -> bool:
    """Take the values of all, up to the one that was told to have none; of equal ones the first one's spelling.

    :returns: False when what the object had must stay, because the values of one are not known.
    """
    found: dict[Any, Any] = {}
    for part in ordered:
        given = part.decision.part
        if given is None or name in given.unread:
            del made.attributes[name]
            return False
        if name in given.cleared:
            break
        primary = any(str(value).startswith(PRIMARY) for value in found.values())
        for value in _listed(given.attributes.get(name)):
            if primary and isinstance(value, str) and value.startswith(PRIMARY):
                value = value.replace(PRIMARY, PRIMARY.lower(), 1)  # one address is the primary one
            key = value.lower() if how is Merge.CASE_INSENSITIVE and isinstance(value, str) else value
            found.setdefault(key, value)
    values = sorted(found.values(), key=lambda value: value if isinstance(value, bytes) else value.encode())
    made.attributes[name] = tuple(values)
    return True


def _listed(value: Value | None) -> Sequence[Any]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
