"""Which groups of the cloud are written back, as the last import judged them, and who of their members cannot be.

Who somebody in the cloud is in the directory is kept (``known``) also when it cannot be found out any more: then
nobody said that he left, and he stays in the groups he is in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from syncramp.store.database import Database

_KEEP = """INSERT INTO wanted_groups (guid, reason) VALUES (?, ?)
           ON CONFLICT (guid) DO UPDATE SET reason = excluded.reason"""
_REFUSED = "SELECT reason, COUNT(*) FROM wanted_groups WHERE reason != '' GROUP BY reason ORDER BY reason"
_GONE = ("DELETE FROM wanted_groups WHERE guid IN ({})", "DELETE FROM unwritable WHERE guid IN ({})")
_COUNT = "INSERT INTO unwritable (guid, reason, members) VALUES (?, ?, ?)"
_UNCOUNT = "DELETE FROM unwritable WHERE guid IN ({})"
_COUNTS = "SELECT reason, SUM(members) FROM unwritable GROUP BY reason ORDER BY reason"
_COUNTS_OF = "SELECT reason, members FROM unwritable WHERE guid = ? ORDER BY reason"
_KNOWN = "SELECT name, guid FROM known_members WHERE name IN ({})"
_LEARN = "INSERT INTO known_members (name, guid) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET guid = excluded.guid"


class WantedGroups:
    """What the import decided of groups, in the ledger; a group has the GUID of its entry, which is its object id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def verdicts(self) -> dict[bytes, str]:
        """GUID -> why it is not written; empty: it is."""
        return dict(self._database.all("SELECT guid, reason FROM wanted_groups ORDER BY guid"))

    def reason(self, guid: bytes) -> str | None:
        """Why a group is not written; empty: it is; None: nobody knows it."""
        found: str | None = self._database.value("SELECT reason FROM wanted_groups WHERE guid = ?", (guid,))
        return found

    def judge(self, verdicts: Mapping[bytes, str], gone: Collection[bytes]) -> None:
        """Keep what was decided of groups now; one transaction.

        :param gone: those that are no more.
        """
        with self._database.transaction():
            self._database.run_many(_KEEP, verdicts.items())
            for statement in _GONE:
                self._database.run_among(statement, list(gone))

    def refused(self) -> dict[str, int]:
        """Why groups are not written -> how many."""
        return dict(self._database.all(_REFUSED))

    def known(self, names: Sequence[str]) -> dict[str, bytes]:
        """Who these are in the directory; without those of whom it was never known."""
        return dict(self._database.among(_KNOWN, names))

    def learn(self, members: Mapping[str, bytes]) -> None:
        """Who these are in the directory from now on; one transaction."""
        with self._database.transaction():
            self._database.run_many(_LEARN, members.items())

    def count(self, unwritable: Mapping[bytes, Mapping[str, int]]) -> None:
        """Members of these groups who cannot be written, by their reason; one transaction."""
        rows = [(group, *row) for group, counts in unwritable.items() for row in counts.items()]
        with self._database.transaction():
            self._database.run_among(_UNCOUNT, list(unwritable))
            self._database.run_many(_COUNT, rows)

    def unwritable(self, guid: bytes | None = None) -> dict[str, int]:
        """Reason -> memberships; of one group, or of all together."""
        rows: Iterable[tuple[str, int]] = (
            self._database.all(_COUNTS) if guid is None else self._database.all(_COUNTS_OF, (guid,))
        )
        return {reason: int(members) for reason, members in rows}
