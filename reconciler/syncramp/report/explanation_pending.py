"""What waits of an object, and what holds it, in an explanation."""

from collections.abc import Iterator

from syncramp.model.plan import MembershipChange, ObjectChange, Verb
from syncramp.report.layout import wrapped


def change_lines(change: ObjectChange | None) -> Iterator[str]:
    """What becomes of the object."""
    if change is None:
        return
    if change.sends and change.verb is not Verb.UPDATE:
        yield f"  {change.verb.value}: goes in the next run"
    elif change.sends:
        yield from wrapped(f"  Update: goes in the next run: {', '.join(sorted(change.values))}", "    ")
    if change.hold:
        parts = f" of {', '.join(sorted(change.held))}" if change.verb is Verb.UPDATE and change.held else ""
        yield from _held(f"{change.verb.value}{parts}", change.hold.value, change.reason)


def link_lines(links: MembershipChange | None) -> Iterator[str]:
    """What becomes of its members."""
    if links is None:
        return
    if links.adds or links.removes:
        yield f"  Members: +{len(links.adds):,} −{len(links.removes):,} go in the next run"
    for held in links.held:
        yield from _held(f"Members +{len(held.adds):,} −{len(held.removes):,}", held.hold.value, held.reason)


def _held(what: str, hold: str, reason: str) -> Iterator[str]:
    yield from wrapped(f"  {what}: held ({hold}): {reason}", "    ")
    yield f"    what to do: docs/holds.md#{hold.lower()}"
