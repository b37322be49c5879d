"""What was taken of a state snapshot, as text."""

from collections.abc import Iterator

from syncramp.model.saved import Restored
from syncramp.words import count


def restored_lines(restored: Restored | None) -> Iterator[str]:
    """What of a lost store is known again; nothing where there was no snapshot."""
    if restored is None:
        return
    follows = ": no orphans, but deletes from now on" if restored.departed else ""
    departed = f"{restored.departed:,} of them left the directories{follows}"
    yield f"Snapshot: {count(restored.ours, 'object')} of ours, {departed}"
    for source, number in restored.lost_sources.items():
        yield f"    {count(number, 'object')} of source {source} stay: the document does not name it"
    for source, number in restored.unread.items():
        told = f"{count(number, 'object')} of source {source} stay: it was not read completely"
        yield f"    {told}; take the snapshot again when it was"
    again = f"{count(restored.deletes, 'deleted object')} and {count(restored.approvals, 'approval')}"
    if restored.ramps or restored.followers:
        told = f"{count(restored.ramps, 'ramp')} at the step of then, or where the tenant is by now"
        yield f"    {told}; {count(restored.followers, 'group')} known to follow one"
    yield f"    {count(restored.groups, 'group')} whose members leave as in every run; {again} known again"
