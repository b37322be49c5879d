"""Ramps in a state snapshot: how far they are, the members that their groups had at the start, and which annotations
were followed, since they stand in the document still.

Ids are of one store only, and the anchors of some groups of 200,000 would make a snapshot many times as large. So the
members are told by their places among the objects of the snapshot, as a bitmap.
"""

import json
from array import array
from collections.abc import Iterator, Sequence

from pyroaring import BitMap

from syncramp.model.ramps import RampState
from syncramp.model.saved import Restored, SavedBound, SavedObject, SavedOrder, SavedRamp
from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_STATES = "SELECT name, state FROM ramps ORDER BY name"
_BOUND = "SELECT anchor, ramp, at, policy, start, filling FROM ramp_groups ORDER BY anchor"
_IDS = "SELECT anchor, id FROM objects WHERE anchor IN ({})"
_BIND = """INSERT INTO ramp_groups (anchor, ramp, at, policy, start, filling) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (anchor) DO NOTHING"""
_ORDERS = "SELECT command, ramp, token, \"by\", at FROM ramp_orders WHERE token != '' ORDER BY id"
_FOLLOWED = """INSERT INTO ramp_orders (command, ramp, token, "by", at, run) SELECT ?, ?, ?, ?, ?, 0
               WHERE NOT EXISTS (SELECT 1 FROM ramp_orders WHERE command = ? AND token = ?)"""


def saved_ramps(database: Database, objects: str) -> Iterator[SavedRamp | SavedOrder | SavedBound]:
    """The ramps of a store, and the groups that follow them.

    :param objects: a query for the ids of the objects of the snapshot, in their order.
    """
    yield from (SavedRamp(*row) for row in database.all(_STATES))
    yield from (SavedOrder(*row) for row in database.all(_ORDERS))
    if rows := database.all(_BOUND):
        ids = database.numbers(objects)
        places = array("q", [-1]) * (max(ids, default=0) + 1)
        for place, number in enumerate(ids):
            places[number] = place
        for anchor, ramp, at, policy, start, filling in rows:
            members = (number for number in unpack_bitmap(start) if number < len(places))
            found = BitMap(place for number in members if (place := places[number]) >= 0)
            yield SavedBound(anchor, ramp, at, policy, pack_bitmap(found).hex(), filling)


class RestoringRamps:
    """Ramps of a snapshot come into a store: first their rows, then its objects, and at last :meth:`end`."""

    def __init__(self, database: Database) -> None:
        self.states: list[RampState] = []
        """As they were."""
        self._database = database
        self._bound: list[SavedBound] = []
        self._ids = array("q")
        """By the places of the objects; -1: this store does not know it."""

    def take(self, rows: Sequence[object]) -> None:
        """A page of the snapshot."""
        self.states += [RampState.from_json(json.loads(row.state)) for row in rows if isinstance(row, SavedRamp)]
        self._bound += [row for row in rows if isinstance(row, SavedBound)]
        orders = [row for row in rows if isinstance(row, SavedOrder)]
        self._database.run_many(_FOLLOWED, [(*row, row.command, row.token) for row in orders])
        anchors = [row.anchor for row in rows if isinstance(row, SavedObject)]
        if self._bound and anchors:
            known = dict(self._database.among(_IDS, anchors))
            self._ids.extend(known.get(anchor, -1) for anchor in anchors)

    def end(self, restored: Restored) -> None:
        """Bind the groups that no run has bound since."""
        for row in self._bound:
            start = unpack_bitmap(bytes.fromhex(row.start))
            members = BitMap(found for place in start if place < len(self._ids) and (found := self._ids[place]) >= 0)
            values = (row.anchor, row.ramp, row.at, row.policy, pack_bitmap(members), row.filling)
            restored.followers += self._database.run(_BIND, values)
