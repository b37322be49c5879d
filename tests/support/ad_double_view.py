"""What one account sees of a replica: its attributes, and which entries a filter (RFC 4511 4.5.1.7) finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import pack
from typing import overload
from uuid import UUID

from support import ad_double_ber as ber
from support.ad_double_tree import BACK, LINKED, Object, Replica
from syncramp.source import dn as names

_DELETED_OBJECTS = "<WKGUID=18E2EA80684F11D2B9AA00C04F79F805,"


@dataclass(frozen=True)
class Account:
    """What an account may do."""

    password: str = "not-a-secret"
    replicates: bool = True
    """It has Replicating Directory Changes on the domain."""
    sees_deleted: bool = True
    """It may list CN=Deleted Objects; by default only administrators may."""
    hidden: frozenset[str] = frozenset()
    """Attributes, in lower case, that it may not read: they are left out without a word."""
    blind: frozenset[bytes] = field(default=frozenset())
    """GUIDs of entries that it may not see, nor what lies below them."""
    rights: "Rights | None" = None
    """What it may change; None: nothing."""


@dataclass(frozen=True)
class Rights:
    """What an account may change, wherever it is."""

    create: bool = True
    delete: bool = True
    rename: bool = True
    attributes: frozenset[str] | None = None
    """In small letters; None: all."""

    def write(self, attribute: str) -> bool:
        return self.attributes is None or attribute in self.attributes


@dataclass(frozen=True)
class View:
    """A replica through the eyes of one account; with ``deleted`` its tombstones are there, too."""

    replica: Replica
    account: Account
    deleted: bool = False
    extended: bool = False
    """DNs come as ``<GUID=hex>;<SID=hex>;DN``: LDAP_SERVER_EXTENDED_DN_OID without a flag (MS-ADTS 3.1.1.3.4.1.5)."""

    def entries(self) -> Iterator[Object]:
        """All that this account sees, in the order of creation."""
        return (held for held in list(self.replica.objects.values()) if self.sees(held))

    def sees(self, held: Object) -> bool:
        if held.deleted and not (self.deleted and self.account.sees_deleted):
            return False
        above = held
        while above.parent and above.guid not in self.account.blind:
            above = self.replica.objects[above.parent]
        return above.guid not in self.account.blind

    def find(self, name: str) -> Object | None:
        """By DN, ``<GUID=…>``, with dashes or as 32 hex digits in the order of the bytes, or ``<WKGUID=…,DN>`` of the
        container of deleted objects (3.1.1.3.1.2.4).
        """
        if name.upper().startswith(_DELETED_OBJECTS):
            held = self.replica.objects.get(self.replica.deleted_objects)
        elif name.startswith("<GUID="):
            given = name[6:-1]
            guid = UUID(given).bytes_le if "-" in given else bytes.fromhex(given)
            held = self.replica.objects.get(guid)
        else:
            held = self._called(name)
        return held if held is not None and self.sees(held) else None

    def _called(self, name: str) -> Object | None:
        key, whole = names.fold(name), names.canonical(name)
        if key == names.fold(self.replica.domain):
            return self.replica.objects.get(self.replica.root)
        own = whole.removesuffix("," + names.parent(whole)).partition("\\0ADEL:")[0]
        return next((held for held in self.replica.called(own) if names.fold(self.dn(held)) == key), None)

    def dn(self, held: Object) -> str:
        return self.replica.dn(held)

    def name_of(self, held: Object) -> str:
        """As the DN of an answer."""
        return self.named(held).decode()

    def named(self, held: Object) -> bytes:
        dn = self.dn(held).encode()
        if not self.extended:
            return dn
        sid = held.values.get("objectsid")
        middle = b"<SID=" + sid[0].hex().encode() + b">;" if sid else b""
        return b"<GUID=" + held.guid.hex().encode() + b">;" + middle + dn

    def values(self, held: Object, name: str) -> Sequence[bytes]:
        """All values of an attribute, given in lower case; none, if it has none or the account may not read it."""
        if name in self.account.hidden:
            return ()
        constructed = _CONSTRUCTED.get(name)
        if constructed is not None:
            return constructed(self, held)
        if name == "lastknownparent" and held.values.get(name):
            return [self.named(self.replica.objects[guid]) for guid in held.values[name]]
        if name in LINKED:
            return self._names(self.replica.targets(held, name))
        if name in BACK:
            return self._names(self.replica.sources(held, BACK[name]))
        return held.values.get(name, ())

    def _names(self, guids: Sequence[bytes]) -> "Named":
        return Named(self, guids)

    def attributes(self, held: Object) -> list[str]:
        """Names of all attributes that ``*`` asks for."""
        return [*held.values, *held.links, *(_CONSTRUCTED.keys() - _ASKED_FOR)]

    def spelled(self, name: str) -> str:
        return _SPELLED.get(name) or self.replica.spelled.get(name, name)

    def matches(self, held: Object, tag: int, content: bytes) -> bool:
        """Does a filter, as it came in BER, hold for an entry? An attribute that is not seen fulfils nothing."""
        if tag == 0xA0:
            return all(self.matches(held, *part) for part in ber.parts(content))
        if tag == 0xA1:
            return any(self.matches(held, *part) for part in ber.parts(content))
        if tag == 0xA2:
            return not self.matches(held, *ber.parts(content)[0])
        if tag == 0x87:
            return bool(self.values(held, content.decode().lower()))
        if tag == 0xA4:
            (_, name), (_, parts) = ber.parts(content)
            shown = self.values(held, name.decode().lower())
            return any(_is_made_of(one.lower(), ber.parts(parts)) for one in shown)
        (_, name), (_, value) = ber.parts(content)
        if tag == 0xA4:
            return any(_begins(one, value) for one in self.values(held, name.decode().lower()))
        compare, wanted = _COMPARISONS[tag], _comparable(value)
        return any(compare(_comparable(one), wanted) for one in self.values(held, name.decode().lower()))

    def candidates(self, tag: int, content: bytes) -> Iterator[Object]:
        """Entries that a filter may hold for, in the order of creation: those it names by GUID, or those that have
        an attribute it needs.
        """
        named = _guids(tag, content)
        if named is not None:
            there = [self.replica.objects[guid] for guid in named if guid in self.replica.objects]
            return (held for held in sorted(there, key=lambda one: one.created) if self.sees(held))
        needed = _needed(self.replica, tag, content)
        if not needed:
            return self.entries()
        found = {held.guid: held for name in needed for held in self.replica.having(name)}
        return (held for held in sorted(found.values(), key=lambda one: one.created) if self.sees(held))


@dataclass(frozen=True)
class Named(Sequence[bytes]):
    """Values of a link, which get their names when they are asked for: a range is a small part of them."""

    view: View
    guids: Sequence[bytes]

    def __len__(self) -> int:
        return len(self.guids)

    @overload
    def __getitem__(self, at: int) -> bytes: ...
    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...
    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        objects = self.view.replica.objects
        if isinstance(at, slice):
            return [self.view.named(objects[guid]) for guid in self.guids[at]]
        return self.view.named(objects[self.guids[at]])


def _guids(tag: int, content: bytes) -> frozenset[bytes] | None:
    """The GUIDs of which every entry that a filter holds for has one; None: that is not known."""
    if tag in (0xA0, 0xA1):
        parts = [_guids(*part) for part in ber.parts(content)]
        known = [part for part in parts if part is not None]
        if tag == 0xA1:
            return frozenset().union(*known) if len(known) == len(parts) else None
        return min(known, key=len, default=None)
    if tag != 0xA3:
        return None
    (_, name), (_, value) = ber.parts(content)
    return frozenset({value}) if name.lower() == b"objectguid" else None


def _needed(replica: Replica, tag: int, content: bytes) -> frozenset[str]:
    """One of these attributes has every entry that a filter holds for; none: that is not known."""
    if tag in (0xA0, 0xA1):
        parts = [_needed(replica, *part) for part in ber.parts(content)]
        if tag == 0xA1:
            return frozenset().union(*parts) if all(parts) else frozenset()
        return min(filter(None, parts), key=lambda one: sum(map(replica.how_many_had, one)), default=frozenset())
    if tag == 0xA2:
        return frozenset()
    name = (content if tag == 0x87 else ber.parts(content)[0][1]).decode().lower()
    if tag == 0xA3 and name == "objectclass":
        return frozenset({f"{name}={ber.parts(content)[1][1].decode().lower()}"})
    return frozenset() if name in LINKED or name in BACK or name in _CONSTRUCTED else frozenset({name})


def _begins(value: bytes, pieces: bytes) -> bool:
    """A filter of substrings (RFC 4511 4.5.1.7.2); what may stand before and between them is left to real servers."""
    return all(tag == 0x80 and value.lower().startswith(piece.lower()) for tag, piece in ber.parts(pieces))


def _is_made_of(value: bytes, parts: Sequence[tuple[int, bytes]]) -> bool:
    """Does a value begin (0x80), go on (0x81) and end (0x82) like the parts of a substrings filter?"""
    at = 0
    for tag, part in parts:
        found = len(value) - len(part) if tag == 0x82 else value.find(part.lower(), at)
        if found < at or (tag == 0x80 and found) or not value.startswith(part.lower(), found):
            return False
        at = found + len(part)
    return True


def _comparable(value: bytes) -> tuple[int, bytes]:
    number = int(value) if value.isdigit() else 0
    return number, value.lower()


_COMPARISONS: dict[int, Callable[[tuple[int, bytes], tuple[int, bytes]], bool]] = {
    0xA3: lambda held, wanted: held == wanted,
    0xA5: lambda held, wanted: held[0] >= wanted[0],
    0xA6: lambda held, wanted: held[0] <= wanted[0],
}


def _name(view: View, held: Object) -> Sequence[bytes]:
    dn = names.canonical(view.dn(held))
    own = dn.removesuffix("," + names.parent(dn)).partition("=")[2]
    return [own.replace("\\0A", "\n").replace("\\", "").encode()]


def _up_to_dateness(view: View, held: Object) -> Sequence[bytes]:
    """replUpToDateVector of the domain's root (MS-DRSR 5.166, UPTODATE_VECTOR_V2_EXT); without this replica."""
    if held.parent:
        return ()
    cursors = view.replica.cursors
    head = (2).to_bytes(8, "little") + len(cursors).to_bytes(8, "little")
    moment = (13_400_000_000).to_bytes(8, "little")  # seconds since 1601, of the last success
    return [head + b"".join(guid + usn.to_bytes(8, "little") + moment for guid, usn in sorted(cursors.items()))]


