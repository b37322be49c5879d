"""Statements over the tenant's tables: constant SQL with tuples, in bulk."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgpack
from sqlalchemy import Connection

from syncramp.model.wire import WireValue
from syncramp.simulator.tables import Link, State

CHUNK = 500
"""Placeholders in one statement."""
COLUMNS = "id, kind, source_anchor, cloud_anchor, attributes, created, state"
_SAVE = (
    f"INSERT INTO objects ({COLUMNS}, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608 (constant columns)
    "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, source_anchor = excluded.source_anchor, "
    "cloud_anchor = excluded.cloud_anchor, attributes = excluded.attributes, created = excluded.created, "
    "state = excluded.state, changed = excluded.changed"
)
_LINK = (
    "INSERT INTO links (group_id, member_id, state, changed) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (group_id, member_id) DO UPDATE SET state = excluded.state, changed = excluded.changed "
    "WHERE links.state <> excluded.state"
)
_OWN = "INSERT INTO names (value, object_id) VALUES (?, ?)"
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

    def held(self, column: str, anchors: Iterable[str]) -> Iterator[Held]:
        """Objects by their source or cloud anchors."""
        query = f"SELECT {COLUMNS} FROM objects WHERE {column} IN"  # noqa: S608 (our own names)
        return map(held_of, self.among(query, anchors))

    def save(self, held: Iterable[Held], changed: int) -> None:
        """Write objects, new or not."""
        self.run_all(
            _SAVE,
            [
                (
                    h.id,
                    h.kind,
                    h.source_anchor,
                    h.cloud_anchor,
                    msgpack.packb(h.values),
                    h.created,
                    int(h.state),
                    changed,
                )
                for h in held
            ],
        )

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

    def own(self, identity: int, values: Iterable[str]) -> None:
        """Give values to an object, in place of those it has."""
        self.run("DELETE FROM names WHERE object_id = ?", (identity,))
        self.run_all(_OWN, [(value, identity) for value in values])

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
    return Held(row[0], row[1], row[2], row[3], values, row[5], State(row[6]))


def chunks(values: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Values in tuples of ``CHUNK``."""
    values = tuple(values)
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
