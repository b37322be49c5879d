"""A plan or a run as JSON; the form is documented in ``docs/plan-json.md`` and carries a version."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pyroaring import BitMap

from syncramp.model.plan import Change, MembershipChange, ObjectChange, Plan, Sample
from syncramp.model.report import RunReport
from syncramp.report.guards import readings
from syncramp.store.runs import RunRow

VERSION = 1


def plan_document(
    plan: Plan, report: RunReport, changes: Iterable[Change], anchors: Callable[[BitMap], Iterable[str]]
) -> Iterator[str]:
    """A plan with every change, piece by piece: it may be larger than memory."""
    head = {
        "version": VERSION,
        "digest": plan.digest,
        "counts": plan.counts,
        "attributes": plan.attributes,
        "origins": plan.origins,
        "upgrade": plan.upgrade,
        "links": {"adds": plan.link_adds, "removes": plan.link_removes, "groups": plan.groups},
        "anchor_writes": plan.anchor_writes,
        "holds": plan.holds,
        "waiting": report.waiting,
        "approvals": report.approvals,
        "violations": report.violations,
        "violation_samples": _samples(report.violation_samples),
        "warnings": report.warnings,
        "warning_samples": _samples(report.warning_samples),
        "preflight": report.preflight,
        "stage": asdict(report.stage),
        "guards": readings(plan.readings),
        "sources": [asdict(source) for source in report.sources],
        "unmanaged": report.unmanaged,
    }
    yield json.dumps(head, indent=2)[:-2] + ',\n  "changes": ['
    separator = "\n"
    for change in changes:
        body = object_change(change) if isinstance(change, ObjectChange) else _membership(change, anchors)
        yield separator + "    " + json.dumps(body)
        separator = ",\n"
    yield "\n  ]\n}"


def _samples(samples: Mapping[str, Iterable[Sample]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(sample) for sample in found] for name, found in samples.items()}


def run_document(report: RunReport) -> str:
    """A run."""
    return json.dumps({"version": VERSION, **report.as_json()}, indent=2)


def kept_run_document(last: RunRow | None) -> str:
    """A run as it was kept in the store: its report, if it lived to write one, and when it was."""
    kept = (
        {"run": last.id, "state": last.state, "started": last.started, "ended": last.ended} if last else {"run": None}
    )
    return json.dumps({"version": VERSION, **(last.report if last else {}), **kept}, indent=2)


def object_change(change: ObjectChange) -> dict[str, Any]:
    """The change of an object."""
    state = change.state
    before = state.acked or {}
    return {
        "verb": change.verb.value,
        "kind": state.kind.value,
        "anchor": state.anchor,
        "dn": state.dn,
        "cause": state.cause.value if state.cause else None,
        "origin": state.origin.word,
        "values": {name: _plain(value) for name, value in change.values.items()},
        "before": {name: _plain(before[name]) for name in (*change.values, *change.held) if name in before},
        "held": {name: _plain(value) for name, value in change.held.items()},
        "hold": change.hold.value if change.hold else None,
        "reason": change.reason,
    }


def _membership(change: MembershipChange, anchors: Callable[[BitMap], Iterable[str]]) -> dict[str, Any]:
    group = change.membership
    return {
        "verb": "Members",
        "kind": "Group",
        "anchor": group.anchor,
        "dn": group.dn,
        "adds": list(anchors(change.adds)),
        "removes": list(anchors(change.removes)),
        "held": held_links(change),
    }


def held_links(change: MembershipChange) -> list[dict[str, Any]]:
    """What of a change of members is not sent, by reason."""
    return [
        {"hold": held.hold.value, "reason": held.reason, "adds": len(held.adds), "removes": len(held.removes)}
        for held in change.held
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
