"""Marks: which entries must be synchronised again, and why. Of several reasons (``model.state.Origin``) the strongest
stays, so a change in a directory is never told as one of an upgrade.
"""

from collections.abc import Sequence

from syncramp.store.database import Database

_STRONGEST = """ ON CONFLICT (id) DO UPDATE SET
                cause = CASE WHEN excluded.cause > dirty.cause THEN excluded.cause ELSE dirty.cause END"""


def marking(rows: str) -> str:
    """A statement that marks what a query finds.

    :param rows: its columns are the id and the reason, and no id is there twice; it has a WHERE, or are VALUES.
    """
    return f"INSERT INTO dirty (id, cause) {rows}{_STRONGEST}"


def causes_of(database: Database, ids: Sequence[int]) -> dict[int, int]:
    """Why entries are marked; those among these that are."""
    return dict(database.among("SELECT id, cause FROM dirty WHERE id {}", ids))


MARK = marking("VALUES (?, ?)")
