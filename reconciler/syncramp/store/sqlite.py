"""The store in a file of SQLite.

WAL with ``synchronous=NORMAL`` survives a kill but may lose the last commits at a power cut. That is right for what
can be read again (entries, desired objects, read-back pages) and for answers (an answer that is lost leaves its
objects in doubt, which is true). It is not right for an intent, so those are committed with ``synchronous=FULL``.

A file beside the store holds the number of its latest run (its fencing token). A store whose own number is lower is
an old copy.

The driver is apsw, which brings its own SQLite: it makes a row in a third to two thirds of the time that Python's
``sqlite3`` takes, which asks SQLite three times for each value (docs/performance-ground.md has what a sync gains).
No process may open a store with both: locks of POSIX belong to a process, so one SQLite that closes a file lets go
what the other one holds there, and takes away its log.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

import apsw

from syncramp.errors import AnotherRunActive, StoreFailing, StoreUnusable
from syncramp.store.database import PATIENCE, Database, Parameters

_OUR_FAULTS = {apsw.SQLITE_ERROR, apsw.SQLITE_CONSTRAINT, apsw.SQLITE_MISMATCH, apsw.SQLITE_MISUSE}
_NO_STORE = apsw.NotADBError, apsw.CorruptError
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"}
_CHECKPOINT = "wal_autocheckpoint=8000"
"""Pages of 4 KiB in the log before they are written back. In a full synchronise each page of objects changes a large
part of the index of anchors. Written back after each, as with SQLite's 1,000, that costs 8.2 µs an object; so 5.9."""
_COLUMNS = """SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"""
STATEMENTS = 512
"""Prepared statements that are kept: a run has some 250, and apsw by itself keeps the latest 100."""
_OLDER = {"objects_anchor": "sqlite_autoindex_objects_1", "entries_guid": "sqlite_autoindex_entries_1"}
"""Indexes, as an older store has them, made with their tables; these can never be away."""


class SqliteDatabase(Database):
    """An open store file.

    :param path: the file, made when it is missing; its folder too.
    :param patience: seconds for which a transaction of another process is waited for.
    :raises StoreUnusable: see :func:`syncramp.store.database.opened`.
    """

    path: Path
    dialect = "sqlite"
    alone = True
    types = MappingProxyType({"number": "INTEGER", "text": "VARCHAR", "data": "BLOB"})
    fault, conflict = apsw.Error, apsw.ConstraintError

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        super().__init__(self._fault_told)
        self.path, self._is_open, self._durable = path, False, False
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_network(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # everybody's data: SQLite would follow the umask
            named = str(path) if path.is_absolute() else f"./{path}"  # no name means anything but a file
            self._connection = apsw.Connection(named, statementcachesize=STATEMENTS)
        except UnicodeEncodeError:
            raise _not_opened(path, "its name is no UTF-8") from None
        except (apsw.Error, OSError) as error:
            raise _unopened(path, error) from None
        try:
            self._connection.set_busy_timeout(round(patience * 1000))
            for pragma in (
                "journal_mode=WAL",
                "synchronous=NORMAL",
                "temp_store=FILE",
                "cache_size=-8000",
                _CHECKPOINT,
            ):
                self.run(f"PRAGMA {pragma}")
            self._prepare(self._version())
        except apsw.Error as error:
            self.close()
            raise _unopened(path, error) from None
        except BaseException:
            self.close()
            raise
        self._is_open = True

    def _version(self) -> int | None:
        version = int(self.value("PRAGMA user_version"))
        if version == 0 and self.one("SELECT 1 FROM sqlite_master"):
            raise _not_opened(self.path, "it is a database of something else")
        return version or None

    def _set_version(self, version: int) -> None:
        self.run(f"PRAGMA user_version={version}")

    def _columns(self) -> set[tuple[str, str]]:
        return set(self.all(_COLUMNS))

    def _execute(self, sql: str, parameters: Parameters) -> apsw.Cursor:
        return self._connection.execute(sql, parameters)

    def _changed(self, cursor: Any) -> int:
        return self._connection.changes()

    def _execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        self._connection.executemany(sql, rows)

    def _fault_told(self, error: BaseException) -> StoreUnusable | None:
        """A fault of the file or of its disk, in the middle of a run, as an error for people. Faults of our own
        statements stay what they are, and so does what keeps a store from being opened.
        """
        if not self._is_open or not isinstance(error, apsw.Error):
            return None
        if getattr(error, "result", apsw.SQLITE_MISUSE) in _OUR_FAULTS:
            return None
        return StoreFailing(
            f"the store cannot be read or written: {error}",
            where=str(self.path),
            remedy="make room on its disk, or mend it; the next run goes on from what is written",
        )

    def close(self) -> None:
        self._connection.close()

    def _begin(self, durable: bool) -> None:
        if durable is not self._durable:
            self.run(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable
        self.run("BEGIN IMMEDIATE")

    def _ended(self, durable: bool) -> None:
        """The next transaction says how durable it is: those of an export are alike, one after the other."""

    def _look(self) -> None:
        self.run("BEGIN")

    def has_index(self, name: str) -> bool:
        names = name, _OLDER.get(name, name)
        return self.one("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name IN (?, ?)", names) is not None

    def place(self) -> str:
        """A file system has its id from its UUID (ext4, btrfs) or from its device (xfs, tmpfs)."""
        return f"{os.stat(self.path).st_ino}@{os.statvfs(self.path).f_fsid:x}"  # noqa: PTH116

    def fell_behind(self, token: int) -> bool:
        try:
            return token < int(beside(self.path).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False

    def keep_latest(self, token: int) -> None:
        """A file that cannot be written only makes an old copy harder to see."""
        path = beside(self.path)
        fresh = path.with_name(path.name + ".new")
        with suppress(OSError):
            with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(f"{token}\n")
            os.replace(fresh, path)  # noqa: PTH105 - in one step

    def copy_to(self, path: Path) -> None:
        """A consistent copy in another file, also while another process writes; as old as its original."""
        self.run("VACUUM INTO ?", (str(path),))
        with suppress(OSError):
            copyfile(beside(self.path), beside(path))


def beside(path: Path) -> Path:
    """The file beside a store."""
    return path.with_name(path.name + ".run")


@contextmanager
def copied(path: Path) -> Iterator[Path]:
    """See :func:`syncramp.store.database.copied`."""
    with TemporaryDirectory(prefix="syncramp-plan-") as folder:
        copy = Path(folder) / "state.db"
        if path.exists():
            with closing(SqliteDatabase(path)) as original:
                original.copy_to(copy)
        yield copy


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Hold the store for one run; the kernel releases it with the process, however that ends.

    :raises AnotherRunActive: another process holds it.
    :raises StoreUnusable: there is no place for the file.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unopened(path, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRunActive(
                "another run or import holds the store", where=str(path), remedy="wait until it has ended"
            ) from None
        yield path
    finally:
        os.close(descriptor)


def _unopened(path: Path, error: apsw.Error | OSError) -> StoreUnusable:
    """It may be well again by itself; but what is no store stays none."""
    cause = error.strerror if isinstance(error, OSError) else error
    return _not_opened(path, str(cause), StoreUnusable if isinstance(error, _NO_STORE) else StoreFailing)


def _not_opened(path: Path, cause: str, kind: type[StoreUnusable] = StoreUnusable) -> StoreUnusable:
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
