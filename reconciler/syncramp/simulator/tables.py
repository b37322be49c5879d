"""The tables of a tenant, defined once in SQLAlchemy Core, and the connection to them.

Every change carries the number of the call that made it (``changed``), so a delta read-back is a comparison of
numbers. A deleted object keeps its row as the trace a delta needs.
"""

from enum import IntEnum
from pathlib import Path

from sqlalchemy import Column, Connection, Float, Index, Integer, LargeBinary, MetaData, String, Table, create_engine
from sqlalchemy.pool import StaticPool

metadata = MetaData()


class State(IntEnum):
    """Where an object is."""

    LIVE = 0
    BIN = 1
    """Deleted, but it comes back with its memberships when it is set again: users."""
    GONE = 2


class Link(IntEnum):
    """What a row of ``links`` means."""

    REMOVED = 0
    ALIVE = 1
    ASLEEP = 2
    """The member is in the bin."""


objects = Table(
    "objects",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("source_anchor", String, unique=True),  # NULL: mastered in the cloud
    Column("cloud_anchor", String, nullable=False, unique=True),
    Column("attributes", LargeBinary, nullable=False),  # msgpack
    Column("created", Float, nullable=False),  # seconds, the tenant's clock
    Column("state", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Index("objects_changed", "changed"),
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

names = Table(  # values that must be unique in the tenant
    "names",
    metadata,
    Column("value", String, primary_key=True),
    Column("object_id", Integer, nullable=False),
    Index("names_object", "object_id"),
    sqlite_with_rowid=False,
)

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", LargeBinary, nullable=False))


def connect(path: Path | None) -> Connection:
    """Open the tenant's file, or a tenant in memory; the tables are made where they are missing.

    One connection for all threads: who uses it takes turns.
    """
    engine = create_engine(
        f"sqlite:///{path}" if path else "sqlite://",
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"check_same_thread": False},
    )
    connection = engine.connect()
    for pragma in ("journal_mode=WAL", "synchronous=OFF"):  # what a simulator loses at a power cut is no loss
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    metadata.create_all(connection)
    return connection
