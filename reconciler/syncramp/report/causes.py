"""What changes follow from, and what somebody else did in the cloud, as lines of text and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncramp.model.drift import Drift
from syncramp.model.plan import Plan, Sample
from syncramp.model.report import RunReport
from syncramp.model.state import Origin
from syncramp.model.written import Side
from syncramp.words import count

LARGEST = 5
"""Containers that a text names."""
_TOLD = {
    Origin.CONFIGURATION: "from a change of the document, not from a directory",
    Origin.CLOUD: "from what somebody changed in the cloud",
    Origin.ADOPTION: "from what was different when the tenant was adopted",
    Origin.RESTORATION: "from the return of what was deleted less than 30 days ago",
}
_DRIFT = {
    Drift.GONE: ("object", "deleted in the cloud"),
    Drift.NOT_SHOWN: (
        "object",
        "not shown any more by a read-back of everything; syncramp adopt --dry-run looks at all",
    ),
    Drift.ANEW: ("object", "replaced by another one with the same source anchor"),
    Drift.ANCHOR: ("object", "given another source anchor in the cloud; nothing more is known of it"),
    Drift.LINKS_LOST: ("member", "taken out of groups in the cloud"),
    Drift.LINKS_ADDED: ("member", "put into groups in the cloud"),
    Drift.AUTHORITY: ("object", "moved to the authority of the cloud"),
}

_DRIFT_THERE = {
    Drift.GONE: ("group", "deleted in the directory"),
    Drift.NOT_SHOWN: ("group", "not found in the directory any more"),
    Drift.ANEW: ("group", "replaced by another one with the same mark"),
    Drift.ANCHOR: ("group", "left without the mark in the directory; nothing is changed there any more"),
    Drift.LINKS_LOST: ("member", "taken out of groups in the directory"),
    Drift.LINKS_ADDED: ("member", "put into groups in the directory"),
}
"""Of written-back groups."""


def origin_lines(plan: Plan) -> Iterator[str]:
    """What does not follow from a change of entries, and might look like an accident in a directory."""
    if number := plan.origins.get(Origin.UPGRADE.word):
        versions = f" (default rules {plan.upgrade[0]} → {plan.upgrade[1]})" if plan.upgrade else ""
        yield f"  {_follow(number)} from the upgrade of Syncramp{versions}, not from a directory"
    if number := plan.origins.get(Origin.CONTAINER.word):
        yield from _containers(number, plan.containers)
    for origin, told in _TOLD.items():
        if number := plan.origins.get(origin.word):
            yield f"  {_follow(number)} {told}"
        if number := plan.link_origins.get(origin.word):
            yield f"  {_follow(number, 'members')} {told}"


def _follow(number: int, of: str = "changes") -> str:
    return f"{number:,} of these {of} {'follows' if number == 1 else 'follow'}"


def _containers(number: int, containers: Mapping[tuple[str, str], int]) -> Iterator[str]:
    yield f"  {_follow(number)} from {count(len(containers), 'container')} renamed or moved in a directory"
    largest = _largest(containers)
    for (old, new), objects in largest[:LARGEST]:
        yield f"    {old} → {new} ({objects:,})"
    if len(largest) > LARGEST:
        yield f"    … and {len(largest) - LARGEST:,} more"


def _largest(containers: Mapping[tuple[str, str], int]) -> Sequence[tuple[tuple[str, str], int]]:
    return sorted(containers.items(), key=lambda item: (-item[1], item[0]))


def drift_lines(report: RunReport, side: Side = Side.CLOUD) -> Iterator[str]:
    """What the target shows otherwise than it was known to be."""
    for drift, (noun, what) in (_DRIFT if side is Side.CLOUD else _DRIFT_THERE).items():
        if number := report.drift.get(drift.value):
            yield f"Drift: {count(number, noun)} {what}"
            yield from _samples(report.drift_samples.get(drift.value, ()))
    if report.differences:
        yield f"Shown otherwise than sent, and not sent again: {_named(report.differences)}"
        yield from _samples(report.drift_samples.get(Drift.DIFFERENT.value, ()))
    if report.normalised:
        yield f"Written otherwise, as the service is known to do: {_named(report.normalised)}"


def _samples(samples: Sequence[Sample]) -> Iterator[str]:
    for sample in samples:
        yield f"    {sample.kind} {sample.dn}{': ' if sample.detail else ''}{sample.detail}"


def _named(numbers: Mapping[str, int]) -> str:
    largest = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {number:,}" for name, number in largest)


def causes_document(plan: Plan, report: RunReport) -> dict[str, Any]:
    """The same of a plan, as members of its JSON."""
    return {
        "origins": plan.origins,
        "link_origins": plan.link_origins,
        "containers": [
            {"from": old, "to": new, "objects": objects} for (old, new), objects in _largest(plan.containers)
        ],
        "upgrade": plan.upgrade,
        "drift": report.drift,
        "differences": report.differences,
        "normalised": report.normalised,
    }
