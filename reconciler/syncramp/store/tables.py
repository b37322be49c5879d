"""The tables of the store, defined once in SQLAlchemy Core.

``objects`` is narrow because every plan scans it; ``payload`` is wide and read only for what differs. An id belongs
to an identity (source, guid): it is dense, 32 bits, never reused and never deleted, so that memberships can be
roaring bitmaps of ids. The database never invents ids: SQLite would hand a deleted person's id to the next newcomer,
and an autoincrement burns one id for each upsert of a known row. ``meta.next_id`` counts them instead.
"""

from sqlalchemy import BigInteger, Column, Float, Index, LargeBinary, MetaData, Table, UniqueConstraint, text
from sqlalchemy import Integer as _Integer
from sqlalchemy import String as _String

Integer = _Integer().with_variant(BigInteger(), "postgresql")
"""64 bits on both sides."""
String = _String().with_variant(_String(collation="C"), "postgresql")
"""Compared by its bytes in UTF-8, on both sides."""

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("rules", LargeBinary),  # digest of the rules its entries were synchronised with
    Column("version", Integer),  # of the built-in rules among them
    Column("wanted", String),  # attributes that they ask for; NULL: not known
    Column("read", Integer, nullable=False, default=0, server_default="0"),  # 1: every part of it was once complete
    Column("failure", String),  # why it could not be read at all; NULL when it could
    Column("mentioned", Integer, nullable=False, default=0, server_default="0"),  # 1: it has its rows in ``mentions``
)

