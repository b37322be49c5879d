"""Groups whose fill was begun and is not over; a killed run leaves them so, and the next one goes on."""

from collections.abc import Callable, Collection, Mapping

from syncramp.store.database import Database

Fence = Callable[[], None]
"""Raises when a later run has begun; called in the transaction, before it writes."""

_BEGUN = """SELECT g.anchor, o.id FROM ramp_groups g
            LEFT JOIN objects o ON o.anchor = g.anchor AND o.digest IS NOT NULL WHERE g.filling = 1"""
_BEGIN = "UPDATE ramp_groups SET filling = 1 WHERE anchor = ?"
_END = "UPDATE ramp_groups SET filling = 0 WHERE anchor = ?"


class Filling:
    """The marks of groups that follow a ramp."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begun(self) -> Mapping[str, int | None]:
        """Anchors of those that are marked, with their ids; None: it should not be in the cloud any more."""
        return dict(self._database.all(_BEGUN))

    def begin(self, anchor: str, fence: Fence) -> None:
        """Mark a group, durable against power loss, before the first call of its fill.

        :raises AnotherRunActive: a later run has begun.
        """
        with self._database.transaction(durable=True):
            fence()
            self._database.run(_BEGIN, (anchor,))

    def end(self, anchors: Collection[str], fence: Fence) -> None:
        """Nobody of these groups is left to be sent.

        :raises AnotherRunActive: a later run has begun.
        """
        if anchors:
            with self._database.transaction():
                fence()
                self._database.run_many(_END, [(anchor,) for anchor in anchors])
