"""DirSync as Active Directory does it (MS-ADTS 3.1.1.3.4.1.3), over a replica: what changed since a cookie.

An attribute, or a value of a linked one, is told when the cookie's up-to-dateness vector does not cover its stamp. A
cookie of another controller of the domain is good as well: it is only that everything is looked at again. What a
reader must live with: an entry appears only for attributes that were asked for; an attribute that was cleared comes
without values; links come by themselves as ``member;range=1-1`` and ``member;range=0-0``, removed ones also to an
empty cookie; a move tells ``name`` of the entry that moved alone; tombstones always come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from struct import error, pack, unpack_from

from support.ad_double_tree import Object, Replica
from support.ad_double_view import View

INCREMENTAL = 0x80000000
OBJECT_SECURITY = 1
_HEAD = "<4sIQQI"  # signature, version, creation time, reserved, size of the vector: MS-ADTS 2.2.11 and 2.2.12
_USNS = "<QQQ16s"  # of objects, reserved, of properties; invocation id
_ALWAYS = ("objectguid", "instancetype")


class BadCookie(Exception):
    """It was not given by a controller of this domain."""


@dataclass(frozen=True)
class Cookie:
    """Where a reader stands."""

    source: bytes
    """Invocation id of the replica that it came from."""
    usn: int
    """Up to there everything of that replica was told."""
    vector: Mapping[bytes, int]

    def encoded(self) -> bytes:
        cursors = b"".join(guid + pack("<QQ", usn, 0) for guid, usn in sorted(self.vector.items()))
        vector = pack("<IIII", 2, 0, len(self.vector), 0) + cursors
        return pack(_HEAD, b"MSDS", 3, 0, 0, len(vector)) + pack(_USNS, self.usn, 0, self.usn, self.source) + vector


def decoded(data: bytes, replica: Replica) -> Cookie:
    """:raises BadCookie: it is none, or names only replicas that this one never heard of."""
    try:
        signature, version, *_ = unpack_from(_HEAD, data)
        usn, _, _, source = unpack_from(_USNS, data, 28)
        *_, held, _ = unpack_from("<IIII", data, 68)
        vector = {data[at : at + 16]: unpack_from("<Q", data, at + 16)[0] for at in range(84, 84 + 32 * held, 32)}
    except error as problem:
        raise BadCookie from problem
    if signature != b"MSDS" or version != 3 or source not in replica.vector():
        raise BadCookie
    return Cookie(source, usn, vector)


@dataclass(frozen=True)
class Change:
    """One entry of an answer."""

    held: Object
    attributes: Mapping[str, Sequence[bytes]]


@dataclass(frozen=True)
class DirSync:
    """The changes that one view shows; ``limit`` is about as many bytes as one answer holds."""

    view: View
    wanted: Sequence[str]
    """Lower case; none: all."""
    filter: tuple[int, bytes]
    flags: int
    limit: int

    def answer(self, cookie: Cookie | None) -> tuple[list[Change], Cookie, bool]:
        """The changes, the next cookie, and whether there are more: always some progress, however small the limit."""
        replica = self.view.replica
        known = cookie.vector if cookie else {}
        reached = cookie.usn if cookie and cookie.source == replica.invocation else 0
        changes: list[Change] = []
        size = 0
        for held in sorted(replica.objects.values(), key=lambda one: one.changed):
            if held.changed <= reached:
                continue
            if size >= self.limit:
                return changes, Cookie(replica.invocation, reached, known), True
            size += 64  # an entry that is only looked at takes room, too, so that rounds may be empty
            reached = held.changed
            if self.view.sees(held) and self.view.matches(held, *self.filter):
                told = self._told(held, known)
                if told:
                    always = {self.view.spelled(name): self.view.values(held, name) for name in _ALWAYS}
                    changes.append(Change(held, {**always, **told}))
                    size += sum(len(value) + 8 for values in told.values() for value in values)
        return changes, Cookie(replica.invocation, replica.usn, replica.vector()), False

    def _told(self, held: Object, known: Mapping[bytes, int]) -> dict[str, Sequence[bytes]]:
        told: dict[str, Sequence[bytes]] = {}
        for name, stamp in held.stamps.items():
            if self._asked(name) and stamp.usn > known.get(stamp.origin, 0):
                told[self.view.spelled(name)] = self.view.values(held, name)
        for name in held.links:
            if self._asked(name):
                told.update(self._links(held, name, known))
        return told

    def _asked(self, name: str) -> bool:
        return (not self.wanted or name in self.wanted) and name not in self.view.account.hidden

    def _links(self, held: Object, name: str, known: Mapping[bytes, int]) -> dict[str, Sequence[bytes]]:
        objects = self.view.replica.objects
        changed = {
            target: link.present
            for target, link in held.links[name].items()
            if link.stamp.usn > known.get(link.stamp.origin, 0) and target in objects and not objects[target].deleted
        }
        if not changed or held.deleted:
            return {}
        spelled = self.view.spelled(name)
        if not self.flags & INCREMENTAL:
            return {spelled: self.view.values(held, name)}
        told = {}
        for mark, present in (("1-1", True), ("0-0", False)):
            values = [self.view.name_of(objects[target]).encode() for target in changed if changed[target] is present]
            if values:
                told[f"{spelled};range={mark}"] = values
        return told
