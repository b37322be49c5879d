"""Who this store is among those that write to the same tenant.

Its name is made at first use, and tied to where the store lies: a copy of it is another one, with another name,
because two stores of one name would both believe that the right to write is theirs. Beside the name stand the highest
token that it ever asked for, and what it saw of the right in other hands.
"""

import json
from uuid import uuid4

from syncramp.errors import FenceLost
from syncramp.store.database import Database

_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_READ = "SELECT value FROM meta WHERE key = ?"
_LAST = "SELECT MAX(deadline) FROM batches WHERE state IN ('Sent', 'Lost')"


class Holder:
    """A store as the holder of a right to write."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def name(self) -> str:
        """A name that no other store has, and that stays; it says nothing of its own accord."""
        place = self._database.place()
        kept = json.loads(self._database.value(_READ, ("holder",), "{}"))
        if kept.get("place") != place:
            kept = {"name": str(uuid4()), "place": place}
            with self._database.transaction(durable=True):
                self._database.run(_META, ("holder", json.dumps(kept)))
        return str(kept["name"])

    def token(self) -> int:
        """The highest fencing token that was noted; 0: none was."""
        return int(self._database.value(_READ, ("fence",), 0))

    def note(self, token: int) -> None:
        """Before it is asked for: from now on this store refuses lower ones.

        :raises FenceLost: it knows of a higher one.
        """
        with self._database.transaction(durable=True):
            self.refuse_older(token)
            self._database.run(_META, ("fence", str(token)))

    def refuse_older(self, token: int) -> None:
        """In a transaction, before it writes.

        :raises FenceLost: this store knows of a higher token.
        """
        if token < (newest := self.token()):
            raise FenceLost(
                f"the right to write to the tenant went on: this run has token {token}, the store knows {newest}",
                remedy="this run ends; the newer one goes on from here",
            )

    def seen(self) -> str:
        """What was kept of the right in other hands; empty: nothing."""
        return str(self._database.value(_READ, ("fence_seen",), ""))

    def see(self, text: str) -> None:
        """Keep it for the next process."""
        self._database.run(_META, ("fence_seen", text))

    def travelling_until(self) -> float:
        """When the last call that was never answered cannot arrive any more; seconds since the epoch, 0: none is."""
        beside = self._database.value(_READ, ("travelling_beside",), 0.0)
        return max(float(self._database.value(_LAST) or 0.0), float(beside))

    def see_beside(self, until: float) -> None:
        """Keep the same of the ledger that goes with this store."""
        self._database.run(_META, ("travelling_beside", str(until)))
