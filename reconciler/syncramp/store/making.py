"""The texts that make the tables, as SQLAlchemy Core writes them for SQLite and for PostgreSQL.

Each of them makes what is not there: of a new store all of it, of one of an older release what it did not know. That
is a column, too; it can be NULL or has a default. Only here is Core loaded.
"""

from collections.abc import Callable, Iterator

from sqlalchemy import Dialect, Table
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from syncramp.store.cloud_tables import metadata

DIALECTS: dict[str, type[Dialect]] = {"sqlite": SQLiteDialect, "postgresql": PGDialect}


def table(dialect: str, definition: Table) -> str:
    """One table, without its indexes."""
    return str(CreateTable(definition, if_not_exists=True).compile(dialect=DIALECTS[dialect]()))


def tables(dialect: str) -> Iterator[str]:
    """Every table, without its indexes."""
    for definition in metadata.sorted_tables:
        yield table(dialect, definition)


def columns(dialect: str, there: set[tuple[str, str]]) -> Iterator[str]:
    """Columns that are missing.

    :param there: tables and their columns, as they are.
    """
    for definition in metadata.sorted_tables:
        for column in definition.columns:
            if (definition.name, column.name) not in there:
                made = CreateColumn(column).compile(dialect=DIALECTS[dialect]())
                yield f"ALTER TABLE {definition.name} ADD COLUMN {made}"


def indexes(dialect: str, there: Callable[[str], bool]) -> Iterator[str]:
    """Indexes that are missing.

    :param there: whether there is one of this name.
    """
    for definition in metadata.sorted_tables:
        for index in sorted(definition.indexes, key=lambda index: str(index.name)):
            if not there(str(index.name)):
                yield str(CreateIndex(index).compile(dialect=DIALECTS[dialect]()))
