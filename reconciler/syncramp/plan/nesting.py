"""Effective growth: how many more people are in groups because groups became members of groups.

One link to a group of 60,000 is one change, and 60,000 people more in the group above and in every group above that.
They are counted in each of these groups: what they get by it, they get in each. A group that was created in the last
24 hours grants nothing yet, so what grows in it does not count.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

Graph = Mapping[int, BitMap]
"""Group -> its direct members."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What nesting comes to."""

    people: int = 0
    """Members that groups get by it, summed over the groups."""
    links: Mapping[int, BitMap] = field(default_factory=dict)
    """Group -> groups that become its members in this plan, of those above which something grows."""


def growth(nested: Graph, earlier: Graph, wanted: Graph, surely: Graph, established: BitMap) -> Growth:
    """The effective growth of this plan and of the last 24 hours together.

    :param nested: group -> groups that become its members in this plan.
    :param earlier: the same of the last 24 hours.
    :param wanted: members as they should be.
    :param surely: members as the cloud surely has them.
    :param established: groups that were in the cloud a day ago.
    """
    added = {group: nested.get(group, BitMap()) | earlier.get(group, BitMap()) for group in (*nested, *earlier)}
    before = {group: members - earlier.get(group, BitMap()) for group, members in surely.items()}
    groups = BitMap(wanted) | BitMap(surely)
    total, grown = 0, BitMap()
    for above in _above(BitMap(added), wanted) & established:
        below = _reached(above, wanted)
        gained = BitMap()
        for group in below & BitMap(added):
            gained |= _people(added[group], wanted, groups)
        gained -= _people(BitMap([above]), before, groups)
        if gained:
            total += len(gained)
            grown |= below
    return Growth(total, {group: links for group, links in nested.items() if group in grown})


def people(group: int, members: Callable[[int], BitMap], groups: BitMap) -> int | None:
    """How many people are members of a group directly or by nested groups; None: nothing is nested in it.

    :param members: the members of a group by its id; asked for this one and for those that are nested in it.
    :param groups: ids of all groups.
    """
    found = members(group)
    reached, edge = BitMap([group]), found & groups
    if not edge:
        return None
    while edge:
        reached |= edge
        found = BitMap.union(found, *(members(nested) for nested in edge))
        edge = (found & groups) - reached
    return len(found - groups)


def _people(starts: BitMap, graph: Graph, groups: BitMap) -> BitMap:
    """Members of these groups, direct or not, that are no groups themselves."""
    found = BitMap()
    for group in _all_reached(starts, graph):
        found |= graph.get(group, BitMap())
    return found - groups


def _reached(start: int, graph: Graph) -> BitMap:
    return _all_reached(BitMap([start]), graph)


def _all_reached(starts: BitMap, graph: Graph) -> BitMap:
    """The groups themselves and every group in them, however deep; circles end."""
    known = BitMap(graph)
    reached, edge = BitMap(starts), BitMap(starts)
    while edge:
        edge = BitMap.union(BitMap(), *_members(edge, graph)) & known - reached
        reached |= edge
    return reached


def _above(starts: BitMap, graph: Graph) -> BitMap:
    """These groups, and every group that they are in."""
    reached = BitMap(starts)
    while found := BitMap(group for group, members in graph.items() if group not in reached and members & reached):
        reached |= found
    return reached


def _members(groups: BitMap, graph: Graph) -> Iterator[BitMap]:
    return (graph[group] for group in groups if group in graph)
