"""The shared SQL as PostgreSQL and psycopg take it: placeholders, and how values travel.

* ``?`` is ``%s``, and ``IN ({})`` or ``{}`` is one array, so that a statement has one text however many values there
  are.
* Numbers always travel with 64 bits. psycopg would take the fewest that they need, and one statement would be
  prepared anew for each combination.
* Rows come in binary: numbers and bytes need not be written as text and read again (2.5 times less of the client's
  time).
* Text of PostgreSQL has no NUL. Directories have it at most in values that are kept back as wrong; the picture of it
  stands in its place.
"""

from functools import cache, lru_cache
from typing import Any

from psycopg import Connection, Cursor
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper, StrDumperUnknown

from syncramp.store import arrays
from syncramp.store.arrays import printable
from syncramp.store.database import AMONG


@lru_cache(1000)
def translated(sql: str) -> str:
    """A statement with the placeholders of psycopg."""
    return sql.replace("%", "%%").replace("?", "%s")


@cache
def among(sql: str) -> str:
    """A statement that takes an array where it has ``IN ({})``, or ``{}`` alone."""
    return sql.replace(AMONG, "{}").format("= ANY(?)")


class _Text(StrDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(printable(obj))


class _Unknown(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(printable(obj))


class _Flag(Dumper):
    """True and false in columns of numbers, as SQLite takes them."""

    oid = types["int8"].oid

    def dump(self, obj: bool) -> Buffer | None:
        return b"1" if obj else b"0"


class _Binary(Cursor[Any]):
    def __init__(self, connection: Connection[Any], *, row_factory: Any = None) -> None:
        super().__init__(connection, row_factory=row_factory or connection.row_factory)
        self.format = Format.BINARY


def adapt(connection: Connection[Any]) -> None:
    """Teach a connection how values travel."""
    connection.cursor_factory = _Binary
    connection.prepared_max = 500  # there are some 300 statements
    for kind, dumper in ((int, Int8Dumper), (bool, _Flag), (str, _Text), (str, _Unknown)):
        connection.adapters.register_dumper(kind, dumper)
    arrays.adapt(connection)
