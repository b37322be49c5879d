"""Where the scopes of every source are, once all of them were read: their bases by GUID, and their pilot groups.

What is not found stalls its scope, and is told as a part of its source that was not read completely. What was found
under another name than the document has is told, too.
"""

from uuid import UUID

from syncramp.cycle.job import Job
from syncramp.events import Note
from syncramp.model.report import RunReport, SourceReport
from syncramp.rules.places import Place, named_group, remedy
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import Scope


def settle_scopes(job: Job, report: RunReport) -> None:
    """Look up the scopes of every source; who came to a pilot group, or left it, is judged again."""
    unread = {each.source for each in report.sources if not each.complete}
    for source, rules in job.sources:
        rules.settle(job.store.whereabouts.of(source.name))
        job.store.whereabouts.follow(source.name, _groups(rules))
        for scope, place in zip(rules.scopes, rules.places, strict=True):
            if place.named:
                _tell_name(job, source.name, place)
            if place.lost and source.name not in unread:
                _tell_lost(job, report, source.name, scope, place)


def _groups(rules: Ruleset) -> list[bytes | str]:
    named = [named_group(scope.group) for scope in rules.scopes if scope.group is not None]
    return [group.bytes_le if isinstance(group, UUID) else group for group in named]


def _tell_name(job: Job, source: str, place: Place) -> None:
    text = f"source {source}: the base of the scope {place.named} is {place.base} now; correct its dn when it suits"
    job.listen(Note("info", text))


def _tell_lost(job: Job, report: RunReport, source: str, scope: Scope, place: Place) -> None:
    reason = f"{place.lost}: nothing in the scope is created, changed or deleted; {remedy(scope, place)}"
    report.sources.append(SourceReport(source, f"scope {scope.dn}", False, 0, None, reason))
    job.listen(Note("warning", f"source {source}: {reason}"))
