"""DirSync: a domain controller tells which entries changed since a cookie (MS-ADTS 3.1.1.3.4.1.3).

It is asked with a cookie, round by round, until it says that there is no more; the last cookie is where the next
delta begins. Any controller of the domain takes it. What comes is used as a list of what to look at:

- a tombstone is an entry that is gone;
- values of ``member`` come as those that were added (``member;range=1-1``) and removed (``member;range=0-0``);
- whatever else changed, the entry is read again whole, by its GUID, like in a full read. DirSync shows what the
  account may not read otherwise, does not say whether an entry is new to us, and gives values of links in a form of
  its own: so a delta and a full read never differ in what they show of an entry.

Without the flag OBJECT_SECURITY, which needs the right *Replicating Directory Changes*: with it an entry that the
account loses sight of is passed over in silence, tombstones among them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from syncramp.errors import AccessDenied, SourceUnavailable
from syncramp.source import canonical
from syncramp.source.ldap import ber, faults, tombstones
from syncramp.source.ldap.entries import FILTER, Searches
from syncramp.source.ldap.messages import Control, Done, Found
from syncramp.source.ldap.references import EXTENDED
from syncramp.source.ranges import Range, describe

OID = "1.2.840.113556.1.4.841"
RIGHT = "Replicating Directory Changes"
_INCREMENTAL_VALUES = -0x80000000
"""As a signed number of 32 bits, which is what servers read."""
_ROUND = 1 << 20
"""Bytes of a round; a server may give less (Active Directory) or everything at once (Samba)."""
_TRANSIENT = frozenset({3, 11, 51, 52})
"""timeLimitExceeded, adminLimitExceeded, busy, unavailable: they say nothing about a cookie."""
_ADDED, _REMOVED = Range(1, 1), Range(0, 0)
_MARKS = frozenset({"isdeleted", "name", "objectclass"})
"""Deletion and restoration; renames and moves; entries that are new, or became another kind."""


class CookieRefused(Exception):
    """The server does not take the cookie; the text says why, as the server does."""


@dataclass
class Change:
    """What a delta tells of one entry, all rounds together."""

    gone: bool = False
    restored: bool = False
    new: bool = False
    """The cookie knows nothing of it, or it became another kind."""
    moved: bool = False
    """It has another name, or lies elsewhere."""
    whole: bool = False
    """If it is a group, its members are to be read, too."""
    entry: bool = False
    """It is to be read again."""
    members: dict[bytes, tuple[bool, bytes]] = field(default_factory=dict)
    """By the GUID as it was written: whether it was added, and the value of ``member`` as it came last."""

    def values(self, *, gained: bool) -> list[bytes]:
        """Members that came, or went."""
        return [value for added, value in self.members.values() if added is gained]


def begin(session: Searches, partition: str) -> tuple[bytes, bool]:
    """The cookie of now: what changes from here on it tells. The server looks at every entry, and sends tombstones.

    :returns: it, and whether a tombstone came: where none does, the account is not told of them, or there is none.
    :raises AccessDenied: this account has not the right.
    :raises SourceUnavailable: the server does not answer, or refuses.
    """
    rounds = Rounds(session, partition, ["isDeleted"], "(isDeleted=TRUE)")
    seen = [tombstones.is_one(found) for found in rounds.since(b"")]
    return rounds.cookie, any(seen)


def changes(
    session: Searches, partition: str, wanted: frozenset[str], cookie: bytes
) -> tuple[dict[bytes, Change], bytes]:
    """What changed since a cookie, by GUID in the order in which it came first, and the next cookie.

    :raises CookieRefused: the server does not take the cookie.
    :raises AccessDenied: this account has not the right.
    :raises SourceUnavailable: the server does not answer, or refuses.
    """
    rounds = Rounds(session, partition, sorted(wanted | _MARKS | {"objectguid", canonical.LINKS}), FILTER)
    changed: dict[bytes, Change] = {}
    for found in rounds.since(cookie):
        _note(found, changed)
    return changed, rounds.cookie


def _note(found: Found, changed: dict[bytes, Change]) -> None:
    values = _values(found)
    guid = next((value for span, value in values.get("objectguid", ()) if span is None), b"")
    if len(guid) != 16:
        return
    change = changed.setdefault(guid, Change())
    deleted = values.get("isdeleted")
    if deleted is not None:
        change.gone = any(value.upper() == b"TRUE" for _, value in deleted)
        change.restored = change.restored or not change.gone
    change.new = change.new or "objectclass" in values
    change.moved = change.moved or "name" in values
    change.whole = change.whole or change.new
    change.entry = change.entry or bool(values.keys() - {"objectguid", "instancetype", canonical.LINKS})
    for span, value in values.get(canonical.LINKS, ()):
        if span in (_ADDED, _REMOVED):
            change.members[value.partition(b";")[0]] = span == _ADDED, value
        else:
            change.whole = change.entry = True  # all values, from a server that does not tell them one by one


def _values(found: Found) -> dict[str, list[tuple[Range | None, bytes]]]:
    """By name, each value with the range that it came in; none, if the attribute was cleared."""
    values: dict[str, list[tuple[Range | None, bytes]]] = {}
    for spelled, given in found.values.items():
        description = describe(spelled)
        if description is not None and not description.foreign:
            values.setdefault(description.name, []).extend((description.range, value) for value in given)
    return values


@dataclass
class Rounds:
    """The rounds of one question; ``cookie`` is where they ended."""

    session: Searches
    partition: str
    attributes: Sequence[str]
    filter: str
    cookie: bytes = b""

    def since(self, cookie: bytes) -> Iterator[Found]:
        """What changed since a cookie; an empty one: everything, tombstones and removed links included."""
        more, following = True, cookie
        while more:
            for message in self.session.search(
                self.partition,
                self.filter,
                self.attributes,
                controls=[_control(cookie), tombstones.SHOWN, EXTENDED],
            ):
                if isinstance(message, Found):
                    yield message
                elif isinstance(message, Done):
                    more, following = self._next(message, cookie)
            if more and following == cookie:
                raise SourceUnavailable(
                    f"DirSync of {self.partition} does not get on: a round ended where it began",
                    where=self.session.server,
                    remedy="set changeTracking to USN or Full",
                )
            cookie = following
        self.cookie = cookie

    def _next(self, done: Done, cookie: bytes) -> tuple[bool, bytes]:
        doing = f"DirSync of {self.partition}"
        if done.code in faults.RIGHTS:
            raise denied(self.session.server, self.partition)
        if done.code != faults.SUCCESS:
            if cookie and done.code not in _TRANSIENT:
                raise CookieRefused(faults.described(done.code))
            raise faults.refused(self.session.server, doing, done.code)
        with faults.mapped(self.session.server, doing):
            answer = next((control.value for control in done.controls if control.oid == OID), None)
            if not answer:
                raise SourceUnavailable(
                    f"{doing} gave no cookie",
                    where=self.session.server,
                    remedy="set changeTracking to USN or Full: the server does not know DirSync",
                )
            ((_, content),) = ber.parse(answer)
            (_, more), _, (_, following) = ber.parse(content)
            return ber.number(more) != 0, following


def denied(server: str, partition: str) -> AccessDenied:
    """The error for an account that has not the right."""
    return AccessDenied(
        f"this account has not the right {RIGHT!r} on {partition}, which DirSync needs",
        where=server,
        remedy=f'grant it: dsacls "{partition}" /G "DOMAIN\\account:CA;{RIGHT}", or choose another changeTracking',
    )


def _control(cookie: bytes) -> Control:
    value = ber.sequence(ber.integer(_INCREMENTAL_VALUES), ber.integer(_ROUND), ber.octets(cookie))
    return Control(OID, value)
