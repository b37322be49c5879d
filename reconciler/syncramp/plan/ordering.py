"""In which order objects are created, so that a reference finds its target.

Managers come before those they manage: then the reference can travel with the create, and the second write that a
late reference costs is saved (for a whole organisation that is half of all writes). Objects that refer to each other
in a circle come last, together, and get their references afterwards. Where there is no afterwards, because a value
can only be claimed when it is free, the circles themselves are asked for.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress

from pyroaring import BitMap

DEEPEST = 32
"""Layers at most; an organisation is about ten deep, and each layer costs one pass over the references."""


def layers(ids: BitMap, references: Iterable[tuple[int, int]], deepest: int = DEEPEST) -> Sequence[BitMap]:
    """The ids in layers: what an object of one layer refers to stands in an earlier one.

    :param references: (object, target) pairs; a target that is not among the ids is not waited for.
    :param deepest: after so many layers the rest comes together.
    """
    flat = array("I", chain.from_iterable(pair for pair in references if pair[0] != pair[1]))
    objects, targets = flat[::2], flat[1::2]
    remaining = BitMap(ids)
    result: list[BitMap] = []
    while remaining and len(result) < deepest:
        waiting = BitMap(array("I", compress(objects, map(remaining.__contains__, targets))))
        layer = remaining - waiting
        if not layer:
            break
        result.append(layer)
        remaining -= layer
    if remaining:
        result.append(remaining)
    return result


def circles(waits: Mapping[int, set[int]]) -> Iterator[Sequence[int]]:
    """Circles of those who wait for each other, each closed by its first id; nobody stands in two of them.

    Once they are broken there may be others.
    """
    knotted = _knotted(waits)
    seen: set[int] = set()
    for node in knotted:
        path: list[int] = []
        while node not in seen:
            seen.add(node)
            path.append(node)
            node = min(knotted[node])
        if node in path:
            yield [*path[path.index(node) :], node]


def _knotted(waits: Mapping[int, set[int]]) -> Mapping[int, set[int]]:
    """Those whose wait never ends: what is left when everybody goes who waits for nobody (any more)."""
    left = {node: set(others) for node, others in waits.items()}
    behind: dict[int, list[int]] = {}
    for node, others in waits.items():
        for other in others:
            behind.setdefault(other, []).append(node)
    going = [node for node in behind if node not in left]
    while going:
        gone = going.pop()
        for node in behind.get(gone, ()):
            left[node].discard(gone)
            if not left[node]:
                del left[node]
                going.append(node)
    return left
