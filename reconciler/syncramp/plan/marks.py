"""Marks: 8 bytes that stand for one change, so that an approval can name a set of them.

A mark is over the anchor, what happens, and the value before and after, and never over an id or a time: the same
change has the same mark in another run and in another store. A create is marked by what it is matched by, by whether
it may sign in, and by whom it is joined with; that a title changed while it waited makes it no other create. Links,
of which a plan may have a million, are marked by the digests of their members' anchors, which a plan makes once for
each member.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from syncramp.model.packing import digest, plain
from syncramp.model.state import ObjectState
from syncramp.model.uniques import UNIQUE
from syncramp.model.values import Value

_OF_A_CREATE = (*UNIQUE, "accountEnabled")


def delete_mark(state: ObjectState) -> int:
    """The delete of an object."""
    return mark("Delete", state.kind.value, state.anchor)


def create_mark(state: ObjectState, joins: str = "") -> int:
    """The create of an object.

    :param joins: the object that is not ours and that the service joins it with: whoever approved the create before
        that one was there did not see what it comes to.
    """
    desired = plain(state.desired or {})
    values = map(desired.get, _OF_A_CREATE)
    return mark("Create", state.kind.value, state.anchor, *values, *([joins] if joins else []))


def update_mark(state: ObjectState, name: str, value: Value | None) -> int:
    """The change of one attribute, from what the cloud is known to hold."""
    return mark("Update", state.anchor, name, (state.acked or {}).get(name), value)


def add_mark(group: str, member: str) -> int:
    """The addition of a member to a group, both by anchor."""
    return next(add_marks(group, [anchor_digest(member)]))


def remove_mark(group: str, member: str) -> int:
    """The removal of a member from a group, both by anchor."""
    return next(remove_marks(group, [anchor_digest(member)]))


def add_marks(group: str, members: Iterable[bytes]) -> Iterator[int]:
    """The additions of members, by the digests of their anchors."""
    return _link_marks("Add", group, members)


def remove_marks(group: str, members: Iterable[bytes]) -> Iterator[int]:
    """The removals of members, by the digests of their anchors."""
    return _link_marks("Remove", group, members)


def _link_marks(verb: str, group: str, members: Iterable[bytes]) -> Iterator[int]:
    """All digests have 16 bytes, so what stands before them needs no end."""
    before = repr((verb, group)).encode()
    return (int.from_bytes(blake2b(before + member, digest_size=8).digest()) for member in members)


def anchor_digest(anchor: str) -> bytes:
    """16 bytes that stand for an anchor."""
    return digest(anchor.encode())


def mark(*parts: object) -> int:
    """64 bits over plain values; ``repr`` tells text from bytes and True from 1, and has no ambiguity of its own."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest())
