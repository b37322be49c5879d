"""Tables of groups that are mastered in the cloud, beside those of ``tables``.

A group is a row, its members a roaring bitmap of ids of ``cloud_names``, to which everybody belongs whom the cloud
names in one. While a read of everything goes on, what it tells of members is collected in ``cloud_reading`` and takes
the place of what was known when it has come to its end: nobody ever sees half of a group.
"""

from sqlalchemy import Column, Float, Index, LargeBinary, Table

from syncramp.store.ramp_tables import metadata
from syncramp.store.tables import Integer, String

__all__ = ["metadata"]

cloud_names = Table(
    "cloud_names",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # meta.next_cloud_id counts them
    Column("anchor", String, nullable=False),  # object id in small letters, or ``source:`` and a source anchor
    Column("kind", String, nullable=False),  # User, Guest, Group, Device, …; empty: it was not told
    Index("cloud_names_anchor", "anchor", unique=True),
)

cloud_groups = Table(
    "cloud_groups",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # of its name
    Column("attributes", LargeBinary, nullable=False),  # packed, by the names of Microsoft Graph
    Column("state", String, nullable=False),  # model.cloud.CloudState
    Column("since", Float, nullable=False),  # when it was first seen in this state
    Column("members", LargeBinary),  # roaring bitmap; NULL: nobody ever told them
    Column("seq", Integer, nullable=False),  # of its last change, over all groups
    Column("graph", Integer, nullable=False, default=0, server_default="0"),  # 1: Microsoft Graph tells of it
    Column("absent", Integer, nullable=False, default=0, server_default="0"),  # 1: not shown, and not told as deleted
    Column("taken", Integer, nullable=False, default=0, server_default="0"),  # 1: a directory is its master now
    Index("cloud_groups_seq", "seq"),
)

cloud_reading = Table(
    "cloud_reading",  # what a read of everything showed, until it has come to its end
    metadata,
    Column("teller", String, primary_key=True),  # model.cloud.Teller
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("members", LargeBinary),  # roaring bitmap; NULL: it told none
    sqlite_with_rowid=False,
)
