"""Series of groups that are written back: gauges and counters as those of the cloud, under names of their own.

A SyncConfig that asks for no writeback has none of them.
"""

from collections.abc import Callable, Iterator

from syncramp.model.cloud import Unwritable
from syncramp.model.drift import Drift
from syncramp_operator.metrics.counters import Counter
from syncramp_operator.metrics.gauges import PERCENTILES, Gauge
from syncramp_operator.metrics.series import OTHER, Row
from syncramp_operator.status.facts import Object
from syncramp_operator.status.reasons import WEIGHTS
from syncramp_operator.status.view import View, items, part, text, whole

_REASONS = frozenset(each.value for each in Unwritable)
_DRIFTS = frozenset(each.value for each in Drift)
_VERBS = ("create", "update", "delete")


def _number(name: str) -> Callable[[View], Iterator[Row]]:
    def rows(view: View) -> Iterator[Row]:
        if other := part(view.told, "writeback"):
            yield (), float(whole(other, name))

    return rows


def _listed(name: str, key: str, known: frozenset[str]) -> Callable[[View], Iterator[Row]]:
    """Numbers of a list by a word of it; words that are not known here are one."""

    def rows(view: View) -> Iterator[Row]:
        numbers: dict[str, float] = {}
        for each in items(part(view.told, "writeback"), name):
            label = text(each, key) if text(each, key) in known else OTHER
            numbers[label] = numbers.get(label, 0) + whole(each, "count")
        yield from (((label,), number) for label, number in numbers.items())

    return rows


def _latency(view: View) -> Iterator[Row]:
    measured = part(part(view.told, "writeback"), "modifyLatency")
    yield from (((each,), whole(measured, kept) / 1000) for kept, each in PERCENTILES.items() if kept in measured)


def _replication(view: View) -> Iterator[Row]:
    other = part(view.told, "writeback")
    if "replicationLag" in other:
        yield (), whole(other, "replicationLag") / 1000


def _changes(run: Object) -> Iterator[Row]:
    for each in items(part(part(run, "status"), "writeback"), "changes"):
        if (verb := text(each, "verb").lower()) in _VERBS:
            yield (verb,), float(whole(each, "acknowledged"))


def _links(run: Object) -> Iterator[Row]:
    if tally := part(part(part(run, "status"), "writeback"), "links"):
        for result, label in (("acknowledged", "acknowledged"), ("refused", "refused"), ("inDoubt", "in_doubt")):
            yield (label,), float(whole(tally, result))


WRITTEN_GAUGES = (
    Gauge("syncramp_writeback_groups", "Groups in the directory that are ours.", (), _number("groups")),
    Gauge("syncramp_writeback_members", "Memberships of them that are surely there.", (), _number("members")),
    Gauge(
        "syncramp_writeback_held",
        "Changes in the directory that a hold kept back in the last run.",
        ("hold",),
        _listed("holds", "reason", frozenset(WEIGHTS)),
    ),
    Gauge(
        "syncramp_writeback_unwritable",
        "Memberships of the cloud that cannot be in the directory.",
        ("reason",),
        _listed("unwritable", "reason", _REASONS),
    ),
    Gauge(
        "syncramp_writeback_drift",
        "What somebody else did to these groups in the directory, by the last run.",
        ("kind",),
        _listed("drift", "kind", _DRIFTS),
    ),
    Gauge(
        "syncramp_writeback_modify_seconds",
        "How long requests that changed the directory took in the last run.",
        ("percentile",),
        _latency,
    ),
    Gauge(
        "syncramp_writeback_replication_seconds",
        "Age of the oldest write that a writable domain controller lacks.",
        (),
        _replication,
    ),
)
WRITTEN_COUNTERS = (
    Counter(
        "syncramp_writeback_changes_total", "Changes of groups that the directory acknowledged.", ("verb",), _changes
    ),
    Counter("syncramp_writeback_links_total", "What became of members that were written.", ("result",), _links),
)
