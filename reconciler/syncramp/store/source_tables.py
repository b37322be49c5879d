"""Tables of what sources tell of changes, beside those of ``tables``.

``arrivals`` and ``moves`` say what became of entries since links were resolved last: they are written with the
entries themselves, so that a run that is killed in between leaves nothing undone. ``imports`` and ``staged_links``
say what was read before a run (``store.imports``), for that run.
"""

from sqlalchemy import Column, Float, Index, LargeBinary, Table

from syncramp.store.tables import Integer, String
from syncramp.store.written_tables import metadata

__all__ = ["metadata"]

sentinels = Table(
    "sentinels",  # entries that are looked at in every read, and what the account saw of them
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("guid", LargeBinary, primary_key=True),
    Column("attributes", String, nullable=False),  # names, with spaces between them
)

shown = Table(
    "shown",  # how much the last proven full read of a partition showed
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("what", String, primary_key=True),  # a kind, or an attribute in lower case
    Column("entries", Integer, nullable=False),
)

withheld = Table(
    "withheld",  # what entries do not show any more, until a read is proven
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("attrs", LargeBinary, nullable=False),  # the attribute with its values, packed
    Index("withheld_partition", "partition", "attribute"),
)

containers = Table(
    "containers",  # what entries lie below
    metadata,
    Column("source", Integer, primary_key=True, autoincrement=False),
    Column("guid", LargeBinary, primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("dn", String, nullable=False),
    Column("dn_hash", Integer, nullable=False),
    Index("containers_dn_hash", "dn_hash"),
)

arrivals = Table(
    "arrivals",  # entries that came or came back, until links are resolved
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("ids", LargeBinary, nullable=False),  # roaring bitmap
)

moves = Table(
    "moves",  # what became of entries and containers, until links are resolved
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("what", String, primary_key=True),  # store.moves.Move
    Column("guid", LargeBinary, primary_key=True),
    Column("entry", Integer, nullable=False, default=0, server_default="0"),  # 0: it is no entry that was read
    Column("dn", String, nullable=False, default="", server_default=""),  # its name before
)

mentions = Table(
    "mentions",  # who names whom by a DN in an attribute (store.mentions)
    metadata,
    Column("mark", Integer, primary_key=True, autoincrement=False),  # CRC-32 of the DN
    Column("entry", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

principals = Table(
    "principals",  # names of foreign security principals in groups, and whom they stand for
    metadata,
    Column("mark", Integer, primary_key=True, autoincrement=False),  # hash of the DN
    Column("sid", LargeBinary, nullable=False),
    Column("entry", Integer),  # 0: nobody; NULL: not looked for
)

imports = Table(
    "imports",  # parts that were read and proven outside of a run, until the next run resolves links
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),  # when its read began, in seconds since the epoch
    Column("question", String, nullable=False),  # what it was read for (rules.ruleset)
    Column("delta", Integer, nullable=False),  # 1: changes alone were told
    Column("seen", LargeBinary, nullable=False),  # roaring bitmap of entry ids
    Column("containers", LargeBinary, nullable=False),  # GUIDs of 16 bytes
    Column("report", String, nullable=False),  # JSON of what a run tells of it
)

staged_links = Table(
    "staged_links",  # values of link attributes that those reads told, as in ``spill`` (store.temporary)
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("entry", Integer, nullable=False),
    Column("attribute", String, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("guids", LargeBinary, nullable=False),
    Column("marks", LargeBinary),
)

spellings = Table(
    "spellings",  # values of large groups as their directory spelled them when they were resolved last
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("marks", LargeBinary, nullable=False),  # 64-bit hashes of the spellings
    Column("keys", LargeBinary, nullable=False),  # for each, the hash of its DN
    Column("digest", LargeBinary, nullable=False),  # of the members that came of it
)
