"""A plan or a run as JSON; the form is documented in ``docs/plan-json.md`` and
``docs/run-json.md`` and carries a version.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

from pyroaring import BitMap

from syncramp.model.plan import Change, MembershipChange, ObjectChange, Plan, Sample
from syncramp.model.report import RunReport
from syncramp.model.sizes import Histogram
from syncramp.ramp.consumers import warning
from syncramp.report.causes import causes_document
from syncramp.report.changes import Named
from syncramp.report.guards import readings
from syncramp.store.runs import RunRow

VERSION = 1
PAGE = 500
"""Members of a list that are written at once."""


def plan_document(
    plan: Plan,
    report: RunReport,
    changes: Iterable[Change],
    named: Named,
    sizes: Histogram | None = None,
    asked: Mapping[str, Sequence[str]] | None = None,
    back: tuple[Iterable[Change], Named, BitMap] | None = None,
) -> Iterator[str]:
    """A plan with its changes, piece by piece: it may be larger than memory.

    :param changes: those that are asked for.
    :param named: the anchors and DNs of objects.
    :param asked: by what they were chosen; empty: all of them.
    :param back: of the other direction its changes, the names of its objects, and ids of those whose delete goes.
    """
    yield json.dumps(_head(plan, report, sizes, asked or {}), indent=2)[:-2] + ',\n  "changes": ['
    yield from _changes(changes, named, plan.lanes.deletes)
    yield '\n  ],\n  "writeback_changes": ['
    yield from _changes(*back) if back else ()
    yield "\n  ]\n}"


def _changes(changes: Iterable[Change], named: Named, deletes: BitMap) -> Iterator[str]:
    separator = "\n    "
    for change in changes:
        yield separator
        if isinstance(change, ObjectChange):
            yield json.dumps(object_change(change))
        else:
            yield from _membership(change, named, deletes)
        separator = ",\n    "


def _head(
    plan: Plan, report: RunReport, sizes: Histogram | None, asked: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    budget = plan.budget
    return {
        "version": VERSION,
        "digest": plan.digest,
        "digests": plan.digests,
        "counts": plan.counts,
        "topics": plan.topics,
        "attributes": plan.attributes,
        **causes_document(plan, report),
        "links": {
            "adds": plan.link_adds,
            "removes": plan.link_removes,
            "groups": plan.groups,
            "derived": plan.derived,
            "derived_held": plan.derived_held,
            "absent": plan.absent,
        },
        "anchor_writes": plan.anchor_writes,
        "budget": {**asdict(budget), "fits": budget.fits} if budget else None,
        "holds": plan.holds,
        "waiting": report.waiting,
        "approvals": report.approvals,
        "violations": report.violations,
        "violation_samples": _samples(report.violation_samples),
        "warnings": report.warnings,
        "warning_samples": _samples(report.warning_samples),
        "preflight": report.preflight,
        "stage": asdict(report.stage),
        "windows": asdict(report.windows),
        "guards": readings(plan.readings),
        "ramps": [asdict(ramp) for ramp in plan.ramps],
        "sources": [asdict(source) for source in report.sources],
        "unmanaged": report.unmanaged,
        "groups": _sizes(sizes) if sizes else None,
        "writeback": report.writeback.as_json() if report.writeback else None,
        "asked": asked,
    }


def _sizes(sizes: Histogram) -> dict[str, Any]:
    """Groups by size; ``null`` for what is not there on one side."""
    return {
        "sizes": [asdict(bucket) for bucket in sizes.buckets],
        "largest": [
            {
                "dn": group.dn,
                "wanted": group.wanted if group.desired else None,
                "there": group.there if group.in_cloud else None,
                "warning": warning(max(group.wanted, group.there)),
            }
            for group in sizes.largest
        ],
        "near": sizes.near,
    }


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
        "origin": change.origin.word,
        "values": {name: _plain(value) for name, value in change.values.items()},
        "before": {name: _plain(before[name]) for name in (*change.values, *change.held) if name in before},
        "held": {name: _plain(value) for name, value in change.held.items()},
        "hold": change.hold.value if change.hold else None,
        "reason": change.reason,
    }


def _membership(change: MembershipChange, named: Named, deletes: BitMap) -> Iterator[str]:
    """A change of members on one line; a group may have 250,000, so their names are written page by page."""
    group = change.membership
    head = {"verb": "Members", "kind": "Group", "anchor": group.anchor, "dn": group.dn}
    yield json.dumps(head)[:-1]
    lists = {
        "adds": change.adds,
        "removes": change.removes,
        "derived": group.derived & deletes,
        "derived_held": group.derived - deletes,
        "absent": change.absent,
    }
    for name, ids in lists.items():
        yield f', "{name}": '
        yield from _listed((json.dumps(anchor) for anchor, _ in named(ids)), "[]")
    yield ', "held": ['
    separator = ""
    for held, told in zip(change.held, held_links(change), strict=True):
        yield separator + json.dumps(told)[:-1]
        for name, ids in (("add_anchors", held.adds), ("remove_anchors", held.removes)):
            yield f', "{name}": '
            yield from _listed((json.dumps(anchor) for anchor, _ in named(ids)), "[]")
        yield "}"
        separator = ", "
    yield '], "names": '
    everybody = BitMap.union(*lists.values(), *(held.adds | held.removes for held in change.held))
    pairs = (f"{json.dumps(anchor)}: {json.dumps(name)}" for anchor, name in named(everybody))
    yield from _listed(pairs, "{}")
    yield "}"


def _listed(items: Iterable[str], brackets: str) -> Iterator[str]:
    """A list or an object, some members at a time."""
    yield brackets[0]
    remaining, separator = iter(items), ""
    while page := list(islice(remaining, PAGE)):
        yield separator + ", ".join(page)
        separator = ", "
    yield brackets[1]


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
