r"""The parts of an LDAP filter, and how each is judged on the attributes of an entry.

Judgement has three values (RFC 4511 4.5.1.7): true, false, and undefined (None) where a comparison makes no sense
(``userAccountControl>=x``); undefined stays undefined under ``!``, so it never lets an entry in. An absent attribute
makes a comparison false, as Active Directory and slapd have it, so ``(!(department=Sales))`` lets those without a
department in. Values are compared in their canonical form and text without case, so ``(objectSid=S-1-5-21-1)`` and
``(manager=cn=A, dc=test)`` mean what they say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from syncramp.source import canonical
from syncramp.source import dn as names

Attributes = Mapping[str, tuple[bytes, ...]]

_INTEGER = re.compile(rb"-?[0-9]{1,19}")
_BINARY = canonical.GUIDS | canonical.SIDS
_CATEGORY = "objectcategory"
_PERSONS = frozenset({b"user", b"contact", b"inetorgperson", b"organizationalperson"})


class Filter:
    """A parsed filter; ``str`` prints it as RFC 4515 writes it."""

    def matches(self, entry_attributes: Attributes) -> bool:
        """Is the filter true of an entry with these attributes (lower-case names, canonical values)?"""
        return self.judge(entry_attributes) is True

    def judge(self, entry_attributes: Attributes) -> bool | None:
        """True, false, or None where the filter is undefined."""
        raise NotImplementedError

    @property
    def attributes(self) -> frozenset[str]:
        """The lower-case names of the attributes it looks at."""
        raise NotImplementedError


@dataclass(frozen=True)
class And(Filter):
    """True if all parts are; false as soon as one is."""

    parts: tuple[Filter, ...]

    def judge(self, entry_attributes: Attributes) -> bool | None:
        verdicts = {part.judge(entry_attributes) for part in self.parts}
        return False if False in verdicts else None if None in verdicts else True

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset().union(*(part.attributes for part in self.parts))

    def __str__(self) -> str:
        return f"(&{''.join(map(str, self.parts))})"


@dataclass(frozen=True)
class Or(Filter):
    """True as soon as one part is; false if all are."""

    parts: tuple[Filter, ...]

    def judge(self, entry_attributes: Attributes) -> bool | None:
        verdicts = {part.judge(entry_attributes) for part in self.parts}
        return True if True in verdicts else None if None in verdicts else False

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset().union(*(part.attributes for part in self.parts))

    def __str__(self) -> str:
        return f"(|{''.join(map(str, self.parts))})"


@dataclass(frozen=True)
class Not(Filter):
    """True if its part is false."""

    part: Filter

    def judge(self, entry_attributes: Attributes) -> bool | None:
        verdict = self.part.judge(entry_attributes)
        return None if verdict is None else not verdict

    @property
    def attributes(self) -> frozenset[str]:
        return self.part.attributes

    def __str__(self) -> str:
        return f"(!{self.part})"


@dataclass(frozen=True)
class Item(Filter):
    """A comparison of the values of one attribute."""

    attribute: str
    """As written; compared without case."""

    @cached_property
    def name(self) -> str:
        """Lower case."""
        return self.attribute.lower()

    @property
    def attributes(self) -> frozenset[str]:
        return frozenset({self.name})


@dataclass(frozen=True)
class Present(Item):
    """The attribute has a value."""

    def judge(self, entry_attributes: Attributes) -> bool | None:
        return bool(entry_attributes.get(self.name))

    def __str__(self) -> str:
        return f"({self.attribute}=*)"


class Operator(StrEnum):
    """How a value is compared; approximately is equally, as RFC 4511 allows."""

    EQUAL = "="
    APPROXIMATE = "~="
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True)
class Comparison(Item):
    """One of the values is equal to, at least or at most the asserted one."""

    operator: Operator
    value: bytes

    def judge(self, entry_attributes: Attributes) -> bool | None:
        values = entry_attributes.get(self.name, ())
        if self.operator in (Operator.EQUAL, Operator.APPROXIMATE):
            if self.asserted is None:
                return None
            return any(_comparable(self.name, value) == self.asserted for value in values)
        verdicts = {self._ordered(value) for value in values}
        return True if True in verdicts else None if None in verdicts else False

    @cached_property
    def asserted(self) -> bytes | None:
        if self.name == _CATEGORY and b"=" not in self.value:
            return _class_category(self.value)
        try:
            return _comparable(self.name, canonical.rewrite(self.name, (self.value,))[0])
        except names.DnError:
            return None

    def _ordered(self, value: bytes) -> bool | None:
        numbers = integer(value), integer(self.value)
        if numbers[0] is not None and numbers[1] is not None:
            return numbers[0] >= numbers[1] if self.operator is Operator.AT_LEAST else numbers[0] <= numbers[1]
        if numbers != (None, None) or self.asserted is None:
            return None
        compared = _comparable(self.name, value)
        return compared >= self.asserted if self.operator is Operator.AT_LEAST else compared <= self.asserted

    def __str__(self) -> str:
        return f"({self.attribute}{self.operator}{_escaped(self.value)})"


@dataclass(frozen=True)
class Substrings(Item):
    """One of the values holds the parts in this order, the first at its start and the last at its end."""

    parts: tuple[bytes, ...]
    """Two at least; empty ones at both ends where the pattern is open."""

    def judge(self, entry_attributes: Attributes) -> bool | None:
        values = entry_attributes.get(self.name, ())
        return any(self._pattern.fullmatch(_comparable(self.name, value)) for value in values)

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        parts = [re.escape(_comparable(self.name, part)) for part in self.parts]
        middle = b"".join(b"(?>.*?" + part + b")" for part in parts[1:-1])
        return re.compile(parts[0] + middle + b".*" + parts[-1], re.DOTALL)

    def __str__(self) -> str:
        return f"({self.attribute}={'*'.join(map(_escaped, self.parts))})"


class BitRule(StrEnum):
    """The matching rules on bits."""

    ALL = "1.2.840.113556.1.4.803"
    ANY = "1.2.840.113556.1.4.804"


@dataclass(frozen=True)
class Bits(Item):
    """One of the values has all (or any) of the bits."""

    rule: BitRule
    bits: int

    def judge(self, entry_attributes: Attributes) -> bool | None:
        verdicts = {self._holds(value) for value in entry_attributes.get(self.name, ())}
        return True if True in verdicts else None if None in verdicts else False

    def _holds(self, value: bytes) -> bool | None:
        number = integer(value)
        if number is None:
            return None
        return number & self.bits == self.bits if self.rule is BitRule.ALL else number & self.bits != 0

    def __str__(self) -> str:
        return f"({self.attribute}:{self.rule}:={self.bits})"


def _comparable(name: str, value: bytes) -> bytes:
    """A value as it is compared: text without case, binary values and what is no text as they are."""
    if name in _BINARY:
        return value
    if name == _CATEGORY:
        value = value.partition(b",")[0]
    try:
        return names.lower(value.decode()).encode()
    except UnicodeDecodeError:
        return value


def _class_category(value: bytes) -> bytes:
    """``(objectCategory=user)`` names a class and means the category of its instances (MS-ADTS 3.1.1.3.1.3.5)."""
    name = value.lower()
    return b"cn=person" if name in _PERSONS else b"cn=" + name


def integer(value: bytes) -> int | None:
    """The number a value spells; None if it spells none."""
    return int(value) if _INTEGER.fullmatch(value) else None


def _escaped(value: bytes) -> str:
    """RFC 4515 section 3, and every byte of a value that is not UTF-8."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "".join(f"\\{byte:02x}" for byte in value)
    return re.sub(r"[()*\\\x00]", lambda found: f"\\{ord(found[0]):02x}", text)
