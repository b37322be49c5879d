"""The members of a large group, as keys: a name that was told before is not looked at again.

Most servers tell a group whole when one member comes or goes. Of 250,000 names nearly all are spelled as they were
the last time, so each is known by a hash of its bytes (its *mark*), and the store keeps the key of the DN that it
spells beside that. What a spelling means never changes, so this is true whatever became of the group meanwhile. Only
names that are new are brought into canonical form: a member costs 1 µs, and 3.5 without marks.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

from syncramp.model.facts import Links
from syncramp.source import canonical
from syncramp.source import dn as names

LARGE = 5_000
"""Members of which so much is kept: 16 bytes each. What smaller groups cost is not worth it."""


def large(members: Sequence[bytes]) -> bool:
    """Is it worth it?"""
    return len(members) >= LARGE


def links(guid: bytes, members: Sequence[bytes], known: bytes) -> Iterator[Links]:
    """The whole ``member`` value of a group, by keys and marks.

    :param known: marks, and then as many keys, as :class:`Links` has them; of any names of this group.
    :raises names.DnError: a member is no DN.
    """
    half = len(known) // 2
    keys = dict(zip(_numbers(known[:half]), _numbers(known[half:]), strict=True))
    marks = _marks(members)
    new = {mark: member for mark, member in zip(marks, members, strict=True) if mark not in keys}
    dns = {mark: names.canonical(canonical.text(member)) for mark, member in new.items()}
    keys |= {mark: names.key(dn) for mark, dn in dns.items()}
    told = array("q", map(keys.__getitem__, marks)).tobytes()
    principals = canonical.principals_among(dns.values())
    yield Links(guid, canonical.LINKS, (), final=True, principals=principals, keys=told, marks=marks.tobytes())


def _marks(members: Sequence[bytes]) -> array[int]:
    hashed: Callable[..., blake2b] = blake2b
    return _numbers(b"".join([hashed(member, digest_size=8).digest() for member in members]))


def _numbers(data: bytes) -> array[int]:
    found = array("q")
    found.frombytes(data)
    return found
