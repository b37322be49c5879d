"""From what a cluster holds to what is decided on: a SyncConfig and its SyncRuns become :class:`Known`.

What runs have handled stands twice: on the newest SyncRun, in an annotation that is there from its first moment, and
on the SyncConfig's status, which is written a moment later. The SyncRun counts where it is newer, so a process that
dies between the two writes forgets nothing, and a status that is not seen yet starts no run a second time.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from syncramp.check import Finding, request_findings, verdict_of
from syncramp.schedule.known import REQUESTS, Known, LastRun, Running, Trigger
from syncramp.spec.durations import parse_duration
from syncramp.spec.scheduling import Scheduling
from syncramp.spec.schema import with_defaults
from syncramp.spec.structure import structure
from syncramp_operator.api.resources import GROUP, Object
from syncramp_operator.execution.documents import understood
from syncramp_operator.status.facts import mark
from syncramp_operator.status.view import needed

HANDLED = f"{GROUP}/handled"
"""Annotation of a SyncRun: what is handled as of it, as JSON."""
_DASHED = {"promoteFull": "promote-full", "acceptSource": "accept-source"}
"""Names in ``status.lastHandled`` that are not those of their annotations."""
ECHOES = {dashed: name for name, dashed in _DASHED.items()}
"""The other way round."""
FAILURES = 8
"""So many failures among the newest runs stay, because a back-off counts them: after seven doublings it is at its
limit, or hours long."""
TERMINAL = frozenset({"Succeeded", "Incomplete", "Failed", "Cancelled"})
"""Phases of a SyncRun that is over."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on a document, and what of it says when runs are due."""

    findings: tuple[Finding, ...] = ()
    interval: timedelta = timedelta(minutes=30)
    scheduling: Scheduling = field(default_factory=Scheduling)
    misread: tuple[Finding, ...] = ()
    """Annotations that ask for something in no form that is understood: runs go on without them."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What the runs that were started have taken up."""

    requests: Mapping[str, str] = field(default_factory=dict)
    """Annotation, without its prefix -> text, or its digest."""
    secrets: str = ""
    """The digest of Secrets and ConfigMaps."""

    def named(self) -> dict[str, str]:
        """The requests by their names in ``status.lastHandled``."""
        return {ECHOES.get(name, name): text for name, text in self.requests.items()}

    def text(self) -> str:
        """As it stands on a SyncRun."""
        return json.dumps({"requests": dict(self.requests), "secrets": self.secrets}, sort_keys=True)


def judged(document: Mapping[str, Any]) -> Judged:
    """The verdict, and the schedule of what is accepted; of a document that is refused no schedule counts.

    :param document: as it is stored, without its status.
    """
    misread = tuple(request_findings(document["metadata"].get("annotations") or {}).values())
    accepted = understood(document)
    if findings := tuple(verdict_of(accepted)):
        return Judged(findings, misread=misread)
    config = structure(with_defaults(accepted), Path("/"))
    return Judged((), config.interval, config.scheduling, misread)


def concern(body: Mapping[str, Any]) -> tuple[object, ...]:
    """What of an object is not ours to write and may matter; status and finalizers are not among it."""
    metadata = body["metadata"]
    annotations = metadata.get("annotations") or {}
    asked = {name: text for name, text in annotations.items() if name.startswith(f"{GROUP}/")}
    return metadata.get("generation"), metadata.get("deletionTimestamp"), asked


def requests_of(body: Object) -> dict[str, str]:
    """The annotations that ask for a run, without their prefix; a long text as its digest."""
    annotations = body["metadata"].get("annotations") or {}
    asked = ((name, annotations.get(f"{GROUP}/{name}")) for name in sorted(REQUESTS))
    return {name: mark(text) for name, text in asked if text is not None}


def handled_of(body: Object, runs: Sequence[Object]) -> Handled:
    """What is handled: as the newest run says, or the status where it knows of a newer one.

    :param runs: of this very SyncConfig, the newest last.
    """
    status = body.get("status") or {}
    if runs and number_of(runs[-1]) >= int(status.get("runs") or 0):
        text = (runs[-1]["metadata"].get("annotations") or {}).get(HANDLED)
        if text is not None:
            with suppress(ValueError, KeyError, TypeError):  # somebody wrote over it
                kept = json.loads(text)
                return Handled(dict(kept["requests"]), str(kept["secrets"]))
    last = {_DASHED.get(name, name): text for name, text in (status.get("lastHandled") or {}).items()}
    return Handled(last, status.get("observedSecrets") or "")


def known_of(
    body: Object, runs: Sequence[Object], judged: Judged, secrets: str, last: LastRun | None, awake: datetime | None
) -> Known:
    """All that is decided on.

    :param runs: of this very SyncConfig, the newest last.
    :param secrets: the digest of its Secrets and ConfigMaps as they are.
    :param last: of those runs.
    :param awake: when the operator began, if it then had many documents.
    """
    metadata, handled = body["metadata"], handled_of(body, runs)
    interval = (body.get("status") or {}).get("serviceInterval")
    return Known(
        key=metadata["uid"],
        generation=generation_of(body),
        interval=judged.interval,
        scheduling=judged.scheduling,
        accepted=not judged.findings,
        deleting="deletionTimestamp" in metadata,
        requests=requests_of(body),
        handled=handled.requests,
        secrets=secrets,
        secrets_handled=handled.secrets,
        last=last,
        running=running_of(runs),
        service_interval=parse_duration(interval) if interval else None,
        awake=awake,
    )


def running_of(runs: Sequence[Object]) -> Running | None:
    """The run that is under way."""
    run = under_way(runs)
    if run is None:
        return None
    spec, status = run["spec"], run.get("status") or {}
    since = status.get("startTime") or run["metadata"]["creationTimestamp"]
    return Running(spec["configRef"]["generation"], Trigger(spec["trigger"]), moment(since))


def under_way(runs: Sequence[Object]) -> Object | None:
    """The SyncRun that is not over, the newest of them."""
    return next((run for run in reversed(runs) if not is_over(run)), None)


def own_runs(runs: Iterable[Object], uid: str) -> list[Object]:
    """SyncRuns of one SyncConfig, the newest last; those of an earlier one of the same name are not its own."""
    return sorted((run for run in runs if run["spec"]["configRef"]["uid"] == uid), key=number_of)


def outdated(runs: Sequence[Object], kept: int) -> list[Object]:
    """SyncRuns to delete: of those that are over, all but the newest so many, those that the status is made of, and
    the last failures.
    """
    stays = needed(runs)
    stays |= {
        run["metadata"]["name"] for run in runs[-FAILURES:] if (run.get("status") or {}).get("phase") == "Failed"
    }
    over = [run for run in runs if is_over(run) and run["metadata"]["name"] not in stays]
    return over[: max(len(runs) - max(kept, 1), 0)]


def is_over(run: Object) -> bool:
    """Whether a SyncRun has ended; a terminal phase never changes."""
    return (run.get("status") or {}).get("phase") in TERMINAL


def number_of(run: Object) -> int:
    """Which run of its SyncConfig it is."""
    return int(run["spec"]["number"])


def generation_of(body: Object) -> int:
    """The generation of the spec: the begin of a deletion counts one, too, and is no change."""
    return int(body["metadata"]["generation"])


def moment(text: str) -> datetime:
    """A time of the API server, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
