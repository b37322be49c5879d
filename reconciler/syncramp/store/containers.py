"""Containers that were renamed or moved, found by what became of the entries below them.

The directory renames a container and touches nothing below it, but every entry there has another DN from then on, and
that is exported. Such a change is told as one of its container: the entry's own name and its other attributes are
what they were, nobody is left below the old name, and nobody was below the new one before. Where a few were moved out
of a container that goes on, or into one that was there, it is they who changed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from pyroaring import BitMap

Renamed = Callable[[str, str], tuple[str, str] | None]
"""Old and new DN of an entry -> old and new DN of its container (``source.dn.renamed``)."""


class Containers:
    """What moved in one partition while it was read.

    :param renamed: tells the container that makes an entry's DN another one.
    :param parent: what a DN lies in.
    """

    def __init__(self, renamed: Renamed, parent: Callable[[str], str]) -> None:
        self._renamed, self._parent = renamed, parent
        self._moved: dict[tuple[str, str], BitMap] = {}
        self._arrived = BitMap()

    def arrive(self, ids: Iterable[int]) -> None:
        """Entries that were not there before, or under another DN."""
        self._arrived.update(ids)

    def move(
        self, identity: int, old: str, new: str, before: Mapping[str, object], now: Mapping[str, object]
    ) -> None:
        """An entry with another DN.

        :param before: its attributes, as far as they are compared; all values are lists of bytes.
        """
        pair = self._renamed(old, new)
        if pair is not None and all(
            before.get(name) == now.get(name) or _follows(before.get(name), now.get(name), pair)
            for name in before.keys() | now.keys()
        ):
            self._moved.setdefault(pair, BitMap()).add(identity)

    def found(self, living: Callable[[], Iterable[tuple[int, str]]]) -> BitMap:
        """Entries whose container was renamed.

        :param living: all entries of the partition that were seen, with their DNs; asked for only if any moved.
        """
        if not self._moved:
            return BitMap()
        below = self._below(living(), {name.lower() for pair in self._moved for name in pair})
        nobody = BitMap()
        return BitMap.union(
            BitMap(),
            *(
                moved
                for (old, new), moved in self._moved.items()
                if not below.get(old.lower(), nobody) - moved and not below.get(new.lower(), nobody) - self._arrived
            ),
        )

    def _below(self, living: Iterable[tuple[int, str]], containers: set[str]) -> dict[str, BitMap]:
        """Who lies below each of some containers; siblings are looked at together."""
        siblings: dict[str, BitMap] = {}
        for identity, dn in living:
            siblings.setdefault(self._parent(dn), BitMap()).add(identity)
        found: dict[str, BitMap] = {}
        for parent, ids in siblings.items():
            for above in self._upwards(parent):
                if above in containers:
                    found[above] = found.get(above, BitMap()) | ids
        return found

    def _upwards(self, dn: str) -> Iterator[str]:
        while dn:
            yield dn.lower()
            dn = self._parent(dn)


def _follows(before: object, now: object, pair: tuple[str, str]) -> bool:
    """Values that name the entry itself, or others, below the container, and that followed it."""
    if not isinstance(before, tuple) or not isinstance(now, tuple):
        return False
    old, new = (f",{name}".encode() for name in pair)
    if not all(isinstance(value, bytes) for value in (*before, *now)):
        return False
    return {value.removesuffix(old) + new if value.endswith(old) else value for value in before} == set(now)
