"""How attributes become bytes, and back: msgpack with sorted keys, and blake2b for what stands for them.

Equal values give equal bytes: keys are sorted, lists are tuples in canonical order. So the digest of a packed value
stands for it on any machine and in any store, and whoever only counts and compares need not unpack it.
"""

from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from hashlib import blake2b
from itertools import chain
from typing import Any

import msgpack

from syncramp.model.values import Value

SHORT = 255
"""Bytes of a text, or of bytes, whose length is one byte or a part of the head."""

_packer = msgpack.Packer()
"""One for all: each comes with a buffer of 256 KiB, which costs three times as much to get as a payload to pack."""


pack_value: Callable[[Any], bytes] = _packer.pack
"""One value as it stands among others, without a Python function in between."""


def pack(values: Mapping[str, Any]) -> bytes:
    """Values as msgpack with sorted keys."""
    return pack_sorted(sorted(values.items()))  # no name is there twice, so no values are compared


def pack_sorted(pairs: Sequence[tuple[str, Any]]) -> bytes:
    """The same of names that are in order already, with their values."""
    packed: bytes = _packer.pack_map_pairs(pairs)
    return packed


def packed_value(value: Value) -> bytes:
    """One value, or a name, as it stands among others."""
    packed: bytes = _packer.pack(value)
    return packed


def text_heads(name: str, around: bytes = b"") -> tuple[bytes, ...]:
    """What stands before a text of so many bytes, up to 255: its name, and its own head; before none nothing does.

    :param around: what stands between name and text, as the head of a list.
    """
    key = packed_value(name) + around
    return b"", *(key + _text_head(size) for size in range(1, SHORT + 1))


def _text_head(size: int) -> bytes:
    return bytes((0xA0 | size,)) if size < 32 else bytes((0xD9, size))


_MAP16, _ARRAY = 0xDE, b"\xdd"
"""Heads of many names, and of any number of values."""


def map_head(size: int) -> bytes:
    """What stands before so many names with their values."""
    return bytes((0x80 | size,)) if size < 16 else b"\xde" + size.to_bytes(2)


def pack_ordered(values: dict[str, Any]) -> bytes:
    """The same of a dictionary whose names are in order already, which takes two thirds of the time of pairs."""
    packed: bytes = _packer.pack(values)
    return packed


def pair(name: str, values: Sequence[bytes]) -> bytes:
    """One name with its values; several of them in the order of their names, behind ``map_head``, are a whole."""
    packed: bytes = _packer.pack(name) + _packer.pack(values)
    return packed


def unpack(data: bytes) -> dict[str, Value]:
    """The values :func:`pack` was given; lists come back as tuples."""
    values: dict[str, Value] = msgpack.unpackb(data, use_list=False)
    return values


def unpack_all(data: Sequence[bytes]) -> Sequence[dict[str, Any]]:
    """The same of several, with one call; no more than 65,535 of them."""
    found: Sequence[dict[str, Any]] = msgpack.unpackb(
        b"\xdc" + len(data).to_bytes(2) + b"".join(data), use_list=False
    )
    return found


def unpack_in_turns(data: bytes) -> tuple[Any, ...]:
    """The same, each name with its value behind it and all texts as bytes, which takes a third of the time."""
    size, start = (int.from_bytes(data[1:3]), 3) if data[0] == _MAP16 else (data[0] & 0x0F, 1)
    head = _ARRAY + (2 * size).to_bytes(4)
    turns: tuple[Any, ...] = msgpack.unpackb(head + data[start:], use_list=False, raw=True)
    return turns


def digest(packed: bytes) -> bytes:
    """16 bytes that stand for a packed value: 300,000 objects collide with a chance of about 1e-28."""
    return blake2b(packed, digest_size=16).digest()


def digest_of(values: Mapping[str, Any]) -> bytes:
    """The digest of some values; of packed ones it is known already."""
    return values.digest if isinstance(values, Packed) else digest(pack(values))


def packed_of(values: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Some values packed, and their digest; of packed ones both are known already."""
    if isinstance(values, Packed):
        return values.packed, values.digest
    packed = pack(values)
    return packed, digest(packed)


def plain(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Some values for whom looks at all of them; packed ones are unpacked once and for all."""
    return values.unpacked() if isinstance(values, Packed) else values


class Ready(Mapping[str, tuple[bytes, ...]]):
    """Attributes that were packed as they came, and are unpacked for whoever looks at one of them.

    :param names: theirs, in order.
    """

    __slots__ = ("_values", "names", "packed")

    def __init__(self, names: tuple[str, ...], packed: bytes) -> None:
        self.names, self.packed = names, packed
        self._values: dict[str, Any] | None = None

    def unpacked(self) -> dict[str, Any]:
        """The values themselves."""
        if self._values is None:
            self._values = unpack(self.packed)
        return self._values

    def __getitem__(self, name: str) -> tuple[bytes, ...]:
        values: tuple[bytes, ...] = self.unpacked()[name]
        return values

    def get(self, name: str, default: Any = None) -> Any:
        return self.unpacked()[name] if name in self.names else default

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return repr(self.unpacked())


def names_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of attributes of an entry; in order, or as they came."""
    return values.names if type(values) is Ready else tuple(values)


def attributes_packed(values: Mapping[str, Any]) -> bytes:
    """Attributes of an entry, packed."""
    return values.packed if type(values) is Ready else pack(values)


def size_of(values: Mapping[str, Any]) -> int:
    """About how many bytes the attributes of an entry have."""
    if type(values) is Ready:
        return len(values.packed)
    return sum(map(len, chain.from_iterable(values.values())))


NOTHING = digest(pack({}))
"""The digest of no values."""


class Packed(Mapping[str, Value]):
    """Values that are read and unpacked when somebody looks at them, and not when they are only counted.

    :param digest: theirs.
    :param read: gives the bytes of an object.
    :param identity: the id of theirs.
    """

    __slots__ = ("_identity", "_read", "_values", "digest")

    def __init__(self, digest: bytes, read: Callable[[int], bytes], identity: int) -> None:
        self.digest = digest
        self._read = read
        self._identity = identity
        self._values: dict[str, Value] | None = None

    @property
    def packed(self) -> bytes:
        """The bytes."""
        return self._read(self._identity)

    def unpacked(self) -> dict[str, Value]:
        """The values themselves."""
        if self._values is None:
            self._values = unpack(self._read(self._identity))
        return self._values

    def __bool__(self) -> bool:
        return self.digest != NOTHING

    def __getitem__(self, name: str) -> Value:
        return self.unpacked()[name]

    def __contains__(self, name: object) -> bool:
        return name in self.unpacked()

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())

    def __repr__(self) -> str:
        return f"Packed({self.digest.hex()})"

    def keys(self) -> KeysView[str]:
        return self.unpacked().keys()

    def values(self) -> ValuesView[Value]:
        return self.unpacked().values()

    def items(self) -> ItemsView[str, Value]:
        return self.unpacked().items()
