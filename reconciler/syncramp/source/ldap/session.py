"""One connection to one server: opened, secured, signed in, and then searched; a value is added where asked for.

ldap3 runs without its conveniences: no schema, no name checks, no referrals, no automatic ranges. Only raw values are
taken from its answers. Its receive buffer is raised to 1 MiB: with the default of 4 KiB the time for one large answer
grows with the square of its size (a group of 250,000 members: 39 s against 2 s).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException

from syncramp.errors import CredentialsRefused, SourceUnavailable
from syncramp.source.dn import DnError, canonical
from syncramp.source.ldap import faults, tls
from syncramp.source.ldap.address import Address

PAGE = 1000
"""Entries in a page; Active Directory's MaxPageSize."""
CONNECT_SECONDS = 15
SILENCE_SECONDS = 150
"""How long a server may be silent; Active Directory gives a query up after 120 s (MaxQueryDuration)."""

_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
_ACTIVE_DIRECTORY = {"1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"}  # AD DS, AD LDS: MS-ADTS 3.1.1.3.4.3
_ASSERTION = "1.3.6.1.1.12"  # RFC 4528
_RECEIVE_BUFFER = 1 << 20


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of an answer."""

    dn: bytes
    """As the server spells it."""
    values: Mapping[str, Sequence[bytes]]
    """By attribute description, as the server spells it."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    entries: Sequence[Found]
    references: Sequence[str]
    """URLs of parts of the tree that stand elsewhere."""


@dataclass(frozen=True, slots=True)
class Root:
    """What a server says about itself."""

    naming_contexts: tuple[str, ...]
    """Canonical."""
    active_directory: bool
    """It speaks ranges, and holds every naming context whole."""
    assertions: bool = False
    """It changes an entry only while an assertion about it holds."""


class NoSuchEntry(Exception):
    """The server shows no such entry to this account."""


@dataclass
class Session:
    """A connection that is signed in; close it after use."""

    server: str
    """Its URL, for texts."""
    _connection: Any = field(repr=False)

    def close(self) -> None:
        """Sign off; a connection that is broken already is no matter."""
        with suppress(LDAPException, OSError):
            self._connection.unbind()
        if self._connection.socket is not None:  # ldap3 leaves a socket open that it could not connect
            self._connection.socket.close()

    def root(self) -> Root:
        """Read the rootDSE; where it is not shown, the server says nothing about itself.

        :raises SyncrampError: the server does not answer, or refuses.
        """
        try:
            values = self.entry(b"", ["namingContexts", "supportedCapabilities", "supportedControl"]).values
        except NoSuchEntry:
            values = {}
        spelled = {
            name.lower(): [value.decode(errors="replace") for value in given] for name, given in values.items()
        }
        try:
            contexts = tuple(sorted({canonical(name) for name in spelled.get("namingcontexts", []) if name}))
        except DnError as error:
            raise SourceUnavailable(f"its naming contexts cannot be read ({error})", where=self.server) from error
        known = bool(_ACTIVE_DIRECTORY & set(spelled.get("supportedcapabilities", [])))
        return Root(contexts, known, _ASSERTION in spelled.get("supportedcontrol", []))

    def entry(self, dn: bytes, attributes: Sequence[str]) -> Found:
        """Read one entry.

        :raises NoSuchEntry: there is none.
        :raises SyncrampError: the server does not answer, or refuses.
        """
        page, result = self._search(dn.decode(), "(objectClass=*)", attributes, ldap3.BASE)
        self._demand(result, f"reading {dn.decode()!r}")
        if not page.entries:
            raise NoSuchEntry
        return page.entries[0]

    def pages(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Page]:
        """All entries of a subtree, page by page; a page that ends in an error is yielded before the error.

        :raises NoSuchEntry: the base does not exist, or is not shown to this account.
        :raises SyncrampError: the server does not answer, or a page ended with another result than success.
        """
        cookie: bytes | None = None
        while cookie != b"":
            page, result = self._search(
                base, filter_, attributes, ldap3.SUBTREE, paged_size=PAGE, paged_cookie=cookie
            )
            yield page
            self._demand(result, f"the search in {base}")
            control = (result.get("controls") or {}).get(_PAGED_RESULTS)
            if control is None:
                raise SourceUnavailable(
                    "the server does not page its answers",
                    where=self.server,
                    remedy="permit paged results (RFC 2696)",
                )
            cookie = control["value"]["cookie"] or b""

    def add_value(self, dn: str, attribute: str, value: bytes, *, asserted: bool) -> str:
        """Add a value to an attribute that has none; it fails where one of one value has one.

        :param asserted: the server looks itself that the attribute is empty.
        :returns: why it was not added, in the server's words; empty if it was.
        :raises SourceUnavailable: there was no answer: the value may be there.
        """
        controls = [(_ASSERTION, True, _absent(attribute))] if asserted else None
        change = {attribute: [(ldap3.MODIFY_ADD, [value])]}
        with faults.mapped(self.server, f"writing {attribute}"):
            self._connection.modify(dn, change, controls)
            result = self._connection.result or {}
        return "" if result.get("result") == faults.SUCCESS else faults.unwritten(attribute, result)

    def _search(
        self, base: str, filter_: str, attributes: Sequence[str], scope: str, **paging: Any
    ) -> tuple[Page, Mapping[str, Any]]:
        with faults.mapped(self.server, f"the search in {base!r}"):
            self._connection.search(
                base, filter_, scope, dereference_aliases=ldap3.DEREF_NEVER, attributes=list(attributes), **paging
            )
            response, self._connection.response = self._connection.response or [], None
            entries = [
                Found(item["raw_dn"], item["raw_attributes"]) for item in response if item["type"] == "searchResEntry"
            ]
            references = [url for item in response if item["type"] == "searchResRef" for url in item["uri"]]
            return Page(entries, references), self._connection.result or {}

    def _demand(self, result: Mapping[str, Any], doing: str) -> None:
        if result.get("result") == faults.NO_SUCH_OBJECT:
            raise NoSuchEntry
        if result.get("result") != faults.SUCCESS:
            raise faults.refused(self.server, doing, result)


