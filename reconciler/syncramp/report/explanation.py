"""An explanation as plain text: who it is, the verdict and what waits, and then everything that it comes from."""

from collections.abc import Iterator

from syncramp.endpoint.causes import remedy_of
from syncramp.model.explanation import (
    Answer,
    Brief,
    CloudTold,
    EntryTold,
    Explanation,
    Finding,
    PartTold,
    PersonTold,
    RunTold,
    Said,
    ScopeTold,
    Standing,
    Verdict,
)
from syncramp.model.plan import Verb
from syncramp.model.state import DELETED
from syncramp.report.approvals import decision_lines
from syncramp.report.explanation_object import attribute_lines, group_lines, member_lines, ramp_lines, reference_lines
from syncramp.report.explanation_pending import change_lines, link_lines
from syncramp.report.explanation_written import written_lines
from syncramp.report.layout import labelled, moment, wrapped
from syncramp.words import count, printable

_STANDINGS = {
    Standing.IN_SCOPE: "In scope",
    Standing.OUT_OF_SCOPE: "Out of scope",
    Standing.UNDECIDED: "Undecided, so it stays as it is in the cloud, but a disable goes",
    Standing.ABSENT_ONCE: "Absent once",
    Standing.ABSENT: "Gone from its directory",
    Standing.NO_SOURCE: "Not in the document",
}
_CONFIRMED = (
    "not seen in a read-back yet",
    "confirmed by read-back",
    "confirmed, with values that the service changed",
)


def explanation_lines(answer: Answer, *, everything: bool = False) -> Iterator[str]:
    """An answer for a person.

    :param everything: list every group of a member.
    """
    return map(printable, _answer(answer, everything))


def _answer(answer: Answer, everything: bool) -> Iterator[str]:
    told = answer.explanation
    if told is None:
        yield from written_lines(answer.written) if answer.written else _unclear(answer.finding)
        if answer.written and answer.last:
            yield ""
            yield as_of(answer.last)
        return
    yield f"{told.kind.value} {told.dn}"
    yield from _entry(told.entry, told.anchor)
    yield from _cloud(told.cloud)
    yield from _verdict(told.verdict)
    yield from _pending(told)
    yield from _person(told.person)
    yield from attribute_lines(told.attributes, leaving=bool(told.change and told.change.verb is Verb.DELETE))
    yield from reference_lines(told.references, told.referrers)
    yield from group_lines(told.groups, everything)
    yield from group_lines(told.written_back, everything, "Groups of the cloud, in Active Directory")
    yield from member_lines(told.members)
    yield from ramp_lines(told.ramp)
    if answer.written:
        yield ""
        yield from written_lines(answer.written)
    yield from _as_of(answer.last, told.entry)


def _unclear(finding: Finding) -> Iterator[str]:
    if finding.found:
        yield f"{count(len(finding.found), 'entry')} are known as {finding.asked}; ask for one of them by its DN:"
        yield from map(_brief, finding.found)
        return
    if finding.foreign:
        yield f"{finding.asked} is the source anchor of a {finding.foreign} in the tenant that is not ours: no entry"
        yield "that was read has it (docs/holds.md#notours)."
    else:
        yield f"Nothing that was read is known as {finding.asked}."
    yield f"  looked for as {'; '.join(finding.looked_for)}"
    if finding.near:
        yield "  like it:"
        yield from map(_brief, finding.near)


def _brief(brief: Brief) -> str:
    where = "in the cloud" if brief.in_cloud else "not in the cloud"
    gone = f", not seen by {count(brief.absent, 'complete import')}" if brief.absent else ""
    gone = ", deleted in its directory" if brief.absent >= DELETED else gone
    return f"    {brief.kind.value} {brief.dn} (source {brief.source}, {where}{gone}; {brief.by})"


def _entry(entry: EntryTold, anchor: str) -> Iterator[str]:
    proof = "complete" if entry.complete else f"NOT {_unproven(entry.reason)}"
    seen = f", {entry.seen}" if entry.seen else ""
    yield from labelled("source", f"{entry.source}, part {entry.partition}: {proof}{seen}")
    yield from labelled("objectGUID", entry.guid)
    yield from labelled("source anchor", anchor or "none of its own")


