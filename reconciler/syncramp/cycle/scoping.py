"""Where the scopes of every source are, once all of them were read: their bases by GUID, and their pilot groups.

What is not found stalls its scope, and is told as a part of its source that was not read completely. What was found
under another name than the document has is told, too.
"""

from collections.abc import Sequence
from uuid import UUID

from syncramp.cycle.job import Job
from syncramp.events import Note
from syncramp.model.plan import Sample
from syncramp.model.report import RunReport, SourceReport
from syncramp.rules.places import Place, named_group, remedy
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Scope

RENAMED = "the base of a scope, under another name than the document gives it"
NOT_THERE = "left out by a scope, and not there"


def settle_scopes(job: Job, report: RunReport) -> None:
    """Look up the scopes of every source; who came to a pilot group, or left it, is judged again."""
    unread = {each.source for each in report.sources if not each.complete}
    for source, rules in job.sources:
        held = job.store.whereabouts.of(source.name)
        rules.settle(held)
        job.store.whereabouts.follow(source.name, _groups(rules))
        for scope, place in zip(rules.scopes, rules.places, strict=True):
            _tell_names(report, source.name, scope, place, [] if place.no_base else held.missing(place.excluded))
            if place.lost and source.name not in unread:
                _tell_lost(job, report, source.name, scope, place)


def _groups(rules: Ruleset) -> list[bytes | str]:
    named = [named_group(scope.group) for scope in rules.scopes if scope.group is not None]
    return [group.bytes_le if isinstance(group, UUID) else group for group in named]


def _tell_names(report: RunReport, source: str, scope: Scope, place: Place, missing: Sequence[str]) -> None:
    """What is called otherwise than in the document, or is not there."""
    said = f"scope {scope.dn} of source {source}"
    if place.named:
        report.note_warning(Sample("", "Base", place.base, "", f"{said}: correct its dn when it suits"), RENAMED)
    for name in missing:
        detail = f"{said}: if it was renamed, what lies below it is in scope now"
        report.note_warning(Sample("", "Exclusion", name, "", detail), NOT_THERE)


def _tell_lost(job: Job, report: RunReport, source: str, scope: Scope, place: Place) -> None:
    reason = f"{place.lost}: nothing in the scope is created, changed or deleted; {remedy(scope, place)}"
    report.sources.append(SourceReport(source, f"scope {scope.dn}", False, 0, None, reason))
    job.listen(Note("warning", f"source {source}: {reason}"))