def _absent(attribute: str) -> bytes:
    """The filter ``(!(attribute=*))`` in BER (RFC 4511 4.5.1: not [2], present [7])."""
    present = b"\x87" + bytes([len(attribute)]) + attribute.encode()
    return b"\xa2" + bytes([len(present)]) + present


def connect(address: Address, username: str, password: str, ca: bytes | None, *, writes: bool = False) -> Session:
    """Connect, start TLS, sign in; the password goes over the wire only after TLS.

    :param ca: PEM certificates; None: the system's.
    :param writes: entries are changed, too.
    :raises SourceUnavailable: the server cannot be reached, or does not speak TLS.
    :raises UntrustedServer: its certificate cannot be verified.
    :raises CredentialsRefused: it refuses user or password.
    """
    if not username or not password:
        raise CredentialsRefused(  # an empty password would be an anonymous bind that succeeds, RFC 4513 5.1.2
            "user name or password is empty", where=address.url, remedy="check the Secret of spec.sources[].ldap.bind"
        )
    verified = tls.VerifiedTls(tls.trust(ca), address.host)
    connection = _unconnected(address, verified, username, password, writes=writes)
    session = Session(address.url, connection)
    try:
        _secure(connection, address, verified)
        with faults.mapped(address.url, "signing in"):
            signed_in = connection.bind(read_server_info=False)
        if not signed_in:
            raise faults.bind_refused(address.url, username, connection.result or {})
    except BaseException:
        session.close()
        raise
    return session


def _secure(connection: Any, address: Address, verified: tls.VerifiedTls) -> None:
    try:
        with faults.mapped(address.url, "connecting"):
            connection.open(read_server_info=False)
        if not address.tls_at_once:
            with faults.mapped(address.url, "StartTLS"):
                started = connection.start_tls(read_server_info=False)
            if not started:
                raise SourceUnavailable("StartTLS did not start", where=address.url)
    except SourceUnavailable as error:
        if verified.failure is not None:
            raise faults.handshake_failed(address.url, verified.failure) from error
        raise


def _unconnected(address: Address, verified: tls.VerifiedTls, username: str, password: str, *, writes: bool) -> Any:
    ldap3.set_config_parameter("SOCKET_SIZE", _RECEIVE_BUFFER)
    with faults.mapped(address.url, "connecting"):
        server = ldap3.Server(
            address.host,
            port=address.port,
            use_ssl=address.tls_at_once,
            tls=verified,
            get_info=ldap3.NONE,
            mode=ldap3.IP_V4_PREFERRED,  # the default tries one address only
            connect_timeout=CONNECT_SECONDS,
        )
        return ldap3.Connection(
            server,
            user=username,
            password=password.encode(),  # as bytes: ldap3 would refuse or change what SASLprep does not like
            authentication=ldap3.SIMPLE,
            client_strategy=ldap3.SYNC,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            return_empty_attributes=False,
            read_only=not writes,
            receive_timeout=SILENCE_SECONDS,
        )
