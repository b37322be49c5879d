"""The store in a schema of a PostgreSQL server.

* Durability is SQLite's: ``synchronous_commit`` is off, so that a crash of the server may lose the last commits and
  never a part of one; an intent is committed with it on, and everything before it with it.
* Writers come one after the other, as in SQLite: a transaction that writes takes an advisory lock first.
* A run holds the store by an advisory lock of the session that it works with. Who loses the connection loses both at
  once, and every later statement fails: there is no second connection that could go on, and nothing connects again.
* Importers hold it together, while no run does. Their transactions look beside each other; those of one source come
  one after the other, and of all of them one writes at a time. They lock in one order (the store, the source, the
  right to write), so none waits for one that waits for it.
* A plan works on temporary tables of its own connection: the rows are copied inside the server, nobody waits for it,
  and nothing of it is left however it ends.
* An old copy is told by its place. Whoever restores a dump makes new tables, with other numbers; whoever restores the
  server, or makes a standby its primary, begins another timeline, and a few commits may be lost. A managed server may
  not let us ask for that: then only the mark of the tenant tells of it (``cycle.catching_up``).
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from itertools import count
from types import MappingProxyType
from typing import Any

import psycopg

from syncramp.errors import AnotherRunActive, StoreFailing, StoreUnusable
from syncramp.store.arrays import packed
from syncramp.store.copying import TABLES, script
from syncramp.store.database import PATIENCE, Database, Parameters
from syncramp.store.dialect import adapt, among, translated
from syncramp.store.places import Schema, Use
from syncramp.store.server import connected, said, unopened
from syncramp.store.setwise import statement

_WRITES = "INSERT", "UPDATE", "DELETE"
"""How a statement begins that writes."""

PAGE = 2000
"""Rows of a stream that are fetched at once."""

_OUR_FAULTS = (psycopg.ProgrammingError, psycopg.IntegrityError, psycopg.DataError, psycopg.NotSupportedError)
_SESSION = (
    "SET synchronous_commit = off",
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET jit = off",  # statements are short and many
    "SET plan_cache_mode = force_custom_plan",  # tables grow under a plan that was made while they were empty
    "SET max_parallel_workers_per_gather = 0",  # what is in an order stays in it (``numbers``)
    "SET temp_buffers = '64MB'",
    "SET tcp_keepalives_idle = 30",  # a client that is gone holds no lock for longer than a minute
    "SET tcp_keepalives_interval = 10",
    "SET tcp_keepalives_count = 3",
)
_SERVER = """SELECT concat_ws('/', system_identifier, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))
             FROM pg_control_system()"""
_HERE = "SELECT concat_ws('/', d.oid, to_regclass(?)::oid) FROM pg_database d WHERE d.datname = current_database()"
_VERSION = "SELECT value FROM meta WHERE key = 'schema_version'"
_META = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_COLUMNS = """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
              WHERE c.relkind = 'r' AND pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped"""
_INDEXES = "SELECT relname FROM pg_class WHERE relkind = 'i' AND pg_table_is_visible(oid)"
_OLDER = {"entries_guid": "entries_source_guid_key"}
"""As a schema of an older release has it, made with its table."""
_IN_ONE = "SELECT array_send(array_agg(CAST(v.n AS BIGINT))) FROM ({}) AS v(n)"


class PostgresqlDatabase(Database):
    """An open schema.

    :param path: the schema, made when it is missing.
    :param patience: seconds for which a transaction of another process is waited for.
    :raises StoreUnusable: see :func:`syncramp.store.database.opened`.
    :raises AnotherRunActive: it is to be opened alone, and is held.
    """

    path: Schema
    dialect = "postgresql"
    types = MappingProxyType({"number": "BIGINT", "text": 'VARCHAR COLLATE "C"', "data": "BYTEA"})
    fault, conflict = psycopg.Error, psycopg.IntegrityError
    at_once = 20_000

    def __init__(self, path: Schema, patience: float = PATIENCE) -> None:
        super().__init__(self._fault_told)
        self.path = path
        self._lock, self._turn = _number(path.name), _number(f"{path.name} writes")
        self._importing, self._writing = False, False
        self._names, self._left, self._inside = count(), list[str](), False
        self._raw = raw = connected(path)
        try:
            adapt(raw)
            self._open(patience)
        except psycopg.Error as error:
            raw.close()
            raise unopened(path, said(error), StoreFailing) from None
        except BaseException:
            raw.close()
            raise

    def _open(self, patience: float) -> None:
        self._run_all((*_SESSION, f"SET lock_timeout = {int(patience * 1000)}"))
        self._server = self._told_server()
        if self.path.use is Use.COPY:
            self._copy()
            return
        self._hold()
        self.run(f"SET search_path = {self.path.name}")
        with self.transaction():
            if not self.one("SELECT 1 WHERE to_regnamespace(?) IS NOT NULL", (self.path.name,)):
                self.run(f"CREATE SCHEMA {self.path.name}")
        self._prepare(self._version())
        self._importing = self.path.use is Use.IMPORT

    def _hold(self) -> None:
        """For a run alone, or together with other importers.

        :raises AnotherRunActive: somebody else holds it.
        """
        if self.path.use not in _HOLDS:
            return
        lock, who = _HOLDS[self.path.use]
        if not self.value(f"SELECT {lock}(CAST(? AS integer), 0)", (self._half,)):
            raise AnotherRunActive(f"{who} holds the store", where=str(self.path), remedy="wait until it has ended")

    def hold_part(self, partition: int) -> bool:
        pair = "CAST(? AS integer), CAST(? AS integer)"
        return bool(self.value(f"SELECT pg_try_advisory_lock({pair})", (self._half, partition)))

    def take_turn(self, source: int) -> None:
        if self._importing:
            self.run("SELECT pg_advisory_xact_lock(?)", (_number(f"{self.path.name} {source}"),))

    @property
    def _half(self) -> int:
        """The lock of a run is a pair of numbers of 32 bits, that of a transaction one of 64: they never meet."""
        return self._lock >> 32

    def _version(self) -> int | None:
        if not self.value("SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()"):
            return None
        if not self.value("SELECT to_regclass('meta') IS NOT NULL") or (found := self.value(_VERSION)) is None:
            raise unopened(self.path, "its schema is of something else")
        return int(found)

    def _set_version(self, version: int) -> None:
        self.run(_META, ("schema_version", str(version)))

    def _copy(self) -> None:
        """The tables as they are now, as temporary ones; every name means those from now on."""
        name = self.path.name
        self.run(f"SET search_path = {name}")
        self._refuse_later(version := self._version())
        there = self.place() if version is not None else ""
        self.run("SET search_path = pg_temp")
        if version is not None:
            here = _HERE.replace("?", "'meta'")
            place = f"concat_ws('/', '{self._server}', ({here}))"
            self._run_all(script(name, self.all(TABLES, (name,)), place, there))
        self._prepare(version)

    def _columns(self) -> set[tuple[str, str]]:
        return set(self.all(_COLUMNS))

    def _indexed(self) -> Callable[[str], bool]:
        there = {name for (name,) in self.all(_INDEXES)}
        return lambda name: name in there or _OLDER.get(name) in there

    def _run_all(self, statements: Iterable[str]) -> None:
        """In one way there and back; they have no parameters."""
        if text := ";\n".join(statements):
            with self._told:
                self._execute(text, None)

    def _fault_told(self, error: BaseException) -> StoreUnusable | None:
        """A fault of the server or of the way to it as an error for people; faults of our own statements stay."""
        if not isinstance(error, psycopg.Error) or isinstance(error, _OUR_FAULTS):
            return None
        return StoreFailing(
            f"the store cannot be read or written: {said(error)}",
            where=str(self.path),
            remedy="mend the server, or the way to it; the next run goes on from what is written",
        )

    def close(self) -> None:
        self._raw.close()

    def _begin(self, durable: bool) -> None:
        self._inside = True
        shared = "_shared" if self._importing else ""
        begin = ("BEGIN", f"SELECT pg_advisory_xact_lock{shared}({self._lock})")
        self._run_all((*begin, "SET LOCAL synchronous_commit = on") if durable else begin)

    def _ended(self, durable: bool) -> None:
        self._inside = self._writing = False

    def _look(self) -> None:
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
        self._inside = True

    def has_index(self, name: str) -> bool:
        return bool(self.value("SELECT to_regclass(?) IS NOT NULL", (name,)))

    def place(self) -> str:
        """The server and its timeline, the database, and the table ``meta`` in it."""
        return self._place("meta")

    def _place(self, table: str) -> str:
        return f"{self._server}/{self.value(_HERE, (table,))}"

    def _told_server(self) -> str:
        """Which server this is, and on which timeline; empty where its operator does not let us ask."""
        with suppress(psycopg.Error, StoreUnusable):
            return str(self.value(_SERVER))
        return ""

    def fell_behind(self, token: int) -> bool:
        kept = self.value("SELECT value FROM meta WHERE key = 'place'")
        return kept is not None and kept != self.place()

    def keep_latest(self, token: int) -> None:
        if self.value("SELECT value FROM meta WHERE key = 'place'") != (here := self.place()):
            self.run(_META, ("place", here))

    def _execute(self, sql: str, parameters: Parameters | None) -> psycopg.Cursor[Any]:
        """:param parameters: None: several statements, which cannot be prepared."""
        if parameters is None:
            return psycopg.Cursor(self._raw).execute(sql, prepare=False)
        self._wait_for_turn(sql)
        return self._raw.execute(translated(sql), parameters)

    def _changed(self, cursor: psycopg.Cursor[Any]) -> int:
        return cursor.rowcount

    def _execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        self._wait_for_turn(sql)
        self._raw.cursor().executemany(translated(sql), rows)

    def _wait_for_turn(self, sql: str) -> None:
        if self._importing and sql.lstrip().startswith(_WRITES):
            self._write_in_turn()

    def _write_in_turn(self) -> None:
        """Of several importers one writes at a time, from its first row to the end of its transaction."""
        if self._inside and not self._writing:
            self._writing = True
            self.run("SELECT pg_advisory_xact_lock(?)", (self._turn,))

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """All rows at once where that is the same; else psycopg sends one after the other, and waits for none."""
        batch = [tuple(row) for row in rows]
        if len(batch) > 1 and (made := statement(sql, batch)) is not None:
            self.run(*made)
        elif batch:
            with self._told:
                self._execute_many(sql.replace("{}", f"({','.join('?' * len(batch[0]))})"), batch)

    def insert_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        self.run_many(sql, rows)

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Through a cursor of the server, which keeps the rows until they are fetched. It ends with its transaction;
        outside of one it stays until the next stream, whether somebody reads to its end or not.
        """
        name, holds = f"stream_{next(self._names)}", "" if self._inside else "WITH HOLD"
        fetch, left = f"FETCH {PAGE} FROM {name}", self._left if holds else []
        with self._told, self._raw.pipeline():
            for over in left:
                self._execute(f"CLOSE {over}", ())
            self._execute(f"DECLARE {name} NO SCROLL CURSOR {holds} FOR {sql}", tuple(parameters))
            rows: Sequence[Any] = self._execute(fetch, ()).fetchall()
        if holds:
            self._left = [name]
        while rows:
            yield from rows
            rows = self.all(fetch) if len(rows) == PAGE else []

    def numbers(self, sql: str, parameters: Parameters = ()) -> array[int]:
        """In one value, as an array travels: 20 bytes of head, then for each number its length and 64 bits."""
        found = array("I", self.value(_IN_ONE.format(sql), parameters, b"") or b"")
        if sys.byteorder == "little":
            found.byteswap()
        return found[7::3]

    def _one_of(self, sql: str, page: Sequence[Any], first: Parameters) -> tuple[str, Parameters]:
        return among(sql), (*first, packed(page) or list(page))


_HOLDS = {
    Use.ALONE: ("pg_try_advisory_lock", "another run or import"),
    Use.IMPORT: ("pg_try_advisory_lock_shared", "a run"),
}
"""Which lock is taken, and who may have it when it cannot be."""


def _number(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], signed=True)


@contextmanager
def alone(schema: Schema) -> Iterator[Schema]:
    """See :func:`syncramp.store.database.locked`."""
    yield replace(schema, use=Use.ALONE)


@contextmanager
def beside_others(schema: Schema) -> Iterator[Schema]:
    """See :func:`syncramp.store.database.shared`."""
    yield replace(schema, use=Use.IMPORT)


@contextmanager
def copied(schema: Schema) -> Iterator[Schema]:
    """See :func:`syncramp.store.database.copied`."""
    yield replace(schema, use=Use.COPY)
