"""Which groups follow which ramp, by anchor: a group that leaves the store and comes back follows its ramp still.

Whether a group is being filled stands in the same rows and is written by ``filling``.
"""

from collections.abc import Collection, Iterable, Mapping

from syncramp.model.ramps import Bound
from syncramp.store.database import Database
from syncramp.store.filling import Fence
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_ALL = """SELECT o.id, g.anchor, g.ramp, g.at, g.policy, g.start, g.filling, g.waited FROM ramp_groups g
          CROSS JOIN objects o WHERE o.anchor = g.anchor AND o.kind = 'Group' AND o.digest IS NOT NULL"""
"""CROSS JOIN: SQLite begins with the groups, and not with every object."""
_WRITE = """INSERT INTO ramp_groups (anchor, ramp, at, policy, start) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (anchor) DO UPDATE SET ramp = excluded.ramp, at = excluded.at, policy = excluded.policy,
            start = excluded.start"""
_DROP = "DELETE FROM ramp_groups WHERE anchor = ?"
_GONE = """DELETE FROM ramp_groups WHERE NOT EXISTS (SELECT 1 FROM objects o WHERE o.anchor = ramp_groups.anchor
           AND (o.digest IS NOT NULL OR o.acked IS NOT NULL OR o.doubt = 1))"""
_WAITED = "SELECT anchor FROM ramp_groups WHERE waited = 1"
_WAITS = "UPDATE ramp_groups SET waited = ? WHERE anchor = ?"


class RampGroups:
    """The groups that follow ramps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[int, Bound]:
        """Id -> by what the group is bound; of those that should be in the cloud."""
        return {
            identity: Bound(identity, anchor, ramp, at, policy, unpack_bitmap(start), bool(filling), bool(waited))
            for identity, anchor, ramp, at, policy, start, filling, waited in self._database.all(_ALL)
        }

    def write(
        self, bound: Mapping[int, Bound], before: Mapping[int, Bound], released: Iterable[Bound], fence: Fence
    ) -> None:
        """Keep who follows which ramp; groups that are gone, and those that were released, are forgotten.

        :param before: as it was read; what is equal is not written.
        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        rows = [
            (each.anchor, each.ramp, each.at, each.policy, pack_bitmap(each.start))
            for each in bound.values()
            if before.get(each.id) != each
        ]
        with self._database.transaction():
            fence()
            self._database.run_many(_WRITE, rows)
            self._database.run_many(_DROP, [(each.anchor,) for each in released])
            self._database.run(_GONE)

    def note_waiting(self, anchors: Collection[str], fence: Fence) -> None:
        """Keep of which groups somebody waits when a run is over; of all others nobody does.

        :raises AnotherRunActive: a later run has begun; nothing is written.
        """
        known = {row[0] for row in self._database.all(_WAITED)}
        changed = [(1, anchor) for anchor in anchors if anchor not in known]
        changed += [(0, anchor) for anchor in known.difference(anchors)]
        if changed:
            with self._database.transaction():
                fence()
                self._database.run_many(_WAITS, changed)
