"""What a tenant was asked: counters since its beginning, and the latest calls one by one.

Both are in the tenant's file, so they outlast a restart and can be read beside a running simulator. The journal keeps
its last ``KEPT`` calls.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, astuple, dataclass

from sqlalchemy import Column, Float, Integer, String, Table

from syncramp.errors import InputRefused
from syncramp.simulator.settings import TenantSettings
from syncramp.simulator.storage import Storage
from syncramp.simulator.tables import metadata

KEPT = 1000
TOPICS = ("calls", "results", "written", "injected", "applications", "missing headers")
"""What is counted."""
UNREADABLE = "unreadable"
"""The result of a message whose operation could not be read."""

journal = Table(
    "journal",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", Float, nullable=False),  # seconds, the tenant's clock
    Column("operation", String, nullable=False),
    Column("tracking_id", String, nullable=False),
    Column("application", String, nullable=False),
    Column("build", String, nullable=False),
    Column("objects", Integer, nullable=False),
    Column("links", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("result", String, nullable=False),
    Column("injected", String, nullable=False),
    Column("seconds", Float, nullable=False),
)
counters = Table(
    "counters",
    metadata,
    Column("topic", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
    sqlite_with_rowid=False,
)

_COLUMNS = ", ".join(journal.columns.keys()[1:])
_NOTE = f"INSERT INTO journal ({_COLUMNS}) VALUES ({', '.join('?' * 11)})"  # noqa: S608 (constant columns)
_FORGET = "DELETE FROM journal WHERE number <= (SELECT max(number) FROM journal) - ?"
_COUNT = (
    "INSERT INTO counters (topic, name, value) VALUES (?, ?, ?) "
    "ON CONFLICT (topic, name) DO UPDATE SET value = value + excluded.value"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One call."""

    at: float
    """Seconds, the tenant's clock."""
    operation: str = ""
    tracking_id: str = ""
    application: str = ""
    """ApplicationId of the client."""
    build: str = ""
    objects: int = 0
    """Written, or shown by the read-back."""
    links: int = 0
    refused: int = 0
    """Objects among them that were refused."""
    result: str = "ok"
    injected: str = ""
    """What the fault script made of it."""
    seconds: float = 0.0
    """From the last byte of the request to the first of the answer, with the latency of the model."""


class Journal:
    """The journal of one tenant.

    :param turn: who writes takes turns.
    """

    def __init__(self, storage: Storage, turn: AbstractContextManager[object]) -> None:
        self._storage, self._turn = storage, turn

    def note(self, entry: Entry, missing_headers: tuple[str, ...] = ()) -> None:
        """Write a call down, and count it.

        :param missing_headers: HTTP headers of the service's own client that it came without.
        """
        counts = {("calls", entry.operation or UNREADABLE): 1, ("results", entry.result): 1}
        counts |= {("written", name): 0 for name in ("objects", "links", "refused")}
        if entry.operation.startswith("Provision"):
            for name in ("objects", "links", "refused"):
                counts["written", name] = getattr(entry, name)
        if entry.injected:
            counts["injected", entry.injected] = 1
        if entry.application:
            counts["applications", entry.application] = 1
        counts |= {("missing headers", name): 1 for name in missing_headers}
        with self._turn, self._storage.transaction():
            self._storage.run(_NOTE, astuple(entry))
            self._storage.run(_FORGET, (KEPT,))
            self._storage.run_all(_COUNT, [(*key, value) for key, value in counts.items() if value])

    def describe(self, settings: TenantSettings) -> None:
        """Write down how the tenant behaves, for whoever reads the file.

        :raises InputRefused: the file belongs to another tenant.
        """
        with self._turn:
            kept = json.loads(self._storage.kept("settings") or b"{}").get("tenant_id", settings.tenant_id)
            if kept != settings.tenant_id:
                raise InputRefused(f"it holds the tenant {kept}", remedy=f"give --tenant-id {kept}, or another file")
            self._storage.keep("settings", json.dumps(asdict(settings), default=str).encode())

    def latest(self, most: int) -> list[Entry]:
        """The latest calls, the last one first."""
        with self._turn:
            return [Entry(*row) for row in self._storage.rows(latest_query(), (most,))]

    def count(self, topic: str) -> Mapping[str, int]:
        """The counters of a topic by name."""
        with self._turn:
            return dict(map(tuple, self._storage.rows("SELECT name, value FROM counters WHERE topic = ?", (topic,))))


def latest_query() -> str:
    """The statement for the latest calls; its rows are the fields of an :class:`Entry`."""
    return f"SELECT {_COLUMNS} FROM journal ORDER BY number DESC LIMIT ?"  # noqa: S608 (constant columns)
