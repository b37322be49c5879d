"""Groups that are mastered in the cloud, for whoever writes them back: what is known, and what changed since.

``intake`` takes in what a read-back or Microsoft Graph says of them. Each change of a group has a number (``seq``),
so that a reader sees what changed since it looked last.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.cloud import CloudGroup, CloudState
from syncramp.model.values import Value
from syncramp.store.cloud_intake import CloudIntake
from syncramp.store.cloud_names import joined, known_ids
from syncramp.store.cloud_rows import CloudRow, CloudRows
from syncramp.store.database import Database

RESTORABLE = 30 * 86400.0
"""Seconds for which a deleted Microsoft 365 group can be restored (Microsoft: Restore a deleted Microsoft 365
group)."""
UNIFIED = "Unified"
"""What ``groupTypes`` of a Microsoft 365 group holds."""

_NAMES = "SELECT id, anchor, kind FROM cloud_names WHERE id IN ({})"


class CloudGroups:
    """Groups of the cloud in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = CloudRows(database)
        self.intake = CloudIntake(database)

    def seq(self) -> int:
        """The number of the last change."""
        return self._rows.seq()

    def since(self, seq: int) -> Iterator[CloudGroup]:
        """Groups that changed after a number, in the order of their changes; nothing may be written meanwhile."""
        return self._rows.since(seq)

    def all(self) -> Iterator[CloudGroup]:
        """All groups, also those that were deleted; nothing may be written meanwhile."""
        return self._rows.since(-1)

    def ids(self, object_ids: Iterable[str]) -> dict[str, int]:
        """Ids by object id, of those that were ever named."""
        return known_ids(self._database, [f"group_{object_id}" for object_id in object_ids])

    def names(self, ids: BitMap) -> Iterator[tuple[int, str]]:
        """Ids with ``<type>_<object id>`` in small letters, or ``source:`` and a source anchor."""
        for identity, anchor, kind in self._database.among(_NAMES, list(ids)):
            yield identity, joined(anchor, kind)

    def settle_deleted(self, now: float) -> int:
        """Whoever cannot come back any more is gone; one transaction.

        A Microsoft 365 group can be restored for thirty days, a security group that was told to be deleted cannot.
        Whoever was only not shown waits as long, whatever it is, and so does what Graph tells of, which knows better.

        :param now: seconds since the epoch.
        :returns: how many.
        """
        over = [row for row in self._rows.deleted() if _for_good(row, now)]
        self._gone(over, now)
        return len(over)

    def deleted(self) -> list[str]:
        """Object ids of those of which nobody said whether they can come back."""
        ids = BitMap(row.id for row in self._rows.deleted())
        return [name.rpartition("_")[2] for _, name in self.names(ids)]

    def hard_deleted(self, object_id: str, now: float) -> None:
        """Somebody who knows says that a group cannot come back; one transaction."""
        self._gone(self._rows.among(self.ids([object_id]).values()).values(), now)

    def _gone(self, rows: Iterable[CloudRow], now: float) -> None:
        known = {row.id: row for row in rows}
        if known:
            with self._database.transaction():
                self._rows.keep(known, [replace(row, state=CloudState.GONE, since=now) for row in known.values()])


def _for_good(row: CloudRow, now: float) -> bool:
    at_once = not (row.absent or row.graph or unified(row.attributes))
    return at_once or now - row.since >= RESTORABLE


def unified(attributes: Mapping[str, Value]) -> bool:
    """It is a Microsoft 365 group."""
    types = attributes.get("groupTypes", ())
    return isinstance(types, tuple) and UNIFIED in types
