"""Plain users: their packed entries become packed objects by columns, with one step for a value of many of them.

Nearly every user has texts with which nothing is wrong, one value of each attribute, and lies in a scope that asks
for no more than that. For those all that the rules do is to give names others. So some users at a time are unpacked,
their values are looked at and copied by columns (``plain_columns``). What came of it is byte for byte what the rules
make (``Ruleset.decide``, ``validated``); whoever is anything else is judged by them.

Which attributes users have is learned from those that were judged by the rules.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from syncramp.model.facts import Entry
from syncramp.model.packing import text_heads, unpack_all
from syncramp.model.uniques import marks_of_addresses
from syncramp.model.values import Kind
from syncramp.rules.anchors import CONSISTENCY_GUID, AnchorRule
from syncramp.rules.mapping import domain_of
from syncramp.rules.plain_columns import DN_HEADS, NEEDED, Columns, Layout, Stays
from syncramp.rules.plain_forms import Form, form_of
from syncramp.rules.scope import ScopeTest

ENOUGH = 100
"""Users that were judged by the rules before it is looked what they have."""
TIMES = 6
"""How often that is done; attributes that are seen later than that are rare."""
AT_ONCE = 100
"""Users who are unpacked at once: few enough for the caches of a processor, so many that a column is cheap."""
_DOMAIN_HEADS = text_heads("dnsDomainName")
_EMPTY = b"\x91\xc4\0"
"""One value that is empty, as it is packed: what that says the rules know."""
_REMEMBERED = 10_000
"""Containers of users."""

User = tuple[bytes, str, bytes]
"""Somebody who may be a plain user: GUID, canonical DN, and attributes as they are packed."""


class Made(NamedTuple):
    """A plain user as an object."""

    anchor: str
    packed: bytes
    """Its attributes."""
    marks: Collection[int]
    """Of its unique values."""
    references: Sequence[tuple[str, int]]
    """Names on the wire, with ids."""


class PlainUsers:
    """The plain users of one source.

    :param scopes: where they are looked for.
    :param verified: domains of the tenant in small letters; empty: not known, and none is asked for.
    """

    def __init__(self, scopes: Sequence[ScopeTest], anchor: AnchorRule, verified: frozenset[str]) -> None:
        self._scopes = [scope for scope in scopes if scope.takes_all(Kind.USER)]
        self._anchor = anchor
        self._verified = frozenset(name.encode() for name in verified)
        self._forms: dict[str, Form] = {}
        self._layout: Layout | None = None
        self._left = TIMES if self._scopes and anchor.by_guid else 0
        self._domains: dict[str, bytes | None] = {}
        """What users lie in, with its domain as it is packed; None where no scope holds it."""
        self._all = not any(scope.place.excluded for scope in self._scopes)
        """What lies in something that a scope holds is held, too."""

    def learn(self, entries: Sequence[Entry]) -> None:
        """Take in what users have who were no plain ones."""
        if self._left and len(entries) >= ENOUGH:
            self._left -= 1
            names = {name for entry in entries for name in entry.attributes} - self._forms.keys()
            news = {name: form for name in sorted(names) if (form := form_of(name))}
            self._forms.update(news)
            if news and self._forms.keys() >= set(NEEDED):
                self._layout = Layout(self._forms)

    def named(self, packed: bytes) -> list[bytes]:
        """The DNs that somebody names, if it is a plain user; nobody looks whether they are some.

        :param packed: its attributes.
        """
        found = []
        for key in self._layout.references if self._layout else ():
            if 0 < (at := packed.find(key)) < len(packed) - len(key):  # a value may look like that, and end so
                at += len(key) + 1
                found.append(packed[at : at + packed[at - 1]])
        return found

    def made(self, users: Sequence[User], stays: Stays) -> list[Made | None]:
        """The objects of users, in their order; None for who is no plain one.

        :param stays: those of the DNs that they name.
        """
        if self._layout is None:
            return [None] * len(users)
        found: list[Made | None] = []
        for start in range(0, len(users), AT_ONCE):
            found += self._made(self._layout, users[start : start + AT_ONCE], stays)
        return found

    def _made(self, layout: Layout, users: Sequence[User], stays: Stays) -> list[Made | None]:
        opened = unpack_all([packed for _, _, packed in users])
        names = [name.encode() for _, name, _ in users]
        domains = [self._domain(name) for _, name, _ in users]
        places = [
            place
            for place, (_, _, packed) in enumerate(users)
            if domains[place] is not None
            and len(names[place]) < len(DN_HEADS)
            and _EMPTY not in packed
            and layout.knows(opened[place])
        ]
        columns = Columns(layout, places, [opened[place] for place in places])
        columns.judge(stays)
        if self._verified:
            columns.drop(self._of_others(columns))
        found: list[Made | None] = [None] * len(users)
        places = columns.places
        whole = columns.packed([names[place] for place in places], [domains[place] or b"" for place in places])
        guids = columns.values[CONSISTENCY_GUID]
        anchors = [self._anchor.of_guids(own, users[place][0]) for place, own in zip(places, guids, strict=True)]
        marks = map(marks_of_addresses, columns.unique())
        for place, *made in zip(places, anchors, whole, marks, columns.references(stays), strict=True):
            found[place] = Made._make(made)
        return found

    def _domain(self, name: str) -> bytes | None:
        """The domain of a DN, as it is packed; None: the DN is to be looked at, or no scope holds it."""
        above = name[name.find(",", name.rfind("\\") + 2) :]  # what was escaped last is not looked at
        if above not in self._domains:
            if len(self._domains) > _REMEMBERED:
                self._domains.clear()
            self._domains[above] = self._looked_up(above[1:]) if above[:1] == "," else None
        own = name[: -len(above)]
        if "\\0" in name or ",DC=" in f",{own}" or not (self._all or self._holds(name)):
            return None  # a part of its domain may stand before what it lies in
        return self._domains[above]

    def _looked_up(self, name: str) -> bytes | None:
        domain = domain_of(name).encode()
        return _DOMAIN_HEADS[len(domain)] + domain if len(domain) < len(_DOMAIN_HEADS) and self._holds(name) else None

    def _holds(self, name: str) -> bool:
        return any(scope.holds_name(name) for scope in self._scopes)

    def _of_others(self, columns: Columns) -> set[int]:
        """Where somebody has a name or an address whose domain is not verified."""
        several = zip(columns.values["userprincipalname"], columns.listed, strict=True)
        return {
            place
            for place, (name, listed) in enumerate(several)
            if not self._verified.issuperset([each.rpartition(b"@")[2].lower() for each in (name, *listed)])
        }
