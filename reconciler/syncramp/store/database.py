"""One SQLite file, one connection, one thread.

SQLAlchemy Core defines the tables and makes them; statements are constant texts in the SQL that SQLite and PostgreSQL
share, executed with tuples, in pages. Measured: a Core insert with dictionaries costs 15 µs a row, a constant text
with tuples 5.5 µs; a point select built by Core each time 185 µs against 12 µs.

WAL with ``synchronous=NORMAL`` survives a kill but may lose the last commits at a power cut. That is right for what
can be read again (entries, desired objects, read-back pages) and for answers (an answer that is lost leaves its
objects in doubt, which is true). It is not right for an intent, so those are committed with ``synchronous=FULL``.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

import fcntl
import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateColumn

from syncramp.errors import AnotherRunActive, StoreFailing, StoreUnusable
from syncramp.store.ramp_tables import metadata
from syncramp.store.tables import READ_BEFORE, SCHEMA_VERSION

Parameters = Sequence[Any]
_OUR_FAULTS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_MISUSE}
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"}
_CHECKPOINT = "wal_autocheckpoint=8000"
"""Pages of 4 KiB in the log before they are written back. In a full synchronise each page of objects changes a large
part of the index of anchors. Written back after each, as with SQLite's 1,000, that costs 8.2 µs an object; so 5.9."""

PATIENCE = 5.0
"""Seconds; whoever writes beside a run does so in a moment."""

ROWS = 250
"""Rows of one INSERT; SQLite takes 32,766 parameters in one statement."""