def _writable(view: View, held: Object) -> Sequence[bytes]:
    """allowedAttributesEffective (MS-ADTS 3.1.1.4.5.20): what the account may write of a group."""
    rights = view.account.rights
    if rights is None or b"group" not in held.values["objectclass"]:
        return ()
    return [name.encode() for name in view.replica.schema if rights.write(name.lower())]


def _allowed(view: View, held: Object) -> Sequence[bytes]:
    """allowedAttributes (3.1.1.4.5.19): what a group can have."""
    return [name.encode() for name in view.replica.schema] if b"group" in held.values["objectclass"] else ()


def _addable(view: View, held: Object) -> Sequence[bytes]:
    """allowedChildClassesEffective (3.1.1.4.5.19): what it may create in a unit."""
    above = {b"organizationalUnit", b"container"} & set(held.values["objectclass"])
    return [b"group"] if view.account.rights and view.account.rights.create and above else ()


def _metadata(_: View, held: Object) -> Sequence[bytes]:
    """replPropertyMetaData (MS-DRSR 5.162), of isDeleted, and of members if they are stamped as one attribute."""
    stamps = [
        (of, held.stamps[name]) for name, of in (("isdeleted", 0x20030), ("member", 0x1F)) if name in held.stamps
    ]
    written = [pack("<IIQ16sQQ", of, one.version, 0, one.origin, one.usn, one.local) for of, one in stamps]
    return [pack("<IIII", 1, 0, len(stamps), 0) + b"".join(written)]


