"""Plain users: their packed entries become packed objects in one step, without a Python object for each value.

Nearly every user has texts with which nothing is wrong, one value of each attribute, and lies in a scope that asks
for no more than that. For those all that the rules do is to give names others, so one regular expression looks at the
whole entry (``plain_forms``), and its values are copied. What came of it is byte for byte what the rules make
(``Ruleset.decide``, ``validated``); whoever is anything else is judged by them.

Which attributes users have is learned from those that were judged by the rules.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import add, getitem, itemgetter, lt
from typing import NamedTuple

from syncramp.model.facts import Entry
from syncramp.model.packing import map_head, packed_value, text_heads
from syncramp.model.uniques import PRIMARY, marks_of_addresses
from syncramp.model.values import Kind
from syncramp.rules.anchors import CONSISTENCY_GUID, AnchorRule
from syncramp.rules.flows import MAIL_ENABLED
from syncramp.rules.mapping import domain_of
from syncramp.rules.plain_forms import PROXIES, Form, expression, form_of
from syncramp.rules.scope import ScopeTest

ENOUGH = 100
"""Users that were judged by the rules before it is looked what they have: to make the expression takes as long."""
TIMES = 6
"""How often that is done; attributes that are seen later than that are rare."""
_NEEDED = ("useraccountcontrol", "displayname", "samaccountname", "userprincipalname")
"""Whoever lacks one of these gets something else in its place."""
_PRIMARY = PRIMARY.encode()
_DN_HEADS = text_heads("onPremisesDistinguishedName")
_DOMAIN_HEADS = text_heads("dnsDomainName")
_TEXT_HEADS = tuple(head[1:] for head in text_heads(""))
_PROXY_HEADS = tuple(packed_value("proxyAddresses") + bytes((0x90 | size,)) for size in range(16))
_BYTES = b"\xc4"
"""Before each address of a list, in front of its length."""
_REMEMBERED = 10_000
"""Containers of users."""

Stays = Mapping[bytes, tuple[bytes, int]]
"""Who is or will be in the cloud: canonical DN -> anchor and id."""


_Read = tuple[Sequence[bytes], bytes, Sequence[bytes]]
"""The values of a user, empty where there is none; how long each is; and the addresses."""


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
        self._layout: _Layout | None = None
        self._left = TIMES if self._scopes and anchor.by_guid else 0
        self._domains: dict[str, bytes | None] = {}
        """What users lie in, with its domain as it is packed; None where no scope holds it."""
        self._all = not any(scope.place.excluded for scope in self._scopes)
        """What lies in something that a scope holds is held, too."""

    def learn(self, entries: Sequence[Entry]) -> None:
        """Take in what users have who were no plain ones."""
        if self._left and len(entries) >= ENOUGH:
            self._left -= 1
            news = {name: form_of(name, sample) for name, sample in _samples(entries, self._forms)}
            self._forms.update({name: form for name, form in news.items() if form})
            if any(news.values()) and self._forms.keys() >= set(_NEEDED):
                self._layout = _Layout(self._forms)

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

    def made(self, guid: bytes, name: str, packed: bytes, stays: Stays) -> Made | None:
        """The object of a user; None if it is no plain one.

        :param name: its canonical DN.
        :param packed: its attributes.
        :param stays: those of the DNs that it names.
        """
        layout = self._layout
        if layout is None or (read := layout.read(packed)) is None:
            return None
        values, sizes, addresses = read
        domain, dn = self._domain(name), name.encode()
        if domain is None or len(dn) >= len(_DN_HEADS) or (self._verified and not self._of_tenant(layout, read)):
            return None
        pieces = [_DN_HEADS[len(dn)] + dn, domain, _packed_addresses(addresses) if addresses else b""]
        references: list[tuple[str, int]] = []
        if not layout.put(pieces, values, sizes, stays, references):
            return None
        whole = map_head(len(pieces) - pieces.count(b"")) + b"".join(layout.in_order(pieces))
        unique = {*layout.claimed(values), *[address[len(_PRIMARY) :] for address in addresses]}
        anchor = self._anchor.of_guids(layout.consistency_guid(values), guid)
        return Made(anchor, whole, marks_of_addresses(unique), references)

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

    def _of_tenant(self, layout: "_Layout", read: _Read) -> bool:
        """The domains of its name and of its addresses are verified."""
        values, _, addresses = read
        several = (layout.claimed(values)[0], *addresses)
        return self._verified.issuperset(address.rpartition(b"@")[2].lower() for address in several)


class _Layout:
    """Where the values of a plain user stand in a match, and where they go.

    They are taken in this order: those that are copied, DNs, those of which something else is made, and the others.
    """

    def __init__(self, forms: Mapping[str, Form]) -> None:
        known = [forms[name] for name in sorted(forms)]
        self._match = expression(tuple(known)).match
        groups = {form.name: 2 * place for place, form in enumerate(known)}
        self._proxies = groups[PROXIES] + 1 if PROXIES in groups else 0
        single = sorted((form for form in known if form.name != PROXIES), key=_rank)
        self._lengths = itemgetter(*(groups[form.name] for form in single))
        self._values = itemgetter(*(groups[form.name] + 1 for form in single))
        self._heads = [form.heads for form in single if form.heads and not form.refers]
        referring = [form for form in single if form.refers]
        self.references = [packed_value(form.name) + b"\x91\xc4" for form in referring]
        """What stands before a DN and its length."""
        self._referring = [(form.wire, form.heads) for form in referring]
        self._dns = slice(len(self._heads), len(self._heads) + len(referring))
        self._makers = [form.made for form in single if form.made]
        self._made_of = slice(self._dns.stop, self._dns.stop + len(self._makers))
        wires = ["onPremisesDistinguishedName", "dnsDomainName", "proxyAddresses"]
        wires += [form.wire for form in single[: self._made_of.stop]]
        self.in_order = itemgetter(*sorted(range(len(wires)), key=wires.__getitem__))
        """Pieces as they are packed."""
        places = {form.name: place for place, form in enumerate(single)}
        self._needed = itemgetter(*map(places.__getitem__, _NEEDED))
        self._alias = places.get(MAIL_ENABLED)
        self._of_mail = [places[form.name] for form in single if form.needs_mail]
        name = places["userprincipalname"]
        self.claimed = itemgetter(name, places.get("mail", name))
        """Of the values the user principal name, and the address."""
        self._consistency_guid = places.get(CONSISTENCY_GUID)

    def read(self, packed: bytes) -> _Read | None:
        """What an entry has, if all of it is as it is expected."""
        if (found := self._match(packed)) is None or found.end() != len(packed):
            return None
        groups = found.groups(b"")
        values = self._values(groups)
        sizes = bytes(map(len, values))
        if b"".join(self._lengths(groups)) != sizes.replace(b"\0", b"") or not self._complete(values):
            return None
        listed = groups[self._proxies] if self._proxies else b""
        addresses = _addresses(listed) if listed else ()
        return None if addresses is None else (values, sizes, addresses)

    def _complete(self, values: Sequence[bytes]) -> bool:
        """Nothing stands in for what is not there, and all that is there flows."""
        if b"" in self._needed(values):
            return False
        known = not self._of_mail or (self._alias is not None and values[self._alias])
        return bool(known) or not any(values[place] for place in self._of_mail)

    def consistency_guid(self, values: Sequence[bytes]) -> bytes:
        """Its mS-DS-ConsistencyGuid; empty where there is none."""
        return b"" if self._consistency_guid is None else values[self._consistency_guid]

    def put(
        self,
        pieces: list[bytes],
        values: Sequence[bytes],
        sizes: bytes,
        stays: Stays,
        references: list[tuple[str, int]],
    ) -> bool:
        """Add attributes with their names, packed, and references; an attribute that is not there is empty.

        :returns: False: they are no plain ones.
        """
        pieces += map(add, map(getitem, self._heads, sizes), values)
        try:
            for (wire, heads), value in zip(self._referring, values[self._dns], strict=True):
                if value:
                    anchor, identity = stays[value]
                    references.append((wire, identity))
                    value = heads[len(anchor)] + anchor
                pieces.append(value)
            for maker, value in zip(self._makers, values[self._made_of], strict=True):
                pieces.append(maker(value) if value else value)
        except (ValueError, OverflowError, LookupError):
            return False
        return True


def _rank(form: Form) -> int:
    if form.heads:
        return int(form.refers)
    return 2 if form.made else 3


def _addresses(packed: bytes) -> list[bytes] | None:
    """The values of a list of addresses; None where the rules would put them into another order."""
    parts = packed.split(_BYTES)
    del parts[0]
    found = [part[1:] for part in parts if part[0] == len(part) - 1]
    if len(found) < len(parts) or packed.count(_PRIMARY) > 1:
        return None
    return found if len(found) == 1 or all(map(lt, found, found[1:])) else None


def _packed_addresses(addresses: Sequence[bytes]) -> bytes:
    texts = b"".join([_TEXT_HEADS[len(address)] + address for address in addresses])
    return _PROXY_HEADS[len(addresses)] + texts


def _samples(entries: Iterable[Entry], known: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """A value of each attribute that is not known yet; of bytes, one that is as long as most of them."""
    values: dict[str, list[bytes]] = {}
    for entry in entries:
        for name, raw in entry.attributes.items():
            if name not in known and (len(raw) == 1 or name == PROXIES):
                values.setdefault(name, []).extend(raw)
    for name, several in values.items():
        most = Counter(map(len, several)).most_common(1)[0][0]
        alike = [value for value in several if len(value) == most]
        yield name, next((value for value in alike if not value.isascii()), alike[0])
