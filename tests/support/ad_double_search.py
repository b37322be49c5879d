"""Searches as a domain controller answers them: with its limits, its controls and its error codes.

Limits are those of the default query policy (MS-ADTS 3.1.1.3.4.6): a search without pages gives ``max_page`` entries
and sizeLimitExceeded, a page never has more, and an attribute has at most ``max_values`` values in an answer, the
rest in ranges (3.1.1.3.1.3.3). A range that begins behind the last value is an error.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from support import ad_double_ber as ber
from support.ad_double_dirsync import OBJECT_SECURITY, BadCookie, DirSync, decoded
from support.ad_double_tree import Object, Replica
from support.ad_double_view import Account, View
from syncramp.source import dn as names

PAGED = "1.2.840.113556.1.4.319"
DIRSYNC = "1.2.840.113556.1.4.841"
SHOW_DELETED = "1.2.840.113556.1.4.417"
EXTENDED_DN = "1.2.840.113556.1.4.529"
PERMISSIVE = "1.2.840.113556.1.4.1413"
CONTROLS = (PAGED, DIRSYNC, SHOW_DELETED, EXTENDED_DN)
DENIED = (50, "00002105: LdapErr: DSID-0C0907A8, comment: Error processing control, data 0, v4563")
BAD_CONTROL = (12, "00000057: LdapErr: DSID-0C0907AC, comment: Error processing control, data 0, v4563")
FOREIGN_COOKIE = (53, "00002051: LdapErr: DSID-0C0909A2, comment: Error processing control, data 0, v4563")
"""MS-ADTS names no code for a cookie of another forest; a reader has to get along with any."""
NO_OBJECT = (32, "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of:\n\t''\n")
BAD_RANGE = (1, "00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation, data 0, v4563")


class Refused(Exception):
    """A search that ends in an error: code and text."""


@dataclass(frozen=True)
class Search:
    """A search request."""

    base: str
    scope: int
    """0: the base alone; 1: one level; 2: the subtree."""
    filter: tuple[int, bytes]
    attributes: Sequence[str]
    controls: Mapping[str, bytes]


@dataclass
class Limits:
    """Of the query policy; tests make them smaller."""

    max_page: int = 1000
    max_values: int = 1500
    dirsync_bytes: int = 1 << 20
    """An answer to DirSync holds no more, whatever its reader asks for."""


@dataclass
class Searcher:
    """The searches of one connection."""

    replica: Replica
    account: Account
    limits: Limits
    root: Callable[[], Mapping[str, Sequence[bytes]]]
    """The rootDSE."""
    references: Sequence[str] = ()
    _pages: dict[bytes, list[Object]] = field(default_factory=dict)

    def answer(self, search: Search) -> Iterator[tuple[bytes, bytes]]:
        """Operations in BER, each with its controls; the last one is the result."""
        try:
            if unknown := set(search.controls) - set(CONTROLS):
                raise Refused(12, f"0000202E: unknown control {unknown}")
            yield from self._answer(search)
        except Refused as refusal:
            yield ber.result(0x65, *refusal.args), b""

    def _answer(self, search: Search) -> Iterator[tuple[bytes, bytes]]:
        if not search.base and search.scope == 0:
            wanted = {name.lower() for name in search.attributes}
            shown = {name: values for name, values in self.root().items() if name.lower() in wanted or not wanted}
            yield ber.entry("", shown), b""
            yield ber.result(0x65, 0, ""), b""
        elif DIRSYNC in search.controls:
            yield from self._dirsync(search)
        else:
            yield from self._search(search)

    def _view(self, search: Search) -> View:
        return View(self.replica, self.account, SHOW_DELETED in search.controls, EXTENDED_DN in search.controls)

    def _search(self, search: Search) -> Iterator[tuple[bytes, bytes]]:
        view = self._view(search)
        paging = search.controls.get(PAGED)
        found: list[Object] = []
        size, cookie = self.limits.max_page, b""
        if paging is not None:
            (_, asked), (_, cookie) = ber.parts(ber.parts(paging)[0][1])
            size = min(ber.number(asked), size)
        found = self._continued(cookie) if cookie else list(self._found(view, search))
        page, rest = found[:size], found[size:]
        for held in page:
            yield ber.entry(view.name_of(held), self._shown(view, held, search.attributes)), b""
        if not rest and search.scope == 2 and view.find(search.base) is self.replica.objects[self.replica.root]:
            for url in self.references:
                yield ber.tlv(0x73, ber.octets(url.encode())), b""
        if paging is None:
            yield ber.result(0x65, *((4, "sizeLimitExceeded") if rest else (0, ""))), b""
            return
        value = ber.tlv(0x30, ber.integer(0), ber.octets(self._kept(rest)))
        yield ber.result(0x65, 0, ""), ber.controls(ber.control(PAGED, value))

    def _kept(self, rest: list[Object]) -> bytes:
        if not rest:
            return b""
        cookie = b"page %d" % len(self._pages)
        self._pages[cookie] = rest
        return cookie

    def _continued(self, cookie: bytes) -> list[Object]:
        """A cookie is good on its connection, once."""
        if cookie not in self._pages:
            raise Refused(*BAD_CONTROL)
        return self._pages.pop(cookie)

    def _found(self, view: View, search: Search) -> Iterator[Object]:
        base = view.find(search.base)
        if base is None:
            raise Refused(*NO_OBJECT)
        top = names.canonical(view.dn(base))
        if search.scope == 0:
            return iter([base] if view.matches(base, *search.filter) else [])
        return (
            held
            for held in view.candidates(*search.filter)
            if view.matches(held, *search.filter) and _reaches(search.scope, top, names.canonical(view.dn(held)))
        )

    def _shown(self, view: View, held: Object, wanted: Sequence[str]) -> dict[str, Sequence[bytes]]:
        shown: dict[str, Sequence[bytes]] = {}
        every = not wanted or "*" in wanted
        for description in view.attributes(held) if every else wanted:
            name, _, option = description.lower().partition(";range=")
            values = view.values(held, name)
            if not values:
                continue
            first, _, last = option.partition("-")
            start = int(first or 0)
            if start >= len(values):
                raise Refused(*BAD_RANGE)
            end = min(len(values), start + self.limits.max_values, int(last) + 1 if last.isdigit() else len(values))
            spelled = view.spelled(name) if every else description.partition(";")[0]
            if option or end < len(values):
                spelled += f";range={start}-{'*' if end == len(values) else end - 1}"
            shown[spelled] = values[start:end]
        return shown

    def _dirsync(self, search: Search) -> Iterator[tuple[bytes, bytes]]:
        (_, flags), (_, most), (_, given) = ber.parts(ber.parts(search.controls[DIRSYNC])[0][1])
        secured = ber.number(flags) & OBJECT_SECURITY
        if names.fold(search.base) != names.fold(self.replica.domain) or search.scope != 2:
            raise Refused(*DENIED)
        if not secured and not self.account.replicates:
            raise Refused(*DENIED)
        try:
            cookie = decoded(given, self.replica) if given else None
        except BadCookie:
            raise Refused(*(FOREIGN_COOKIE if given.startswith(b"MSDS") else BAD_CONTROL)) from None
        view = View(self.replica, self.account if secured else Account(), deleted=True, extended=True)
        wanted = [name.partition(";")[0].lower() for name in search.attributes if name != "*"]
        limit = min(ber.number(most), self.limits.dirsync_bytes)
        changes, following, more = DirSync(view, wanted, search.filter, ber.number(flags), limit).answer(cookie)
        for change in changes:
            yield ber.entry(view.name_of(change.held), change.attributes), b""
        value = ber.tlv(0x30, ber.integer(more), ber.integer(0), ber.octets(following.encoded()))
        yield ber.result(0x65, 0, ""), ber.controls(ber.control(DIRSYNC, value))


def _reaches(scope: int, top: str, dn: str) -> bool:
    return names.parent(dn) == top if scope == 1 else names.is_below(dn, top)


def controller(replica: Replica, host: str) -> Mapping[str, Sequence[bytes]]:
    """The rootDSE of a domain controller (MS-ADTS 3.1.1.3.2)."""
    capabilities = ("800", "1670", "1791", "1935", "2080", "2237")
    return {
        "namingContexts": [replica.domain.encode()],
        "defaultNamingContext": [replica.domain.encode()],
        "rootDomainNamingContext": [replica.domain.encode()],
        "configurationNamingContext": [f"CN=Configuration,{replica.domain}".encode()],
        "schemaNamingContext": [f"CN=Schema,CN=Configuration,{replica.domain}".encode()],
        "domainFunctionality": [b"7"],
        "forestFunctionality": [b"7"],
        "supportedControl": [oid.encode() for oid in (*CONTROLS, PERMISSIVE)],
        "supportedCapabilities": [b"1.2.840.113556.1.4." + name.encode() for name in capabilities],
        "supportedLDAPVersion": [b"3", b"2"],
        "highestCommittedUSN": [str(replica.usn).encode()],
        "dsServiceName": [settings(replica).encode()],
        "dnsHostName": [host.encode()],
        "currentTime": [b"20260101000000.0Z"],
    }


def settings(replica: Replica) -> str:
    """The DN of its NTDS Settings, which shows its invocation id."""
    sites = "CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration"
    return f"CN=NTDS Settings,CN=DC{replica.number},{sites},{replica.domain}"


def settings_entry(replica: Replica) -> Mapping[str, Sequence[bytes]]:
    """What stands there for every account."""
    return {
        "objectClass": [b"top", b"applicationSettings", b"nTDSDSA"],
        "objectGUID": [UUID(int=replica.number).bytes_le],
        "invocationId": [replica.invocation],
    }