class Database:
    """An open store file.

    :param path: the file, made when it is missing; its folder too.
    :param patience: seconds for which a transaction of another process is waited for.
    :raises StoreUnusable: it is no store, of another schema version, or on a network file system (SQLite's
        write-ahead log needs shared memory that those do not have).
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_network(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # everybody's data: SQLite would follow the umask
            self._engine = create_engine(
                f"sqlite:///{path}",
                poolclass=StaticPool,
                isolation_level="AUTOCOMMIT",
                connect_args={"timeout": patience},
            )
            self._connection: Connection = self._engine.connect()
            self._prepare()
            event.listen(self._engine, "handle_error", self._told)
        except (DatabaseError, OSError) as error:
            cause = error.orig if isinstance(error, DatabaseError) else error.strerror
            raise _unopened(path, str(cause), _class_of(error)) from None

    def _told(self, context: ExceptionContext) -> StoreUnusable | None:
        """A fault of the file or of its disk, in the middle of a run, as an error for people.

        SQLAlchemy raises what this returns. Faults of our own statements stay what they are. At a Ctrl-C it would
        give the connection up, since a server's might be out of step; ours still has to write how the run ended.
        """
        if isinstance(context.original_exception, KeyboardInterrupt):
            context.is_disconnect = False
        error = context.original_exception
        if not isinstance(error, sqlite3.DatabaseError) or error.sqlite_errorcode & 0xFF in _OUR_FAULTS:
            return None
        return StoreFailing(
            f"the store cannot be read or written: {error}",
            where=str(self.path),
            remedy="make room on its disk, or mend it; the next run goes on from what is written",
        )

    def _prepare(self) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=FILE", "cache_size=-8000", _CHECKPOINT):
            self._connection.exec_driver_sql(f"PRAGMA {pragma}")
        found = self.one("PRAGMA user_version")
        version = found[0] if found else 0
        if version == 0 and self.one("SELECT 1 FROM sqlite_master"):
            raise _unopened(self.path, "it is a database of something else")
        if version < SCHEMA_VERSION:
            with self.transaction():
                metadata.create_all(self._connection)
                self._add_columns()
                self._connection.exec_driver_sql(READ_BEFORE)
                self._connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise StoreUnusable(
                f"the store has schema version {version}, this release reads {SCHEMA_VERSION}",
                where=str(self.path),
                remedy="use the release that wrote it, or begin a new store with --state",
            )

    def _add_columns(self) -> None:
        """Columns and indexes that an older release did not know; a column can be NULL or has a default."""
        for table in metadata.sorted_tables:
            known = {row[1] for row in self.all(f"PRAGMA table_info({table.name})")}
            for column in table.columns:
                if column.name not in known:
                    made = CreateColumn(column).compile(self._engine)
                    self._connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {made}")
            for index in table.indexes:
                index.create(self._connection, checkfirst=True)

    def close(self) -> None:
        """End the connection; what was not committed is gone."""
        self._connection.close()
        self._engine.dispose()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Everything in the block, or nothing; ``durable`` survives a power cut from the moment it ends."""
        if durable:
            self._connection.exec_driver_sql("PRAGMA synchronous=FULL")
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.exec_driver_sql("COMMIT")
        except BaseException:
            with suppress(StoreUnusable, SQLAlchemyError):  # SQLite itself rolls back when its disk is full
                self._connection.exec_driver_sql("ROLLBACK")
            raise
        finally:
            if durable:
                self._connection.exec_driver_sql("PRAGMA synchronous=NORMAL")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One view of the store for the whole block, whatever another process commits meanwhile."""
        self._connection.exec_driver_sql("BEGIN")
        try:
            yield
        finally:
            self._connection.exec_driver_sql("ROLLBACK")

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """One statement; the number of rows it changed."""
        return self._connection.exec_driver_sql(sql, tuple(parameters)).rowcount

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """One statement for each row; no row, no statement."""
        batch = [tuple(row) for row in rows]
        if batch:
            self._connection.exec_driver_sql(sql, batch)

    def insert_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Rows of a statement with ``VALUES {}``, many at once: a row costs 0.3 µs so, and 0.65 in ``run_many``."""
        batch = [tuple(row) for row in rows]
        for start in range(0, len(batch), ROWS):
            page = batch[start : start + ROWS]
            row = f"({','.join('?' * len(page[0]))})"
            self.run(sql.format(",".join([row] * len(page))), tuple(chain.from_iterable(page)))

    def all(self, sql: str, parameters: Parameters = ()) -> Sequence[Any]:
        """All rows of a query that is known to be small (a page)."""
        return self._connection.exec_driver_sql(sql, tuple(parameters)).all()

    def one(self, sql: str, parameters: Parameters = ()) -> Any | None:
        """The first row, or None."""
        return self._connection.exec_driver_sql(sql, tuple(parameters)).first()

    def value(self, sql: str, parameters: Parameters = (), default: Any = None) -> Any:
        """The first column of the first row; the default when there is no row."""
        row = self.one(sql, parameters)
        return default if row is None else row[0]

    def stream(self, sql: str, parameters: Parameters = ()) -> Iterator[Any]:
        """Rows one by one, for a query whose rows nobody writes meanwhile."""
        yield from self._connection.exec_driver_sql(sql, tuple(parameters))

    def numbers(self, sql: str, parameters: Parameters = ()) -> array[int]:
        """The first column of a query as unsigned numbers of 32 bits."""
        return array("I", self._connection.exec_driver_sql(sql, tuple(parameters)).scalars())

    def among(self, sql: str, values: Sequence[Any], first: Parameters = ()) -> list[Any]:
        """Rows of a query that ends in ``IN ({})``, asked in pages of 1,000 values."""
        rows: list[Any] = []
        for start in range(0, len(values), 1000):
            page = values[start : start + 1000]
            rows.extend(self.all(sql.format(",".join("?" * len(page))), (*first, *page)))
        return rows

    def run_among(self, sql: str, values: Sequence[Any]) -> None:
        """A statement that ends in ``IN ({})``, made in pages of 1,000 values."""
        for start in range(0, len(values), 1000):
            page = values[start : start + 1000]
            self.run(sql.format(",".join("?" * len(page))), page)

    def place(self) -> str:
        """Where it lies: a copy of it lies somewhere else, and it itself after a restart where it was.

        A file system has its id from its UUID (ext4, btrfs) or from its device (xfs, tmpfs).
        """
        return f"{os.stat(self.path).st_ino}@{os.statvfs(self.path).f_fsid:x}"  # noqa: PTH116

    def copy_to(self, path: Path) -> None:
        """A consistent copy in another file, also while another process writes."""
        self._connection.exec_driver_sql("VACUUM INTO ?", (str(path),))


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the store for one run; the kernel releases it with the process, however that ends.

    :raises AnotherRunActive: another process holds it.
    :raises StoreUnusable: there is no place for the file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unopened(path, str(error.strerror)) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRunActive(
                "another run holds the store", where=str(path), remedy="wait until it has ended"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _class_of(error: DatabaseError | OSError) -> type[StoreUnusable]:
    """Whether a store that could not be opened may be well again by itself: what is no store stays none."""
    return StoreFailing if isinstance(error, OperationalError | OSError) else StoreUnusable


def _unopened(path: Path, cause: str, kind: type[StoreUnusable] = StoreUnusable) -> StoreUnusable:
    return kind(
        f"the store cannot be opened: {cause}",
        where=str(path),
        remedy="name another file with --state, or restore this one",
    )


def _refuse_network(folder: Path) -> None:
    kind = _file_system(folder.resolve())
    if kind in _NETWORK_FILE_SYSTEMS:
        raise StoreUnusable(
            f"the folder is on a network file system ({kind}), where SQLite's write-ahead log is not safe",
            where=str(folder),
            remedy="keep the store on a local disk",
        )


def _file_system(folder: Path) -> str:
    """The type of the file system a folder is on, by the longest mount point above it; empty if unknown."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in mounts:
        _, point, found, *_ = line.split(" ")
        if folder.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return kind
