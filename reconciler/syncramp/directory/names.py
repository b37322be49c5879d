"""Names that are taken: who has them, and what a group is called instead.

A sAMAccountName is unique in a domain, a CN in its unit. Whoever has the name of a group is looked at: if it bears
the mark of the group, it is that, made by a request whose answer was lost. Else the group takes the name that is made
of its object id, and then that with a number; a person is told, since nobody renames it back later.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from syncramp.directory.requests import Requests

MARKS = ("adminDescription", "msDS-ExternalDirectoryObjectId")
"""Attributes that the mark of a group stands in."""
CN, ACCOUNT = "cn", "sAMAccountName"
_NUMBERS = range(2, 10)
"""Behind the mark where that is taken, too."""
_ESCAPED = set('\\,+"<>;=')


@dataclass
class Name:
    """What a group may be called in one attribute, the wanted name first."""

    attribute: str
    wanted: str
    mark: str
    """``Group_<object id>`` as it is written."""
    now: str = field(init=False)
    taken: str = ""
    """Why it is not the wanted one, as a clause."""

    def __post_init__(self) -> None:
        self._others = candidates(self.wanted, self.mark)
        self.now = next(self._others)

    def give_way(self, holder: str) -> bool:
        """Go on to the next name.

        :param holder: DN of who has the present one.
        :returns: False: there is none left.
        """
        following = next(self._others, None)
        if following is None:
            return False
        self.taken = self.taken or f"{holder} has the {self.attribute} {self.wanted}"
        self.now = following
        return True

    @property
    def told(self) -> str:
        """What a person should know, as a clause; empty where it has the wanted name."""
        return f"its {self.attribute} is {self.now}, since {self.taken}" if self.taken else ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name."""

    guid: bytes
    dn: str
    mark: str
    """In small letters; empty where it bears none."""


def candidates(wanted: str, mark: str) -> Iterator[str]:
    """The wanted name, the mark, and the mark with a number."""
    yield wanted
    if wanted.lower() != mark.lower():
        yield mark
    yield from (f"{mark}-{number}" for number in _NUMBERS)


def holder_of(requests: Requests, name: Name, container: str) -> Holder | None:
    """Who has a name at the pinned controller; None: nobody who is shown.

    :raises SyncrampError: it does not answer.
    """
    asked = ["objectGUID", *MARKS]
    if name.attribute == CN:
        return _holder(requests.entry(f"{rdn(name.now)},{container}", asked))
    return _holder(requests.first(f"(sAMAccountName={_in_filter(name.now)})", asked))


def rdn(cn: str) -> str:
    """``CN=`` with the value escaped (RFC 4514 2.4)."""
    first, last = cn[:1] in ("#", " "), len(cn) > 1 and cn.endswith(" ")
    escaped = "".join(_escaped(letter) for letter in (cn[:-1] if last else cn))
    return "".join(("CN=", "\\" if first else "", escaped, "\\ " if last else ""))


def mark_of(values: Mapping[str, Sequence[bytes]]) -> str:
    """The mark that an entry bears, in small letters; empty where it bears none, or two that differ."""
    found = {value.decode(errors="replace").lower() for name in MARKS for value in values.get(name.lower(), ())}
    return found.pop() if len(found) == 1 else ""


def _escaped(letter: str) -> str:
    if letter in _ESCAPED:
        return f"\\{letter}"
    return f"\\{ord(letter):02X}" if letter < " " or letter == "\x7f" else letter


def _holder(values: Mapping[str, Sequence[bytes]] | None) -> Holder | None:
    if values is None:
        return None
    guid = next(iter(values.get("objectguid", ())), b"")
    return Holder(guid, values["dn"][0].decode(errors="replace"), mark_of(values))


def _in_filter(text: str) -> str:
    """RFC 4515 3, every byte escaped."""
    return "".join(f"\\{byte:02x}" for byte in text.encode())
