"""One connection to one server that is signed in: it is searched, and entries are changed where asked for.

ldap3 opened it (``connecting``), and adds anchors. Searches and changes go through a ``channel`` of our own, which
decodes what comes while it comes: ldap3 takes 25 times the processor's time that ``ldapsearch`` takes, and holds an
answer whole.
"""

import ssl
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException, LDAPExtensionError

from syncramp.errors import AccessDenied, SourceUnavailable
from syncramp.source.dn import DnError
from syncramp.source.ldap import changing, faults, search
from syncramp.source.ldap.changing import Change
from syncramp.source.ldap.channel import Channel
from syncramp.source.ldap.connections import Connections
from syncramp.source.ldap.messages import Control, Done, Found, Intermediate, Message, Reference
from syncramp.source.ldap.root import ASSERTION, INVOCATION_ID, ROOT_ATTRIBUTES, Root, read_root
from syncramp.source.ldap.runs import Form
from syncramp.source.ldap.search import Scope

PAGE = 1000
"""Entries in a page; Active Directory's MaxPageSize."""


@dataclass(frozen=True, slots=True)
class Security:
    """How a connection is protected."""

    version: str
    """Of TLS, as OpenSSL names it."""
    until: float | None
    """When the server's certificate expires, in seconds since the epoch."""


class NoSuchEntry(Exception):
    """The server shows no such entry to this account."""


