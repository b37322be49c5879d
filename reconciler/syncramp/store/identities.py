"""Whom a read-back shows, and whom its links name: ids by source anchor.

To ask for one in the index takes 2 to 3 µs, and more where the index does not fit into SQLite's cache; to read all of
them takes 0.4 µs each. So they are asked for until that has cost as much as to read all, and then all are read once.
Those of 300,000 objects take 42 MB until the read-back is over; a store that has many more is asked.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain

from syncramp.store.database import Database

MOST = 400_000
"""Objects whose anchors are kept."""
RATIO = 5
"""Anchors that are read in the time in which one is asked for."""
FEW = 1_000
"""Anchors that are asked for before anybody counts the objects."""


def ids_of(database: Database, anchors: Sequence[str]) -> dict[str, int]:
    """Ids by anchor."""
    return dict(database.among("SELECT anchor, id FROM objects WHERE anchor IN ({})", anchors))


class Identities:
    """Ids by anchor, while no object gets another one: during one read-back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all: Mapping[str, int] | None = None
        self._asked = 0

    def all(self, asked: int) -> Mapping[str, int] | None:
        """Ids of all objects by anchor; None: so far it costs less to ask.

        :param asked: how many are to be found now.
        """
        if self._all is None:
            self._asked += asked
            if self._asked > FEW and self._objects <= min(MOST, self._asked * RATIO):
                self._all = dict(self._database.stream("SELECT anchor, id FROM objects WHERE anchor IS NOT NULL"))
        return self._all

    def of(self, named: Sequence[Sequence[str]]) -> Mapping[str, int]:
        """Ids by anchor.

        :param named: some lists of anchors.
        :returns: of those that are ours; there may be others in it.
        """
        known = self.all(sum(map(len, named)))
        return ids_of(self._database, list(set(chain.from_iterable(named)))) if known is None else known

    @cached_property
    def _objects(self) -> int:
        return int(self._database.value("SELECT COUNT(*) FROM objects"))
