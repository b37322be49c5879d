"""The members of a large group, as keys: a name that was told before is not looked at again.

Most servers tell a group whole when one member comes or goes. Of 250,000 names nearly all are spelled as they were
the last time, so each is known by a hash of its bytes (its *mark*), and the store keeps the key of the DN that it
spells beside that. What a spelling means never changes, so this is true whatever became of the group meanwhile. Only
names that are new are brought into canonical form (``keys``): a member costs 1 µs.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Sequence

from syncramp.model.alike import ends
from syncramp.model.facts import Links
from syncramp.source import canonical, keys

LARGE = 5_000
"""Members of which so much is kept: 16 bytes each. What smaller groups cost is not worth it."""


def large(members: Sequence[bytes]) -> bool:
    """Is it worth it?"""
    return len(members) >= LARGE


def links(guid: bytes, members: Sequence[bytes], known: bytes) -> Links:
    """The whole ``member`` value of a group, by keys and marks.

    :param known: marks, and then as many keys, as :class:`Links` has them; of any names of this group.
    :raises names.DnError: a member is no DN.
    """
    marks, half = array("q"), len(known) // 2
    for start in range(0, len(members), keys.CHUNK):
        marks.extend(keys.hashes(members[start : start + keys.CHUNK]))
    before, spelled = _numbers(known[:half]), _numbers(known[half:])
    first, last = ends(marks, before)
    rest, stop = slice(first, len(marks) - last), len(before) - last
    middle = dict(zip(before[first:stop], spelled[first:stop], strict=True))
    made, principals = _made(marks[rest], members[rest], middle)
    told = spelled[:first] + made + spelled[stop:]
    return Links(
        guid, canonical.LINKS, (), final=True, principals=principals, keys=told.tobytes(), marks=marks.tobytes()
    )


def _made(marks: array[int], members: Sequence[bytes], known: dict[int, int]) -> keys.Keyed:
    """Keys of names, of which those that are new are looked at."""
    new = [member for mark, member in zip(marks, members, strict=True) if mark not in known] if known else members
    made, principals = keys.keys(new)
    if not known:
        return made, principals
    fresh = iter(made)
    found = [known[mark] if mark in known else next(fresh) for mark in marks]
    return array("q", found), principals


def unmarked(guid: bytes, members: Sequence[bytes]) -> Links:
    """The whole ``member`` value of a smaller group, by keys.

    :raises names.DnError: a member is no DN.
    """
    made, principals = keys.keys(members)
    return Links(guid, canonical.LINKS, (), final=True, principals=principals, keys=made.tobytes())


def _numbers(data: bytes) -> array[int]:
    found = array("q")
    found.frombytes(data)
    return found
