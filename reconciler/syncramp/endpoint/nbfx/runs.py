"""Many short texts of one length between the same bytes: the members of a group, taken a block at a time.

A block is sliced out and split at what stands between two texts. If that gives as many pieces as were meant, each of
the right length, then reading record by record would have given the same: the bytes between are records that were
read before, and the length in front of each text is one of them.
"""

from typing import Final

TEXT: Final = 0x99
"""Chars8Text with the end of its element: a length in one byte, then UTF-8."""
FIRST: Final = 16
MOST: Final = 4096
"""Texts in a block; it grows while blocks fit, so what is tried in vain is never more than what was taken."""


def take_run(data: bytes, at: int, head: bytes, tail: bytes) -> tuple[list[str], int]:
    """ASCII texts of one length, as many as follow each other, and the offset behind the last one's tail.

    :param head: what stands before a text, up to its record.
    :param tail: what stands behind it.
    """
    texts: list[str] = []
    first = at + len(head)
    if not data.startswith(head, at) or data[first : first + 1] != bytes((TEXT,)):
        return texts, at
    length = data[first + 1]
    start = head + data[first : first + 2]
    between, stride = (tail + start).decode("latin-1"), len(start) + length + len(tail)
    count, grows = FIRST, True
    while count >= FIRST:
        block = data[at : at + count * stride]
        if len(block) == count * stride and (pieces := _pieces(block, start, tail, between, length, count)):
            texts += pieces
            at += count * stride
            count = min(2 * count, MOST) if grows else count // 2
        else:
            count, grows = count // 2, False
    return texts, at


def _pieces(block: bytes, start: bytes, tail: bytes, between: str, length: int, count: int) -> list[str]:
    if not block.startswith(start) or not block.endswith(tail):
        return []
    pieces = block[len(start) : len(block) - len(tail)].decode("latin-1").split(between)
    good = len(pieces) == count and set(map(len, pieces)) == {length} and all(map(str.isascii, pieces))
    return pieces if good else []
