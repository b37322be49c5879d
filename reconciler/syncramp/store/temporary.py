"""Temporary tables: what is found out on the way, and no part of the store. They end with the connection.

``RUN`` is of every store: values wait there for the end of an import (``spill``). ``ADOPTION`` is of an adoption
(``sightings``).
"""

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table

from syncramp.store.tables import Integer, String

RUN = MetaData()
ADOPTION = MetaData()


def _table(name: str, metadata: MetaData, *columns: Column[object] | Index) -> Table:
    return Table(name, metadata, *columns, prefixes=["TEMPORARY"])


spill = _table(
    "spill",  # values of link attributes (store.spill)
    RUN,
    Column("partition", Integer),
    Column("place", Integer),  # in the order in which they were told
    Column("entry", Integer),
    Column("attribute", String),
    Column("kind", Integer),
    Column("hashes", LargeBinary),
    Column("guids", LargeBinary),
    Index("spilled", "entry", "attribute"),
)

sightings = _table(
    "sightings",  # sightings.Sighting
    ADOPTION,
    Column("anchor", String, primary_key=True),
    Column("kind", String),
    Column("name", String),
    Column("finding", String),
    Column("object", Integer),
    Column("cloud_anchor", String),
    Column("payload", LargeBinary),
    Column("mark", LargeBinary),
    Column("confirmed", Integer),
    Column("differs", Integer),
    Column("cloud", Integer),
    Column("found", String),
    Index("sightings_object", "object"),
    Index("sightings_cloud", "cloud_anchor"),
)

sighted_links = _table(
    "sighted_links",
    ADOPTION,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("shown", LargeBinary),
    Column("unknown", Integer),
)

sighted_references = _table(
    "sighted_references",
    ADOPTION,
    Column("object", Integer),
    Column("cloud_anchor", String),
)

sighted_values = _table(
    "sighted_values",  # as foreign_values
    ADOPTION,
    Column("mark", Integer, primary_key=True, autoincrement=False),
    Column("anchor", String, primary_key=True),
    Column("value", String),
    Column("name", String),
)
