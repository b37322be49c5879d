"""The one table of exit codes, for every command.

``syncramp --help`` and ``docs/exit-codes.md`` show it; a test compares the page with it.
"""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    FAILED = 1
    PENDING = 2
    REFUSED = 3


MEANINGS = {
    Exit.OK: "Fine: nothing is left to do or to decide.",
    Exit.FAILED: (
        "It failed, or a source could not be read completely; the text says what to mend, or that it is tried again."
    ),
    Exit.PENDING: "There is something to do or to decide: a plan that is not empty, a change that is held or left.",
    Exit.REFUSED: "The input was refused and nothing was done: a document, a file or the command line.",
}
