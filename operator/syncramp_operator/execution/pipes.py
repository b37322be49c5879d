"""Lines out of a pipe, without ever holding more than one of them."""

import asyncio
from collections.abc import AsyncIterator

CHUNK = 64 * 1024
LONGEST = 128 * 1024
"""Bytes of a line; the end of a run takes at most about 40 KiB."""


async def lines_of(stream: asyncio.StreamReader, longest: int = LONGEST) -> AsyncIterator[bytes]:
    """Each line without its end, and what stands behind the last one; a line that is longer is left out whole."""
    rest, skipping = b"", False
    while chunk := await stream.read(CHUNK):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not skipping and len(line) <= longest:
                yield line
            skipping = False
        if len(rest) > longest:
            rest, skipping = b"", True
    if rest and not skipping:
        yield rest
