"""Groups that get nobody new for a reason of their own, kept from the run that found it: later ones look at nothing
but what changed.
"""

from collections.abc import Iterable, Mapping

from syncramp.model.holds import Hold
from syncramp.store.database import Database

_KEEP = """INSERT INTO unwritten (id, hold, reason) VALUES (?, ?, ?)
           ON CONFLICT (id, hold) DO UPDATE SET reason = excluded.reason"""
_DROP = "DELETE FROM unwritten WHERE hold = ? AND id IN ({})"
_ALL = "SELECT id, hold, reason FROM unwritten"
ORDER = Hold.MEMBERS_UNKNOWN, Hold.NOT_WRITTEN, Hold.PROTECTED
"""The one that keeps back most is told."""


class Unwritten:
    """What keeps groups from growing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, hold: Hold, reasons: Mapping[int, str]) -> None:
        """Groups are held, in the place of what was kept of them under the same hold; in a transaction of the caller
        or of its own.

        :param reasons: id -> why, as a sentence.
        """
        self._database.run_many(_KEEP, [(identity, hold.value, reason) for identity, reason in reasons.items()])

    def drop(self, hold: Hold, ids: Iterable[int]) -> None:
        """Groups are held so no more."""
        for identity in ids:
            self._database.run(_DROP.format("?"), (hold.value, identity))

    def all(self) -> dict[int, tuple[Hold, str]]:
        """Id -> the hold that keeps back most, and why."""
        found: dict[int, tuple[Hold, str]] = {}
        for identity, hold, reason in self._database.all(_ALL):
            known = found.get(identity)
            if known is None or ORDER.index(Hold(hold)) < ORDER.index(known[0]):
                found[identity] = Hold(hold), reason
        return found
