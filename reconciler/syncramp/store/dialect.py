"""The shared SQL as PostgreSQL and psycopg take it: placeholders, and how values travel.

* ``?`` is ``%s``, and ``IN ({})`` is one array, so that a statement has one text however many values there are.
* Numbers always travel with 64 bits. psycopg would take the fewest that they need, and one statement would be
  prepared anew for each combination.
* Text of PostgreSQL has no NUL. Directories have it at most in values that are kept back as wrong; the picture of it
  stands in its place.
"""

from functools import cache

from psycopg import Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.postgres import types
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper, StrDumperUnknown

from syncramp.store import arrays
from syncramp.store.arrays import printable

AMONG = "IN ({})"


@cache
def translated(sql: str) -> str:
    """A statement with the placeholders of psycopg."""
    return sql.replace("%", "%%").replace("?", "%s")


@cache
def among(sql: str) -> str:
    """A statement that takes an array where it has ``IN ({})``."""
    return sql.replace(AMONG, "= ANY(?)").format()


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


def adapt(connection: Connection) -> None:
    """Teach a connection how values travel."""
    for kind, dumper in ((int, Int8Dumper), (bool, _Flag), (str, _Text), (str, _Unknown)):
        connection.adapters.register_dumper(kind, dumper)
    arrays.adapt(connection)
