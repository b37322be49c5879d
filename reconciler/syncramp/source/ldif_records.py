"""Blocks of an LDIF file as records (RFC 2849): a DN and the values of the attributes somebody asked for.

ldifde writes ``changetype: add`` into every record of an export; that is accepted, every other change is not: a file
of changes says nothing about what a directory holds. Values named by URL are refused, since they stand elsewhere.
"""

import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field

from syncramp.source import canonical, words
from syncramp.source.dn import DnError
from syncramp.source.ldif_blocks import Block, Malformed, line_of
from syncramp.source.ranges import Answer, Description, RangeError, describe, join

Values = dict[str, list[bytes]]


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the file."""

    dn: str
    """As the file spells it."""
    values: Values
    """By lower-case name without options."""


class _Names(dict[bytes, str | None]):
    """Spelled attribute descriptions to the key their values are kept under; None: nobody asked for them.

    A description is looked at once. Values of a range are kept under name and range (``member;range=0-1499``).
    """

    def __init__(self, asked: frozenset[str]) -> None:
        super().__init__()
        self._asked = asked
        self.ranged: dict[str, Description] = {}

    def __missing__(self, spelled: bytes) -> str | None:
        if spelled.startswith(b"#"):
            return None
        description = describe(spelled.decode("latin-1"))
        if description is None:
            raise ValueError("expected an attribute name")
        name: str | None = description.name
        if description.name not in self._asked or description.foreign:
            name = None
        elif description.range is not None:
            name = spelled.decode().lower()
            self.ranged[name] = description
        self[spelled] = name
        return name


@dataclass
class RecordReader:
    """Reads records, with the values of ``wanted`` and what every entry needs."""

    wanted: frozenset[str]
    _names: _Names = field(init=False)

    def __post_init__(self) -> None:
        asked = (
            self.wanted
            | canonical.NEEDED
            | {canonical.LINKS, words.UNIQUE, words.UIDS, "changetype", "control", "dn"}
        )
        self._names = _Names(asked)

    def read(self, block: Block, lines: Sequence[bytes], start: int) -> Record:
        """Read the record that begins at ``lines[start]``, its ``dn:`` line.

        :param lines: the unfolded lines of the block.
        :raises Malformed: with the line in the file.
        """
        values: Values = {}
        names = self._names
        index = start
        try:
            for index in range(start, len(lines)):
                line = lines[index]
                spelled, colon, value = line.partition(b":")
                if not colon and line[:1] != b"#":
                    raise ValueError("expected 'attribute: value'")
                name = names[spelled]
                if name is None:
                    continue
                if value[:1] == b" ":
                    value = value.lstrip(b" ")
                elif value[:1] in (b":", b"<"):
                    value = _decoded(value)
                if name in values:
                    values[name].append(value)
                else:
                    values[name] = [value]
            index = start
            return self._record(values)
        except (ValueError, RangeError, DnError) as error:
            raise Malformed(line_of(block, index), str(error)) from error

    def _record(self, values: Values) -> Record:
        dns = values.pop("dn", [])
        if len(dns) != 1:
            raise ValueError("expected an empty line before the next 'dn:'")
        change = values.pop("changetype", [b"add"])
        if "control" in values or [name.lower() for name in change] != [b"add"]:
            raise ValueError("expected an export of entries, this record is a change (changetype or control)")
        if self._names.ranged:
            self._join_ranges(values)
        return Record(canonical.text(dns[0]), values)

    def _join_ranges(self, values: Values) -> None:
        answers: dict[str, list[Answer]] = {}
        for key in values.keys() & self._names.ranged.keys():
            description = self._names.ranged[key]
            if description.range is not None:
                answers.setdefault(description.name, []).append((description.range, values.pop(key)))
        for name, parts in answers.items():
            try:
                values[name] = join(parts)
            except RangeError as error:
                raise RangeError(
                    f"expected all values of {name}, but {error}: export with a tool that follows ranges"
                ) from error


def _decoded(value: bytes) -> bytes:
    if value.startswith(b"<"):
        raise ValueError("expected a value, not a URL (attribute:< ...): export the values themselves")
    try:
        return binascii.a2b_base64(value[1:].strip(b" "), strict_mode=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64 ({error})") from error
