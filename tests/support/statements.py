"""The statements that a store gives to its driver, as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from syncramp.store.database import Database
from syncramp.store.postgresql import PostgresqlDatabase
from syncramp.store.sqlite import SqliteDatabase


@contextmanager
def noted(made: list[str]) -> Iterator[None]:
    """While the block lasts, every statement of any store is added; one of many rows is one."""
    kinds: tuple[type[Database], ...] = (SqliteDatabase, PostgresqlDatabase)
    patches = [_noting(kind, method, made) for kind in kinds for method in ("_execute", "_execute_many")]
    try:
        for each in patches:
            each.start()
        yield
    finally:
        for each in patches:
            each.stop()


def _noting(kind: type[Database], method: str, made: list[str]) -> Any:
    real = getattr(kind, method)

    def note(database: Database, sql: str, parameters: Any) -> Any:
        made.append(sql)
        return real(database, sql, parameters)

    return patch.object(kind, method, note)
