"""The tables of a tenant, defined once in SQLAlchemy Core, and the connection to them.

Every change carries the number of the call that made it (``changed``), so a delta read-back is a comparison of
numbers. A deleted object keeps its row as the trace a delta needs; who takes its anchor later gets a row of its own.
"""

from enum import IntEnum
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    text,
)
from sqlalchemy.pool import StaticPool

from syncramp.errors import InputRefused

SCHEMA = 2
"""``user_version`` of a tenant's file; one without a number is of the first version."""
metadata = MetaData()


class State(IntEnum):
    """Where an object is."""

    LIVE = 0
    BIN = 1
    """Soft-deleted: it can come back, with its memberships."""
    GONE = 2


class Link(IntEnum):
    """What a row of ``links`` means."""

    REMOVED = 0
    ALIVE = 1
    ASLEEP = 2
    """The member is in the bin."""


class Flag(IntEnum):
    """Bits of ``flags``."""

    SYNCED = 1
    """DirSyncEnabled: the directory is its master. Without it: the cloud is."""
    CLOUD_MANAGED = 2
    """It was synchronised, and its source of authority was moved to the cloud."""
    ADMIN = 4
    """It has a role that administers the tenant."""
    UNIFIED = 8
    """A Microsoft 365 group."""


objects = Table(
    "objects",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("source_anchor", String),  # also the immutable id of a cloud-mastered user
    Column("cloud_anchor", String, nullable=False, unique=True),
    Column("attributes", LargeBinary, nullable=False),  # msgpack
    Column("created", Float, nullable=False),  # seconds, the tenant's clock
    Column("state", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("made", Integer, nullable=False),  # the call that created it
    Column("deleted", Float),  # seconds, the tenant's clock
    Column("quarantine", LargeBinary),  # msgpack: attributes and values that another object has; NULL: none
    Column("changed", Integer, nullable=False),
    Index("objects_changed", "changed"),
    Index("objects_source", "source_anchor", "kind", unique=True, sqlite_where=text("state <> 2")),
    Index("objects_gone", "source_anchor", sqlite_where=text("state = 2")),
    Index("objects_bin", "deleted", sqlite_where=text("state = 1")),
    Index("objects_quarantine", "id", sqlite_where=text("quarantine IS NOT NULL")),
)

links = Table(
    "links",
    metadata,
    Column("group_id", Integer, primary_key=True, autoincrement=False),
    Column("member_id", Integer, primary_key=True, autoincrement=False),
    Column("state", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Index("links_member", "member_id"),
    sqlite_with_rowid=False,
)

names = Table(  # values that must be unique in the tenant, and who has them
    "names",
    metadata,
    Column("value", String, primary_key=True),
    Column("object_id", Integer, nullable=False),
    sqlite_with_rowid=False,
)

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", LargeBinary, nullable=False))


def connect(path: Path | None) -> Connection:
    """Open the tenant's file, or a tenant in memory; the tables are made where they are missing.

    One connection for all threads: who uses it takes turns.

    :raises InputRefused: another version of Syncramp wrote the file.
    """
    engine = create_engine(
        f"sqlite:///{path}" if path else "sqlite://",
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False},
    )
    connection = engine.connect()
    try:
        _check_version(connection, path)
    except BaseException:
        connection.close()
        engine.dispose()
        raise
    for pragma in ("journal_mode=WAL", "synchronous=OFF"):  # what a simulator loses at a power cut is no loss
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    metadata.create_all(connection)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")
    return connection


def _check_version(connection: Connection, path: Path | None) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    filled = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE type = 'table'").scalar()
    if filled and version != SCHEMA:
        raise InputRefused(
            f"the tenant was written by another version of Syncramp: its form is {version or 1}, ours is {SCHEMA}",
            where=str(path),
            remedy="name a new file with --tenant, and synchronise again",
        )
