"""An LDIF file as blocks of lines with an empty line after each; only a block that has one is surely whole.

Bytes are read in pieces of 1 MiB. Lines end with LF or CRLF (ldifde); a byte order mark is dropped, and UTF-16
(ldifde -u) becomes UTF-8 on the way. A block keeps the number of its first line, so that an error can name the place.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

PIECE = 1 << 20
LARGEST_BLOCK = 1 << 28
"""Bytes of one record: 250,000 members of 1 KiB each. Without a limit, a file without line ends would fill memory."""


class Malformed(ValueError):
    """Something in the file that is not LDIF as we know it."""

    def __init__(self, line: int, expected: str) -> None:
        super().__init__(expected)
        self.line = line
        """The line in the file, from 1."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive lines that are not empty."""

    line: int
    """The number of its first line, from 1."""
    data: bytes
    """Lines separated by LF, folded ones still folded."""
    closed: bool
    """An empty line follows. Otherwise the file ends here, and the block may be cut."""


class Readable(Protocol):
    """A file, as far as it is needed."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


def blocks(file: Readable) -> Iterator[Block]:
    """All blocks of a file, as they come.

    :raises Malformed: a block is too large, or UTF-16 cannot be decoded.
    :raises OSError: the file cannot be read.
    """
    line = 1
    rest = b""
    for piece in _line_feeds(_pieces(file)):
        *whole, rest = (rest + piece).split(b"\n\n")
        for part in whole:
            data = part.lstrip(b"\n")
            if data:
                yield Block(line + len(part) - len(data), data, closed=True)
            line += part.count(b"\n") + 2
        if len(rest) > LARGEST_BLOCK:
            raise Malformed(line, f"expected an empty line within {LARGEST_BLOCK >> 20} MiB")
    data = rest.lstrip(b"\n")
    if data:
        yield Block(line + len(rest) - len(data), data, closed=False)


def unfold(block: Block) -> list[bytes]:
    """Its lines, continuation lines (RFC 2849 note 2: they begin with a space) joined to theirs."""
    data = block.data.replace(b"\n ", b"") if b"\n " in block.data else block.data
    return data.split(b"\n")


def line_of(block: Block, index: int) -> int:
    """The line in the file at which the unfolded line with this index begins."""
    begins = [
        number for number, line in enumerate(block.data.split(b"\n")) if not number or not line.startswith(b" ")
    ]
    return block.line + begins[index]


def _pieces(file: Readable) -> Iterator[bytes]:
    first = file.read(PIECE)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from _from_utf16(file, first)
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    while piece := file.read(PIECE):
        yield piece


def _from_utf16(file: Readable, first: bytes) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    line = 1
    piece = first
    try:
        while piece:
            decoded = decoder.decode(piece).encode()
            yield decoded
            line += decoded.count(b"\n")
            piece = file.read(PIECE)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise Malformed(line, f"expected UTF-16, as the file begins ({error})") from error


def _line_feeds(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        data = held + piece
        held = b"\r" if data.endswith(b"\r") else b""  # its LF may begin the next piece
        yield data[: len(data) - len(held)].replace(b"\r\n", b"\n")
    if held:
        yield held
