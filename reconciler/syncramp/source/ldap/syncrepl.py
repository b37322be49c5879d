"""What changed since a cookie, as the server of a content synchronization tells it (RFC 4533, refreshOnly).

A server that logged the deletes since then names them. One that did not names all entries that are still there
(*present* phase), changed ones whole and the others by their entryUUID: who is not named is gone. Which of the two it
was stands in the last message. In OpenLDAP this is the overlay ``syncprov``, with or without a session log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from syncramp.errors import SourceUnavailable
from syncramp.source.ldap import ber, faults
from syncramp.source.ldap.entries import Searches
from syncramp.source.ldap.messages import Control, Done, Found, Intermediate, Message
from syncramp.source.ldap.search import Scope

REQUEST, STATE, DONE, INFO = (f"1.3.6.1.4.1.4203.1.9.1.{number}" for number in (1, 2, 3, 4))
REFRESH_REQUIRED = 4096
_REFRESH_ONLY = 1
_PRESENT, _DELETE = 0, 3
"""Of syncStateValue; what else there is, is an entry that is new or changed."""
_ID_SET = 0xA3
"""syncIdSet of syncInfoValue."""


class Refused(Exception):
    """The server does not go on from a cookie; the text says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """Entries that are not in the directory any more."""

    guids: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Present:
    """Entries that are there, and did not change."""

    guids: Sequence[bytes]


@dataclass
class Refresh:
    """One refresh; ``changes`` is to be called once, and its result stands in the fields then."""

    session: Searches
    base: str
    filter: str
    attributes: Sequence[str]
    cookie: bytes
    """Where it begins; when it is over, where the next one does."""
    absent_are_gone: bool = field(default=False, init=False)
    """All that is there was named."""
    _begun: bool = field(default=False, init=False)

    def changes(self) -> Iterator[Found | Deleted | Present]:
        """What the server says.

        :raises Refused: it does not take the cookie; what it said before is void.
        :raises SyncrampError: it cannot be read.
        """
        controls = (_request(self.cookie),)
        for message in self.session.search(self.base, self.filter, self.attributes, controls=controls):
            with faults.mapped(self.session.server, "reading what changed"):
                told = self._told(message)
            if told is not None:
                self._begun = True
                yield told

    def _told(self, message: Message) -> Found | Deleted | Present | None:
        match message:
            case Found():
                return _of_state(message)
            case Intermediate(oid, value) if oid == INFO:
                return _of_info(value)
            case Done():
                self._end(message)
            case _:  # references are the full read's to judge; other extensions are none of ours
                pass
        return None

    def _end(self, done: Done) -> None:
        if done.code == REFRESH_REQUIRED or (done.code != faults.SUCCESS and not self._begun):
            raise Refused(f"the server does not go on from the last read ({done.text or f'code {done.code}'})")
        if done.code != faults.SUCCESS:
            raise faults.refused(self.session.server, f"the search in {self.base}", done.code)
        cookie, deletes = _of_done(done, self.session.server)
        self.cookie = cookie or self.cookie  # slapd gives none where nothing changed
        self.absent_are_gone = not deletes


def begin(session: Searches, base: str) -> bytes | None:
    """A cookie of now; None, if the server does not offer this.

    :raises SyncrampError: the server does not answer.
    """
    search = session.search(base, "(objectClass=*)", ["1.1"], scope=Scope.BASE, controls=(_request(None),))
    for message in search:
        if isinstance(message, Done) and message.code == faults.SUCCESS:
            with faults.mapped(session.server, "asking where changes begin"):
                return _of_done(message, session.server)[0] or None
    return None


def _request(cookie: bytes | None) -> Control:
    parts = [ber.enumerated(_REFRESH_ONLY)] + ([ber.octets(cookie)] if cookie else [])
    return Control(REQUEST, ber.sequence(*parts))


def _of_state(found: Found) -> Found | Deleted | Present:
    value = next((control.value for control in found.controls if control.oid == STATE), None)
    if value is None:
        return found
    (_, content), *_ = ber.parse(value)
    (_, state), (_, uuid), *_ = ber.parse(content)
    told = ber.number(state)
    if told == _DELETE:
        return Deleted([_guid(uuid)])
    return Present([_guid(uuid)]) if told == _PRESENT else found


def _of_info(value: bytes) -> Deleted | Present | None:
    ((tag, content), *_) = ber.parse(value)
    if tag != _ID_SET:
        return None
    parts = dict(ber.parse(content))
    guids = [_guid(uuid) for _, uuid in ber.parse(parts.get(ber.SET, b""))]
    return Deleted(guids) if any(parts.get(ber.BOOLEAN, b"")) else Present(guids)


def _of_done(done: Done, server: str) -> tuple[bytes, bool]:
    """The cookie, and whether deletes were named."""
    value = next((control.value for control in done.controls if control.oid == DONE), None)
    if value is None:
        raise SourceUnavailable("the server does not say where the next read begins", where=server)
    (_, content), *_ = ber.parse(value)
    parts = dict(ber.parse(content))
    return parts.get(ber.OCTETS, b""), any(parts.get(ber.BOOLEAN, b""))


def _guid(uuid: bytes) -> bytes:
    """An entryUUID in the byte order of ``Entry.guid``.

    :raises ValueError: it has not 16 bytes.
    """
    return UUID(bytes=uuid).bytes_le
