"""One store, one connection, one thread; a file of SQLite (``sqlite``) or a schema of PostgreSQL (``postgresql``).

SQLAlchemy Core defines the tables (``tables``) and writes the texts that make them (``making``). It is loaded for
that alone, once in the life of a store: to load it takes 0.27 s of the processor and 13 MB. All else are constant
texts in the SQL that SQLite and PostgreSQL share, given to the driver with tuples, in pages. Measured on SQLite: a
Core insert with dictionaries costs 15 µs a row, a constant text with tuples 5.5 µs; a point select built by Core each
time 185 µs against 12 µs.

What the two do not share has one method here for each: transactions and their durability, the one view of a reader,
which indexes there are, where a store lies, and whether it is an old copy.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain, count
from operator import eq, itemgetter
from pathlib import Path
from typing import Any

from syncramp.errors import StoreUnusable, SyncrampError
from syncramp.store.places import Place
from syncramp.store.version import READ_BEFORE, SCHEMA_VERSION

Parameters = Sequence[Any]

PATIENCE = 5.0
"""Seconds; whoever writes beside a run does so in a moment."""

_ANCHORS_TWICE = "SELECT 1 FROM objects WHERE anchor IS NOT NULL GROUP BY anchor HAVING COUNT(*) > 1 LIMIT 1"

AMONG = "IN ({})"

ROWS = 250
"""Rows of one INSERT; SQLite takes 32,766 parameters in one statement."""


def opened(place: Place, patience: float = PATIENCE) -> Database:
    """Open a store; it is made when it is missing.

    :param patience: seconds for which a transaction of another process is waited for.
    :raises StoreUnusable: it is no store, of another schema version, or cannot be reached; a file may not be on a
        network file system (SQLite's write-ahead log needs shared memory that those do not have).
    :raises AnotherRunActive: it is to be opened alone, and is held.
    """
    if isinstance(place, Path):
        from syncramp.store.sqlite import SqliteDatabase

        return SqliteDatabase(place, patience)
    from syncramp.store.postgresql import PostgresqlDatabase

    return PostgresqlDatabase(place, patience)


def locked(place: Place) -> AbstractContextManager[Place]:
    """Hold a store for one run, which opens what this gives.

    :raises AnotherRunActive: another process holds it; of a schema that is raised when it is opened, by whose
        connection it is held.
    :raises StoreUnusable: there is no place for the file.
    """
    if isinstance(place, Path):
        from syncramp.store.sqlite import locked as locked_file

        return locked_file(place)
    from syncramp.store.postgresql import alone

    return alone(place)


def shared(place: Place) -> AbstractContextManager[Place]:
    """Hold a store for an importer, which opens what this gives: a schema beside other importers, a file alone.

    :raises AnotherRunActive: a run holds it, and of a file another importer; of a schema as of ``locked``.
    :raises StoreUnusable: there is no place for the file.
    """
    if isinstance(place, Path):
        return locked(place)
    from syncramp.store.postgresql import beside_others

    return beside_others(place)


def copied(place: Place) -> AbstractContextManager[Place]:
    """A copy of a store as it is now, which is gone afterwards; an empty store if there is none."""
    if isinstance(place, Path):
        from syncramp.store.sqlite import copied as copied_file

        return copied_file(place)
    from syncramp.store.postgresql import copied as copied_schema

    return copied_schema(place)


class Telling:
    """A block in which faults of the driver are told; one of it serves for all statements, because it costs least.

    :param told: what a fault is for people; None: it is ours, and stays what it is.
    """

    def __init__(self, told: Callable[[BaseException], SyncrampError | None]) -> None:
        self._told = told

    def __enter__(self) -> None:
        """Nothing is to be prepared."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None and (told := self._told(error)) is not None:
            raise told from None


class Database(ABC):
    """An open store.

    :param told: what a fault of the driver is for people; None: it is ours, and stays what it is.
    """

    path: Place
    dialect: str
    """Its name, as SQLAlchemy has it."""
    types: Mapping[str, str]
    """Of columns of temporary tables: ``number`` of 64 bits, ``text`` that is compared by its bytes, ``data``."""
    fault: type[Exception]
    """Of the driver, whatever it is."""
    conflict: type[Exception]
    """Of the driver: a row would be there twice."""
    alone = False
    """No other process writes to it meanwhile."""
    at_once = 1000
    """Values of one ``IN ({})``."""

    def __init__(self, told: Callable[[BaseException], SyncrampError | None]) -> None:
        self._told = Telling(told)

    def _prepare(self, version: int | None) -> None:
        """Bring the tables to this release's version.

        :param version: that they have; None: there are none.
        :raises StoreUnusable: they are of a later one.
        """
        self._refuse_later(version)
        if version is None or version < SCHEMA_VERSION:
            from syncramp.store import making

            with self.transaction():
                self._run_all(making.tables(self.dialect))
                if version is not None:
                    self._run_all(making.columns(self.dialect, self._columns()))
                there = self._indexed()
                self._run_all(making.indexes(self.dialect, lambda name: there(name) or self._waits(name)))
                self.run(READ_BEFORE)
                self._set_version(SCHEMA_VERSION)

    def _refuse_later(self, version: int | None) -> None:
        if version is not None and version > SCHEMA_VERSION:
            raise StoreUnusable(
                f"the store has schema version {version}, this release reads {SCHEMA_VERSION}",
                where=str(self.path),
                remedy="use the release that wrote it, or begin a new store with --state",
            )

    def _run_all(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self.run(statement)

    def _indexed(self) -> Callable[[str], bool]:
        """Tells whether there is an index of a name."""
        return self.has_index

    def _waits(self, index: str) -> bool:
        """An index that is away until a first synchronise is over (``store.anchors``), which makes it then."""
        return index == "objects_anchor" and self.one(_ANCHORS_TWICE) is not None

    @abstractmethod
    def _columns(self) -> set[tuple[str, str]]:
        """Tables and their columns, as they are."""

    @abstractmethod
    def _set_version(self, version: int) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """End the connection; what was not committed is gone."""

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Everything in the block, or nothing; ``durable`` survives a power cut from the moment it ends."""
        try:
            self._begin(durable)
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(StoreUnusable, self.fault):  # SQLite itself rolls back when its disk is full
                self.run("ROLLBACK")
            raise
        finally:
            self._ended(durable)

    @abstractmethod
    def _begin(self, durable: bool) -> None:
        """Begin a transaction that writes, and wait for the others."""

    @abstractmethod
    def _ended(self, durable: bool) -> None:
        """A transaction is over, however it ended."""

    def hold_part(self, partition: int) -> bool:
        """From now on up to its end this connection alone reads a part of a source.

        :returns: False: another one does.
        """
        return True

    def take_turn(self, source: int) -> None:  # noqa: B027
        """In a transaction, before it looks at entries of a source that it may write: what others write of that
        source comes before it or after it. Where nobody writes beside us, it is our turn.
        """

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One view of the store for the whole block, whatever another process commits meanwhile."""
        try:
            self._look()
            yield
        finally:
            self.run("ROLLBACK")
            self._ended(False)

    @abstractmethod
    def _look(self) -> None:
        """Begin a transaction that only reads."""

    @abstractmethod
    def has_index(self, name: str) -> bool:
        """There is an index of this name."""

    @abstractmethod
    def place(self) -> str:
        """Where it lies: a copy of it lies somewhere else, and it itself after a restart where it was."""

    @abstractmethod
    def fell_behind(self, token: int) -> bool:
        """It is, or may be, an older copy of itself.

        :param token: of the latest run that it knows of.
        """

    @abstractmethod
    def keep_latest(self, token: int) -> None:
        """This is the latest run from now on."""

    def make_temporary(self, tables: Iterable[str]) -> None:
        """Make tables that end with this connection, unless they are there.

        :param tables: statements of ``store.temporary``.
        """
        self._run_all(statement.format_map(self.types) for statement in tables)

    @abstractmethod
    def _execute(self, sql: str, parameters: Parameters) -> Any:
        """A cursor of the driver, with the rows."""

    @abstractmethod
    def _execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """One statement for each of some rows."""

    @abstractmethod
    def _changed(self, cursor: Any) -> int:
        """Rows that the latest statement changed, of which this is the cursor."""

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """One statement; the number of rows it changed."""
        with self._told:
            return self._changed(self._execute(sql, tuple(parameters)))

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """One statement for each row; no row, no statement."""
        batch = [tuple(row) for row in rows]
        if batch:
            with self._told:
                self._execute_many(sql, batch)

    def insert_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Rows of a statement with ``VALUES {}``, many at once: a row costs 0.3 µs so, and 0.65 in ``run_many``.

        What all rows have in common may stand in the statement, which then ends with the values of one row.
        """
        batch = [tuple(row) for row in rows]
        before, _, values = sql.partition("VALUES (")
        for start in range(0, len(batch), ROWS):
            page = batch[start : start + ROWS]
            row = f"({values}" if values else f"({','.join('?' * len(page[0]))})"
            several = ",".join([row] * len(page))
            made = f"{before}VALUES {several}" if values else sql.format(several)
            self.run(made, tuple(chain.from_iterable(page)))

    def all(self, sql: str, parameters: Parameters = ()) -> Sequence[Any]:
        """All rows of a query that is known to be small (a page)."""
        with self._told:
            rows: list[Any] = self._execute(sql, tuple(parameters)).fetchall()
            return rows

    def one(self, sql: str, parameters: Parameters = ()) -> Any | None:
        """The first row, or None."""
        with self._told:
            return self._execute(sql, tuple(parameters)).fetchone()

    def value(self, sql: str, parameters: Parameters = (), default: Any = None) -> Any:
        """The first column of the first row; the default when there is no row."""
        row = self.one(sql, parameters)
        return default if row is None else row[0]

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Rows one by one, for a query whose rows nobody writes meanwhile."""
        with self._told:
            yield from self._execute(sql, tuple(parameters))

    def numbers(self, sql: str, parameters: Parameters = ()) -> array[int]:
        """The first column of a query as unsigned numbers of 32 bits."""
        with self._told:
            return array("I", map(itemgetter(0), self._execute(sql, tuple(parameters))))

    def among(self, sql: str, values: Sequence[Any], first: Parameters = ()) -> list[Any]:
        """Rows of a query that ends in ``IN ({})``, asked in pages of values.

        Where it says ``id {}`` instead, ids that follow each other without a gap are asked for as a range, which
        SQLite walks: a row costs 0.25 to 0.5 µs less. That is for keys of a table alone: to find others it might
        take another index for a range than for a list.
        """
        rows: list[Any] = []
        for start in range(0, len(values), self.at_once):
            rows.extend(self.all(*self._one_of(sql, values[start : start + self.at_once], first)))
        return rows

    def run_among(self, sql: str, values: Sequence[Any]) -> None:
        """A statement that ends in ``IN ({})``, made in pages of values; ``id {}`` as of ``among``."""
        for start in range(0, len(values), self.at_once):
            self.run(*self._one_of(sql, values[start : start + self.at_once], ()))

    def _one_of(self, sql: str, page: Sequence[Any], first: Parameters) -> tuple[str, Parameters]:
        places = ",".join("?" * len(page))
        if AMONG in sql:
            return sql.format(places), (*first, *page)
        if without_gap(page):
            return sql.format("BETWEEN ? AND ?"), (*first, page[0], page[-1])
        return sql.format(f"IN ({places})"), (*first, *page)


def without_gap(ids: Sequence[int]) -> bool:
    """These ascend one by one, and are at least one."""
    if not ids or ids[-1] - ids[0] != len(ids) - 1:
        return False
    return all(map(eq, ids, count(ids[0])))
