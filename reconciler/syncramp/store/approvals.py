"""What waits for a person, and what people approved.

A run writes each set of changes that waits as a *proposal*. An *approval* is a copy of one, with who gave it, when,
and until when. What the next plan does not want any more drops out of it: it was sent, or it is over, and if it comes
back it waits again. When an approval ends, its marks go and the row stays, to tell who approved what.

``syncramp approve`` writes here while a run may hold the store. That is one transaction, and the run neither reads
approvals between its plan and its end nor writes any but those it has read.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from collections.abc import Iterable, Sequence

from syncramp.model.approvals import Approval, Marks, Proposal, Waiting
from syncramp.model.holds import Class, Hold
from syncramp.store.database import Database

KEPT_FOR = 7 * 86_400.0
"""Seconds for which a proposal can be approved after it was last made."""
KEPT = 100
"""Proposals of one hold and class: two days of runs every half an hour."""
KEPT_MARKS = 5_000_000
"""Changes of all proposals together, 40 MB; what waits is kept however much that is."""

_PROPOSE = """INSERT INTO proposals (digest, class, hold, made, changes, links, waits, marks)
              VALUES (?, ?, ?, ?, ?, ?, 1, ?)
              ON CONFLICT (digest) DO UPDATE SET made = excluded.made, waits = 1"""
_PROPOSALS = """SELECT digest, class, hold, made, changes, waits FROM proposals
                ORDER BY made DESC, waits DESC, class, hold, digest"""
_GIVE = """INSERT INTO approvals (digest, class, hold, given, until, "by", changes, links, marks)
           SELECT digest, class, hold, ?, ?, ?, changes, links, marks FROM proposals WHERE digest = ?"""
_APPROVALS = """SELECT id, digest, hold, class, "by", given, until, changes, LENGTH(marks) / 8, links
                FROM approvals {} ORDER BY given, id"""
_END = "UPDATE approvals SET marks = ? WHERE until <= ? AND LENGTH(marks) > 0"


class Approvals:
    """Proposals and approvals of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def propose(self, waiting: Iterable[Waiting], now: float, *, alone: bool) -> None:
        """Write what waits, and forget what is old.

        :param now: seconds since the epoch.
        :param alone: nothing else waits: this is a run, and not a plan beside the runs.
        """
        with self._database.transaction():
            if alone:
                self._database.run("UPDATE proposals SET waits = 0")
            for each in waiting:
                row = (each.digest, each.part, each.hold, now, len(each.marks), each.links, _packed(each.marks))
                self._database.run(_PROPOSE, row)
            self._prune(now)

    def _prune(self, now: float) -> None:
        total, numbers = 0, dict[tuple[Class, Hold], int]()
        for each in self.proposals():
            kind = each.part, each.hold
            numbers[kind] = number = numbers.get(kind, 0) + 1
            total += each.changes
            beyond = number > KEPT or total > KEPT_MARKS
            if each.made + KEPT_FOR <= now or (beyond and not each.waits):
                self._database.run("DELETE FROM proposals WHERE digest = ?", (each.digest,))

    def proposals(self) -> Sequence[Proposal]:
        """What can be approved, the newest first."""
        rows = self._database.all(_PROPOSALS)
        return [
            Proposal(digest, Class(part), Hold(hold), made, changes, bool(waits))
            for digest, part, hold, made, changes, waits in rows
        ]

    def waiting(self, now: float) -> Sequence[Proposal]:
        """What waits, and is not approved (at this moment, in seconds since the epoch)."""
        approved = {each.digest for each in self.given(now)}
        return [each for each in self.proposals() if each.waits and each.digest not in approved]

    def still_waiting(self, digest: str) -> int:
        """How many changes of a proposal are in one that waits."""
        waiting = Marks(mark for (marks,) in self._waiting_marks() for mark in _unpacked(marks))
        packed = self._database.value("SELECT marks FROM proposals WHERE digest = ?", (digest,), b"")
        return sum(mark in waiting for mark in _unpacked(packed))

    def proposes(self, proposal: Proposal, marks: Marks) -> bool:
        """A proposal has one of these marks."""
        packed = self._database.value("SELECT marks FROM proposals WHERE digest = ?", (proposal.digest,), b"")
        return any(mark in marks for mark in _unpacked(packed))

    def _waiting_marks(self) -> Sequence[tuple[bytes]]:
        return self._database.all("SELECT marks FROM proposals WHERE waits = 1")

    def give(self, digest: str, by: str, now: float, until: float) -> None:
        """Approve a proposal.

        :param digest: all digits of it.
        :param by: who gives it.
        :param now: seconds since the epoch.
        """
        with self._database.transaction(durable=True):
            self._database.run(_GIVE, (now, until, by, digest))

    def withdraw(self, among: Iterable[Approval], now: float) -> None:
        """End approvals before their time; a run that has made its plan still goes by them.

        :param now: seconds since the epoch.
        """
        with self._database.transaction(durable=True):
            for each in among:
                self._database.run("UPDATE approvals SET until = ?, marks = ? WHERE id = ?", (now, b"", each.id))

    def given(self, now: float) -> Sequence[Approval]:
        """Approvals that are valid, the oldest first."""
        rows = self._database.all(_APPROVALS.format("WHERE until > ?"), (now,))
        return [
            Approval(number, digest, Hold(hold), Class(part), by, given, until, changes, wanted)
            for number, digest, hold, part, by, given, until, changes, wanted, _ in rows
        ]

    def taken(self, digest: str, by: str) -> bool:
        """Somebody approved this before, whether it is still valid or not.

        :param digest: the beginning of it.
        """
        asked = 'SELECT 1 FROM approvals WHERE SUBSTR(digest, 1, CAST(? AS INTEGER)) = ? AND "by" = ?'
        return self._database.one(asked, (len(digest), digest, by)) is not None

    def marks(self, among: Iterable[Approval]) -> Marks:
        """The marks of approvals."""
        return Marks(mark for each in among for mark in self.marks_of(each))

    def marks_of(self, approval: Approval) -> Sequence[int]:
        """The marks of one approval that have not dropped out."""
        return _unpacked(self._database.value("SELECT marks FROM approvals WHERE id = ?", (approval.id,), b""))

    def has_links(self, among: Iterable[Approval]) -> bool:
        """Some of these approvals have links that have not dropped out."""
        asked = "SELECT 1 FROM approvals WHERE links > 0 AND LENGTH(marks) > 0 AND id = ?"
        return any(self._database.one(asked, (each.id,)) is not None for each in among)

    def retain(self, among: Iterable[Approval], wanted: Marks, now: float) -> None:
        """Let drop out what is not wanted any more, and end what has expired.

        :param among: the approvals that the plan was made under.
        :param wanted: marks of approved changes that it wants.
        """
        with self._database.transaction():
            for each in among:
                marks = self.marks_of(each)
                kept = [mark for mark in marks if mark in wanted]
                if len(kept) < len(marks):
                    self._database.run("UPDATE approvals SET marks = ? WHERE id = ?", (_packed(kept), each.id))
            self._database.run(_END, (b"", now))


def _packed(marks: Iterable[int]) -> bytes:
    return array("Q", marks).tobytes()


def _unpacked(packed: bytes) -> array[int]:
    marks = array("Q")
    marks.frombytes(packed)
    return marks
