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


def last(stuck: BitMap, classes: Classes | None) -> Classes:
    """The order in which these people come last: they would take places of which nothing comes."""

    def ordered(people: BitMap) -> Sequence[BitMap]:
        order = _complete(classes(people) if classes else (), people)
        return [*(part - stuck for part in order), stuck & people]

    return ordered


def within(groups: Mapping[int, tuple[BitMap, int]], budget: int, classes: Classes | None) -> dict[int, BitMap]:
    """Who comes into which group.

    :param groups: group -> who waits for it, and for how many there is room.
    :param budget: how many may come, over all groups.
    :param classes: asked only if not everybody comes.
    """
    if not budget:
        return {}
    everybody = {group: queue for group, (queue, _) in groups.items()}
    if sum(map(len, everybody.values())) <= budget and all(room >= len(queue) for queue, room in groups.values()):
        return everybody
    if classes is None:
        return _paid([{group: first(queue, room) for group, (queue, room) in groups.items()}], budget)
    people = BitMap.union(*everybody.values())
    order = _complete(classes(people), people)
    fitting = {group: _first_of(queue, room, order) for group, (queue, room) in groups.items()}
    return _paid([_among(fitting, people) for people in order], budget)


def _complete(order: Sequence[BitMap], everybody: BitMap) -> list[BitMap]:
    """Those of whom the order says nothing come last."""
    rest = everybody - BitMap.union(BitMap(), *order)
    return [*order, rest] if rest else list(order)


def _first_of(queue: BitMap, room: int, order: Sequence[BitMap]) -> BitMap:
    if room >= len(queue):
        return queue
    found = BitMap()
    for people in order:
        found |= first(queue & people, room - len(found))
        if len(found) == room:
            break
    return found


def _among(groups: Mapping[int, BitMap], people: BitMap) -> dict[int, BitMap]:
    return {group: part for group, queue in groups.items() if (part := queue & people)}


def _paid(classes: Sequence[Mapping[int, BitMap]], budget: int) -> dict[int, BitMap]:
    """Who comes for a budget: whole classes, of the next one those up to an id, of the very first person a part."""
    found: dict[int, BitMap] = {}
    for groups in classes:
        cost = sum(map(len, groups.values()))
        coming = groups
        if cost > budget:
            coming = _up_to(groups, budget) or ({} if found else dict(_one(groups, budget)))
        for group, part in coming.items():
            found[group] = found[group] | part if group in found else part
        if cost > budget:
            break
        budget -= cost
    return found


def _up_to(groups: Mapping[int, BitMap], budget: int) -> dict[int, BitMap]:
    """The people with the lowest ids whom the budget is enough for, each in all groups."""
    near = _near(groups, budget)
    low, high = 0, max(people.max() for people in near.values()) + 1
    while high - low > 1:  # for those below ``low`` it is enough, for those below ``high`` it is not
        middle = (low + high) // 2
        if sum(people.rank(middle - 1) for people in near.values()) <= budget:
            low = middle
        else:
            high = middle
    numbers = {group: people.rank(low - 1) if low else 0 for group, people in near.items()}
    return {group: near[group][:number] for group, number in numbers.items() if number}


def _near(groups: Mapping[int, BitMap], budget: int) -> Mapping[int, BitMap]:
    """The groups without people who come too late, as far as a guess finds them: a small set is searched faster."""
    total, last = sum(map(len, groups.values())), max(people.max() for people in groups.values())
    guess = 2 * (last + 1) * max(1, budget) // total
    numbers = {group: people.rank(guess) for group, people in groups.items()}
    if sum(numbers.values()) <= budget:
        return groups
    return {group: groups[group][:number] for group, number in numbers.items() if number}


def _one(groups: Mapping[int, BitMap], budget: int) -> Iterator[tuple[int, BitMap]]:
    """The first person in as many groups as the budget is enough for, since nobody could ever come else."""
    person = min(people.min() for people in groups.values())
    having = [group for group, people in sorted(groups.items()) if person in people]
    for group in having[:budget]:
        yield group, BitMap([person])


def place(person: int, queue: BitMap, order: Sequence[BitMap]) -> int:
    """The place of somebody in a queue, counted from 1.

    :param order: classes of the queue, as ``Classes`` gives them.
    :raises ValueError: nobody of the queue is that.
    """
    before = 0
    for people in _complete(order, queue):
        mine = people & queue
        if person in mine:
            return before + mine.rank(person)
        before += len(mine)
    raise ValueError(person)
