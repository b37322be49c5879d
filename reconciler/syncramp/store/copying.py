"""A copy of a schema in temporary tables, made inside the server: one question, and one script of statements.

The tables are like the original's, so that those of an older release are brought to this one afterwards, as its own
would be. Numbers that the server gives are counted on here, so that the original's are not taken.
"""

from collections.abc import Iterator, Sequence

TABLES = """SELECT c.relname, (SELECT a.attname FROM pg_attrdef d
             JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
             WHERE d.adrelid = c.oid AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'),
             ARRAY(SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = c.oid)
             FROM pg_class c WHERE c.relnamespace = to_regnamespace(?) AND c.relkind = 'r' ORDER BY c.relname"""
"""Asks of a schema: its tables, the column of each that the server counts, and its indexes."""


def script(
    schema: str, tables: Sequence[tuple[str, str | None, Sequence[str]]], place: str, there: str
) -> Iterator[str]:
    """What makes the copy; every table in it is as it was at one moment.

    :param tables: as ``TABLES`` tells them.
    :param place: SQL of where the copy is, which is no older than the original.
    :param there: where the original is.
    """
    yield "BEGIN ISOLATION LEVEL REPEATABLE READ"
    for table in tables:
        yield from _copied(schema, *table)
    yield f"UPDATE meta SET value = {place} WHERE key = 'place' AND value = '{there}'"  # noqa: S608
    yield "COMMIT"
    yield "ANALYZE " + ", ".join(name for name, *_ in tables)


def _copied(schema: str, name: str, counted: str | None, indexes: Sequence[str]) -> Iterator[str]:
    yield f"CREATE TEMPORARY TABLE {name} (LIKE {schema}.{name} INCLUDING DEFAULTS)"
    yield f"INSERT INTO {name} SELECT * FROM {schema}.{name}"  # noqa: S608
    if counted is not None:
        numbers = f"{name}_{counted}_seq"
        yield f"CREATE TEMPORARY SEQUENCE {numbers} OWNED BY {name}.{counted}"
        yield f"ALTER TABLE {name} ALTER {counted} SET DEFAULT nextval('{numbers}')"
        yield f"SELECT setval('{numbers}', COALESCE(MAX({counted}), 0) + 1, false) FROM {name}"  # noqa: S608
    yield from (made.replace(f" ON {schema}.", " ON ") for made in indexes)
