"""How one message becomes another: what breaks binary XML, and what leaves it nearly whole."""

from collections.abc import Callable, Sequence
from random import Random

from fuzz.corpus import PIECES

LONGEST = 8_000
"""Bytes of a message that is kept; longer ones find nothing more and take longer."""


def mutated(message: bytes, corpus: Sequence[bytes], choices: Random) -> bytes:
    """The message with one to six changes."""
    data = bytearray(message)
    for _ in range(choices.choice((1, 1, 1, 2, 3, 6))):
        place = choices.randrange(len(data) + 1)
        choices.choice(_MUTATIONS)(data, place, corpus, choices)
    return bytes(data[:LONGEST])


def _set_byte(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    data[place : place + 1] = bytes((choices.randrange(256),))


def _nudge_byte(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    """Lengths, counts, and records that end their element or do not."""
    if place < len(data):
        data[place] = (data[place] + choices.choice((-1, 1, 2, -2, 128))) % 256


def _insert_piece(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    data[place:place] = choices.choice(PIECES)


def _replace_piece(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    piece = choices.choice(PIECES)
    data[place : place + len(piece)] = piece


def _delete(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    del data[place : place + choices.choice((1, 1, 2, 4, 30, 200))]


def _repeat(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    data[place:place] = data[place : place + choices.choice((1, 8, 60, 300))]


def _splice(data: bytearray, place: int, corpus: Sequence[bytes], choices: Random) -> None:
    """A part of another message."""
    other = choices.choice(corpus)
    begin = choices.randrange(len(other) + 1)
    length = choices.choice((8, 60, 300))
    data[place : place + choices.choice((0, length))] = other[begin : begin + length]


_MUTATIONS: tuple[Callable[[bytearray, int, Sequence[bytes], Random], None], ...] = (
    _set_byte,
    _nudge_byte,
    _insert_piece,
    _replace_piece,
    _delete,
    _repeat,
    _splice,
)
