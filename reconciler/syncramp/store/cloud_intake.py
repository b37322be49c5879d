"""What a read-back, or Microsoft Graph, tells of groups that are mastered in the cloud, page by page.

A read of everything collects members (``cloud_reading``), whatever runs its pages come in, and counts when it has
come to its end; whoever it did not show then is *absent*, which is weaker than told to be deleted. After it come
changes, which count at once. Before the first such read nothing is taken in, and whoever skips pages says so
(``forget``).

Once Graph has told of a group, the read-back only says whether it is there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pyroaring import BitMap

from syncramp.model.cloud import CloudState, SeenGroup, Teller
from syncramp.model.values import Value
from syncramp.store.cloud_names import also_called, ids_of, known_ids, split, tell_kinds
from syncramp.store.cloud_rows import CloudRow, CloudRows
from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

_COLLECTED = "SELECT id, members FROM cloud_reading WHERE teller = ? AND id IN ({})"
_COLLECT = """INSERT INTO cloud_reading (teller, id, members) VALUES (?, ?, ?)
              ON CONFLICT (teller, id) DO UPDATE SET members = excluded.members"""
_PAGE = "SELECT id, members FROM cloud_reading WHERE teller = ? AND id > ? ORDER BY id LIMIT 500"
_CLEAR = "DELETE FROM cloud_reading WHERE teller = ?"
_TOLD = "SELECT 1 FROM cloud_reading WHERE teller = ? AND members IS NOT NULL LIMIT 1"


class CloudIntake:
    """The writing side of groups of the cloud; a method that says nothing else is in a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = CloudRows(database)

    def begin(self, teller: Teller) -> None:
        """A read of everything begins; of one that was not ended nothing is kept."""
        self._database.run(_CLEAR, (teller,))
        self._rows.set(f"cloud_read_{teller}", "reading")

    def reading(self, teller: Teller) -> bool:
        """A read of everything has begun and not come to its end."""
        return self._rows.get(f"cloud_read_{teller}") == "reading"

    def complete(self, teller: Teller) -> bool:
        """A read of everything has come to its end, and nothing was missed since."""
        return self._rows.get(f"cloud_read_{teller}") == "complete"

    def forget(self, teller: Teller) -> None:
        """Something may be missed from now on: the next read must be one of everything."""
        self._rows.set(f"cloud_read_{teller}", "")

    def leave_graph(self) -> bool:
        """Microsoft Graph is not asked any more: from now on the read-back tells, which must be one of everything.

        One transaction; whatever Graph said stays until then.

        :returns: it was asked before.
        """
        if self.cursor() is None and not self.reading(Teller.GRAPH) and not self.complete(Teller.GRAPH):
            return False
        with self._database.transaction():
            self._database.run("UPDATE cloud_groups SET graph = 0 WHERE graph = 1")
            self.keep_cursor(None)
            self.forget(Teller.GRAPH)
            self.forget(Teller.READ_BACK)
        return True

    def lists_members(self) -> bool:
        """The read-back was seen to tell members as lists."""
        return bool(self._rows.get("cloud_lists"))

    def cursor(self) -> str | None:
        """Where Microsoft Graph goes on; None: at the beginning."""
        return self._rows.get("graph_cursor") or None

    def keep_cursor(self, cursor: str | None) -> None:
        """Where Graph goes on after what was taken in."""
        self._rows.set("graph_cursor", cursor or "")

    def observe(
        self,
        seen: Mapping[str, SeenGroup],
        now: float,
        teller: Teller = Teller.READ_BACK,
        *,
        kinds: Mapping[str, str] | None = None,
        ended: bool = False,
    ) -> None:
        """Take in what one page says.

        :param seen: object id, in small letters -> what is said of the group.
        :param now: seconds since the epoch.
        :param kinds: member -> what it is, where the page says more than its type (``Guest``).
        :param ended: it is the last page of what was to be read.
        """
        reading = self.reading(teller)
        if not reading and not self.complete(teller):
            return
        tell_kinds(self._database, kinds or {})
        told = self._by_id(seen)
        known = self._rows.among(told)
        told = {i: group for i, group in told.items() if i in known or _appears(group)}
        after = {i: _described(known.get(i), i, group, now, teller) for i, group in told.items()}
        believed = {i: group for i, group in told.items() if teller is Teller.GRAPH or not after[i].graph}
        members = _Members(self._database, believed.values())
        if reading:
            self._collect(teller, believed, members)
        else:
            for i, group in believed.items():
                after[i] = replace(after[i], members=self._changed(known.get(i), group, members, teller))
        self._rows.keep(known, after.values())
        if teller is Teller.READ_BACK and any(group.whole for group in believed.values()):
            self._rows.set("cloud_lists", "yes")
        if reading and ended:
            self._end(teller, now)

    def _by_id(self, seen: Mapping[str, SeenGroup]) -> dict[int, SeenGroup]:
        """Who is there gets an id; of who is not, nothing is kept that was not known."""
        named = {f"group_{object_id}": group for object_id, group in seen.items()}
        there = ids_of(self._database, [name for name, group in named.items() if _appears(group)])
        ids = there | known_ids(self._database, named.keys() - there.keys())
        return {ids[object_id]: group for object_id, group in seen.items() if object_id in ids}

    def _collect(self, teller: Teller, told: Mapping[int, SeenGroup], members: "_Members") -> None:
        before = dict(self._database.among(_COLLECTED, list(told), (teller,)))
        rows = []
        for i, group in told.items():
            data = before.get(i)
            after = members.applied(None if data is None else unpack_bitmap(data), group)
            rows.append((teller, i, None if after is None else pack_bitmap(after)))
        self._database.run_many(_COLLECT, rows)

    def _changed(self, row: CloudRow | None, group: SeenGroup, members: "_Members", teller: Teller) -> BitMap | None:
        """Members after a change; what is not known stays so until everything is read."""
        told = _tells(group)
        if row is not None and group.state is not CloudState.LIVE:
            return row.members  # who is told to leave a group that was deleted may be back with it
        if row is not None and row.state is not CloudState.LIVE:
            self.forget(teller)  # it was restored: who left it meanwhile, or right before, was not taken in
        new = row is None or (teller is Teller.GRAPH and not row.graph)
        if told and teller is Teller.READ_BACK and not self._rows.get("cloud_members_shown"):
            self._rows.set("cloud_members_shown", "yes")
            self.forget(teller)  # of other groups it may have told none before
        if new and group.moved:
            self.forget(teller)  # changes since the move are no members: only a read of everything tells them all
            return None if row is None else row.members
        if new and not told:
            hidden = _hidden(group.attributes or {})
            return None if hidden or not self._shows(teller) else BitMap()
        if not new and row is not None and row.members is None:
            if told:
                self.forget(teller)
            return None
        return members.applied(BitMap() if new or row is None else row.members, group)

    def _shows(self, teller: Teller) -> bool:
        """It tells members, so that who has none told has none."""
        return teller is Teller.GRAPH or bool(self._rows.get("cloud_members_shown"))

    def _end(self, teller: Teller, now: float) -> None:
        """What was collected takes the place of what was known."""
        told = self._database.one(_TOLD, (teller,)) is not None
        if told and teller is Teller.READ_BACK:
            self._rows.set("cloud_members_shown", "yes")
        missing, last = self._rows.there(graph=teller is Teller.GRAPH), 0
        while page := self._database.all(_PAGE, (teller, last)):
            last = page[-1][0]
            collected = {i: None if data is None else unpack_bitmap(data) for i, data in page}
            missing -= BitMap(collected)
            known = self._rows.among(collected)
            after = (replace(row, members=_settled(row, collected[i], teller, told=told)) for i, row in known.items())
            self._rows.keep(known, list(after))
        lost = self._rows.among(missing)
        absent = [replace(row, state=CloudState.UNTOLD, since=now, absent=True) for row in lost.values()]
        self._rows.keep(lost, absent)
        self._database.run(_CLEAR, (teller,))
        self._rows.set(f"cloud_read_{teller}", "complete")


