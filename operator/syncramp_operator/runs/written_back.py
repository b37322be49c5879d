"""Groups that are written back, as a member of ``SyncRun.status``: the numbers of the directory.

Its sets that wait for an approval and its ramp stand in the lists of the run, where people look for them.
"""

from collections.abc import Iterator, Mapping

from syncramp.model.report import RunReport
from syncramp.model.values import Kind
from syncramp.model.written import WrittenReport
from syncramp_operator.api.resources import Object
from syncramp_operator.runs.bounds import NAME, SENTENCE, text
from syncramp_operator.runs.counted import (
    categories,
    changes,
    drift,
    largest,
    latency_of,
    milliseconds,
    phases_of,
    tally,
)

REASONS = 16
FAMILIES = ("Stalled", "Waiting", "Retry")
_WORD = 64


def written_back(report: RunReport) -> Object:
    """What the other direction of a run did."""
    written = report.written or WrittenReport()
    found = {
        "container": text(written.container, NAME),
        "server": text(written.server, NAME),
        "note": text(written.note, NAME),
        "number": report.run,
        "digest": text(report.digest, _WORD),
        "failure": _failure(report),
        "objects": tally(report.objects),
        "links": tally(report.links),
        "groups": written.groups,
        "members": written.members,
        "strangers": written.strangers,
        "unwritable": list(_reasons(written.unwritable)),
        "refused": list(_reasons(written.refused)),
        "changes": [each for each in changes(report) if each["kind"] == Kind.GROUP.value],
        "holds": categories("reason", _WORD, report.holds, report.hold_samples),
        "errorCount": sum(report.errors.values()),
        "errors": categories("category", NAME, report.errors, report.error_samples),
        "drift": drift(report.drift),
        "confirmed": report.confirmed,
        "unconfirmed": report.unconfirmed,
        "unconfirmedLinks": report.unconfirmed_links,
        "missingLinks": report.missing_links,
        "throttled": report.throttled,
        "modifyLatency": latency_of(report.export_latency),
        "replicationLag": _lag(written.converged_seconds),
        "phases": phases_of(report.phases),
    }
    return {name: value for name, value in found.items() if value not in ("", None, {})}


def _failure(report: RunReport) -> dict[str, str]:
    """Why it ended before its time; nothing where it did not."""
    if not report.failure:
        return {}
    told = {"reason": text(report.failure_reason, _WORD), "message": text(report.failure, SENTENCE)}
    return told | ({"family": report.failure_family} if report.failure_family in FAMILIES else {})


def _reasons(counts: Mapping[str, int]) -> Iterator[Object]:
    """The most frequent ones; those that are the same when they are cut are one."""
    found: dict[str, int] = {}
    for reason, number in largest(counts)[:REASONS]:
        shown = text(reason, _WORD)
        found[shown] = found.get(shown, 0) + number
    yield from ({"reason": reason, "count": number} for reason, number in found.items())


def _lag(seconds: float | None) -> int | None:
    return None if seconds is None else milliseconds(seconds)
