"""An answer that took the members of a group but for some: one item becomes two, of what was taken and what was not.

The tenant never answers so: there an object applies, or does not. A directory names the members that it refuses.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.wire import Outcome, Result
from syncramp.store.intents import Item

Pair = tuple[Item, Outcome]
Ids = Callable[[Sequence[str]], Mapping[str, int]]


def taken_apart(pairs: Sequence[Pair], ids: Ids, *, lost: bool) -> tuple[list[Pair], list[Pair]]:
    """Items with their outcomes, as the store is to know them.

    :param ids: those of anchors.
    :param lost: an earlier try was never answered, and may do yet what this one was refused.
    :returns: one pair for each item, of what is known of it as a whole; and one more for each that was taken in part,
        of the links that were refused.
    """
    if not any(outcome.rejected for _, outcome in pairs):
        return list(pairs), []
    if lost:
        return [(item, _in_doubt(outcome)) for item, outcome in pairs], []
    apart = [(item, outcome, BitMap(ids(outcome.rejected).values())) for item, outcome in pairs]
    return [_taken(*each) for each in apart], list(_refused(apart))


def _in_doubt(outcome: Outcome) -> Outcome:
    return replace(outcome, result=Result.UNKNOWN, rejected=()) if outcome.rejected else outcome


def _taken(item: Item, outcome: Outcome, refused: BitMap) -> Pair:
    if not outcome.rejected:
        return item, outcome
    part = replace(item, adds=item.adds - refused, removes=item.removes - refused, reverts=item.reverts - refused)
    return part, replace(outcome, code="0", description="", rejected=())


def _refused(apart: Sequence[tuple[Item, Outcome, BitMap]]) -> Iterator[Pair]:
    for item, outcome, refused in apart:
        adds, removes = item.adds & refused, item.removes & refused
        if adds or removes:
            part = replace(item, after=None, adds=adds, removes=removes, reverts=item.reverts & refused)
            yield part, replace(outcome, result=Result.REFUSED, rejected=())
