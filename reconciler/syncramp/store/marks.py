"""Marks: which entries must be synchronised again, and why. Of several reasons (``model.state.Origin``) the strongest
stays, so a change in a directory is never told as one of an upgrade.
"""

_STRONGEST = """ ON CONFLICT (id) DO UPDATE SET
                cause = CASE WHEN excluded.cause > dirty.cause THEN excluded.cause ELSE dirty.cause END"""


def marking(rows: str) -> str:
    """A statement that marks what a query finds.

    :param rows: its columns are the id and the reason; it has a WHERE, or are VALUES.
    """
    return f"INSERT INTO dirty (id, cause) {rows}{_STRONGEST}"


MARK = marking("VALUES (?, ?)")
