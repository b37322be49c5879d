"""What one account sees of a replica: its attributes, and which entries a filter (RFC 4511 4.5.1.7) finds."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import pack
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
            key = names.fold(name)
            held = next((held for held in self.replica.objects.values() if names.fold(self.dn(held)) == key), None)
        return held if held is not None and self.sees(held) else None

    def dn(self, held: Object) -> str:
        return self.replica.dn(held)

    def name_of(self, held: Object) -> str:
        """As the DN of an answer."""
        return self._named(held).decode()

    def _named(self, held: Object) -> bytes:
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
            return [self._named(self.replica.objects[guid]) for guid in held.values[name]]
        if name in LINKED:
            return self._names(self.replica.targets(held, name))
        if name in BACK:
            return self._names(self.replica.sources(held, BACK[name]))
        return held.values.get(name, ())

    def _names(self, guids: Sequence[bytes]) -> list[bytes]:
        return [self._named(self.replica.objects[guid]) for guid in guids]

    def attributes(self, held: Object) -> list[str]:
        """Names of all attributes that ``*`` asks for."""
        return [*held.values, *held.links, *_CONSTRUCTED]

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
        (_, name), (_, value) = ber.parts(content)
        compare, wanted = _COMPARISONS[tag], _comparable(value)
        return any(compare(_comparable(one), wanted) for one in self.values(held, name.decode().lower()))


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


def _metadata(_: View, held: Object) -> Sequence[bytes]:
    """replPropertyMetaData (MS-DRSR 5.162), of isDeleted alone."""
    stamp = held.stamps.get("isdeleted")
    if stamp is None:
        return [pack("<IIII", 1, 0, 0, 0)]
    written = (0x20030, stamp.version, 0, stamp.origin, stamp.usn, stamp.local)
    return [pack("<IIII", 1, 0, 1, 0) + pack("<IIQ16sQQ", *written)]


_CONSTRUCTED: dict[str, Callable[[View, Object], Sequence[bytes]]] = {
    "objectguid": lambda _, held: [held.guid],
    "name": _name,
    "cn": lambda view, held: _name(view, held) if held.rdn.startswith("CN=") else (),
    "ou": lambda view, held: _name(view, held) if held.rdn.startswith("OU=") else (),
    "distinguishedname": lambda view, held: [view.name_of(held).encode()],
    "usnchanged": lambda _, held: [str(held.changed).encode()],
    "usncreated": lambda _, held: [str(held.created).encode()],
    "repluptodatevector": _up_to_dateness,
    "replpropertymetadata": _metadata,
}
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
