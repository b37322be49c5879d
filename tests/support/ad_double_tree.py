"""One replica of a domain as Active Directory keeps it: what every change leaves behind, and how replicas agree.

An attribute carries a stamp: its version, where it was written (invocation id and USN there) and the USN under which
this replica took it over; a value of a linked attribute has a stamp of its own (MS-ADTS 3.1.1.1.9). uSNChanged is the
highest of them here. What follows, and what a reader must live with:

- A rename or move stamps the ``name`` of the entry itself; entries below it are found by their parent's GUID, and
  nothing of them changes (3.1.1.5.4).
- A link stands at its group. Deleting a member touches no group: its values are shown no more, and no USN rises
  (3.1.1.5.5; measured on Samba, too).
- A deleted entry stays as a tombstone in CN=Deleted Objects under the name ``RDN\\0ADEL:GUID``.

Quarter of a million entries and links are a domain, too: who ever had a name or an attribute is kept in an index.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID, uuid5

from support.ad_double_schema import SCHEMA
from syncramp.source import dn as names

LINKED = frozenset({"member", "manager", "managedby", "publicdelegates"})
"""Forward links, which have a stamp for each value."""
BACK = {"memberof": "member", "directreports": "manager", "managedobjects": "managedby"}
SINGLE = frozenset({"manager", "managedby"})
KEPT = frozenset(
    {"objectclass", "objectsid", "instancetype", "name", "isdeleted", "lastknownparent"}
    | {"samaccountname", "whencreated", "useraccountcontrol"}
)
"""What a tombstone keeps (3.1.1.5.5.1.1), in a forest without the recycle bin."""

_NAMES = UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True, order=True, slots=True)
class Stamp:
    """Who of two writers wins is decided in this order (MS-DRSR 4.1.10.6.9, without the clock)."""

    version: int
    origin: bytes
    """Invocation id of the replica that wrote it."""
    usn: int
    """There."""
    local: int = field(compare=False)
    """The USN here."""


@dataclass(slots=True)
class Link:
    """One value of a linked attribute, present or removed."""

    present: bool
    stamp: Stamp


@dataclass(slots=True)
class Object:
    """An entry; attribute names in lower case."""

    guid: bytes
    rdn: str
    parent: bytes
    values: dict[str, Sequence[bytes]] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    links: dict[str, dict[bytes, Link]] = field(default_factory=dict)
    created: int = 0
    """uSNCreated."""
    changed: int = 0
    """uSNChanged."""

    @property
    def deleted(self) -> bool:
        return bool(self.values.get("isdeleted"))

    def all_stamps(self) -> Iterator[Stamp]:
        yield from self.stamps.values()
        for values in self.links.values():
            yield from (link.stamp for link in values.values())


@dataclass
class Replica:
    """A domain on one of its controllers. Those after the first are empty until they ``pull`` from another one."""

    domain: str = "DC=test"
    number: int = 1
    """Which controller it is: its invocation id follows from it."""
    recycle_bin: bool = True
    schema: Mapping[str, int] = field(default_factory=lambda: SCHEMA)
    usn: int = 1000
    objects: dict[bytes, Object] = field(default_factory=dict, init=False)
    cursors: dict[bytes, int] = field(default_factory=dict, init=False)
    """The up-to-dateness vector: of other replicas, up to which of their USNs everything is here."""
    invocation: bytes = field(init=False)
    spelled: dict[str, str] = field(default_factory=dict, init=False)
    """Attribute names as a schema spells them."""
    _born: Iterator[int] = field(init=False)
    _named: dict[bytes, dict[bytes, None]] = field(default_factory=dict, init=False)
    _having: dict[str, dict[bytes, None]] = field(default_factory=dict, init=False)
    _accounts: dict[bytes, dict[bytes, None]] = field(default_factory=dict, init=False)
    _shown: dict[tuple[bytes, str], tuple[int, list[bytes]]] = field(default_factory=dict, init=False)
    """What ``targets`` gave, and at which USN: ranges of one group are asked for one after the other."""

    def __post_init__(self) -> None:
        self.invocation = self._guid(f"invocation {self.number}")
        self._born = count()
        self.root = self._guid("root")
        self.deleted_objects = self._guid("deleted objects")
        if self.number == 1:
            self._create(self.root, self.domain, b"", ["top", "domain", "domainDNS"])
            trash = self._create(self.deleted_objects, "CN=Deleted Objects", self.root, ["top", "container"])
            self._write(trash, isdeleted=[b"TRUE"])

    def _guid(self, name: str) -> bytes:
        return uuid5(_NAMES, f"{self.domain} {name}").bytes_le

    def _stamp(self, before: Stamp | None = None) -> Stamp:
        return Stamp(before.version + 1 if before else 1, self.invocation, self.usn, self.usn)

    def _write(self, held: Object, **values: Sequence[bytes]) -> None:
        """Under the USN of the transaction, which its caller began."""
        for name, given in values.items():
            held.values[name] = list(given)
            held.stamps[name] = self._stamp(held.stamps.get(name))
            held.changed = self.usn
            self._index(held, name)

    def _create(self, guid: bytes, rdn: str, parent: bytes, classes: Sequence[str]) -> Object:
        self.usn += 1
        held = self.objects[guid] = Object(guid, rdn, parent, created=self.usn)
        self.call(held, rdn)
        self._write(
            held,
            objectclass=[name.encode() for name in classes],
            name=[],
            whencreated=[b"20260101000000.0Z"],
            instancetype=[b"4" if parent else b"5"],
        )
        return held

    # What a person does

    def add(self, rdn: str, parent: bytes | None, *classes: str, **attributes: Sequence[bytes]) -> bytes:
        """:returns: the GUID. Linked attributes take GUIDs as values."""
        guid = self._guid(f"{self.number} object {next(self._born)}")
        held = self._create(guid, rdn, parent or self.root, classes)
        for spelled, values in attributes.items():
            self._set(held, spelled, values)
        return guid

    def user(self, name: str, parent: bytes | None = None, **attributes: Sequence[bytes]) -> bytes:
        account = {"sAMAccountName": [name.encode()], "userAccountControl": [b"512"]}
        return self.add(
            f"CN={name}", parent, "top", "person", "organizationalPerson", "user", **{**account, **attributes}
        )

    def group(self, name: str, parent: bytes | None = None, **attributes: Sequence[bytes]) -> bytes:
        account = {"sAMAccountName": [name.encode()], "groupType": [b"-2147483646"]}
        return self.add(f"CN={name}", parent, "top", "group", **{**account, **attributes})

    def unit(self, name: str, parent: bytes | None = None) -> bytes:
        return self.add(f"OU={name}", parent, "top", "organizationalUnit")

    def change(self, guid: bytes, **attributes: Sequence[bytes]) -> None:
        """Replace attributes; no values: the attribute goes."""
        self.usn += 1
        for spelled, values in attributes.items():
            self._set(self.objects[guid], spelled, values)

    def _set(self, held: Object, spelled: str, values: Sequence[bytes]) -> None:
        name = spelled.lower()
        self.spelled.setdefault(name, spelled)
        if name not in LINKED:
            self._write(held, **{name: values})
            return
        for target in dict.fromkeys([*held.links.get(name, {}), *values]):
            self._link(held, name, target, present=target in values)

    def _link(self, held: Object, name: str, target: bytes, *, present: bool) -> None:
        link = held.links.setdefault(name, {}).get(target)
        if (link is None and not present) or (link is not None and link.present is present):
            return
        held.links[name][target] = Link(present, self._stamp(link.stamp if link else None))
        held.changed = self.usn

    def link(self, group: bytes, *members: bytes) -> None:
        """Members of a group, which its uSNChanged rises by."""
        self.usn += 1
        for member in members:
            self._link(self.objects[group], "member", member, present=True)

    def unlink(self, group: bytes, *members: bytes) -> None:
        self.usn += 1
        for member in members:
            self._link(self.objects[group], "member", member, present=False)

    def modify(self, guid: bytes, attributes: Mapping[str, Sequence[bytes]], members: Mapping[bytes, bool]) -> None:
        """Attributes and members (present or not) in one transaction, as one request has them."""
        self.usn += 1
        held = self.objects[guid]
        for spelled, values in attributes.items():
            self._set(held, spelled, values)
        for member, present in members.items():
            self._link(held, "member", member, present=present)

    def rename(self, guid: bytes, rdn: str | None = None, parent: bytes | None = None) -> None:
        """Another name, another parent, or both; whatever lies below it keeps every stamp."""
        self.usn += 1
        held = self.objects[guid]
        held.parent = parent or held.parent
        self.call(held, rdn or held.rdn)
        self._write(held, name=[])

    def delete(self, guid: bytes) -> None:
        """Make a tombstone; without the recycle bin most attributes and all links of the entry are lost."""
        self.usn += 1
        held = self.objects[guid]
        self._write(held, isdeleted=[b"TRUE"], lastknownparent=[held.parent], name=[])
        held.parent = self.deleted_objects
        if self.recycle_bin:
            return
        for name in set(held.values) - KEPT:
            self._write(held, **{name: ()})
        held.links = {}
        for other in self.objects.values():  # no stamp: this is bookkeeping, not a change that anyone is told of
            for values in other.links.values():
                values.pop(guid, None)

    def restore(self, guid: bytes, parent: bytes | None = None) -> None:
        """Bring a tombstone back; with the recycle bin its links work again, and no group is told so."""
        self.usn += 1
        held = self.objects[guid]
        held.parent = parent or held.values["lastknownparent"][0]
        self._write(held, isdeleted=(), name=[])

    # What replicas do

    def vector(self) -> dict[bytes, int]:
        """Up to which USN of each replica everything is here, this one included."""
        return {**self.cursors, self.invocation: self.usn}

    def restored_from_backup(self) -> None:
        """The controller comes back from a backup: it writes under a new invocation id (3.1.1.1.9)."""
        self.cursors[self.invocation] = self.usn
        self.invocation = self._guid(f"invocation {self.number} after {self.usn}")

    def pull(self, other: "Replica") -> None:
        """Take over what the other has and this one has not (MS-DRSR 4.1.10)."""
        known = self.vector()
        for theirs in list(other.objects.values()):
            if any(stamp.usn > known.get(stamp.origin, 0) for stamp in theirs.all_stamps()):
                self.usn += 1
                self._merge(theirs, other)
        for origin, usn in other.vector().items():
            if origin != self.invocation:
                self.cursors[origin] = max(usn, self.cursors.get(origin, 0))
        self.spelled.update(other.spelled)

    def covers(self, stamp: Stamp) -> bool:
        return stamp.usn <= self.vector().get(stamp.origin, 0)

    def _merge(self, theirs: Object, other: "Replica") -> None:
        mine = self.objects.setdefault(theirs.guid, Object(theirs.guid, theirs.rdn, theirs.parent, created=self.usn))
        for name, stamp in theirs.stamps.items():
            if name in mine.stamps and not mine.stamps[name] < stamp:
                continue
            mine.values[name] = theirs.values[name]
            mine.stamps[name] = self._local(stamp)
            mine.changed = self.usn
            self._index(mine, name)
            if name == "name":
                mine.parent = theirs.parent
                self.call(mine, theirs.rdn)
        for name, values in theirs.links.items():
            own = mine.links.setdefault(name, {})
            for target, link in values.items():
                if target not in own or own[target].stamp < link.stamp:
                    own[target] = Link(link.present, self._local(link.stamp))
                    mine.changed = self.usn

    def _local(self, stamp: Stamp) -> Stamp:
        return Stamp(stamp.version, stamp.origin, stamp.usn, self.usn)

    # What it looks like

    def _index(self, held: Object, name: str) -> None:
        self._having.setdefault(name, {})[held.guid] = None
        if name == "objectclass":
            for one in held.values[name]:
                self._having.setdefault(f"objectclass={one.decode().lower()}", {})[held.guid] = None
        if name == "samaccountname":
            for account in held.values[name]:
                self._accounts.setdefault(account.lower(), {})[held.guid] = None

    def accounts(self, name: bytes) -> list[Object]:
        """Who has it as sAMAccountName; who was deleted has it no more."""
        had = [self.objects[guid] for guid in self._accounts.get(name.lower(), ())]
        return [
            held
            for held in had
            if not held.deleted and name.lower() == (held.values["samaccountname"] or [b""])[0].lower()
        ]

    def call(self, held: Object, rdn: str) -> None:
        """Give it a name, without a word to anybody."""
        held.rdn = rdn
        self._named.setdefault(names.fold(held.rdn), {})[held.guid] = None

    def called(self, rdn: str) -> Iterator[Object]:
        """Entries that have, or had, this name; of deleted ones the name before."""
        return (self.objects[guid] for guid in self._named.get(names.fold(rdn), ()))

    def having(self, name: str) -> Iterator[Object]:
        """Entries that have, or had, an attribute which is kept as it is, given in lower case; or a class, as
        ``objectclass=user``.
        """
        return (self.objects[guid] for guid in self._having.get(name, ()))

    def how_many_had(self, name: str) -> int:
        return len(self._having.get(name, ()))

    def dn(self, held: Object) -> str:
        """The DN now, from the names of all that it lies in."""
        if not held.parent:
            return self.domain
        above = self.dn(self.objects[held.parent])
        if held.deleted and held.guid != self.deleted_objects:
            return f"{held.rdn}\\0ADEL:{UUID(bytes_le=held.guid)},{above}"
        return f"{held.rdn},{above}"

    def targets(self, held: Object, name: str) -> list[bytes]:
        """GUIDs that a linked attribute names; values at and of deleted entries are not shown (3.1.1.3.4.1.15)."""
        if held.deleted:
            return []
        usn, shown = self._shown.get((held.guid, name), (0, []))
        if usn != self.usn:
            links = held.links.get(name, {})
            shown = [guid for guid, link in links.items() if link.present and not self._hidden(guid)]
            self._shown[held.guid, name] = self.usn, shown
        return shown

    def sources(self, held: Object, name: str) -> list[bytes]:
        """GUIDs of the entries that name this one in a linked attribute: its back link."""
        return [other.guid for other in self.objects.values() if held.guid in self.targets(other, name)]

    def _hidden(self, guid: bytes) -> bool:
        return guid not in self.objects or self.objects[guid].deleted
