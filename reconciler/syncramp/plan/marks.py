"""Marks: 8 bytes that stand for one change, so that an approval can name a set of them.

A mark is over the anchor, what happens, and the value before and after, and never over an id or a time: the same
change has the same mark in another run and in another store. A create is marked by what it is matched by and by
whether it may sign in; that a title changed while it waited makes it no other create.
"""

from hashlib import blake2b

from syncramp.model.state import ObjectState
from syncramp.model.uniques import UNIQUE
from syncramp.model.values import Value


def delete_mark(state: ObjectState) -> int:
    """The delete of an object."""
    return mark("Delete", state.kind.value, state.anchor)


def create_mark(state: ObjectState) -> int:
    """The create of an object."""
    desired = state.desired or {}
    return mark(
        "Create", state.kind.value, state.anchor, *(desired.get(name) for name in (*UNIQUE, "accountEnabled"))
    )


def update_mark(state: ObjectState, name: str, value: Value | None) -> int:
    """The change of one attribute, from what the cloud is known to hold."""
    return mark("Update", state.anchor, name, (state.acked or {}).get(name), value)


def add_mark(group: str, member: str) -> int:
    """The addition of a member to a group, both by anchor."""
    return mark("Add", group, member)


def remove_mark(group: str, member: str) -> int:
    """The removal of a member from a group, both by anchor."""
    return mark("Remove", group, member)


def mark(*parts: object) -> int:
    """64 bits over plain values; ``repr`` tells text from bytes and True from 1, and has no ambiguity of its own."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest())
