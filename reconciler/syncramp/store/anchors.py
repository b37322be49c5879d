"""Whose a source anchor is among the objects of the store: an anchor belongs to one of them.

Anchors come in no order, so keeping their index costs more the larger it is: of 300,000 objects, each page of a
thousand changes most of its leaves. So in the first synchronise of all the index is away. Of two objects with one
anchor in different pages nobody knows then; ``settle`` finds them, and makes the index. Until it does, nothing of the
store is in the cloud, so nothing can be pinned, held or handed over. An index that is not there says that this was
not done yet, also after a kill.

Of two objects that want one anchor, the one that the cloud knows under it has it; if it knows neither, the one of the
source that was named first, in whatever order sources are read; in one source, the one that was read first.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from syncramp.model.state import Origin
from syncramp.store.database import Database
from syncramp.store.marks import marking

MANY = 1_000
"""Entries to judge above which the index is made at the end: to keep it costs each of 10,000 objects 4 µs more."""

_MAKE_INDEX = "CREATE UNIQUE INDEX objects_anchor ON objects (anchor)"
_DROP_INDEX = "DROP INDEX IF EXISTS objects_anchor"
_OWNERS = "SELECT anchor, id, digest, acked, doubt, source FROM objects WHERE anchor IN ({})"
_TWICE = """SELECT id FROM (SELECT id,
            row_number() OVER (PARTITION BY anchor ORDER BY digest IS NULL, source, id) AS place FROM objects
            WHERE anchor IN (SELECT anchor FROM objects GROUP BY anchor HAVING COUNT(*) > 1)) AS ranked
            WHERE place > 1"""
_WITHOUT = "UPDATE objects SET anchor = NULL WHERE id = ?"
_AGAIN_RELEASED = (
    marking("SELECT id, ? FROM objects WHERE id = ? AND digest IS NOT NULL"),
    marking("SELECT DISTINCT object, ? FROM refs WHERE target = ?"),
)
_AGAIN = "INSERT INTO dirty (id) VALUES (?) ON CONFLICT DO NOTHING"


class Anchors:
    """Source anchors and the objects that have them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, entries: int) -> None:
        """Before entries are judged.

        :param entries: how many.
        """
        if entries > MANY and self._database.one("SELECT 1 FROM objects LIMIT 1") is None:
            self._database.run(_DROP_INDEX)

    def owners(self, anchors: Sequence[str]) -> dict[str, Any]:
        """Who has these anchors: anchor, id, digest, acked, doubt, source. Without the index nobody is known."""
        return {row[0]: row for row in self._database.among(_OWNERS, anchors)} if self._indexed() else {}

    def release(self, identity: int) -> None:
        """Somebody goes before: an object has its anchor no more. It is judged again, with all that refer to it."""
        self._database.run(_WITHOUT, (identity,))
        for mark in _AGAIN_RELEASED:
            self._database.run(mark, (Origin.SOURCE, identity))

    def settle(self) -> int:
        """Make the index, if it is away: of several objects with one anchor the first that should be in the cloud
        keeps it.

        :returns: how many objects have it no more; they are marked to be judged again.
        """
        if self._indexed():
            return 0
        with suppress(self._database.conflict):  # nearly always each anchor stands there once, and this is all
            self._database.run(_MAKE_INDEX)
            return 0
        with self._database.transaction():
            again = [(identity,) for (identity,) in self._database.all(_TWICE)]
            self._database.run_many(_WITHOUT, again)
            self._database.run_many(_AGAIN, again)
            self._database.run(_MAKE_INDEX)
        return len(again)

    def _indexed(self) -> bool:
        return self._database.has_index("objects_anchor")
