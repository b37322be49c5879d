r"""LDAP filters (RFC 4515), evaluated by us on the facts of an entry.

A filter narrows a scope, and servers do not agree on details, so it is judged here, alike for every source. ``parse``
reads equality, approximation (taken as equality), presence, substrings, ``>=``, ``<=``, ``&``, ``|``, ``!`` and two
matching rules on bits: ``attribute:1.2.840.113556.1.4.803:=n`` asks for all bits of n, ``.804`` for any of them
(MS-ADTS 3.1.1.3.4.4). How a filter is judged stands in ``filter_nodes``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from syncramp.source.filter_nodes import (
    And,
    BitRule,
    Bits,
    Comparison,
    Filter,
    Not,
    Operator,
    Or,
    Present,
    Substrings,
    integer,
)

__all__ = ["Filter", "FilterError", "parse"]

NESTING = 64
"""How deep a filter may nest; each level costs two frames of Python's stack."""


class FilterError(ValueError):
    """Text that is not a filter; says at which column (from 1) and what was expected there."""

    def __init__(self, column: int, expected: str) -> None:
        super().__init__(f"column {column}: expected {expected}")
        self.column = column
        self.expected = expected


def parse(text: str) -> Filter:
    """Read a filter; spaces and line breaks between its parts are allowed.

    :raises FilterError: with the column and what was expected there.
    """
    reader = _Reader(text)
    reader.skip_space()
    parsed = reader.filter(0)
    reader.skip_space()
    if reader.at < len(text):
        raise FilterError(reader.at + 1, "the end of the filter")
    return parsed


@dataclass
class _Reader:
    """Recursive descent over the text."""

    text: str
    at: int = 0

    _SPACE = re.compile(r"[ \t\r\n]*")
    _ITEM = re.compile(r"([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+)(?:(=|~=|>=|<=)|:([0-9A-Za-z.-]+):=)")
    _VALUE = re.compile(r"(?:[^\\()*\x00\ud800-\udfff]|\\[0-9A-Fa-f]{2})*")
    _ESCAPE = re.compile(rb"\\([0-9A-Fa-f]{2})")

    def skip_space(self) -> None:
        found = self._SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def filter(self, depth: int) -> Filter:
        if depth >= NESTING:
            raise FilterError(self.at + 1, f"at most {NESTING} levels of parentheses")
        self.expect("(")
        self.skip_space()
        mark = self.text[self.at : self.at + 1]
        parsed: Filter
        if mark in ("&", "|"):
            self.at += 1
            parts = tuple(self.parts(depth))
            parsed = And(parts) if mark == "&" else Or(parts)
        elif mark == "!":
            self.at += 1
            self.skip_space()
            parsed = Not(self.filter(depth + 1))
            self.skip_space()
        else:
            parsed = self.item()
        self.expect(")")
        return parsed

    def parts(self, depth: int) -> Iterator[Filter]:
        self.skip_space()
        while self.text[self.at : self.at + 1] != ")":
            yield self.filter(depth + 1)
            self.skip_space()

    def expect(self, sign: str) -> None:
        if self.text[self.at : self.at + 1] != sign:
            raise FilterError(self.at + 1, f"'{sign}'")
        self.at += 1

    def item(self) -> Filter:
        found = self._ITEM.match(self.text, self.at)
        if found is None:
            raise FilterError(self.at + 1, "'&', '|', '!' or an attribute followed by =, ~=, >=, <= or :rule:=")
        attribute, operator, rule = found.groups()
        if rule is not None:
            return self.bits(attribute, rule, found)
        self.at = found.end()
        parts = [self.value()]
        while operator == Operator.EQUAL and self.text[self.at : self.at + 1] == "*":
            self.at += 1
            parts.append(self.value())
        if len(parts) == 1:
            return Comparison(attribute, Operator(operator), parts[0])
        return Substrings(attribute, tuple(parts)) if any(parts) else Present(attribute)

    def bits(self, attribute: str, rule: str, found: re.Match[str]) -> Filter:
        if rule not in set(BitRule):
            raise FilterError(found.start(3) + 1, f"the matching rule {BitRule.ALL} or {BitRule.ANY}")
        self.at = found.end()
        number = integer(self.value())
        if number is None:
            raise FilterError(found.end() + 1, "an integer")
        return Bits(attribute, BitRule(rule), number)

    def value(self) -> bytes:
        found = self._VALUE.match(self.text, self.at)
        raw = found[0] if found else ""
        self.at += len(raw)
        if self.text[self.at : self.at + 1] not in ("*", ")"):
            raise FilterError(self.at + 1, r"')' or a character of the value, with ( ) * \ as \28 \29 \2a \5c")
        return self._ESCAPE.sub(lambda code: bytes.fromhex(code[1].decode()), raw.encode())
