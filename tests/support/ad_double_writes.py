"""What changes a replica over the wire: add, modify, delete and rename, each whole or not at all, as controllers do.

Every member value that arrives is counted, and so is each that was there, or gone, already: a test asks what was sent
without need. ``before`` is told of every change: it may refuse it (``Refused``), say at which moment the connection
breaks (``Cut``), change the replica first, or move a test's clock.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from support import ad_double_ber as ber
from support import ad_double_limits as limits
from support.ad_double_schema import MANY
from support.ad_double_search import NO_OBJECT, PERMISSIVE, Refused
from support.ad_double_tree import Object, Replica
from support.ad_double_view import Account, Rights, View
from syncramp.source import dn as names

ADD, DELETE, REPLACE = 0, 1, 2
OPERATIONS = {0x66: "modify", 0x68: "add", 0x4A: "delete", 0x6C: "rename"}
ANSWERS = {"modify": 0x67, "add": 0x69, "delete": 0x6B, "rename": 0x6D}


class Cut(Enum):
    """When the connection breaks."""

    BEFORE = "nothing is done"
    MIDDLE = "it is done, and half of the answer leaves"
    AFTER = "it is done, and no answer leaves"


@dataclass(frozen=True)
class Write:
    """One request that changes something."""

    operation: str
    name: str
    """DN, or ``<GUID=…>``."""
    changes: Sequence[tuple[int, str, Sequence[bytes]]] = ()
    """ADD, DELETE or REPLACE; attribute as it came; values. An add has only ADD."""
    rdn: str = ""
    superior: str = ""
    controls: Mapping[str, bool] = field(default_factory=dict)
    """OID -> is it critical."""

    @property
    def values(self) -> int:
        """How many values it carries."""
        return sum(len(values) for _, _, values in self.changes)

    def members(self, operation: int) -> list[bytes]:
        """Member values as they came."""
        return [
            value
            for kind, name, values in self.changes
            if kind == operation and name.lower() == "member"
            for value in values
        ]


def request(tag: int, content: bytes, controls: bytes = b"") -> Write:
    """A change, from the content of its operation and its controls, in BER."""
    operation, given = OPERATIONS[tag], _controls(controls)
    if operation == "delete":
        return Write(operation, content.decode(), controls=given)
    (_, name), (_, second), *rest = ber.parts(content)
    if operation == "rename":
        superior = next((value.decode() for kind, value in rest if kind == 0x80), "")
        return Write(operation, name.decode(), rdn=second.decode(), superior=superior, controls=given)
    if operation == "add":
        added = [_attribute(part) for _, part in ber.parts(second)]
        return Write(operation, name.decode(), [(ADD, *one) for one in added], controls=given)
    changes = [ber.parts(part) for _, part in ber.parts(second)]
    return Write(
        operation, name.decode(), [(kind[0], *_attribute(one)) for (_, kind), (_, one) in changes], controls=given
    )


def _attribute(content: bytes) -> tuple[str, list[bytes]]:
    (_, name), (_, values) = ber.parts(content)
    return name.decode(), [value for _, value in ber.parts(values)]


def _controls(content: bytes) -> dict[str, bool]:
    fields = [ber.parts(control) for _, control in ber.parts(content)]
    return {one[0][1].decode(): (0x01, b"\xff") in one for one in fields}


@dataclass
class Writes:
    """The writing side of one controller."""

    replica: Replica
    max_values: int = 5000
    """More values in one modify are adminLimitExceeded."""
    before: Callable[[Write], Cut | None] | None = None
    asked: list[Write] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    """Result codes that were not 0."""
    sent: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)
    """(group, member) -> how often an addition of it arrived."""
    removed: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)
    needless: Counter[tuple[bytes, bytes]] = field(default_factory=Counter)
    """The same of what changed nothing: the member was there already, or was none."""

    def apply(self, write: Write, account: Account) -> tuple[int, str]:
        """Do it, or nothing of it: result code and text."""
        try:
            if any(critical and oid != PERMISSIVE for oid, critical in write.controls.items()):
                raise Refused(*limits.BAD_CRITICAL)
            rights = account.rights
            if rights is None:
                raise Refused(*limits.DENIED)
            getattr(self, f"_{write.operation}")(write, View(self.replica, account), rights)
        except Refused as refusal:
            self.refused[refusal.args[0]] += 1
            return refusal.args[0], refusal.args[1]
        return 0, ""

    def _add(self, write: Write, view: View, rights: Rights) -> None:
        dn, above = _split(write.name)
        parent = _found(view, above)
        given = {name: list(values) for _, name, values in write.changes}
        small = {name.lower(): values for name, values in given.items()}
        _allow(rights.create and all(rights.write(name) for name in small if name != "objectclass"))
        if view.find(write.name) is not None:
            raise Refused(*limits.DN_TAKEN)
        self._check_entry(dn, small)
        group = Object(b"", dn, parent.guid, {name: values for name, values in small.items() if name != "member"})
        members = [self._member(view, group, value) for value in small.get("member", ())]
        classes = [value.decode() for value in small["objectclass"]]
        rest = {name: values for name, values in given.items() if name.lower() not in ("objectclass", "cn", "member")}
        guid = self.replica.add(dn, parent.guid, *classes, **rest, **({"member": members} if members else {}))
        self.sent.update((guid, member) for member in members)

    def _check_entry(self, rdn: str, given: Mapping[str, Sequence[bytes]]) -> None:
        for name, values in given.items():
            limits.check_values(self.replica, name, *values)
        limits.check_values(self.replica, "cn", rdn.partition("=")[2].encode())
        needed = {
            "objectclass",
            *(("grouptype", "samaccountname") if b"group" in given.get("objectclass", ()) else ()),
        }
        if not needed <= given.keys():
            raise Refused(*limits.LACKS)
        if "cn" in given and names.fold(f"CN={given['cn'][0].decode()}") != names.fold(rdn):
            raise Refused(*limits.BAD_NAME)
        self._check_account(b"", given)

    def _check_account(self, guid: bytes, given: Mapping[str, Sequence[bytes]]) -> None:
        for account in given.get("samaccountname", ()):
            if any(held.guid != guid for held in self.replica.accounts(account)):
                raise Refused(*limits.ACCOUNT_TAKEN)

    def _modify(self, write: Write, view: View, rights: Rights) -> None:
        held = _found(view, write.name)
        _allow(all(rights.write(name.lower()) for _, name, _ in write.changes))
        change = _Change(held, PERMISSIVE in write.controls)
        for kind, spelled, values in write.changes:
            name = spelled.lower()
            limits.check_values(self.replica, name, *values)
            if name in ("cn", "name"):
                raise Refused(*limits.ON_RDN)
            if name == "member":
                self._members(change, view, kind, values)
            else:
                change.alter(kind, spelled, values)
        if write.values > self.max_values:
            raise Refused(*limits.TOO_MANY)
        self._check_account(held.guid, {name.lower(): values for name, values in change.values.items()})
        self.replica.modify(held.guid, change.values, change.links)

    def _members(self, change: "_Change", view: View, kind: int, values: Sequence[bytes]) -> None:
        if kind == REPLACE:
            change.links.update(dict.fromkeys(self.replica.targets(change.held, "member"), False))
        counted = self.removed if kind == DELETE else self.sent
        for value in values:
            guid = self._member(view, change.held if kind != DELETE else None, value)
            counted[change.held.guid, guid] += 1
            if not change.link(guid, present=kind != DELETE):
                self.needless[change.held.guid, guid] += 1

    def _member(self, view: View, group: Object | None, value: bytes) -> bytes:
        """:param group: that it is added to; None: it is removed."""
        try:
            member = view.find(value.decode())
        except ValueError:
            raise Refused(*limits.BAD_SYNTAX) from None
        if member is None or member.deleted:
            raise Refused(*limits.NO_MEMBER)
        if group is not None:
            limits.check_member(group, member)
        return member.guid

    def _delete(self, write: Write, view: View, rights: Rights) -> None:
        held = _found(view, write.name)
        _allow(rights.delete)
        limits.check_deleted(held, any(one.parent == held.guid for one in self.replica.objects.values()))
        self.replica.delete(held.guid)

    def _rename(self, write: Write, view: View, rights: Rights) -> None:
        held = _found(view, write.name)
        _allow(rights.rename)
        limits.check_values(self.replica, "cn", write.rdn.partition("=")[2].encode())
        above = _found(view, write.superior) if write.superior else self.replica.objects[held.parent]
        taken = view.find(f"{write.rdn},{view.dn(above)}")
        if taken is not None and taken is not held:
            raise Refused(*limits.DN_TAKEN)
        self.replica.rename(held.guid, names.canonical(write.rdn), above.guid)


@dataclass
class _Change:
    """What one modify makes of an entry, before it is done."""

    held: Object
    permissive: bool
    values: dict[str, Sequence[bytes]] = field(default_factory=dict)
    """By the attributes as they came."""
    links: dict[bytes, bool] = field(default_factory=dict)

    def link(self, guid: bytes, *, present: bool) -> bool:
        """:returns: whether it changes anything."""
        known = self.held.links.get("member", {}).get(guid)
        if self.links.get(guid, known is not None and known.present) is not present:
            self.links[guid] = present
            return True
        if not self.permissive:
            raise Refused(*(limits.IS_MEMBER if present else limits.IS_NO_MEMBER))
        return False

    def alter(self, kind: int, spelled: str, given: Sequence[bytes]) -> None:
        now = list(self.values.get(spelled, self.held.values.get(spelled.lower(), ())))
        if kind == REPLACE:
            now = list(given)
        elif kind == ADD:
            self._tell(limits.HAS_VALUE, any(value in now for value in given))
            now += [value for value in given if value not in now]
        else:
            self._tell(limits.NO_VALUE, not now or any(value not in now for value in given))
            now = [value for value in now if given and value not in given]
        if len(now) > 1 and spelled.lower() not in MANY:
            raise Refused(*limits.HAS_VALUE)
        self.values[spelled] = now

    def _tell(self, refusal: tuple[int, str], repeated: bool) -> None:
        if repeated and not self.permissive:
            raise Refused(*refusal)


def _split(dn: str) -> tuple[str, str]:
    """The first RDN and what it lies in."""
    whole = names.canonical(dn)
    above = names.parent(whole)
    return whole.removesuffix("," + above), above


def _found(view: View, name: str) -> Object:
    held = view.find(name)
    if held is None:
        raise Refused(*NO_OBJECT)
    return held


def _allow(allowed: bool) -> None:
    if not allowed:
        raise Refused(*limits.DENIED)
