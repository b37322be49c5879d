"""One form for what directories write in different ways: the facts of a file and of a server are equal.

Attribute names are lower case and without options; GUIDs are 16 bytes in AD's byte order (MS-DTYP 2.3.4.2: the first
three fields are little-endian), whether they came raw, as text (ldbsearch) or as an entryUUID; SIDs are binary
(MS-DTYP 2.4.2.2); DNs have one spelling; booleans are TRUE or FALSE (RFC 4517 3.3.3). Every other value keeps its
bytes. The values of an attribute are sorted and unique, because directories give them in any order.
"""

import re
import struct
from binascii import unhexlify
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from syncramp.model.dn_attributes import DN_VALUED as DNS
from syncramp.model.facts import Container, Entry, Links
from syncramp.model.values import Kind
from syncramp.source import dn as names
from syncramp.source import words

LINKS = "member"
NEEDED = frozenset({"objectclass", "objectguid", "entryuuid", words.ACCOUNT})
"""What every entry is asked for, whatever the rules want."""
CHUNK = 10_000
"""DNs in one Links fact: about 1 MB."""

GUIDS = frozenset(
    {"objectguid", "entryuuid", "ms-ds-consistencyguid", "msds-parentguid", "msexcharchiveguid", "msexchmailboxguid"}
)
SIDS = frozenset({"objectsid", "msexchmasteraccountsid", "creatorsid", "sidhistory", "tokengroups"})
BOOLEANS = frozenset(
    {
        "deliverandredirect",
        "hidedlmembership",
        "iscriticalsystemobject",
        "isdeleted",
        "isrecycled",
        "mdbusedefaults",
        "msexchbypassaudit",
        "msexchenablemoderation",
        "msexchhidefromaddresslists",
        "msexchmailboxauditenable",
        "msexchrequireauthtosendto",
        "msorg-isorganizational",
        "msrtcsip-userenabled",
        "oofreplytooriginator",
        "reporttooriginator",
        "reporttoowner",
        "showinadvancedviewonly",
    }
)

CONTAINERS = frozenset(
    {
        b"builtindomain",
        b"container",
        b"country",
        b"dcobject",
        b"domain",
        b"domaindns",
        b"locality",
        b"organization",
        b"organizationalunit",
    }
)
"""Object classes of entries that others lie below, in lower case (RFC 4519 3, RFC 2247 5, MS-ADSC 2)."""

_SID = re.compile(rb"[Ss]-1-([0-9]{1,15})((?:-[0-9]{1,10}){0,15})")
_PRINCIPAL = re.compile(r"CN=(S-1-[0-9-]+),CN=ForeignSecurityPrincipals,", re.IGNORECASE)
_GUID = re.compile(rb"\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?")
_LONG, _PLAIN = 16, 36
"""Bytes of a GUID, and characters of its usual text."""
_SERVICE_ACCOUNTS = frozenset({b"msds-managedserviceaccount", b"msds-groupmanagedserviceaccount"})


