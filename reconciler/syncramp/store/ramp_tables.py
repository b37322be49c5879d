"""Tables of ramps and of what runs measured, beside those of ``tables``: together they are the ``metadata``."""

from sqlalchemy import Column, Float, Index, LargeBinary, Table

from syncramp.store.source_tables import metadata
from syncramp.store.tables import Integer, String

__all__ = ["metadata"]

ramps = Table(
    "ramps",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),  # model.ramps.RampState as JSON
)

ramp_groups = Table(
    "ramp_groups",  # groups that follow a ramp, bound by anchor until they are whole or the policy changes
    metadata,
    Column("anchor", String, primary_key=True),
    Column("ramp", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("policy", String, nullable=False),  # digest of the policy it was bound under
    Column("start", LargeBinary, nullable=False),  # roaring bitmap of the members that the cloud possibly held then
    Column("filling", Integer, nullable=False, default=0, server_default="0"),  # 1: begun, and not all arrived
    Column("waited", Integer, nullable=False, default=0, server_default="0"),  # 1: somebody, after the last run
)

ramp_history = Table(
    "ramp_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("run", Integer, nullable=False),
    Column("ramp", String, nullable=False),
    Column("decided", String, nullable=False),  # model.ramps.Decided as JSON
    Index("ramp_history_ramp", "ramp", "id"),
)

unwritten = Table(
    "unwritten",  # groups that are written to a directory and get nobody new
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("hold", String, primary_key=True),  # model.holds.Hold
    Column("reason", String, nullable=False),
    sqlite_with_rowid=False,
)

ramp_orders = Table(
    "ramp_orders",  # commands of people that no run has followed yet, and those that runs have followed
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("ramp", String, nullable=False),
    Column("command", String, nullable=False),
    Column("by", String, nullable=False),
    Column("step", Integer),  # it was meant for; NULL: whichever it is
    Column("run", Integer),  # that followed it; NULL: none yet
    Column("token", String, nullable=False, default=""),  # text of an annotation, which counts once
    Column("reason", String, nullable=False, default="", server_default=""),
)

departed_links = Table(
    "departed_links",  # links that were surely in the cloud and went, by day, for 30 days: they return at once
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # of the group
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since the epoch
    Column("members", LargeBinary, nullable=False),  # roaring bitmap
    sqlite_with_rowid=False,
)

samples = Table(
    "samples",  # what was measured, for eight days (model.measures)
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("run", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("value", Float, nullable=False),
    Column("weight", Integer, nullable=False),  # how many things it was measured of
    Column("subject", String, nullable=False, default="", server_default=""),  # a ramp
    Index("samples_run", "run"),
)

call_samples = Table(
    "call_samples",  # calls that carried links, of a run in buckets
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("run", Integer, nullable=False),
    Column("links", Integer, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("weight", Integer, nullable=False),  # calls
)

ramp_links = Table(
    "ramp_links",  # additions to groups of ramps: answered and not shown yet, or refused when they were tried last
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),
    Column("run", Integer, primary_key=True, autoincrement=False),  # of the answer
    Column("refused", Integer, primary_key=True, autoincrement=False),  # 1, or 0: answered as added
    Column("ramp", String, nullable=False),
    Column("at", Float, nullable=False),
    Column("members", LargeBinary, nullable=False),  # roaring bitmap
    sqlite_with_rowid=False,
)
