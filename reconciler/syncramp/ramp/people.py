"""Whose turn it is: people in their order, and a budget that is given to people and not to groups.

Whoever comes next comes into all groups that have room for one more, then the next one. So of two groups of one
rollout no one is in the first and not in the second because the budget ended between them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from pyroaring import BitMap

Classes = Callable[[BitMap], Sequence[BitMap]]
"""The order of some people: classes of equal ones, the first one first; in a class lower ids come first."""


def first(people: BitMap, number: int) -> BitMap:
    """So many of these people, lower ids first."""
    return people if number >= len(people) else people[:number]


def within(groups: Mapping[int, tuple[BitMap, int]], budget: int, classes: Classes | None) -> dict[int, BitMap]:
    """Who comes into which group.

    :param groups: group -> who waits for it, and for how many there is room.
    :param budget: how many may come, over all groups.
    :param classes: asked only if not everybody comes.
    """
    if sum(min(len(queue), room) for queue, room in groups.values()) <= budget and all(
        room >= len(queue) for queue, room in groups.values()
    ):
        return {group: queue for group, (queue, _) in groups.items()}
    everybody = BitMap.union(*(queue for queue, _ in groups.values()))
    order = _complete(classes(everybody) if classes else (), everybody)
    fitting = {group: _first_of(queue, room, order) for group, (queue, room) in groups.items()}
    return _paid(fitting, budget, order)


def _complete(order: Sequence[BitMap], everybody: BitMap) -> list[BitMap]:
    """Those of whom the order says nothing come last."""
    rest = everybody - BitMap.union(BitMap(), *order)
    return [*order, rest] if rest else list(order)


def _first_of(queue: BitMap, room: int, order: Sequence[BitMap]) -> BitMap:
    if room >= len(queue):
        return queue
    if len(order) == 1:
        return queue[:room]
    found = BitMap()
    for people in order:
        found |= first(queue & people, room - len(found))
        if len(found) == room:
            break
    return found


def _paid(groups: Mapping[int, BitMap], budget: int, order: Sequence[BitMap]) -> dict[int, BitMap]:
    """Who comes for a budget: whole classes, of the next one those up to an id, of the very first person a part."""
    found: dict[int, BitMap] = {}
    for people in order:
        parts = {group: part for group, queue in groups.items() if (part := queue & people)}
        cost = sum(map(len, parts.values()))
        if cost > budget:
            parts = _up_to(parts, budget) or ({} if found else dict(_one(parts, budget)))
            cost, last = sum(map(len, parts.values())), True
        else:
            last = False
        for group, part in parts.items():
            found[group] = found.get(group, BitMap()) | part
        budget -= cost
        if last:
            break
    return found


def _up_to(groups: Mapping[int, BitMap], budget: int) -> dict[int, BitMap]:
    """The people with the lowest ids whom the budget is enough for, each in all groups."""
    low, high = 0, max(people.max() for people in groups.values()) + 1
    while high - low > 1:  # for those below ``low`` it is enough, for those below ``high`` it is not
        middle = (low + high) // 2
        if sum(people.rank(middle - 1) for people in groups.values()) <= budget:
            low = middle
        else:
            high = middle
    return {
        group: part
        for group, people in groups.items()
        if (part := people[: people.rank(low - 1)] if low else BitMap())
    }


def _one(groups: Mapping[int, BitMap], budget: int) -> Iterator[tuple[int, BitMap]]:
    """The first person in as many groups as the budget is enough for: nobody could ever come else."""
    person = min(people.min() for people in groups.values())
    having = [group for group, people in sorted(groups.items()) if person in people]
    for group in having[:budget]:
        yield group, BitMap([person])


def place(person: int, queue: BitMap, order: Sequence[BitMap]) -> int:
    """The place of somebody in a queue, counted from 1.

    :param order: classes of the queue, as ``Classes`` gives them.
    """
    before = 0
    for people in _complete(order, queue):
        mine = people & queue
        if person in mine:
            return before + mine.rank(person)
        before += len(mine)
    return before + 1
