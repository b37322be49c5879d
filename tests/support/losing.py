"""A server of the store that is lost in the middle: the connection ends before a statement is made, or after it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest.mock import patch

import psycopg

from syncramp.store.postgresql import PostgresqlDatabase

BEFORE, AFTER = "before", "after"


@contextmanager
def losing(happens: Callable[[str], str | None]) -> Iterator[None]:
    """Connections end as said.

    :param happens: is told of each statement; ``BEFORE``: it never comes to the server, ``AFTER``: it is made, and
        its answer never comes.
    """
    with ExitStack() as stack:
        for method in ("_execute", "_execute_many"):
            real = getattr(PostgresqlDatabase, method)
            stack.enter_context(patch.object(PostgresqlDatabase, method, _losing(real, happens)))
        yield


def _losing(real: Callable[..., Any], happens: Callable[[str], str | None]) -> Callable[..., Any]:
    def execute(self: PostgresqlDatabase, sql: str, parameters: Any) -> Any:
        when = happens(sql)
        done = real(self, sql, parameters) if when != BEFORE else None
        if when is not None:
            end(self)
            self._raw.execute("SELECT 1")  # as it is told by whatever is asked next
        return done

    return execute


def end(database: PostgresqlDatabase) -> None:
    """End the connection of a store, as an administrator does it."""
    with suppress(psycopg.OperationalError), psycopg.connect(database.path.uri, autocommit=True) as beside:
        beside.execute("SELECT pg_terminate_backend(%s, 10000)", (database._raw.info.backend_pid,))
