"""All that is sent of something new: its source anchor, and what is wanted of it as it was packed.

It is unpacked for whoever looks at more than its anchor. Of a first sync nearly nobody does: the request is written
from the bytes (``endpoint.contract.whole``).
"""

from collections.abc import Iterator, Mapping

from syncramp.model.packing import packed_value, unpack
from syncramp.model.values import Attributes, Value

ANCHOR = "SourceAnchor"
_NAME = packed_value(ANCHOR)


def whole(anchor: str, packed: bytes) -> Attributes:
    """The values of a create: its source anchor, and behind it those that are wanted, which may name another one."""
    return {ANCHOR: anchor, **unpack(packed)} if _NAME in packed else Whole(anchor, packed)


class Whole(Mapping[str, Value]):
    """The values of a create.

    :param packed: what is wanted, without a source anchor.
    """

    __slots__ = ("_values", "anchor", "packed")

    def __init__(self, anchor: str, packed: bytes) -> None:
        self.anchor, self.packed = anchor, packed
        self._values: dict[str, Value] | None = None

    def unpacked(self) -> dict[str, Value]:
        """The values themselves."""
        if self._values is None:
            self._values = {ANCHOR: self.anchor, **unpack(self.packed)}
        return self._values

    def __getitem__(self, name: str) -> Value:
        return self.anchor if name == ANCHOR else self.unpacked()[name]

    def __contains__(self, name: object) -> bool:
        return name == ANCHOR or (packed_value(str(name)) in self.packed and name in self.unpacked())

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())

    def __repr__(self) -> str:
        return f"Whole({self.anchor})"
