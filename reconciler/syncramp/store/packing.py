"""How values become bytes: msgpack for payloads, roaring for memberships, blake2b for digests.

Equal values give equal bytes: keys are sorted, lists are tuples in canonical order.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgpack
from pyroaring import BitMap

from syncramp.model.values import Value

_packer = msgpack.Packer()
"""One for all: each comes with a buffer of 256 KiB, which costs three times as much to get as a payload to pack."""


def pack(values: Mapping[str, Any]) -> bytes:
    """Values as msgpack with sorted keys."""
    packed: bytes = _packer.pack_map_pairs(sorted(values.items()))
    return packed


def unpack(data: bytes) -> dict[str, Value]:
    """The values :func:`pack` was given; lists come back as tuples."""
    values: dict[str, Value] = msgpack.unpackb(data, use_list=False)
    return values


def digest(packed: bytes) -> bytes:
    """16 bytes that stand for a packed value: 300,000 objects collide with a chance of about 1e-28."""
    return blake2b(packed, digest_size=16).digest()


def pack_bitmap(bitmap: BitMap) -> bytes:
    """A membership as roaring bytes, run-compressed: 250,000 dense ids take about 40 KB."""
    bitmap.run_optimize()
    data: bytes = bitmap.serialize()
    return data


def unpack_bitmap(data: bytes | None) -> BitMap:
    """The membership; empty for None."""
    return BitMap.deserialize(data) if data else BitMap()
