"""Additions to groups of ramps after their answer: when a read-back showed them, and those the service refused.

Kept as bitmaps by group and run, until they are shown or not wanted any more. A link that is sent again counts from
its first answer, so that one which vanishes again and again is not taken for new.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from syncramp.model.measures import Measure, Measured, Unconfirmed
from syncramp.store.database import Database
from syncramp.store.packing import pack_bitmap, unpack_bitmap

PAGE = 100
"""Groups whose memberships are in memory at once."""

_KEPT = 'SELECT "group", run, ramp, at, members FROM ramp_links WHERE refused = ? ORDER BY "group", run'
_OF_RAMP = 'SELECT "group", run, at, members FROM ramp_links WHERE refused = ? AND ramp = ? ORDER BY run'
_DROP = 'DELETE FROM ramp_links WHERE "group" = ? AND run = ? AND refused = ?'
_WRITE = """INSERT INTO ramp_links ("group", run, refused, ramp, at, members) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT ("group", run, refused) DO UPDATE SET ramp = excluded.ramp, members = excluded.members"""
_BRACKETS = "SELECT id, sure, possible, observed, drifted FROM cloud_links WHERE id IN ({})"


@dataclass(frozen=True, slots=True)
class LinkAnswers:
    """What the service answered in one run about additions to groups of ramps."""

    run: int
    at: float
    """Seconds since the epoch: the end of the run, after its read-back."""
    groups: Mapping[int, str] = field(default_factory=dict)
    """Group -> the ramp it follows; of all that follow one."""
    acknowledged: Mapping[int, BitMap] = field(default_factory=dict)
    refused: Mapping[int, BitMap] = field(default_factory=dict)
    """Group -> members whose last try was refused."""
    desired: Callable[[int], BitMap] = lambda group: BitMap()
    """The members a group should have."""


@dataclass(frozen=True, slots=True)
class _Bracket:
    sure: BitMap
    possible: BitMap
    observed: BitMap
    drifted: BitMap


@dataclass(frozen=True, slots=True)
class _Kept:
    """Members of a group that were answered about in one run."""

    run: int
    ramp: str
    at: float
    members: BitMap


class RampLinks:
    """Answers about links of ramps, as long as they matter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, answers: LinkAnswers) -> list[Measured]:
        """Take in the answers of a run and what its read-backs showed. Call it in a transaction.

        :returns: how long links took to be shown, and how many of each ramp are not as we know them.
        """
        told = list(self._shown(answers, self._kept(0)))
        self._note_refused(answers, self._kept(1))
        return told + self._disagreements(answers)

    def unconfirmed(self, ramp: str) -> list[Unconfirmed]:
        """What was answered as added and not shown, of groups of which read-backs show members at all."""
        rows = self._database.all(_OF_RAMP, (0, ramp))
        observations = {group: bracket.observed for group, bracket in self._brackets({row[0] for row in rows})}
        found = []
        for group, run, at, members in rows:
            observed = observations.get(group, BitMap())
            left = unpack_bitmap(members) - observed
            if observed and left:
                found.append(Unconfirmed(at, run, len(left)))
        return found

    def refused(self, ramp: str, since: float) -> int:
        """Links whose last try was refused, and was made since a moment (seconds since the epoch)."""
        rows = self._database.all(_OF_RAMP, (1, ramp))
        return sum(len(unpack_bitmap(members)) for _, _, at, members in rows if at >= since)

    def _kept(self, refused: int) -> dict[int, list[_Kept]]:
        found: dict[int, list[_Kept]] = {}
        for group, run, ramp, at, members in self._database.all(_KEPT, (refused,)):
            found.setdefault(group, []).append(_Kept(run, ramp, at, unpack_bitmap(members)))
        return found

    def _brackets(self, groups: Collection[int]) -> Iterator[tuple[int, _Bracket]]:
        """What is known of groups and what was shown, a page at a time: a ramp may have thousands of large groups."""
        ordered = sorted(groups)
        for start in range(0, len(ordered), PAGE):
            for group, *packed in self._database.among(_BRACKETS, ordered[start : start + PAGE]):
                yield group, _Bracket(*map(unpack_bitmap, packed))

    def _shown(self, answers: LinkAnswers, waiting: Mapping[int, list[_Kept]]) -> Iterator[Measured]:
        for group, bracket in self._brackets({*waiting, *answers.acknowledged}):
            earlier = BitMap()
            wanted = answers.desired(group) & bracket.possible
            for kept in [*waiting.get(group, ()), *_new(answers, group)]:
                members = (kept.members & wanted) - earlier
                earlier |= members
                if shown := len(members & bracket.observed):
                    lag = float(answers.run - kept.run)
                    yield Measured(answers.at, answers.run, Measure.CONFIRM_LAG, lag, shown, kept.ramp)
                self._write(group, kept, members - bracket.observed, refused=0)

    def _note_refused(self, answers: LinkAnswers, refused: Mapping[int, list[_Kept]]) -> None:
        """What was tried again counts by its last try; what is not wanted any more does not count."""
        for group in {*refused, *answers.refused}:
            now = answers.refused.get(group, BitMap())
            wanted = answers.desired(group)
            over = now | answers.acknowledged.get(group, BitMap())
            for kept in refused.get(group, ()):
                self._write(group, kept, (kept.members & wanted) - over, refused=1)
            if now and group in answers.groups:
                self._write(group, _Kept(answers.run, answers.groups[group], answers.at, now), now, refused=1)

    def _disagreements(self, answers: LinkAnswers) -> list[Measured]:
        """How many links of each ramp only we know of, or only the read-back; groups that are not there agree."""
        found = dict(answers.groups)
        links, groups = Counter[str](), Counter[str]()
        for group, bracket in self._brackets(answers.groups):
            late, ramp = answers.acknowledged.get(group, BitMap()), found.pop(group)
            if (number := _disagreement(bracket, late)) is not None:
                links[ramp] += number
                groups[ramp] += 1
        groups.update(found.values())
        return [
            Measured(answers.at, answers.run, Measure.DISAGREEMENT, float(links[ramp]), number, ramp)
            for ramp, number in groups.items()
        ]

    def _write(self, group: int, kept: _Kept, members: BitMap, *, refused: int) -> None:
        if members:
            row = (group, kept.run, refused, kept.ramp, kept.at, pack_bitmap(members))
            self._database.run(_WRITE, row)
        else:
            self._database.run(_DROP, (group, kept.run, refused))


def _new(answers: LinkAnswers, group: int) -> list[_Kept]:
    members = answers.acknowledged.get(group)
    if not members or group not in answers.groups:
        return []
    return [_Kept(answers.run, answers.groups[group], answers.at, members)]


def _disagreement(bracket: _Bracket, late: BitMap) -> int | None:
    """Links that are known and not shown, or shown and not known.

    :param late: what was answered in this run, and may be shown later.
    :returns: None: no read-back has shown a member of the group, so nothing is said of it.
    """
    if bracket.sure and not bracket.observed:
        return None
    strange = bracket.drifted & (bracket.observed - bracket.sure)
    return len((bracket.sure - bracket.observed - late) | strange)
