"""Anchors written back: objectGUID's bytes into a mS-DS-ConsistencyGuid that is empty.

A value that is there is never touched: ``add`` fails where one is, and a server that knows assertions (RFC 4528) is
given one beside it. The server that is written to is the one that showed the value to be empty. Active Directory is
asked by the GUID itself, which no rename changes; of other servers an entry is looked at before it is written to.
What fails, and what is not answered, is looked at again: what counts is what stands in the entry.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

from syncramp.errors import SourceUnavailable
from syncramp.source.canonical import rewrite
from syncramp.source.ldap.directory import LdapSource, innermost

if TYPE_CHECKING:
    from syncramp.source.ldap.session import Session

ATTRIBUTE = "mS-DS-ConsistencyGuid"
GUIDS = ("objectGUID", "entryUUID")
OTHER = "another value stands in its mS-DS-ConsistencyGuid by now, which the next import reads"


@dataclass(frozen=True)
class LdapAnchorWriter:
    """The users of one directory (``model.seams.AnchorWriter``)."""

    source: LdapSource

    def write_anchors(self, users: Iterable[tuple[bytes, str]]) -> Generator[str]:
        """Write the anchor of each user, by GUID and canonical DN.

        :yields: for each user an empty text, if the value surely stands there, or why it does not.
        :raises SyncrampError: the server does not answer, or refuses us.
        """
        with ExitStack() as stack:
            desks: dict[str, _Desk] = {}
            for guid, dn in users:
                server = self.source.answered.get(innermost(dn, tuple(self.source.answered)))
                if server is None:
                    yield "no server showed it in this run"
                    continue
                if server not in desks:
                    desks[server] = stack.enter_context(_desk(self.source, server))
                yield desks[server].write(guid, dn)


@contextmanager
def _desk(source: LdapSource, server: str) -> Iterator["_Desk"]:
    desk = _Desk(source, server)
    try:
        yield desk
    finally:
        desk.session.close()


@dataclass
class _Desk:
    """One server that is written to; a connection that breaks is made anew once for each user."""

    source: LdapSource
    server: str
    session: "Session" = field(init=False)

    def __post_init__(self) -> None:
        self.session = self.source.connect_to(self.server, writes=True)
        self.root = self.session.root()

    def write(self, guid: bytes, dn: str) -> str:
        """One user; empty, or why the value is not there."""
        try:
            return self._write(guid, dn)
        except SourceUnavailable:  # it may have been written: what stands there tells
            self.session.close()
            self.session = self.source.connect_to(self.server, writes=True)
            return self._write(guid, dn, look=True)

    def _write(self, guid: bytes, dn: str, *, look: bool = False) -> str:
        known = self.root.active_directory
        name = f"<GUID={UUID(bytes_le=guid)}>" if known else dn
        if look or not known:
            done, why = self._look(guid, name)
            if done or why:
                return why
        refused = self.session.add_value(name, ATTRIBUTE, guid, asserted=self.root.assertions)
        if not refused:
            return ""
        done, why = self._look(guid, name)
        return "" if done else why or refused

    def _look(self, guid: bytes, name: str) -> tuple[bool, str]:
        """Whether the value is there; or why it must not be written."""
        from syncramp.source.ldap.session import NoSuchEntry

        try:
            found = self.session.entry(name.encode(), [*GUIDS, ATTRIBUTE]).values
        except NoSuchEntry:
            return False, "its entry is not there any more, or moved"
        values = {spelled.lower(): rewrite(spelled.lower(), given) for spelled, given in found.items() if given}
        if guid not in (value for wanted in GUIDS for value in values.get(wanted.lower(), ())):
            return False, "another entry has its name by now"
        held = values.get(ATTRIBUTE.lower(), ())
        return held == (guid,), OTHER if any(held) and held != (guid,) else ""