def _appears(group: SeenGroup) -> bool:
    """It is told of as one that is there, or that can be restored; of a group that was deleted Graph gives the id
    alone, and does not say whose it was.
    """
    return group.state is CloudState.LIVE or (group.state is CloudState.BIN and group.attributes is not None)


class _Members:
    """Members that a page names, with their ids."""

    def __init__(self, database: Database, groups: Iterable[SeenGroup]) -> None:
        groups = list(groups)
        self._ids = ids_of(database, [m for group in groups for m in (*group.adds, *(group.whole or ()))])
        removed = [member for group in groups for member in group.removes]
        self._others = also_called(database, removed)
        self._ids |= known_ids(database, [*removed, *(m for also in self._others.values() for m in also)])

    def applied(self, before: BitMap | None, group: SeenGroup) -> BitMap | None:
        """Members after what one page says; None: nobody ever told them."""
        if group.whole is not None:
            return self._bitmap(group.whole)
        if not _tells(group):
            return before
        gone = [name for member in group.removes for name in (member, *self._others.get(member, ()))]
        return ((before or BitMap()) - self._bitmap(gone)) | self._bitmap(group.adds)

    def _bitmap(self, members: Iterable[str]) -> BitMap:
        ids = self._ids
        return BitMap([ids[name] for member in members if (name := split(member)[0]) in ids])


def _tells(group: SeenGroup) -> bool:
    return group.whole is not None or bool(group.adds or group.removes)


def _hidden(attributes: Mapping[str, Value | None]) -> bool:
    """Who is in such a group is told to nobody without a permission of its own, and no answer says so."""
    return attributes.get("visibility") == "HiddenMembership"


def _settled(row: CloudRow, collected: BitMap | None, teller: Teller, *, told: bool) -> BitMap | None:
    """Members at the end of a read of everything.

    :param told: it told of anybody's members. One that did not is no proof that there are none.
    """
    if collected is not None or row.state is not CloudState.LIVE:
        return row.members if collected is None else collected
    empty = told or (teller is Teller.GRAPH and row.members is None)
    return row.members if not empty or _hidden(row.attributes) else BitMap()


def _described(row: CloudRow | None, identity: int, group: SeenGroup, now: float, teller: Teller) -> CloudRow:
    """All of a group but its members."""
    graph = teller is Teller.GRAPH or (row is not None and row.graph)
    if row is None:
        return CloudRow(identity, _without_none(group.attributes or {}), group.state, now, None, graph)
    state = group.state
    if state is CloudState.UNTOLD and group.ours and row.state in (CloudState.BIN, CloudState.GONE):
        # Graph says more; who was shown in the bin, and is told to be deleted after it, has left the bin, too
        state = row.state if row.graph else CloudState.GONE
    since = row.since if state is row.state else now
    absent = row.absent and state is CloudState.UNTOLD and group.state is not CloudState.UNTOLD
    attributes: Mapping[str, Value] = row.attributes
    if group.attributes is not None and (teller is Teller.GRAPH or not row.graph):
        attributes = _without_none({**(attributes if group.merges else {}), **group.attributes})
    return replace(
        row, attributes=attributes, state=state, since=since, graph=graph, absent=absent, taken=not group.ours
    )


def _without_none(attributes: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in sorted(attributes.items()) if value is not None}