def _unproven(reason: str) -> str:
    """Which proof fails, and why; a reason names the proof unless it is the first."""
    if reason.startswith(("not fresh: ", "not permitted: ")):
        return reason.removeprefix("not ")
    return f"complete: {reason or 'its import did not end'}"


def _cloud(cloud: CloudTold) -> Iterator[str]:
    if cloud.present:
        since = f", created {moment(cloud.created)}" if cloud.created is not None else ""
        yield from labelled("cloud", f"{cloud.anchor or 'there'}{since}, {_CONFIRMED[cloud.confirmed]}")
    else:
        yield from labelled("cloud", "not known to be there")
    if cloud.doubt:
        yield from labelled("", "a call about it was sent, and its answer is not known: it goes whole the next time")
    if cloud.travelling:
        yield from labelled("", "a call that was never answered may still be changing it")
    if cloud.cloud_managed:
        yield from labelled("", "its source of authority was moved to the cloud")


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield ""
    because = f" ({verdict.because})" if verdict.because else ""
    reason = f": {verdict.reason}{because}" if verdict.reason else ""
    yield from wrapped(f"{_STANDINGS[verdict.standing]}{reason}", "  ")
    for number, scope in enumerate(verdict.scopes, 1):
        yield from wrapped(f"  {number}. {scope.dn or 'everything'}: {_asked(scope)}", "     ")


def _asked(scope: ScopeTold) -> str:
    if scope.lost:
        return f"{scope.lost}, so nobody can tell"
    if scope.excluded:
        return f"it leaves out what lies below {scope.excluded}"
    if not scope.below:
        return "the entry does not lie there"
    if not scope.kind:
        return f"it takes {', '.join(scope.kinds)}"
    if scope.matches and scope.group:
        return f"the entry is {'a' if scope.member else 'no'} direct member of the pilot group {scope.group}"
    if not scope.filter:
        return "it lies there, and its kind is taken"
    return f"the filter {scope.filter} {'matches' if scope.matches else 'does not match'}"


def _person(person: PersonTold) -> Iterator[str]:
    if person.parts:
        yield ""
        yield f"One person of {count(len(person.parts), 'entry')}"
        for part in person.parts:
            yield from _part(part)
    if person.others:
        yield ""
        yield from wrapped(f"Not joined: {person.conflict}", "  ")
        for part in person.others:
            yield from _part(part)


def _part(part: PartTold) -> Iterator[str]:
    yield f"  {part.kind.value} {part.dn}"
    roles = ((part.names, "its anchor is the object's"), (part.leads, "the account"))
    said = [f"source {part.source}", *(role for holds, role in roles if holds)]
    if part.by:
        said.append(f"by {' and '.join(part.by)}")
    if part.missing:
        said.append(f"adds nothing: {part.missing}")
    yield from wrapped(f"      {', '.join(said)}", "      ")


def _pending(told: Explanation) -> Iterator[str]:
    yield ""
    yield "Pending" if told.change or told.links else "Pending: nothing"
    yield from change_lines(told.change)
    yield from link_lines(told.links)
    yield from decision_lines(told.approvals, told.proposals)
    for said in told.said:
        yield from _said(said)


def _said(said: Said) -> Iterator[str]:
    remedy = remedy_of(said.cause)
    detail = f": {said.detail}" if said.detail else ""
    yield from wrapped(f"  {'refused' if said.refused else 'warned'} in the last run: {said.cause}{detail}", "    ")
    if remedy:
        yield from wrapped(f"    what to do: {remedy}", "      ")


def _as_of(last: RunTold | None, entry: EntryTold) -> Iterator[str]:
    yield ""
    if entry.changed:
        yield "It changed, or somebody it depends on, and was not judged since: the next run does."
    if entry.new_rules:
        yield "Its rules changed since the last run: the scope is judged by those of today, the rest by the next run."
    if last is not None:
        yield as_of(last)


def as_of(last: RunTold) -> str:
    """When what is told was so."""
    return f"As of run {last.number} of {moment(last.started)}: {last.state}"
