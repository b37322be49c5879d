"""Single changes as text, with every value and every link by name; one after the other, however many there are."""

from collections.abc import Callable, Iterable, Iterator

from pyroaring import BitMap

from syncramp.model.plan import Change, MembershipChange, ObjectChange, Plan, Verb
from syncramp.report.values import shown
from syncramp.words import count, printable

Named = Callable[[BitMap], Iterable[tuple[str, str]]]
"""The anchors and DNs of objects."""

_NAME = 28


def listing(changes: Iterable[Change], named: Named, plan: Plan) -> Iterator[str]:
    """Changes one below the other, and how many they are.

    :param plan: of which they are a part.
    """
    number = 0
    for change in changes:
        number += 1
        yield from change_lines(change, named, plan.lanes.deletes)
    yield f"{count(number, 'change')} shown of the plan {plan.digest}"


def change_lines(change: Change, named: Named, deletes: BitMap) -> Iterator[str]:
    """A change for a person, whole.

    :param deletes: ids of objects whose delete goes.
    """
    lines = _object(change) if isinstance(change, ObjectChange) else _members(change, named, deletes)
    return map(printable, lines)


def _object(change: ObjectChange) -> Iterator[str]:
    state = change.state
    cause = f", {state.cause.value}" if state.cause else ""
    held = "" if change.sends else ": held"
    known = f"{state.anchor}, from {change.origin.word}{cause}"
    yield f"{change.verb.value} {state.kind.value} {state.dn} ({known}){held}"
    yield from _values(change, change.values, "  ")
    for part in change.parts:
        yield f"  held ({part.hold.value}): {part.reason}"
        yield from _values(change, part.values, "    ")


def _values(change: ObjectChange, names: Iterable[str], indent: str) -> Iterator[str]:
    """Attributes with what they are and what they become; of a create only that."""
    wanted = {**change.held, **change.values}
    before = change.state.acked or {}
    for name in sorted(names):
        new = shown(wanted[name])
        if change.verb is Verb.CREATE:
            told = new
        else:
            told = [*shown(before.get(name)), *(f"→ {line}" for line in new)]
            told = [" → ".join((shown(before.get(name))[0], new[0]))] if len(told) == 2 else told
        for place, line in enumerate(told):
            yield f"{indent}{'' if place else name:{_NAME}} {line}"


def _members(change: MembershipChange, named: Named, deletes: BitMap) -> Iterator[str]:
    group = change.membership
    numbers = f": +{len(change.adds):,} −{len(change.removes):,}" if change.adds or change.removes else ""
    yield f"Members Group {group.dn} ({group.anchor}){numbers}"
    yield from _links("  +", change.adds, named)
    yield from _links("  −", change.removes, named)
    yield from _links("  −", group.derived & deletes, named, " (with its own delete)")
    yield from _links("  held −", group.derived - deletes, named, " (waits with its own delete)")
    yield from _links("  held +", change.absent, named, " (waits with a create that is held)")
    for held in change.held:
        yield f"  held ({held.hold.value}): {held.reason}"
        yield from _links("    +", held.adds, named)
        yield from _links("    −", held.removes, named)


def _links(sign: str, ids: BitMap, named: Named, note: str = "") -> Iterator[str]:
    return (f"{sign} {name}{note}" for _, name in named(ids))