@dataclass
class Session:
    """A connection that is signed in; close it after use."""

    server: str
    """Its URL, for texts."""
    _connection: Any = field(repr=False)
    _among: Connections = field(default_factory=Connections, repr=False)

    def __post_init__(self) -> None:
        self._channel = Channel(self.server, self._connection)

    def close(self) -> None:
        """Sign off; a connection that is broken already is no matter."""
        self._among.remove(self._connection)
        with suppress(LDAPException, OSError):
            self._connection.unbind()
        if self._connection.socket is not None:  # ldap3 leaves a socket open that it could not connect
            self._connection.socket.close()

    def security(self) -> Security:
        """How the connection is protected."""
        socket = self._connection.socket
        until = (socket.getpeercert() or {}).get("notAfter")
        return Security(socket.version() or "", ssl.cert_time_to_seconds(until) if until else None)

    def who(self) -> str:
        """Whom the server takes us for (RFC 4532), as it writes it; empty, if it does not say.

        :raises SourceUnavailable: the connection breaks.
        """
        with suppress(LDAPExtensionError), faults.mapped(self.server, "asking who we are"):
            return str(self._connection.extend.standard.who_am_i() or "")
        return ""

    def root(self) -> Root:
        """Read the rootDSE; where it is not shown, the server says nothing about itself.

        :raises SyncrampError: the server does not answer, or refuses.
        """
        try:
            root = read_root(self.entry(b"", ROOT_ATTRIBUTES).values)
        except NoSuchEntry:
            return Root()
        except DnError as error:
            raise SourceUnavailable(f"its naming contexts cannot be read ({error})", where=self.server) from error
        if not root.ds_service_name:
            return root
        with suppress(NoSuchEntry, AccessDenied):
            settings = self.entry(root.ds_service_name, [INVOCATION_ID])
            return replace(root, invocation_id=next(iter(settings.values.get(INVOCATION_ID, ())), None))
        return root

    def search(
        self,
        base: str | bytes,
        filter_: str,
        attributes: Sequence[str],
        *,
        scope: Scope = Scope.SUBTREE,
        controls: Sequence[Control] = (),
        form: Form | None = None,
    ) -> Iterator[Message]:
        """Search, without pages; what comes is yielded as it comes.

        :param base: as DN, or as another name that the server takes.
        :param form: how entries are read, where not as any.
        :returns: Done comes last, whatever its code.
        :raises SourceUnavailable: the connection breaks, or what comes is not LDAP.
        """
        base = base.encode() if isinstance(base, str) else base
        request = search.request(base, filter_, attributes, scope)
        with faults.mapped(self.server, f"the search in {base.decode(errors='replace')!r}"):
            yield from self._channel.ask(request, controls, form)

    def entry(self, dn: str | bytes, attributes: Sequence[str], *, controls: Sequence[Control] = ()) -> Found:
        """Read one entry.

        :raises NoSuchEntry: there is none.
        :raises SyncrampError: the server does not answer, or refuses.
        """
        found = None
        for message in self.search(dn, "(objectClass=*)", attributes, scope=Scope.BASE, controls=controls):
            if isinstance(message, Found):
                found = message
            elif isinstance(message, Done):
                self._demand(message, f"reading {dn if isinstance(dn, str) else dn.decode(errors='replace')!r}")
        if found is None:
            raise NoSuchEntry
        return found

    def pages(
        self,
        base: str | bytes,
        filter_: str,
        attributes: Sequence[str],
        *,
        controls: Sequence[Control] = (),
        size: int = PAGE,
        form: Form | None = None,
    ) -> Generator[Found | Reference]:
        """All entries of a subtree, asked for page by page, and the references among them, as they come.

        :param size: entries in a page; few for who may stop soon, since what is not read comes all the same.
        :param form: how entries are read, where not as any.
        :raises NoSuchEntry: the base does not exist, or is not shown to this account.
        :raises SyncrampError: the server does not answer, or a page ended with another result than success.
        """
        cookie: bytes | None = b""
        while cookie is not None:
            asked = (search.paged(size, cookie), *controls)
            for message in self.search(base, filter_, attributes, controls=asked, form=form):
                if isinstance(message, Done):
                    self._demand(message, f"the search in {base if isinstance(base, str) else base.decode()}")
                    cookie = self._next(message)
                elif not isinstance(message, Intermediate):
                    yield message

    def _next(self, done: Done) -> bytes | None:
        """Where the next page begins; None after the last one."""
        with faults.mapped(self.server, "paging"):
            cookie = search.cookie_of(done.controls)
        if cookie is None:
            raise SourceUnavailable(
                "the server does not page its answers", where=self.server, remedy="permit paged results (RFC 2696)"
            )
        return cookie or None

    def modify(self, name: str, changes: Sequence[Change], *, permissive: bool = True) -> Done:
        """Change attributes of an entry, all of them or none.

        :param name: its DN, or ``changing.named_by`` its GUID.
        :param permissive: values that are there already may be added, and such that are not, removed.
        :returns: what the server says, whatever that is.
        :raises SourceUnavailable: there was no answer: it may have been done.
        """
        controls = [changing.PERMISSIVE] if permissive else []
        return self._change("changing", name, changing.modify_request(name, changes), controls)

    def add(self, dn: str, values: changing.Values) -> Done:
        """Make an entry; ``objectClass`` is among its values.

        :raises SourceUnavailable: there was no answer: it may have been done.
        """
        return self._change("adding", dn, changing.add_request(dn, values))

    def delete(self, name: str) -> Done:
        """Delete an entry that has none below it.

        :raises SourceUnavailable: there was no answer: it may have been done.
        """
        return self._change("deleting", name, changing.delete_request(name))

    def rename(self, name: str, rdn: str) -> Done:
        """Give an entry another name where it is.

        :param rdn: ``CN=...``, with the value escaped (RFC 4514 2.4).
        :raises SourceUnavailable: there was no answer: it may have been done.
        """
        return self._change("renaming", name, changing.rename_request(name, rdn))

    def _change(self, doing: str, name: str, request: bytes, controls: Sequence[Control] = ()) -> Done:
        with faults.mapped(self.server, f"{doing} {name!r}"):
            for message in self._channel.ask(request, controls):
                if isinstance(message, Done):
                    return message
        raise SourceUnavailable(f"{doing} {name!r} was not answered", where=self.server)

    def add_value(self, dn: str, attribute: str, value: bytes, *, asserted: bool) -> str:
        """Add a value to an attribute that has none; it fails where one of one value has one.

        :param asserted: the server looks itself that the attribute is empty.
        :returns: why it was not added, in the server's words; empty if it was.
        :raises SourceUnavailable: there was no answer: the value may be there.
        """
        controls = [(ASSERTION, True, _absent(attribute))] if asserted else None
        change = {attribute: [(ldap3.MODIFY_ADD, [value])]}
        with faults.mapped(self.server, f"writing {attribute}"):
            self._connection.modify(dn, change, controls)
            result = self._connection.result or {}
        return "" if result.get("result") == faults.SUCCESS else faults.unwritten(attribute, result)

    def _demand(self, done: Done, doing: str) -> None:
        if done.code == faults.NO_SUCH_OBJECT:
            raise NoSuchEntry
        if done.code != faults.SUCCESS:
            raise faults.refused(self.server, doing, done.code, done.referrals)


def _absent(attribute: str) -> bytes:
    """The filter ``(!(attribute=*))`` in BER (RFC 4511 4.5.1: not [2], present [7])."""
    present = b"\x87" + bytes([len(attribute)]) + attribute.encode()
    return b"\xa2" + bytes([len(present)]) + present
