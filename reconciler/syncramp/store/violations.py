"""What is kept back of desired objects, and why."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from syncramp.model.desire import Code, Desired, Violation
from syncramp.model.plan import Sample
from syncramp.store.database import Database

SAMPLES = 5
"""Examples of each code."""

_FORGET = "DELETE FROM violations WHERE object IN ({})"
_NOTE = "INSERT INTO violations (object, attribute, reason, code) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_OF = "SELECT attribute, code, reason FROM violations WHERE object = ? ORDER BY attribute, reason"
_COUNTS = """SELECT v.code, COUNT(*) FROM violations v CROSS JOIN entries e
             WHERE e.id = v.object AND e.source IN ({}) GROUP BY v.code ORDER BY v.code"""
"""CROSS JOIN: SQLite begins with the violations, and not with every entry."""
_EXAMPLES = """SELECT o.kind, e.dn, o.anchor, v.attribute, v.reason FROM violations v
               JOIN objects o ON o.id = v.object JOIN entries e ON e.id = v.object
               WHERE v.code = ? AND e.source IN ({}) ORDER BY e.dn, v.attribute, v.reason LIMIT ?"""


class Violations:
    """A view of the store; it writes in a transaction of its caller."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(self, rows: Sequence[Desired], but: Collection[int], known: Sequence[int]) -> None:
        """What is kept back of these objects, in place of what was.

        :param but: ids of those of which that stays as it is.
        :param known: ids of those of which something may have been kept back before.
        """
        self._database.run_among(_FORGET, [identity for identity in known if identity not in but])
        kept = [row for row in rows if row.violations and row.id not in but]
        self._database.run_many(
            _NOTE,
            [(row.id, each.attribute, each.reason, each.code.value) for row in kept for each in row.violations],
        )

    def of(self, identity: int) -> list[Violation]:
        """What is kept back of one object."""
        rows = self._database.all(_OF, (identity,))
        return [Violation(attribute, Code(code), reason) for attribute, code, reason in rows]

    def counts(self, sources: Sequence[int]) -> dict[str, int]:
        """Code -> how many values are kept back of the objects of some sources."""
        return dict(self._database.all(_COUNTS.format(_marks(sources)), sources))

    def samples(self, code: str, sources: Sequence[int]) -> Iterator[Sample]:
        """The first of them, in the order of their DNs."""
        query = _EXAMPLES.format(_marks(sources))
        for row in self._database.all(query, (code, *sources, SAMPLES)):
            yield _sample(row)


def _marks(sources: Sequence[int]) -> str:
    return ",".join("?" * len(sources))


def _sample(row: Any) -> Sample:
    kind, dn, anchor, attribute, reason = row
    return Sample("Keep", kind, dn, anchor or "", f"{attribute}: {reason}")
