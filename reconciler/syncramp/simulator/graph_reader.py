"""Groups of a tenant for a delta query, page by page: all that are there, or what changed since a call.

Where the query stands is a ``Place``, as of the read-back: a group with more members than a page takes comes again.
"""

from collections.abc import Sequence
from dataclasses import replace

from syncramp.simulator.readback import Place
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import COLUMNS, Held, Storage, held_of
from syncramp.simulator.tables import Link, State

_GROUPS = f"SELECT {COLUMNS} FROM objects WHERE kind = 'Group' AND id > ? AND {{}} ORDER BY id LIMIT ?"  # noqa: S608
_MEMBERS = (
    "SELECT l.member_id, o.cloud_anchor, l.state FROM links l JOIN objects o ON o.id = l.member_id "
    "WHERE l.group_id = ? AND l.member_id > ? AND {} ORDER BY l.member_id LIMIT ?"
)
Told = tuple[Held, Sequence[tuple[str, int]]]
"""A group, and cloud anchors of members with the state of their links."""


class GraphReader:
    """A delta query.

    :param size: groups on a page.
    """

    def __init__(self, storage: Storage, settings: TenantSettings, size: int) -> None:
        self._storage, self._settings, self._size = storage, settings, size

    def page(self, place: Place, last_call: int) -> tuple[list[Told], Place]:
        """One page, and where it goes on; a place that has not begun is that of the next query.

        :param last_call: the number of the last call that changed something.
        """
        if place.began < 0:
            place = replace(place, began=last_call)
        told: list[Told] = []
        budget, rows = self._settings.most_links, self._rows(place)
        for held in rows[: self._size]:
            again = place.member if held.id == place.after else -1
            changes = self._changes(held, place.since, again, budget + 1)
            if len(changes) > budget and not budget:
                return told, place
            told.append((held, [(anchor, state) for _, anchor, state in changes[:budget]]))
            if len(changes) > budget:
                return told, replace(place, after=held.id, member=changes[budget - 1][0])
            budget -= len(changes)
            place = replace(place, after=held.id, member=-1)
        return told, place if len(rows) > self._size else Place(since=place.began)

    def _rows(self, place: Place) -> list[Held]:
        first = place.after - (place.member >= 0)
        condition, mark = ("state = ?", int(State.LIVE)) if place.since < 0 else ("changed > ?", place.since)
        rows = self._storage.rows(_GROUPS.format(condition), (first, mark, self._size + 1))
        return [held_of(row) for row in rows]

    def _changes(self, held: Held, since: int, after: int, limit: int) -> Sequence[tuple[int, str, int]]:
        if held.state is not State.LIVE:
            return []
        condition, mark = ("l.state = ?", int(Link.ALIVE)) if since < 0 else ("l.changed > ?", since)
        return [tuple(row) for row in self._storage.rows(_MEMBERS.format(condition), (held.id, after, mark, limit))]
