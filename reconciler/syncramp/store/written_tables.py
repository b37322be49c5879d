"""Tables of groups that are written back, beside those of ``tables``: what is decided of them, and who is in them."""

from sqlalchemy import Column, LargeBinary, Table

from syncramp.store.tables import Integer, String, metadata

__all__ = ["metadata"]

wanted_groups = Table(
    "wanted_groups",  # groups of the cloud, as the last import judged them
    metadata,
    Column("guid", LargeBinary, primary_key=True),  # of its entry: the object id
    Column("reason", String, nullable=False),  # why it is not written; empty: it is
)

known_members = Table(
    "known_members",  # who somebody in the cloud is in the directory; kept when it cannot be found out any more
    metadata,
    Column(
        "name", String, primary_key=True
    ),  # by which the cloud calls a member; no id: the tenant's store may be lost
    Column("guid", LargeBinary, nullable=False),  # of the entry
)

unwritable = Table(
    "unwritable",  # members of groups who cannot be members in the directory
    metadata,
    Column("guid", LargeBinary, primary_key=True),  # of the group, as in wanted_groups
    Column("reason", String, primary_key=True),  # model.cloud.Unwritable
    Column("members", Integer, nullable=False),
    sqlite_with_rowid=False,
)

cloud_references = Table(
    "cloud_references",  # groups of a directory that were written back: synchronised groups name them by the cloud's
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # of the entry
    Column("object_id", String, nullable=False),  # in small letters, by the mark that it bears
)
