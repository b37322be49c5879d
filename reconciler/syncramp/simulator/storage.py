"""Statements over the tenant's tables: constant SQL with tuples, in bulk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgpack
from sqlalchemy import Connection

from syncramp.model.wire import WireValue
from syncramp.simulator.tables import Flag, Link, State

CHUNK = 500
"""Placeholders in one statement."""
COLUMNS = "id, kind, source_anchor, cloud_anchor, attributes, created, state, flags, made, deleted, quarantine"
_SAVE = (
    f"INSERT INTO objects ({COLUMNS}, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 (constant)
    "ON CONFLICT (id) DO UPDATE SET source_anchor = excluded.source_anchor, attributes = excluded.attributes, "
    "created = excluded.created, state = excluded.state, flags = excluded.flags, deleted = excluded.deleted, "
    "quarantine = excluded.quarantine, changed = excluded.changed"
)
_LINK = (
    "INSERT INTO links (group_id, member_id, state, changed) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (group_id, member_id) DO UPDATE SET state = excluded.state, changed = excluded.changed "
    "WHERE links.state <> excluded.state"
)
_OWN = (
    "INSERT INTO names (value, object_id) VALUES (?, ?) "
    "ON CONFLICT (value) DO UPDATE SET object_id = excluded.object_id"
)
_TOUCH_GROUPS = (
    "UPDATE objects SET changed = ? WHERE id IN (SELECT group_id FROM links WHERE member_id = ? AND state = ?)"
)
_TURN_LINKS = "UPDATE links SET state = ?, changed = ? WHERE member_id = ? AND state = ?"


@dataclass
class Held:
    """One object, as the tenant holds it."""

    id: int
    kind: str
    source_anchor: str | None
    cloud_anchor: str
    values: dict[str, Any]
    """Attributes by name in PascalCase."""
    created: float
    state: State = State.LIVE
    synced: bool = True
    """DirSyncEnabled."""
    cloud_managed: bool = False
    admin: bool = False
    unified: bool = False
    made: int = 0
    """The number of the call that created it."""
    deleted: float | None = None
    """When it went into the bin."""
    quarantine: tuple[tuple[str, str], ...] = ()
    """Attributes and values it was sent with and does not have, because another object has them."""

    @property
    def flags(self) -> int:
        """Bits of :class:`Flag`."""
        return (
            Flag.SYNCED * self.synced
            | Flag.CLOUD_MANAGED * self.cloud_managed
            | Flag.ADMIN * self.admin
            | Flag.UNIFIED * self.unified
        )


_STATES = tuple(State)
_FLAGS = [tuple(bool(bits & flag) for flag in Flag) for bits in range(1 << len(Flag))]


class Storage:
    """The tables behind one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Sequence[Any]:
        """All rows of a query."""
        return self._connection.exec_driver_sql(statement, tuple(parameters)).fetchall()

    def one(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row; None when there is none."""
        row = self._connection.exec_driver_sql(statement, tuple(parameters)).first()
        return None if row is None else row[0]

    def run(self, statement: str, parameters: Sequence[Any]) -> None:
        """One statement."""
        self._connection.exec_driver_sql(statement, tuple(parameters))

    def run_all(self, statement: str, parameters: Sequence[tuple[Any, ...]]) -> None:
        """One statement for each tuple."""
        if parameters:
            self._connection.exec_driver_sql(statement, list(parameters))

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
        self._connection.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block, or nothing."""
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.exec_driver_sql("ROLLBACK")
            raise
        self._connection.exec_driver_sql("COMMIT")

    def among(self, statement: str, wanted: Iterable[Any]) -> Iterator[Any]:
        """Rows of a query that ends in ``IN``, for many values."""
        for chunk in chunks(wanted):
            yield from self.rows(f"{statement} ({', '.join('?' * len(chunk))})", chunk)

    def held(self, column: str, wanted: Iterable[Any]) -> Iterator[Held]:
        """Objects by ids or by anchors, without those that are gone."""
        query = f"SELECT {COLUMNS} FROM objects WHERE state <> 2 AND {column} IN"  # noqa: S608 (our own names)
        return map(held_of, self.among(query, wanted))

    def held_where(self, condition: str, parameters: Sequence[Any] = ()) -> list[Held]:
        """Objects in the order of their ids.

        :param condition: constant SQL.
        """
        query = f"SELECT {COLUMNS} FROM objects WHERE {condition}"  # noqa: S608
        return [held_of(row) for row in sorted(self.rows(query, parameters))]  # ORDER BY would read the whole table

    def save(self, held: Iterable[Held], changed: int) -> None:
        """Write objects, new or not."""
        self.run_all(_SAVE, [_row(one, changed) for one in held])

    def link(self, group: int, members: Iterable[tuple[int, Link]], changed: int) -> None:
        """Set links of a group; those that are as wanted keep their number."""
        self.run_all(_LINK, [(group, member, int(state), changed) for member, state in members])

    def link_states(self, group: int, members: Iterable[int]) -> dict[int, int]:
        """The links there are between a group and some members."""
        query = f"SELECT member_id, state FROM links WHERE group_id = {group} AND member_id IN"  # noqa: S608 (an int)
        return {row[0]: row[1] for row in self.among(query, members)}

    def turn_links(self, member: int, before: Link, after: Link, changed: int) -> None:
        """Turn all links to a member, and mark their groups as changed."""
        self.run(_TOUCH_GROUPS, (changed, member, int(before)))
        self.run(_TURN_LINKS, (int(after), changed, member, int(before)))

    def owners(self, values: Iterable[str]) -> dict[str, int]:
        """Who has values that must be unique."""
        return {row[0]: row[1] for row in self.among("SELECT value, object_id FROM names WHERE value IN", values)}

    def own(self, owners: Mapping[str, int | None]) -> None:
        """Give values that must be unique to objects, or free them."""
        self.run_all("DELETE FROM names WHERE value = ?", [(value,) for value, who in owners.items() if who is None])
        self.run_all(_OWN, [(value, who) for value, who in owners.items() if who is not None])

    def keep(self, key: str, value: bytes) -> None:
        """Remember one thing."""
        self.run(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    def kept(self, key: str) -> bytes | None:
        """What :meth:`keep` was given."""
        value: bytes | None = self.one("SELECT value FROM meta WHERE key = ?", (key,))
        return value


def held_of(row: Sequence[Any]) -> Held:
    """A row of ``COLUMNS`` as an object."""
    values: dict[str, WireValue] = msgpack.unpackb(row[4], use_list=False)
    synced, cloud_managed, admin, unified = _FLAGS[row[7]]
    return Held(
        row[0],
        row[1],
        row[2],
        row[3],
        values,
        row[5],
        _STATES[row[6]],
        synced,
        cloud_managed,
        admin,
        unified,
        row[8],
        row[9],
        msgpack.unpackb(row[10], use_list=False) if row[10] else (),
    )


def _row(held: Held, changed: int) -> tuple[Any, ...]:
    return (
        held.id,
        held.kind,
        held.source_anchor,
        held.cloud_anchor,
        msgpack.packb(held.values),
        held.created,
        int(held.state),
        held.flags,
        held.made,
        held.deleted,
        msgpack.packb(held.quarantine) if held.quarantine else None,
        changed,
    )


def chunks(values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Values in tuples of ``CHUNK``."""
    values = tuple(values)
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