_CONSTRUCTED: dict[str, Callable[[View, Object], Sequence[bytes]]] = {
    "objectguid": lambda _, held: [held.guid],
    "name": _name,
    "cn": lambda view, held: _name(view, held) if held.rdn.startswith("CN=") else (),
    "ou": lambda view, held: _name(view, held) if held.rdn.startswith("OU=") else (),
    "distinguishedname": lambda view, held: [view.name_of(held).encode()],
    "usnchanged": lambda _, held: [str(held.changed).encode()],
    "usncreated": lambda _, held: [str(held.created).encode()],
    "repluptodatevector": _up_to_dateness,
    "allowedattributes": _allowed,
    "allowedattributeseffective": _writable,
    "allowedchildclasseseffective": _addable,
    "sdrightseffective": lambda _, __: [b"0"],
    "replpropertymetadata": _metadata,
}
_ASKED_FOR = frozenset(
    {"allowedattributes", "allowedattributeseffective", "allowedchildclasseseffective", "sdrightseffective"}
)
_SPELLED = {
    "objectguid": "objectGUID",
    "objectclass": "objectClass",
    "distinguishedname": "distinguishedName",
    "usnchanged": "uSNChanged",
    "usncreated": "uSNCreated",
    "whencreated": "whenCreated",
    "instancetype": "instanceType",
    "isdeleted": "isDeleted",
    "lastknownparent": "lastKnownParent",
    "memberof": "memberOf",
    "directreports": "directReports",
    "managedobjects": "managedObjects",
    "repluptodatevector": "replUpToDateVector",
}
