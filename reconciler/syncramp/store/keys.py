"""Keys that the cloud may hold of an object in doubt, beside those that it was known to hold.

A call whose answer is not known may have set every key it carried, so they are kept until an answer is: in
``payload.maybe``, separated by blanks. Where nothing is written there, they are the keys of what is wanted
(``payload.desired``): a call of something new carries just these, and to write them for each object of a first sync
costs more than all else of an intent. So whoever overwrites what is wanted writes them down before.
"""

from collections.abc import Iterable, Sequence

from syncramp.store.database import Database
from syncramp.store.packing import unpack

_IMPLIED = """SELECT p.id, p.desired FROM payload p JOIN objects o ON o.id = p.id
              WHERE o.doubt = 1 AND p.maybe IS NULL AND p.id IN ({})"""
WRITE_KEYS = "UPDATE payload SET maybe = ? WHERE id = ?"


def joined(keys: Iterable[str]) -> str:
    """Keys as they are written."""
    return " ".join(sorted(keys))


def keys_before(maybe: str | None, desired: bytes | None) -> str | None:
    """Keys that calls before may have set; None: there was none.

    :param desired: what is wanted, packed, of an object in doubt of which nothing is written; None of every other.
    """
    return maybe if desired is None else joined(unpack(desired))


def write_keys(database: Database, ids: Sequence[int]) -> None:
    """What is wanted of these is overwritten next; in a transaction of the caller."""
    rows = database.among(_IMPLIED, ids)
    database.run_many(WRITE_KEYS, [(joined(unpack(desired)), identity) for identity, desired in rows])