class EntryError(ValueError):
    """An entry that cannot be a fact; the message says why, and ``remedy`` what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def entry_from(
    dn: str, values: Mapping[str, Sequence[bytes]], wanted: frozenset[str], *, devices: bool = False
) -> Entry | None:
    """Make the fact of one directory entry, without its members.

    :param dn: as the source spells it.
    :param values: by lower-case name without options; of ``wanted`` and ``NEEDED`` those the entry has.
    :param wanted: the names that become attributes of the fact.
    :param devices: computers are asked for too.
    :return: None if it is of no kind that is asked for.
    :raises EntryError: it has no GUID.
    :raises names.DnError: a DN is malformed.
    """
    classes = tuple(values.get("objectclass", ()))
    kind = kind_of(classes)
    if kind is None or (kind is Kind.DEVICE and not devices):
        return None
    dn = names.canonical(dn)
    attributes, changes = {}, changes_of(wanted)
    for name, given in values.items():
        if name in changes and given:
            change = changes[name]
            if len(given) > 1:
                attributes[name] = rewrite(name, given)
            else:
                attributes[name] = (given[0] if change is None else change(given[0]),)
    if words.translated(classes):
        attributes |= {name: (value,) for name, value in words.stand_ins(kind, dn, values) if name in wanted}
    if "distinguishedname" in wanted:
        attributes["distinguishedname"] = (dn.encode(),)
    return Entry(_guid(dn, values), kind, dn, attributes)


@lru_cache(maxsize=16)
def changes_of(wanted: frozenset[str]) -> Mapping[str, Callable[[bytes], bytes] | None]:
    """What becomes an attribute, with what brings a value into canonical form."""
    return {name: _CHANGES.get(name) for name in wanted - {LINKS}}


def in_other_words(values: Mapping[str, Sequence[bytes]]) -> frozenset[str]:
    """Names of the attributes that an entry of another directory is given (``words``).

    :param values: as of :func:`entry_from`.
    """
    classes = tuple(values.get("objectclass", ()))
    kind = kind_of(classes)
    if kind is None or not words.translated(classes):
        return frozenset()
    return frozenset(name for name, _ in words.stand_ins(kind, "", values))


def container_from(dn: str, values: Mapping[str, Sequence[bytes]]) -> Container | None:
    """Make the fact of an entry that others lie below; None if it is none, or has no GUID.

    :param dn: as the source spells it.
    :param values: as of :func:`entry_from`.
    :raises names.DnError: the DN is malformed.
    """
    if CONTAINERS.isdisjoint(name.lower() for name in values.get("objectclass", ())):
        return None
    try:
        return Container(_guid(dn, values), names.canonical(dn))
    except EntryError:
        return None  # nobody misses it who does not name it by its GUID


def links_from(guid: bytes, members: Iterable[bytes], accounts: Sequence[bytes] = ()) -> Iterator[Links]:
    """The whole ``member`` value of a group in chunks; one empty chunk if it has none.

    :param accounts: GUIDs of members that are known by another name than their DN.
    :raises names.DnError: a member is no DN.
    """
    dns = sorted({names.canonical(text(member)) for member in members})
    for start in range(0, len(accounts), CHUNK):
        yield Links(guid, LINKS, (), final=False, guids=tuple(accounts[start : start + CHUNK]))
    last = max(len(dns) - 1, 0) // CHUNK * CHUNK
    for start in range(0, last + 1, CHUNK):
        chunk = tuple(dns[start : start + CHUNK])
        yield Links(guid, LINKS, chunk, final=start == last, principals=principals_among(chunk))


def principals_among(dns: Iterable[str]) -> tuple[tuple[str, bytes], ...]:
    """Canonical DNs of foreign security principals (MS-ADTS 6.1.1.4.10), with the SIDs that they stand for."""
    likely = [dn for dn in dns if dn.startswith("CN=S-1-")]
    return tuple((dn, _sid_bytes(found[1].encode())) for dn in likely if (found := _PRINCIPAL.match(dn)))


def rewrite(name: str, values: Sequence[bytes]) -> tuple[bytes, ...]:
    """The values of an attribute in canonical form.

    :param name: lower case, without options.
    :raises names.DnError: a value of an attribute of syntax DN is malformed.
    """
    change = _CHANGES.get(name)
    if change is not None:
        values = [change(value) for value in values]
    return tuple(values) if len(values) == 1 else tuple(sorted(set(values)))


@lru_cache(maxsize=1024)
def kind_of(classes: tuple[bytes, ...]) -> Kind | None:
    """The kind of an entry by its object classes; computers and managed service accounts are users only by name.

    A group managed service account is a computer by its classes too, and is neither.
    """
    known = {name.lower() for name in classes}
    if known & _SERVICE_ACCOUNTS:
        return None
    if b"computer" in known:
        return Kind.DEVICE
    if b"user" in known or known & words.PEOPLE:
        return Kind.USER
    if b"group" in known or known & words.GROUPS:
        return Kind.GROUP
    return Kind.CONTACT if b"contact" in known else None


def text(value: bytes) -> str:
    """A value that has to be text.

    :raises names.DnError: it is not UTF-8.
    """
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise names.DnError(f"{value!r} is not UTF-8") from error


def guid_of(values: Mapping[str, Sequence[bytes]]) -> bytes:
    """The GUID of an entry, by lower-case name of its attributes; empty if it has none."""
    for name in ("objectguid", "entryuuid"):
        for value in values.get(name, ()):
            guid = _guid_bytes(value)
            if len(guid) == 16:
                return guid
    return b""


def _guid(dn: str, values: Mapping[str, Sequence[bytes]]) -> bytes:
    if guid := guid_of(values):
        return guid
    raise EntryError(
        f"{dn} has neither objectGUID nor entryUUID",
        "read or export objectGUID, or the operational attributes (+), with an account that may see them",
    )


def _guid_bytes(value: bytes) -> bytes:
    if len(value) <= _LONG:
        return value
    if len(value) != _PLAIN or value[8:24:5] != b"----":
        found = _GUID.fullmatch(value)
        if found is None:
            return value
        value = found[1]
    try:
        data = unhexlify(value.replace(b"-", b""))  # a UUID of the standard library takes five times as long
    except ValueError:
        return value
    if len(data) != _LONG:
        return value
    return data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]


def _sid_bytes(value: bytes) -> bytes:
    found = _SID.fullmatch(value)
    if found is None:
        return value
    parts = [int(part) for part in found[2].split(b"-")[1:]]
    authority = int(found[1])
    if authority >= 1 << 48 or any(part >= 1 << 32 for part in parts):
        return value
    return struct.pack(f"<BB6s{len(parts)}I", 1, len(parts), authority.to_bytes(6, "big"), *parts)


@lru_cache(maxsize=4096)
def _dn_bytes(value: bytes) -> bytes:
    return names.canonical(text(value)).encode()


def _boolean(value: bytes) -> bytes:
    upper = value.upper()
    return upper if upper in (b"TRUE", b"FALSE") else value


_CHANGES: Mapping[str, Callable[[bytes], bytes]] = {
    **dict.fromkeys(GUIDS, _guid_bytes),
    **dict.fromkeys(SIDS, _sid_bytes),
    **dict.fromkeys(DNS, _dn_bytes),
    **dict.fromkeys(BOOLEANS, _boolean),
}
