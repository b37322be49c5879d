"""Whether a store is older than what it was: a copy of yesterday that was put back in its place.

Each kind of store sees that in its own way (``Database.fell_behind``). An old copy, too, is one of whose tenant
another one that calls itself as we do was seen to export. What is known of the tenant is then behind:
``cycle.catching_up`` brings it forward, from the cookie that the copy came with.
"""

import json
from dataclasses import dataclass

from syncramp.store.database import Database

_READ = "SELECT value FROM meta WHERE key = 'behind'"
_NOTE = "INSERT INTO meta VALUES ('behind', ?) ON CONFLICT (key) DO NOTHING"
_WRITE = "INSERT INTO meta VALUES ('behind', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
_THEIRS = "UPDATE foreign_objects SET theirs = 1"
_UNAPPROVED = "UPDATE approvals SET until = CASE WHEN until < given THEN until ELSE given END, marks = ?"
_COOKIE = "SELECT value FROM meta WHERE key = 'cookie'"
_OWN = "SELECT value FROM meta WHERE key = 'token'"
_KNOWS = "SELECT 1 FROM objects WHERE acked IS NOT NULL OR doubt = 1 LIMIT 1"


@dataclass(frozen=True, slots=True)
class Behind:
    """A store that is older than its tenant."""

    cookie: bytes | None
    """Where its knowledge ends; None: it knows of no place."""
    refused: bool = False
    """The service does not take that cookie any more."""


class Age:
    """How old the store is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def compare(self) -> None:
        """Look whether this is an old copy, before the token of a new run is made."""
        own = int(self._database.value(_OWN, default=0))
        if self._database.fell_behind(own) and self._database.one(_KNOWS) is not None:
            self.note()

    def keep(self, token: int) -> None:
        """This is the latest run from now on."""
        self._database.keep_latest(token)

    def note(self) -> None:
        """The store is behind from the cookie of now on, unless it was already.

        Whom it knows not to be ours was not created by the runs that it lost. Its approvals are over: it does not
        know which of them were taken back, or went and are wanted once more.
        """
        if self.behind() is None:
            self._database.run(_THEIRS)
            self._database.run(_UNAPPROVED, (b"",))
            self._database.run(_NOTE, (json.dumps({"cookie": self._database.value(_COOKIE), "refused": False}),))

    def behind(self) -> Behind | None:
        """What is known of it; None: the store is as new as the tenant."""
        text = self._database.value(_READ)
        if text is None:
            return None
        kept = json.loads(text)
        return Behind(bytes.fromhex(kept["cookie"]) if kept["cookie"] else None, kept["refused"])

    def refuse(self) -> None:
        """The service does not take the cookie of the copy: only an adoption helps."""
        self._database.run(_WRITE, (json.dumps({"cookie": None, "refused": True}),))

    def caught_up(self) -> None:
        """What is known of the tenant is as new as it is."""
        self._database.run("DELETE FROM meta WHERE key = 'behind'")
