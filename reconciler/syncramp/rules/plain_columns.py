"""The attributes of many plain users at once: what each of them has, by columns, and what is packed of it.

An attribute is a column with a value of each user, empty where there is none. So each step is one call for all of
them. Somebody who is no plain user is taken out of all columns, by the place that they have in common.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress, repeat

from syncramp.model.packing import map_head, packed_value, text_heads
from syncramp.model.uniques import PRIMARY
from syncramp.rules.anchors import CONSISTENCY_GUID
from syncramp.rules.flows import MAIL_ENABLED
from syncramp.rules.plain_forms import MOST_PROXIES, PROXIES, Form, pieces, wrong_proxies

Stays = Mapping[bytes, tuple[bytes, int]]
"""Who is or will be in the cloud: canonical DN -> anchor and id."""

NEEDED = ("useraccountcontrol", "displayname", "samaccountname", "userprincipalname")
"""Whoever lacks one of these gets something else in its place."""
DN_HEADS = text_heads("onPremisesDistinguishedName")
_DN, _DOMAIN, _PROXIES = "onPremisesDistinguishedName", "dnsDomainName", "proxyAddresses"
_TEXT_HEADS = tuple(head[1:] for head in text_heads(""))
_PROXY_HEADS = tuple(packed_value(_PROXIES) + bytes((0x90 | size,)) for size in range(MOST_PROXIES + 1))
_MAP_HEADS = tuple(map(map_head, range(256)))
_KIND = len(PRIMARY)
_NONE = (b"",)
"""Stands for an attribute that somebody does not have."""


class Layout:
    """Which columns there are, and in which order they are packed.

    :param forms: by the names of attributes; all that are needed are among them.
    """

    def __init__(self, forms: Mapping[str, Form]) -> None:
        self.knows = frozenset(forms).issuperset
        """Tells whether all of some attributes have forms."""
        flowing = [form for form in forms.values() if form.wire and form.name != PROXIES]
        self.names = sorted({*(form.name for form in flowing), CONSISTENCY_GUID, "mail", MAIL_ENABLED})
        self.copied = {form.wire: form for form in flowing if form.heads and not form.refers}
        self.referring = [form for form in flowing if form.refers]
        self.made = [form for form in flowing if form.made]
        self.asked = [(form.name, form.wrong) for form in flowing if form.wrong]
        self.of_mail = [form.name for form in flowing if form.needs_mail]
        self.apart = [form.name for form in forms.values() if not form.wire or form.name == PROXIES]
        """Attributes that flow nowhere, and the list."""
        self.references = [packed_value(form.name) + b"\x91\xc4" for form in self.referring]
        """What stands before a DN and its length."""
        self.wires = sorted([*(form.wire for form in flowing), _DN, _DOMAIN, _PROXIES])


class Columns:
    """The columns of some users.

    :param places: where each stands among those who are looked at.
    :param users: their attributes; the layout knows all of them.
    """

    def __init__(self, layout: Layout, places: list[int], users: Sequence[Mapping[str, tuple[bytes, ...]]]) -> None:
        self._layout = layout
        self.places = places
        self.listed = [one.get(PROXIES, ()) for one in users]
        """Their addresses."""
        self._counts = [len(one) - sum(map(one.__contains__, layout.apart)) for one in users]
        self._pieces: dict[str, list[bytes]] = {}
        self.values: dict[str, list[bytes]] = {name: [] for name in layout.names}
        wrong: set[int] = set()
        several = zip(*[map(one.get, layout.names, repeat(_NONE)) for one in users], strict=True)
        for name, column in zip(layout.names, several, strict=False):  # of nobody there are no columns
            try:
                self.values[name] = [value for (value,) in column]
            except ValueError:
                self.values[name] = [values[0] if values else b"" for values in column]
                wrong.update(place for place, values in enumerate(column) if len(values) != 1)
        self.drop(wrong)

    def drop(self, wrong: Collection[int]) -> None:
        """Leave some to the rules.

        :param wrong: where they stand in the columns.
        """
        if wrong:
            keep = [place not in wrong for place in range(len(self.places))]
            self.places, self._counts = list(compress(self.places, keep)), list(compress(self._counts, keep))
            self.listed = list(compress(self.listed, keep))
            self.values = {name: list(compress(column, keep)) for name, column in self.values.items()}
            self._pieces = {wire: list(compress(column, keep)) for wire, column in self._pieces.items()}

    def judge(self, stays: Stays) -> None:
        """Leave to the rules whoever is no plain user, and make what is not copied.

        :param stays: those of the DNs that they name.
        """
        wrong = wrong_proxies(self.listed)
        if self.places:
            for name, found in self._layout.asked:
                wrong.update(found(self.values[name]))
        for name in NEEDED:
            wrong.update(_empty(self.values[name]))
        if self._layout.of_mail:
            unknown = _empty(self.values[MAIL_ENABLED])
            wrong.update(place for place in unknown if any(self.values[name][place] for name in self._layout.of_mail))
        for form in self._layout.made:
            wrong.update(self._make(form, pieces(form.made, self.values[form.name])))  # type: ignore[arg-type]
        for form in self._layout.referring:
            wrong.update(self._make(form, _anchors(form, self.values[form.name], stays)))
        self.drop(wrong)

    def _make(self, form: Form, made: list[bytes | None]) -> Iterable[int]:
        self._pieces[form.wire] = made  # type: ignore[assignment]
        return [place for place, piece in enumerate(made) if piece is None] if None in made else ()

    def packed(self, names: Sequence[bytes], domains: Sequence[bytes]) -> list[bytes]:
        """What each should have in the cloud.

        :param names: their DNs.
        :param domains: theirs, as they are packed.
        """
        self._pieces[_DOMAIN] = list(domains)
        self._pieces[_PROXIES] = list(map(_packed_addresses, self.listed))
        parts = [part for wire in self._layout.wires for part in self._part(wire, names)]
        return list(map(b"".join, zip(map(_MAP_HEADS.__getitem__, self._sizes()), *parts, strict=True)))

    def _part(self, wire: str, names: Sequence[bytes]) -> Iterator[Iterable[bytes]]:
        heads, column = DN_HEADS, names
        if wire in self._pieces:
            yield self._pieces[wire]
            return
        if wire != _DN:
            form = self._layout.copied[wire]
            heads, column = form.heads, self.values[form.name]
        yield map(heads.__getitem__, map(len, column))
        yield column

    def _sizes(self) -> list[int]:
        """How many names each has: of its DN, of its domain if it has one, and of what it has in the directory."""
        counts = [
            count + 1 + bool(domain) + bool(listed)
            for count, domain, listed in zip(self._counts, self._pieces[_DOMAIN], self.listed, strict=True)
        ]
        for form in self._layout.made:
            column, made = self.values[form.name], self._pieces[form.wire]
            if column.count(b"") != made.count(b""):  # some say nothing, as a time of 0
                counts = [
                    count - bool(value and not piece)
                    for count, value, piece in zip(counts, column, made, strict=True)
                ]
        return counts

    def references(self, stays: Stays) -> list[list[tuple[str, int]]]:
        """Names on the wire of those whom each names, with their ids."""
        found: list[list[tuple[str, int]]] = [[] for _ in self.places]
        for form in self._layout.referring:
            for references, name in zip(found, self.values[form.name], strict=True):
                if name:
                    references.append((form.wire, stays[name][1]))
        return found

    def unique(self) -> Iterator[set[bytes]]:
        """The names and addresses of each, without the kinds of addresses."""
        for name, mail, listed in zip(
            self.values["userprincipalname"], self.values["mail"], self.listed, strict=True
        ):
            yield {name, mail, *[address[_KIND:] for address in listed]}


def _empty(column: Sequence[bytes]) -> Sequence[int]:
    return [place for place, value in enumerate(column) if not value] if b"" in column else ()


def _anchors(form: Form, column: Sequence[bytes], stays: Stays) -> list[bytes | None]:
    """Anchors of those who are named, with the name on the wire; None for somebody who does not stay."""
    made: dict[bytes, bytes | None] = {b"": b""}
    for name in ({*column} & stays.keys()) - made.keys():
        anchor, _ = stays[name]
        made[name] = form.heads[len(anchor)] + anchor if len(anchor) < len(form.heads) else None
    return list(map(made.get, column))


def _packed_addresses(addresses: Sequence[bytes]) -> bytes:
    if not addresses:
        return b""
    texts = b"".join([_TEXT_HEADS[len(address)] + address for address in addresses])
    return _PROXY_HEADS[len(addresses)] + texts
