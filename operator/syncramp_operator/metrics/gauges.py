"""Gauges: each family with its sentence, its labels, and where its numbers come from.

They are read from the status that was just written and from the newest run that came to its end, so they are the same
however runs are made, and after a restart of the operator.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from syncramp.model.proofs import PROOFS, failed
from syncramp.model.ramps import Phase
from syncramp.model.written import Side
from syncramp.spec.durations import parse_duration
from syncramp_operator.metrics.series import OTHER, Family, Row, seconds_of_phases
from syncramp_operator.status.conditions import KINDS
from syncramp_operator.status.facts import Object
from syncramp_operator.status.reasons import WEIGHTS
from syncramp_operator.status.tenant import RAMPS, SOURCES
from syncramp_operator.status.view import View, items, moment, part, text, to, whole


@dataclass(frozen=True, slots=True)
class Gauge(Family):
    """Of a SyncConfig, as it is now."""

    rows: Callable[[View], Iterator[Row]]


def _conditions(view: View) -> Iterator[Row]:
    states = {text(each, "type"): text(each, "status") for each in items(view.before, "conditions")}
    for kind in KINDS:
        if kind.type in states or not kind.wished:  # one that is never there by its document is not False
            yield (kind.type,), float(states.get(kind.type) == "True")


def _suspended(view: View) -> Iterator[Row]:
    yield (), float(view.spec.get("suspend") is True)


def _interval(view: View) -> Iterator[Row]:
    """The longer one of the document's and the service's."""
    yield (), max(_seconds(text(view.spec, "interval")), _seconds(text(view.before, "serviceInterval")))


def _seconds(duration: str) -> float:
    try:
        return parse_duration(duration).total_seconds()
    except ValueError:
        return 0.0


def _time(name: str) -> Callable[[View], Iterator[Row]]:
    """A moment of the status; no series where there is none."""

    def rows(view: View) -> Iterator[Row]:
        when = moment(view.before, name)
        if when is not None:
            yield (), when.timestamp()

    return rows


def _number(name: str) -> Callable[[View], Iterator[Row]]:
    def rows(view: View) -> Iterator[Row]:
        yield (), float(whole(view.before, name))

    return rows


def _told(name: str) -> Callable[[View], Iterator[Row]]:
    """A number of the newest run that came to its end."""

    def rows(view: View) -> Iterator[Row]:
        if view.told:
            yield (), float(whole(view.told, name))

    return rows


def _in_cloud(view: View) -> Iterator[Row]:
    objects = part(view.before, "objects")
    for kind in objects:
        if kind in ("users", "groups", "contacts", "devices"):
            yield (kind,), float(whole(objects, kind))


def _held(view: View) -> Iterator[Row]:
    numbers: dict[str, float] = {}
    for each in items(view.told, "holds"):
        hold = text(each, "reason") if text(each, "reason") in WEIGHTS else OTHER
        numbers[hold] = numbers.get(hold, 0) + whole(each, "count")
    yield from (((hold,), number) for hold, number in numbers.items())


def _ramp(name: str) -> Callable[[View], Iterator[Row]]:
    def rows(view: View) -> Iterator[Row]:
        numbers = {_named(ramp): whole(ramp, name) for ramp in items(view.before, "ramps")[:RAMPS]}
        yield from ((labels, float(number)) for labels, number in numbers.items())

    return rows


def _ramp_phases(view: View) -> Iterator[Row]:
    phases = {_named(ramp): text(ramp, "phase") for ramp in items(view.before, "ramps")[:RAMPS]}
    for labels, current in phases.items():
        yield from (((*labels, phase.value), float(phase == current)) for phase in Phase)


def _named(ramp: Object) -> tuple[str, str]:
    """A ramp by its name and by what its groups are written to."""
    return text(ramp, "name"), (Side.DIRECTORY if to(Side.DIRECTORY, [ramp]) else Side.CLOUD).value


def _active(view: View) -> Iterator[Row]:
    yield (), float(view.active is not None)


def _lease(view: View) -> Iterator[Row]:
    held = view.active is not None and bool(text(part(part(view.active, "status"), "lease"), "holder"))
    yield (), float(held)


PERCENTILES = {"p50": "50", "p95": "95", "max": "100"}


def _latency(name: str) -> Callable[[View], Iterator[Row]]:
    """Milliseconds of a run as seconds; no series where nothing was measured."""

    def rows(view: View) -> Iterator[Row]:
        measured = part(view.told, name)
        yield from (((each,), whole(measured, kept) / 1000) for kept, each in PERCENTILES.items() if kept in measured)

    return rows


def _oldest(view: View) -> Iterator[Row]:
    if view.told:
        yield (), whole(part(view.told, "removalLatency"), "oldest") / 1000


def _proofs(view: View) -> Iterator[Row]:
    """Which of the three proofs of each source holds; of one that fails, those before it hold."""
    for each in items(view.before, "sources")[:SOURCES]:
        fails = "" if each.get("complete") is True else failed(text(each, "doubt"))
        for proof in PROOFS:
            yield (text(each, "name"), proof), float(proof != fails)


def _import_seconds(view: View) -> Iterator[Row]:
    """Of the slowest part of each source."""
    slowest: dict[str, int] = {}
    for each in items(view.told, "sources")[:SOURCES]:
        name = text(each, "name")
        slowest[name] = max(slowest.get(name, 0), whole(each, "milliseconds"))
    for name, lasted in slowest.items():
        yield (name,), lasted / 1000


def _deltas(view: View) -> Iterator[Row]:
    """Whether all parts of each source were deltas."""
    deltas: dict[str, bool] = {}
    for each in items(view.told, "sources")[:SOURCES]:
        name = text(each, "name")
        deltas[name] = deltas.get(name, True) and each.get("delta") is True
    for name, delta in deltas.items():
        yield (name,), float(delta)


def _last_duration(view: View) -> Iterator[Row]:
    for phase, seconds in seconds_of_phases(view.told).items():
        yield (phase,), seconds


GAUGES = (
    Gauge(
        "syncramp_condition", "Whether a condition is True; 0 is False, Unknown or not there.", ("type",), _conditions
    ),
    Gauge("syncramp_suspended", "Whether the document says suspend.", (), _suspended),
    Gauge(
        "syncramp_interval_seconds",
        "Time between runs: the document's, or the service's if it is longer.",
        (),
        _interval,
    ),
    Gauge(
        "syncramp_last_sync_timestamp_seconds",
        "When a run that sends came to its end last.",
        (),
        _time("lastSyncTime"),
    ),
    Gauge("syncramp_next_sync_timestamp_seconds", "When the next run is due.", (), _time("nextSyncTime")),
    Gauge("syncramp_failures", "Runs in a row that failed.", (), _number("failures")),
    Gauge("syncramp_run_active", "Whether a run is under way.", (), _active),
    Gauge("syncramp_tenant_lease_held", "Whether the run under way holds the tenant's Lease.", (), _lease),
    Gauge("syncramp_last_run_phase_seconds", "How long a phase of the last run took.", ("phase",), _last_duration),
    Gauge("syncramp_in_cloud_objects", "Objects in the tenant that are ours.", ("kind",), _in_cloud),
    Gauge(
        "syncramp_pending_changes",
        "Objects and links that were to go in the last run and did not.",
        (),
        _number("pending"),
    ),
    Gauge("syncramp_held_changes", "Changes that a hold kept back in the last run.", ("hold",), _held),
    Gauge("syncramp_held_deletes", "Deletes that wait for an approval.", (), _number("heldDeletes")),
    Gauge(
        "syncramp_unconfirmed_objects",
        "Objects that were taken and not shown by a read-back yet.",
        (),
        _told("unconfirmed"),
    ),
    Gauge(
        "syncramp_source_proven", "Whether a proof of the last read of a source holds.", ("source", "proof"), _proofs
    ),
    Gauge(
        "syncramp_last_import_seconds",
        "How long the slowest part of a source took to be read in the last run.",
        ("source",),
        _import_seconds,
    ),
    Gauge(
        "syncramp_last_import_delta",
        "Whether the last run read only what changed of a source.",
        ("source",),
        _deltas,
    ),
    Gauge(
        "syncramp_ramp_waiting_members",
        "Memberships that wait for a ramp.",
        ("ramp", "direction"),
        _ramp("membersWaiting"),
    ),
    Gauge("syncramp_ramp_ceiling_members", "How large a group may be now.", ("ramp", "direction"), _ramp("ceiling")),
    Gauge(
        "syncramp_ramp_target_members", "How large a group may be at the end.", ("ramp", "direction"), _ramp("target")
    ),
    Gauge("syncramp_ramp_step", "The step that a ramp is at, from 1.", ("ramp", "direction"), _ramp("step")),
    Gauge("syncramp_ramp_phase", "Whether a ramp is in this phase.", ("ramp", "direction", "phase"), _ramp_phases),
    Gauge(
        "syncramp_export_latency_seconds",
        "How long calls of the last run took.",
        ("percentile",),
        _latency("exportLatency"),
    ),
    Gauge(
        "syncramp_removal_latency_seconds",
        "Time from the import that showed a disable or member removal to the answer, in the last run.",
        ("percentile",),
        _latency("removalLatency"),
    ),
    Gauge(
        "syncramp_oldest_removal_seconds",
        "How long the oldest disable or member removal that is not answered has waited.",
        (),
        _oldest,
    ),
    Gauge(
        "syncramp_certificate_expiry_timestamp_seconds",
        "When the certificate ends that runs sign in with.",
        (),
        _time("certificateValidUntil"),
    ),
)
