"""Counts the records of an LDIF file against what the file itself says about them.

A file that was cut between two records looks whole. What proves it whole is a count that was written after the last
record: ``# returned N records`` (ldbsearch, references counted in), ``# numEntries: N`` (ldapsearch, together with
its ``result: 0``: with -L it writes the count, but not that a limit was exceeded), or ``entries`` in the document.
Concatenated exports are proven one by one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RETURNED = re.compile(rb"# returned ([0-9]{1,18}) records")
_ENTRIES = re.compile(rb"# numEntries: ([0-9]{1,18})")
_RESULT = re.compile(rb"result: ([0-9]+) ?(.*)")


@dataclass
class Tally:
    """What was seen, and what is wrong with it."""

    records: int = 0
    problem: str = ""
    """Why the file is not complete; the first reason found."""
    promised: int | None = None
    """What trailers say, all exports of the file together."""
    _records_here: int = 0
    """Since the last trailer."""
    _references_here: int = 0
    _succeeded: bool = False

    def record(self) -> None:
        """An entry was read."""
        self.records += 1
        self._records_here += 1

    def reference(self) -> None:
        """A continuation reference was read (``ref:``); it leads to another naming context."""
        self._references_here += 1

    def result(self, lines: Sequence[bytes], line: int) -> None:
        """The end of a search, as ldapsearch writes it (``search:``, ``result:``)."""
        found = next(filter(None, map(_RESULT.fullmatch, lines)), None)
        if found is not None and int(found[1][:9]) == 0:
            self._succeeded = True
        else:
            said = found[0].decode(errors="replace") if found else "no result"
            self.blame(f"line {line}: the search that wrote it did not succeed ({said})")

    def comment(self, text: bytes, line: int) -> None:
        """A comment before or after a record: perhaps a trailer."""
        if found := _RETURNED.fullmatch(text):
            self._close(int(found[1]) - self._references_here, line)
        elif found := _ENTRIES.fullmatch(text):
            if not self._succeeded:
                self.blame(
                    f"line {line}: the result of the search is missing; export without -L, or with -LLL and entries"
                )
            self._close(int(found[1]), line)

    def blame(self, problem: str) -> None:
        """Note a reason against completeness; the first one stays."""
        self.problem = self.problem or problem

    def verdict(self, declared: int | None) -> str:
        """Why the file is not complete; empty if it is.

        :param declared: how many records the document says there are.
        """
        if self.problem:
            return self.problem
        if not self.records:
            return "it holds no entries"
        if declared is not None:
            return (
                "" if declared == self.records else f"it holds {self.records} records, the document says {declared}"
            )
        if self.promised is None:
            return (
                "no trailer (ldbsearch, ldapsearch) and no 'entries' in the document says how many records there are"
            )
        return f"{self._records_here} records follow its last trailer" if self._records_here else ""

    def _close(self, count: int, line: int) -> None:
        if count != self._records_here:
            self.blame(f"line {line}: the trailer says {count} records, {self._records_here} were read")
        self.promised = (self.promised or 0) + count
        self._records_here = self._references_here = 0
        self._succeeded = False
