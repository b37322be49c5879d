"""What Active Directory holds of the groups that are written to it: a look at one domain controller.

Every look asks for all groups of the naming context that bear a mark, without their members: so one that was moved is
found, wherever it is. Members are read of those alone whose uSNChanged rose since the last look at the same
controller, or that are new. That number rises with every value of a link that is written there (MS-ADTS 3.1.1.1.9).
It does not when a member is deleted; but the entry of the member tells that.

Absence is no proof. A group that was known and does not come is asked for by its GUID, then among what is deleted.
Where neither shows it, it is *hidden*: it may lie where this account sees nothing, and nothing is concluded. The next
look then begins where this one began, so that what changed meanwhile is read once it is seen again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from syncramp.directory import marks
from syncramp.directory.marks import Bearer
from syncramp.directory.schema import WRITTEN
from syncramp.errors import AccessDenied, SourceIncomplete
from syncramp.model.values import Value
from syncramp.model.written import LookCookie, Lost, Shown
from syncramp.source import canonical
from syncramp.source import dn as names
from syncramp.source.ldap import tombstones, usn
from syncramp.source.ldap.changing import named_by
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.messages import Control, Found
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import NoSuchEntry, Session

RECYCLED = Control("1.2.840.113556.1.4.2064")
"""LDAP_SERVER_SHOW_RECYCLED_OID, MS-ADTS 3.1.1.3.4.1.24: what is deleted, also if it cannot be brought back."""
_PLACE = ("objectGUID", "uSNCreated", "uSNChanged", "adminCount")
_MEMBER = 0x1F
"""member as ATTRTYP, 2.5.4.31 in the default prefix table (MS-DRSR 5.16.4)."""
_INTEGERS = frozenset({"grouptype"})
_LISTS = frozenset({"proxyaddresses"})
_TOLD = 3
"""So many groups are named in a note."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """Where a look ended: USNs count in one database of one controller."""

    invocation: str = ""
    """Its invocation id in hexadecimal; empty: it did not tell."""
    usn: int = -1
    """Everything up to it was seen."""

    def encoded(self) -> bytes:
        """As the store keeps it."""
        return json.dumps({"invocation": self.invocation, "usn": self.usn}).encode()

    def since(self, other: "Cookie") -> int:
        """After which USN groups changed since an earlier look; -1: all may have."""
        same = self.invocation and self.invocation == other.invocation and other.usn <= self.usn
        return other.usn if same else -1


def decode(stored: bytes | None) -> Cookie:
    """What ``encoded`` made; nothing was seen where it cannot be read."""
    try:
        told = json.loads(stored or b"{}")
        return Cookie(str(told["invocation"]), int(told["usn"]))
    except (ValueError, LookupError, TypeError):
        return Cookie()


@dataclass
class Look:
    """A look at the groups of one naming context; ``groups`` is to be called once."""

    session: Session
    """At an Active Directory domain controller."""
    partition: str
    """Canonical."""
    container: str
    """The canonical DN of the unit that groups are made in."""
    attributes: frozenset[str]
    """Those of the schema that groups can have, in small letters."""
    strangers: int = 0
    """Members that came without a GUID of this forest: principals of others."""
    spoilt: list[str] = field(default_factory=list)
    """Groups that are not taken, each with why, as sentences without a full stop."""
    _candidates: dict[bytes, Shown] = field(default_factory=dict)
    _bearers: dict[str, list[Bearer]] = field(default_factory=dict)
    _hidden: list[str] = field(default_factory=list)
    """Marks of groups of which nobody can tell what became of them."""

    def groups(self, cookie: bytes | None, known: Mapping[bytes, str]) -> Iterator[Shown | Lost | LookCookie]:
        """All groups with our mark, with the members of those that changed since a cookie; the cookie comes last.

        Groups that are lost come first: another one may have the mark by now.

        :param known: objectGUID -> anchor of groups that were there; each that is not there any more is told.
        :raises SyncrampError: the look broke off; what came before is true.
        """
        root = self.session.root()
        now = Cookie((root.invocation_id or b"").hex(), -1 if root.highest_usn is None else root.highest_usn)
        since = now.since(decode(cookie))
        with self._readable():
            self._enumerate()
            yield from list(self._missing(known, root))  # one that moved meanwhile is among the others then
            for shown in self._chosen(known):
                fresh = shown.changed > since or known.get(shown.guid) != shown.anchor
                yield from self._whole(shown, root, known) if fresh else (shown,)
        hidden = dict.fromkeys(self._hidden, self._how_to_see())
        yield LookCookie((decode(cookie) if hidden else now).encoded(), self.strangers, self.note, hidden)

    @property
    def note(self) -> str:
        """What a person should know of groups that were not taken, as one text; empty if there is nothing."""
        more = f"; and {len(self.spoilt) - _TOLD} more" if len(self.spoilt) > _TOLD else ""
        return "; ".join(self.spoilt[:_TOLD]) + more

    def _enumerate(self) -> None:
        parts = "".join(f"({name}=Group_*)" for name in self._marks)
        filter_ = f"(&(objectClass=group)(|{parts}))"
        for message in self.session.pages(self.partition, filter_, self._asked):
            if isinstance(message, Found):
                self._take(message)

    def _take(self, found: Found) -> None:
        """Remember a group that came, or why it is none of ours."""
        values = {name.lower(): given for name, given in found.values.items()}
        dn = names.canonical(canonical.text(found.dn))
        anchor, why = marks.mark_of(
            one.decode(errors="replace") for name in marks.NAMES for one in values.get(name, ())
        )
        if why:
            self.spoilt.append(f"{dn} is left alone: {why}")
        if not anchor:
            return
        shown = Shown(
            canonical.guid_of(values),
            anchor,
            dn,
            self._typed(values),
            None,
            _number(values, "usnchanged"),
            protected=_number(values, "admincount") > 0,
        )
        self._candidates[shown.guid] = shown
        inside, created = names.is_below(dn, self.container), _number(values, "usncreated")
        self._bearers.setdefault(anchor, []).append(Bearer(shown.guid, anchor, dn, inside, created))

    def _chosen(self, known: Mapping[bytes, str]) -> Iterator[Shown]:
        """One group for each mark."""
        had = {anchor: guid for guid, anchor in known.items()}
        for anchor, bearers in self._bearers.items():
            one = marks.chosen(bearers, had.get(anchor))
            for other in bearers:
                if other is not one:
                    self.spoilt.append(f"{other.dn} is left alone: {one.dn} has its mark, too")
            yield self._candidates[one.guid]

    def _whole(self, shown: Shown, root: Root, known: Mapping[bytes, str]) -> Iterator[Shown | Lost]:
        """A group with its members, or what became of it since it came."""
        try:
            targets = Entries(self.session, root, self.partition, frozenset()).members(shown.guid, shown.dn)
        except NoSuchEntry:
            if shown.guid in known:
                yield from self._gone(shown.guid, known[shown.guid], root)
            return
        self.strangers += len(targets.dns)
        legacy = shown.guid not in known and self._is_legacy(shown.guid)
        yield replace(shown, members=targets.guids, legacy=legacy)

    def _is_legacy(self, guid: bytes) -> bool:
        """Members from before the forest replicated values of links one by one are stamped as one attribute."""
        with suppress(NoSuchEntry, AccessDenied):
            found = self.session.entry(named_by(guid), [usn.METADATA])
            return any(usn.last_write(value, _MEMBER) for given in found.values.values() for value in given)
        return False

    def _missing(self, known: Mapping[bytes, str], root: Root) -> Iterator[Lost]:
        """Of each known group that did not come what became of it; one that moved meanwhile comes after all."""
        for guid, anchor in known.items():
            if guid in self._candidates:
                if self._candidates[guid].anchor != anchor:
                    yield Lost(anchor, deleted=False)
                continue
            try:
                self._take(self.session.entry(named_by(guid), self._asked))
            except NoSuchEntry:
                yield from self._gone(guid, anchor, root)
                continue
            if guid not in self._candidates or self._candidates[guid].anchor != anchor:
                yield Lost(anchor, deleted=False)

    def _gone(self, guid: bytes, anchor: str, root: Root) -> Iterator[Lost]:
        """A group that is not shown: it is lost if it is among what is deleted."""
        control = RECYCLED if RECYCLED.oid in root.controls else tombstones.SHOWN
        with suppress(NoSuchEntry, AccessDenied):
            if tombstones.is_one(self.session.entry(named_by(guid), ["isDeleted"], controls=[control])):
                yield Lost(anchor)
                return
        self._hidden.append(anchor)

    def _how_to_see(self) -> str:
        return (
            "it is neither shown to the account that writes nor among what was deleted: let the account read where it"
            f" was moved to, and list what is deleted: {tombstones.permitting(self.partition)}"
        )

    @property
    def _marks(self) -> list[str]:
        return [name for name in marks.ATTRIBUTES if name.lower() in self.attributes]

    @property
    def _asked(self) -> list[str]:
        return [*_PLACE, *self._written]

    @property
    def _written(self) -> list[str]:
        return [name for name in WRITTEN if name.lower() in self.attributes]

    def _typed(self, values: Mapping[str, Sequence[bytes]]) -> dict[str, Value]:
        return {name: typed(name, given) for name in self._written if (given := values.get(name.lower()))}

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """:raises SourceIncomplete: a DN that is none."""
        try:
            yield
        except names.DnError as error:
            raise SourceIncomplete(
                f"a DN cannot be read: {error}",
                where=self.session.server,
                remedy="correct the value in the directory",
            ) from error


def typed(name: str, values: Sequence[bytes]) -> Value:
    """The values of an attribute of a group as the payload has them: a number, a boolean, a sorted list or a text.

    :param values: at least one.
    """
    small = name.lower()
    texts = [value.decode(errors="replace") for value in values]
    if small in _LISTS:
        return tuple(sorted(texts, key=str.encode))
    if small in canonical.BOOLEANS:
        return texts[0].upper() == "TRUE"
    if small in _INTEGERS and texts[0].removeprefix("-").isdecimal():
        return int(texts[0])
    return texts[0]


def _number(values: Mapping[str, Sequence[bytes]], name: str) -> int:
    """A number of the directory; 0 where it has none."""
    given = values.get(name, ())
    return int(given[0]) if given and given[0].isdigit() else 0
