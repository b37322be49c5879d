"""What a run measures of the directory that it wrote to: how quick it is, how far what was written has come, and
whether a second domain controller counts the same members.

Other controllers are asked when all is done, by runs that send; one that is off costs seconds and fails nothing. What
must be known to the next run is a fact in the ledger: when what was written, as far as some controller may still lack
it, since when controllers cannot be asked, and which groups grew and were not compared yet.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pyroaring import BitMap

from syncramp.cycle.job import Job, Writeback, written_back
from syncramp.model.measures import KEPT_SECONDS, CallTime, Measure, Measured
from syncramp.model.report import RunReport
from syncramp.model.written import Standing, WriteTimed
from syncramp.writeback.ledger import LINK_INTERVAL

REPLICATION = "replication"
"""The fact in the ledger."""
MOST_COMPARED = 20
"""Groups that are compared in one run: one of 250,000 members is 170 answers of 1,500 values, from each of both."""
PUT_OFF = frozenset({"adminLimitExceeded", "busy", "unavailable"})
"""Results by which a domain controller says that it has too much to do."""


@dataclass(slots=True)
class Kept:
    """What is known of replication from earlier runs."""

    written: list[tuple[float, str]] = field(default_factory=list)
    """When something was written, and what a controller has that has all of it, in hexadecimal; the oldest first."""
    lost: dict[str, float] = field(default_factory=dict)
    """URL of a controller -> since when it cannot be asked."""
    grown: list[str] = field(default_factory=list)
    """objectGUIDs, in hexadecimal, of groups that are to be compared."""

    def encoded(self) -> str:
        """As the ledger keeps it."""
        return json.dumps({"written": self.written, "lost": self.lost, "grown": self.grown})


def decode(stored: str | None) -> Kept:
    """What ``encoded`` made; nothing is known where it cannot be read."""
    try:
        told: Mapping[str, Any] = json.loads(stored or "{}")
        written = [(float(at), str(bytes.fromhex(horizon).hex())) for at, horizon in told["written"]]
        lost = {str(url): float(since) for url, since in told["lost"].items()}
        return Kept(written, lost, [bytes.fromhex(one).hex() for one in told["grown"]])
    except (ValueError, LookupError, TypeError, AttributeError):
        return Kept()


@dataclass(slots=True)
class Seen:
    """What a run measured."""

    rows: list[Measured]
    calls: list[CallTime]
    kept: Kept
    link_interval: float | None


def see(job: Job, report: RunReport, grown: Mapping[int, BitMap], planned: bool, now: float) -> Seen | None:
    """Measure the directory; None: the run never came to one.

    :param grown: groups to which members were added, by the ledger's ids.
    :param planned: the run came to a plan.
    :raises SyncrampError: the ledger does not answer.
    """
    if report.written is None or not report.written.server:
        return None
    other = written_back(job)
    timed, kept = other.target.measured(), decode(other.ledger.runs.flag(REPLICATION))
    kept.grown = list(dict.fromkeys([*kept.grown, *_guids(other, grown)]))
    values = [*_requests(timed), *(_tokens(other) if planned else ()), *_share(job, report)]
    values += _replication(other, report, kept, now)
    rows = [Measured(now, report.run, name, value, weight) for name, value, weight in values]
    return Seen(rows, list(_calls(timed, report.run, now)), kept, other.target.link_interval())


def note(job: Job, seen: Seen) -> None:
    """Keep what later runs must know."""
    runs = written_back(job).ledger.runs
    runs.set_flag(REPLICATION, seen.kept.encoded())
    if seen.link_interval is not None:
        runs.set_flag(LINK_INTERVAL, str(seen.link_interval))


Value = tuple[Measure, float, int]
"""What was measured, and of how many things."""


def _calls(timed: Sequence[WriteTimed], run: int, now: float) -> Iterator[CallTime]:
    """Requests with members that were done; what a busy controller put off is mostly waiting."""
    for one in timed:
        if one.values and one.code not in PUT_OFF:
            yield CallTime(now, run, one.values, 1, one.seconds)


def _requests(timed: Sequence[WriteTimed]) -> Iterator[Value]:
    yield Measure.PUT_OFF, float(sum(one.code in PUT_OFF for one in timed)), 1


def _tokens(other: Writeback) -> Iterator[Value]:
    yield Measure.TOKENS, float(other.weighed.heaviest), other.weighed.members
    yield Measure.TOKENS_UNKNOWN, float(other.weighed.unknown), 1


def _share(job: Job, report: RunReport) -> Iterator[Value]:
    """What broke off early was not quick."""
    if not (report.failure or job.stop.is_set()):
        took = sum(phase.seconds for phase in report.phases)
        yield Measure.SHARE, 100 * took / job.config.interval.total_seconds(), 1


def _replication(other: Writeback, report: RunReport, kept: Kept, now: float) -> Iterator[Value]:
    """How far what was written has come; nothing where nothing ever was."""
    _remember(other, kept, now)
    if not kept.written:
        return
    standings = other.target.standing([bytes.fromhex(horizon) for _, horizon in kept.written])
    lost = [one.url for one in standings if one.covers is None]
    kept.lost = {url: kept.lost.get(url, now) for url in lost}
    yield Measure.UNREACHED, max((now - since for since in kept.lost.values()), default=0.0), len(lost)
    asked = [one for one in standings if one.covers is not None]
    lacking = max((one.lacks for one in asked), default=0)
    age = now - kept.written[-lacking][0] if lacking else 0.0
    if report.written is not None and asked:
        report.written.converged_seconds = age
    if asked:
        yield Measure.REPLICATION, age, len(asked)
    if not lost and not lacking:
        del kept.written[:-1]  # nobody lacks any of it
    yield from _second(other, kept, standings)


def _remember(other: Writeback, kept: Kept, now: float) -> None:
    """What was written now, if anything was."""
    horizon = (other.target.written() or b"").hex()
    if horizon and (not kept.written or kept.written[-1][1] != horizon):
        kept.written.append((now, horizon))
    kept.written = [one for one in kept.written if one[0] > now - KEPT_SECONDS] or kept.written[-1:]


def _second(other: Writeback, kept: Kept, standings: Sequence[Standing]) -> Iterator[Value]:
    """What a second controller counts otherwise, of groups that grew; those stay to be compared until they agree."""
    if len(standings) == 1:
        kept.grown.clear()
        yield Measure.SECOND, 0.0, 0
        return
    asked = kept.grown[:MOST_COMPARED]
    found = other.target.compare([bytes.fromhex(one) for one in asked]) if asked else None
    if found is None:
        return
    differ = {guid.hex(): abs(here - there) for guid, (here, there) in found.items() if here != there}
    kept.grown = [*kept.grown[MOST_COMPARED:], *(one for one in asked if one in differ)]
    yield Measure.SECOND, float(sum(differ.values())), len(found)


def _guids(other: Writeback, grown: Mapping[int, BitMap]) -> Iterator[str]:
    for identity, _, cloud_anchor in other.ledger.differences.holders() if grown else ():
        if identity in grown:
            yield UUID(cloud_anchor.partition("_")[2]).bytes_le.hex()
