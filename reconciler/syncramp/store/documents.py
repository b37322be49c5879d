"""What the document said of each source: now, and under what the entries were judged before.

While a synchronise goes on, both are kept, and it may be stopped or killed, and the document may change once more. So
what was said is forgotten only when a synchronise came to its end: then every entry was judged by what is said now.
What was said of a source that the document does not name any more stays, since its entries stay as they are.
"""

from collections.abc import Mapping

from syncramp.store.database import Database

_SAID = "SELECT source, rules, said FROM documents ORDER BY source, rules"
_SAY = "INSERT INTO documents (source, rules, said) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET = """DELETE FROM documents WHERE source = ? AND rules != ?
             AND EXISTS (SELECT 1 FROM sources s WHERE s.id = documents.source AND s.rules = ?)"""
"""A source that could not be read at all was not judged anew: ``sources`` still has its rules of before."""


class Documents:
    """The documents of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: Mapping[int, tuple[bytes, str]]) -> dict[int, list[str]]:
        """Entries may be judged by these rules from now on; one transaction.

        :param now: source -> the digest of its rules, and what the document says.
        :returns: source -> what was said before, of itself first, then of others: an entry may have been read by
            another source. Only of sources of which something else is said now, or that are new.
        """
        with self._database.transaction():
            said = [(source, rules, text) for source, rules, text in self._database.all(_SAID)]
            known = {source for source, _, _ in said}
            self._database.run_many(_SAY, [(source, *told) for source, told in now.items()])
        before = [row for row in said if row[0] not in now or row[1] != now[row[0]][0]]
        changed = {row[0] for row in before} | (now.keys() - known)
        return {
            source: [text for _, _, text in sorted(before, key=lambda row: row[0] != source)]
            for source in now
            if source in changed and before
        }

    def complete(self, now: Mapping[int, bytes]) -> None:
        """Every entry was judged by these rules; one transaction."""
        with self._database.transaction():
            self._database.run_many(_FORGET, [(source, rules, rules) for source, rules in now.items()])
