"""A real PostgreSQL server for the tests of a process: a cluster of its own in a temporary folder, on a socket there.

It is made when the first test asks for it and thrown away with the process. ``fsync`` is off: it never has to survive
more than a kill. PostgreSQL refuses to run as root, so that one makes it run as ``nobody``.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import psycopg
import pytest

from syncramp.store.database import PATIENCE, Database
from syncramp.store.places import Place, Schema, Use, schema_name
from syncramp.store.postgresql import PostgresqlDatabase

NOBODY = 65534
SECRET = "state"
_numbers = count(1)


def _binaries() -> Path | None:
    """Debian keeps each version's programs in a folder of its own; the newest one."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if folders:
        return folders[-1]
    found = shutil.which("initdb")
    return Path(found).parent if found else None


BINARIES = _binaries()
_ENDS_WITH_US = ("setpriv", "--pdeathsig", "QUIT") if shutil.which("setpriv") else ()
"""However the tests end (util-linux)."""


requires_postgresql = pytest.mark.skipif(
    BINARIES is None and os.environ.get("SYNCRAMP_REQUIRE_SERVERS") != "1",
    reason="PostgreSQL is not installed (Debian: apt-get install postgresql)",
)
"""Skips a test where it is not installed, unless SYNCRAMP_REQUIRE_SERVERS=1 makes that a failure."""


class Server:
    """A server that runs.

    :param settings: beside the usual ones, as of postgresql.conf.
    """

    def __init__(self, *settings: str) -> None:
        self.folder = Path(mkdtemp(prefix="pg-"))  # short, because the path of a socket has at most 107 bytes
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        data = self.folder / "data"
        initdb = [str(_program("initdb")), "-D", str(data), "-U", "syncramp", "-A", "trust", "-E", "UTF8"]
        quiet = subprocess.DEVNULL
        subprocess.run([*initdb, "--no-sync", "--locale=C.UTF-8"], check=True, stdout=quiet, **self._somebody())
        usual = ("fsync=off", "listen_addresses=", f"unix_socket_directories={self.folder}", "shared_buffers=64MB")
        settings = (*usual, "autovacuum_naptime=10", *settings)
        self._command = ["-D", str(data), *(word for setting in settings for word in ("-c", setting))]
        self.start()

    @property
    def uri(self) -> str:
        """How it is reached."""
        return f"postgresql://syncramp@/postgres?host={quote(str(self.folder), safe='')}"

    def schema(self) -> Schema:
        """A schema that nobody used before."""
        return Schema(self.uri, f"syncramp_test_{next(_numbers)}", SECRET)

    def schema_of(self, path: Path) -> Schema:
        """The schema in the place of a file."""
        return Schema(self.uri, schema_name(path.parent.name, str(path)), SECRET)

    def drop(self, schema: Schema) -> None:
        """The store is gone."""
        self.execute(f"DROP SCHEMA IF EXISTS {schema.name} CASCADE")

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        """As somebody who looks after the server."""
        with psycopg.connect(self.uri, autocommit=True) as connection:
            done = connection.execute(sql)  # type: ignore[call-overload]
            return done.fetchall() if done.description else []

    def duplicate(self, one: Schema, other: Schema, *, renamed: bool = False) -> None:
        """A dump of a schema is restored as another one, in whose place it comes.

        :param renamed: it goes on there as what it was, as if nobody had copied it.
        """
        dumped = [str(_program("pg_dump")), "--no-sync", "--schema", one.name, self.uri]
        dump = subprocess.run(dumped, check=True, stdout=subprocess.PIPE, text=True).stdout
        if renamed:
            place = f"SELECT to_regclass('{other.name}.meta')::oid"
            dump += f"""UPDATE {other.name}.meta SET value = regexp_replace(value, '[0-9]+$', ({place})::text)
                        WHERE key = 'place';"""
        self.drop(other)
        restored = [str(_program("psql")), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", self.uri]
        text = dump.replace(one.name, other.name)
        subprocess.run(restored, check=True, stdout=subprocess.DEVNULL, text=True, input=text)

    def end(self) -> None:
        """Stop it at once, and forget it."""
        self.kill()
        shutil.rmtree(self.folder)

    def crash(self) -> None:
        """It is killed, and started again."""
        self.kill()
        self.start()

    def start(self) -> None:
        """Start it; it ends with the thread that does this."""
        with (self.folder / "log").open("ab") as log:
            command = [*_ENDS_WITH_US, str(_program("postgres")), *self._command]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._somebody())
        for _ in range(1200):
            with suppress(psycopg.OperationalError), psycopg.connect(self.uri):
                return
            assert self._process.poll() is None, (self.folder / "log").read_text("utf-8")
            time.sleep(0.05)
        raise AssertionError("PostgreSQL does not answer")

    def kill(self) -> None:
        """It is gone, as after a power cut."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(60)

    def _somebody(self) -> dict[str, Any]:
        user = NOBODY if os.geteuid() == 0 else None
        return {"user": user, "group": user, "extra_groups": [] if user else None, "cwd": self.folder}


def _program(name: str) -> Path:
    assert BINARIES is not None, "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    return BINARIES / name


@contextmanager
def running(*settings: str) -> Iterator[Server]:
    """A server for a block."""
    server = Server(*settings)
    try:
        yield server
    finally:
        server.end()


_instead: Server | None = None


class InPlaceOfAFile(PostgresqlDatabase):
    """A schema that a test calls a file."""

    def copy_to(self, path: Path) -> None:
        """As of a file: it is as old as this one."""
        assert _instead is not None
        _instead.duplicate(self.path, _instead.schema_of(path), renamed=True)


@contextmanager
def instead_of_files(server: Server) -> Iterator[None]:
    """Every store that is opened as a file is a schema of a server."""
    global _instead

    def opened(path: Path, patience: float = PATIENCE) -> PostgresqlDatabase:
        return InPlaceOfAFile(server.schema_of(path), patience)

    with patch("syncramp.store.sqlite.SqliteDatabase", opened):
        _instead = server
        try:
            yield
        finally:
            _instead = None


@contextmanager
def until_it_is_gone(database: Database) -> Iterator[None]:
    """Close a store in the block; after it the server has seen that, and let go what its connection held."""
    server = _instead
    pid = database.value("SELECT pg_backend_pid()") if server is not None else 0
    try:
        yield
    finally:
        while server is not None and server.execute(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"):
            time.sleep(0.01)


def beside_others(path: Path) -> Place:
    """The place of a store for one of several importers; of a file, which has one alone, nobody looks."""
    return replace(_instead.schema_of(path), use=Use.IMPORT) if _instead is not None else path


def lose(path: Path) -> None:
    """The store that is called so is gone."""
    if _instead is not None:
        _instead.drop(_instead.schema_of(path))
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def put_back(copy: Path, path: Path) -> None:
    """A copy of a store comes in its place: only the store itself, as people do."""
    if _instead is not None:
        _instead.duplicate(_instead.schema_of(copy), _instead.schema_of(path))
        return
    for file in (path, path.with_name(f"{path.name}-wal")):
        file.unlink(missing_ok=True)
    shutil.copy(copy, path)