partitions = Table(
    "partitions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("source", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("complete", Integer, nullable=False, default=0),  # 0 from the first page of an import to its proof
    Column("entries", Integer),
    Column("expected", Integer),
    Column("reason", String, nullable=False, default=""),
    Column("watermark", LargeBinary),  # where the next delta begins; NULL: everything must be read
    Column("pending", LargeBinary),  # what it becomes when the links of this import are resolved
    Column("horizon", LargeBinary),  # what was ever seen of it, as its servers count
    Column("tracking", String),  # how changes are found; NULL: it was never proven
    Column("proofs", String),  # JSON of the evidence of its last read
    Column("accepted", String),  # JSON of what a person said to be true of it (model.proofs.Accepted)
    Column("asked", String),  # digest of what the last proven read asked for
    Column("missed", Integer, nullable=False, default=0, server_default="0"),  # entries that one more must miss
    UniqueConstraint("source", "name"),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("source", Integer, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("guid", LargeBinary, nullable=False),
    Column("kind", String, nullable=False),
    Column("dn", String, nullable=False),
    Column("dn_hash", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("attrs", LargeBinary, nullable=False),
    Column("absent", Integer, nullable=False, default=0),  # complete imports in a row that did not see it
    # both away during the first import (store.first_import); the second one has all that is asked for to find whom a
    # DN names
    Index("entries_guid", "source", "guid", unique=True),
    Index("entries_dn_hash", "dn_hash", "absent", "source"),
)

links = Table(
    "links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("members", LargeBinary, nullable=False),  # roaring bitmap of entry ids, in scope or not
    Column("unresolved", LargeBinary, nullable=False),  # sorted 64-bit hashes of values that name nothing we read
    Column("lost", LargeBinary, nullable=False),  # roaring bitmap of former members that may only have been moved
    Column("named", LargeBinary),  # roaring bitmap of those members that are named by their DN; NULL: all
    Column("unread", LargeBinary),  # sorted GUIDs of 16 bytes that name nothing we read; NULL: none
)

pilots = Table(
    "pilots",  # who was in the pilot groups of scopes when entries were judged by them last
    metadata,
    Column("source", Integer, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),  # GUID in hexadecimal digits, or canonical DN
    Column("members", LargeBinary, nullable=False),  # roaring bitmap of entry ids
)

dirty = Table(
    "dirty",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column(
        "cause", Integer, nullable=False, default=0, server_default="0"
    ),  # model.state.Origin; the strongest stays
)

documents = Table(
    "documents",  # what the document said of a source since the last synchronise that came to its end
    metadata,
    Column("source", Integer, primary_key=True, autoincrement=False),
    Column("rules", LargeBinary, primary_key=True),  # as in sources
    Column("said", String, nullable=False),  # rules.documents
)

join_keys = Table(
    "join_keys",
    metadata,
    Column("key_hash", Integer, primary_key=True, autoincrement=False),  # of what an entry is joined by
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Index("join_keys_entry", "entry"),
)

joined = Table(
    "joined",
    metadata,
    Column(
        "entry", Integer, primary_key=True, autoincrement=False
    ),  # an entry that adds to the object of another one
    Column("object", Integer, nullable=False),  # the id of the leading entry, which is the object's
    Index("joined_object", "object"),
)

objects = Table(
    "objects",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the id of its entry
    Column("source", Integer, nullable=False),
    Column("anchor", String),
    Column("kind", String, nullable=False),
    Column("digest", LargeBinary),  # of the desired payload; NULL: it should not be in the cloud
    Column("acked", LargeBinary),  # digest of what the cloud is known to hold; NULL: not known to be there
    Column("doubt", Integer, nullable=False, default=0),  # 1 from the intent to the answer
    Column("cause", String, nullable=False, default=""),  # why it should not be in the cloud
    Column("hold", String, nullable=False, default=""),  # why nothing may be sent for it
    Column("unread", Integer, nullable=False, default=0),  # 1: something of its entry cannot be read
    Column("cloud_anchor", String),
    Column("acked_at", Float),  # when its create was answered (seconds since the epoch)
    Column("confirmed", Integer, nullable=False, default=0),  # 0 no, 1 yes, 2 yes with differences
    Column("origin", Integer, nullable=False, default=0, server_default="0"),  # model.state.Origin of what differs
    Index("objects_anchor", "anchor", unique=True),  # away during the first synchronise (store.anchors)
    Index(
        "objects_held", "id", sqlite_where=text("hold != ''"), postgresql_where=text("hold != ''")
    ),  # few, and asked for in every run
    Index("objects_caused", "cause", sqlite_where=text("cause != ''"), postgresql_where=text("cause != ''")),
    Index("objects_unread", "id", sqlite_where=text("unread = 1"), postgresql_where=text("unread = 1")),
)

payload = Table(
    "payload",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("desired", LargeBinary, nullable=False),
    Column("acked", LargeBinary),  # NULL while it equals desired, so that nothing is stored twice
    Column("maybe", String),  # while in doubt: keys the cloud may hold (store.keys)
)

uniques = Table(
    "uniques",  # marks of the unique values that desired objects want; its index by mark is made by store.contest
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("mark", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

stirred = Table(
    "stirred",  # marks of which somebody came or went, until it is found out whose the value is
    metadata,
    Column("mark", Integer, primary_key=True, autoincrement=False),
)

contested = Table(
    "contested",  # unique values that an object wants and does not get, as they are compared
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("owner", Integer, nullable=False),  # whose it is; the object itself: held along with its attribute
)

violations = Table(
    "violations",  # what is wrong with desired values; each is kept back
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("reason", String, primary_key=True),  # one for each bad value of a list
    Column("code", String, nullable=False),
    sqlite_with_rowid=False,
)

refs = Table(
    "refs",
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("target", Integer, nullable=False),
    Column("leaving", Integer, nullable=False, default=0),  # 1: its target should leave the cloud and may be there
    Index("refs_target", "target"),
    Index("refs_leaving", "object", sqlite_where=text("leaving = 1"), postgresql_where=text("leaving = 1")),
    sqlite_with_rowid=False,
)

unresolved = Table(
    "unresolved",
    metadata,
    Column("dn_hash", Integer, primary_key=True, autoincrement=False),
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("fresh", Integer, nullable=False, default=0),  # 1: for the first time, what it resolved to before is kept
    Index("unresolved_object", "object"),
)

cloud_links = Table(
    "cloud_links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sure", LargeBinary, nullable=False),  # sure <= what the cloud holds <= possible
    Column("possible", LargeBinary, nullable=False),
    Column("observed", LargeBinary, nullable=False),  # what the read-back has shown
    Column("found", LargeBinary),  # members that were there at the adoption and should not be; NULL: none
    Column("drifted", LargeBinary),  # members of which the read-back showed something else than was known
)

cloud_managed = Table(
    "cloud_managed",  # objects of ours whose source of authority was moved to the cloud
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
)

foreign = Table(
    "foreign_objects",
    metadata,
    Column("anchor", String, primary_key=True),  # in the tenant with a source anchor, and not ours
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False, default="", server_default=""),  # what a person knows it by
    Column("theirs", Integer, nullable=False, default=0, server_default="0"),  # known before the store fell behind
)

foreign_values = Table(
    "foreign_values",  # what the service may match by, of objects that are not ours: those, and those of the cloud
    metadata,
    Column("mark", Integer, primary_key=True, autoincrement=False),  # model.uniques.mark of the value
    Column("anchor", String, primary_key=True),  # source anchor; of an object of the cloud its cloud anchor
    Column("value", String, nullable=False),  # as it is compared
    Column("name", String, nullable=False, default=""),  # what a person knows the object by
    Index("foreign_values_anchor", "anchor"),
    sqlite_with_rowid=False,
)

found = Table(
    "found",  # attributes of signing in that were different at the adoption; neither side changed since
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),  # empty: the object itself is not wanted
    sqlite_with_rowid=False,
)

ever_deleted = Table(
    "ever_deleted",
    metadata,
    Column("anchor", String, primary_key=True),
    Column("groups", String, nullable=False),  # anchors: a restored object may bring these links back
    Column("at", Float, nullable=False),
    Column("back", Integer, nullable=False, default=0, server_default="0"),  # 1: it was created again
)

batches = Table(
    "batches",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("run", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("sent_at", Float, nullable=False),
    Column("deadline", Float, nullable=False),  # after it the call cannot be under way any more
    Column("state", String, nullable=False),  # Sent; Answered; Lost: it, or a try before it, was never answered
    Column("ids", LargeBinary, nullable=False),  # roaring bitmap of what it may change
    Column("objects", Integer, nullable=False),
    Column("links", Integer, nullable=False),
)

spent = Table(
    "spent",  # what was sent of what guards count, for a day; written with the intent
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("what", String, nullable=False),  # model.guards.What
    Column("attribute", String, nullable=False, default=""),  # of changes of one attribute
    Column("subject", Integer, nullable=False, default=0),  # of links their group; 0: objects
    Column("ids", LargeBinary, nullable=False),  # roaring bitmap of the objects, or of the members
    Column("approved", Integer, nullable=False, default=0),  # 1: a person approved it, and guards do not count it
    Index("spent_at", "at"),
)

proposals = Table(
    "proposals",  # sets of changes that were held and can be approved
    metadata,
    Column("digest", String, primary_key=True),
    Column("class", String, nullable=False),
    Column("hold", String, nullable=False),
    Column("made", Float, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("links", Integer, nullable=False),  # how many of the changes are links
    Column("waits", Integer, nullable=False),  # 1: of the last run, or of a plan since then
    Column("marks", LargeBinary, nullable=False),  # sorted 64-bit marks (plan.marks)
)

approvals = Table(
    "approvals",  # those that have ended, too, without their marks: who approved what
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String, nullable=False),
    Column("class", String, nullable=False),
    Column("hold", String, nullable=False),
    Column("given", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("by", String, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("links", Integer, nullable=False),
    Column("marks", LargeBinary, nullable=False),  # those that are still wanted
)

revocations = Table(
    "revocations",  # disables and explicit member removals that are wanted, and since when
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("seen", Float, primary_key=True),
    Column("members", LargeBinary),  # roaring bitmap; NULL: the account is to be disabled
)

drift = Table(
    "drift",  # attributes of our objects that the read-back shows otherwise than we sent them
    metadata,
    Column("object", Integer, primary_key=True, autoincrement=False),
    Column("attribute", String, primary_key=True),
    Column("known", Integer, nullable=False),  # 1: a normalisation that the service is known to make
    Column("shown", LargeBinary, nullable=False),  # packed
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("state", String, nullable=False),  # Running, Succeeded, Incomplete, Failed
    Column("report", String, nullable=False, default="{}"),
)
