"""An explanation as plain text: who it is, the verdict and what waits, and then everything that it comes from."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap

from syncramp.endpoint.causes import remedy_of
from syncramp.model.explanation import (
    Answer,
    AttributeTold,
    Brief,
    CloudTold,
    EntryTold,
    Explanation,
    Finding,
    GroupTold,
    MembersTold,
    PartTold,
    PersonTold,
    ReferenceTold,
    RunTold,
    Said,
    ScopeTold,
    Standing,
    Verdict,
)
from syncramp.model.plan import MembershipChange, ObjectChange, Verb
from syncramp.report.values import shown
from syncramp.words import count, printable

WIDTH = 100
"""Columns of a line, as far as names and values allow."""
FEW = 20
"""Groups that are listed unless all are asked for."""
_LABEL = 15
_NAME = 28
_VALUE = 32
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
        yield from _unclear(answer.finding)
        return
    yield f"{told.kind.value} {told.dn}"
    yield from _entry(told.entry, told.anchor)
    yield from _cloud(told.cloud)
    yield from _verdict(told.verdict)
    yield from _pending(told)
    yield from _person(told.person)
    yield from _attributes(told.attributes, leaving=bool(told.change and told.change.verb is Verb.DELETE))
    yield from _references(told.references, told.referrers)
    yield from _groups(told.groups, everything)
    yield from _members(told.members)
    yield from _as_of(answer.last, told.entry)


def _unclear(finding: Finding) -> Iterator[str]:
    if finding.found:
        yield f"{count(len(finding.found), 'entry')} are known as {finding.asked}; ask for one of them by its DN:"
        yield from map(_brief, finding.found)
        return
    if finding.foreign:
        yield f"{finding.asked} is the source anchor of a {finding.foreign} in the tenant that is not ours: no entry"
        yield "that was read has it (docs/operations.md#notours)."
    else:
        yield f"Nothing that was read is known as {finding.asked}."
    yield f"  looked for as {'; '.join(finding.looked_for)}"
    if finding.near:
        yield "  like it:"
        yield from map(_brief, finding.near)


def _brief(brief: Brief) -> str:
    where = "in the cloud" if brief.in_cloud else "not in the cloud"
    gone = f", not seen by {count(brief.absent, 'complete import')}" if brief.absent else ""
    return f"    {brief.kind.value} {brief.dn} (source {brief.source}, {where}{gone}; {brief.by})"


def _entry(entry: EntryTold, anchor: str) -> Iterator[str]:
    proof = "complete" if entry.complete else f"NOT complete: {entry.reason or 'its import did not end'}"
    size = f", {count(entry.entries, 'entry')}" if entry.entries is not None else ""
    yield from _line("source", f"{entry.source}, part {entry.partition}: {proof}{size}")
    yield from _line("objectGUID", entry.guid)
    yield from _line("source anchor", anchor or "none of its own")


def _cloud(cloud: CloudTold) -> Iterator[str]:
    if cloud.present:
        since = f", created {_moment(cloud.created)}" if cloud.created is not None else ""
        yield from _line("cloud", f"{cloud.anchor or 'there'}{since}, {_CONFIRMED[cloud.confirmed]}")
    else:
        yield from _line("cloud", "not known to be there")
    if cloud.doubt:
        yield from _line("", "a call about it was sent, and its answer is not known: it goes whole the next time")
    if cloud.travelling:
        yield from _line("", "a call that was never answered may still be changing it")
    if cloud.cloud_managed:
        yield from _line("", "its source of authority was moved to the cloud")


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield ""
    because = f" ({verdict.because})" if verdict.because else ""
    reason = f": {verdict.reason}{because}" if verdict.reason else ""
    yield from _wrapped(f"{_STANDINGS[verdict.standing]}{reason}", "  ")
    for number, scope in enumerate(verdict.scopes, 1):
        yield from _wrapped(f"  {number}. {scope.dn or 'everything'}: {_asked(scope)}", "     ")


def _asked(scope: ScopeTold) -> str:
    if not scope.below:
        return "the entry does not lie there"
    if not scope.kind:
        return f"it takes {', '.join(scope.kinds)}"
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
        yield from _wrapped(f"Not joined: {person.conflict}", "  ")
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
    yield from _wrapped(f"      {', '.join(said)}", "      ")


def _attributes(attributes: Iterable[AttributeTold], *, leaving: bool) -> Iterator[str]:
    """Each with its origin; of an object that should not be there only what the cloud has."""
    told = list(attributes)
    if not told:
        return
    yield ""
    yield f"Attributes ({len(told)}){' in the cloud' if leaving else ', and where they come from'}"
    for attribute in told:
        yield from _named(attribute.name, shown(attribute.cloud)) if leaving else _attribute(attribute)


def _named(name: str, values: Sequence[str]) -> Iterator[str]:
    """A name with its values, one below the other."""
    for place, value in enumerate(values):
        yield f"  {'' if place else name:{_NAME}} {value}"


def _attribute(told: AttributeTold) -> Iterator[str]:
    value, *more = shown(told.desired)
    where = f" of {told.source}" if told.source else ""
    source = f"← {made}{where}" if (made := _made(told)) else ""
    line = f"  {told.name:{_NAME}} {value:{_VALUE}} {source}".rstrip()
    apart = bool(more) or len(value) > _VALUE or len(line) > WIDTH
    if not apart:
        yield line
    else:
        yield from _named(told.name, [value, *more])
    if apart and source:
        yield from _below(source)
    if told.differs:
        first, *others = shown(told.cloud)
        yield from _named("", [f"in the cloud: {first}", *(f"{'':14}{each}" for each in others)])
    if told.changes:
        yield from _below(f"the next run makes it: {'; '.join(shown(told.next))}")
    if told.note:
        yield from _below(f"! {told.note}")
    for wrong in told.violations:
        yield from _below(f"! {wrong.code.value}: {wrong.reason}")


def _below(text: str) -> Iterator[str]:
    """Below the value of an attribute."""
    return _wrapped(f"  {'':{_NAME}} {text}", f"  {'':{_NAME}}   ")


def _made(told: AttributeTold) -> str:
    """Where a value comes from."""
    if told.rule:
        return f"rule {told.rule}: {told.expression or 'clear'}{f' (when {told.when})' if told.when else ''}"
    if not told.attribute:
        return told.how
    if not told.given:
        return f"{told.attribute}: no value in the directory"
    given = _given(told.given)
    return f"{told.attribute}{given if given.strip() not in shown(told.desired) else ''} ({told.how})"


def _given(values: tuple[bytes, ...]) -> str:
    """A value of the directory that says more than what was made of it; nothing where it is long, or bytes."""
    text = values[0].decode(errors="replace")
    return f" {text}" if len(values) == 1 and len(text) <= _VALUE and text.isprintable() else ""


def _references(references: Iterable[ReferenceTold], referrers: int) -> Iterator[str]:
    told = list(references)
    if told or referrers:
        yield ""
        yield "References"
    for each in told:
        yield f"  {each.name:{_NAME}} {each.dn}"
        yield f"  {'':{_NAME}} {'' if each.resolved else 'not sent: '}{each.detail}"
    if referrers:
        yield f"  {count(referrers, 'object')} {'refers' if referrers == 1 else 'refer'} to it"


def _groups(groups: Iterable[GroupTold], everything: bool) -> Iterator[str]:
    told = list(groups)
    if not told:
        return
    yield ""
    yield f"Member of ({len(told)})"
    for group in told if everything else told[:FEW]:
        yield f"  {group.dn}"
        hold = f" ({group.hold})" if group.hold else ""
        reason = f": {group.reason}" if group.reason else ""
        yield from _wrapped(f"      {group.state}{hold}{reason}", "        ")
    if not everything and len(told) > FEW:
        yield f"  … and {len(told) - FEW:,} more (--members lists all)"


def _members(members: MembersTold | None) -> Iterator[str]:
    if members is None:
        return
    yield ""
    yield f"Members ({members.read:,} in the directory)"
    yield from _line("desired", f"{members.desired:,}: those who should be in the cloud themselves")
    yield from _line("in the cloud", f"surely {members.sure:,}, possibly {members.possible:,}")
    if members.unresolved:
        yield from _line("unknown", f"{count(members.unresolved, 'value')} of nobody who was read")
    for name in members.names:
        yield f"    {name}"
    if members.read > len(members.names):
        yield f"    … and {members.read - len(members.names):,} more (--members lists all)"


def _pending(told: Explanation) -> Iterator[str]:
    yield ""
    yield "Pending" if told.change or told.links else "Pending: nothing"
    if told.change is not None:
        yield from _change(told.change)
    if told.links is not None:
        yield from _links(told.links)
    for said in told.said:
        yield from _said(said)


def _change(change: ObjectChange) -> Iterator[str]:
    if change.sends and change.verb is not Verb.UPDATE:
        yield f"  {change.verb.value}: goes in the next run"
    elif change.sends:
        yield from _wrapped(f"  Update: goes in the next run: {', '.join(sorted(change.values))}", "    ")
    if change.hold:
        parts = f" of {', '.join(sorted(change.held))}" if change.verb is Verb.UPDATE and change.held else ""
        yield from _held(f"{change.verb.value}{parts}", change.hold.value, change.reason)


def _links(links: MembershipChange) -> Iterator[str]:
    if links.adds or links.removes:
        yield f"  Members: +{len(links.adds):,} −{len(links.removes):,} go in the next run"
    for held in links.held:
        yield from _held(f"Members +{len(held.adds):,} −{len(held.removes):,}", held.hold.value, held.reason)


def _held(what: str, hold: str, reason: str) -> Iterator[str]:
    yield from _wrapped(f"  {what}: held ({hold}): {reason}", "    ")
    yield f"    what to do: docs/operations.md#{hold.lower()}"


def _said(said: Said) -> Iterator[str]:
    remedy = remedy_of(said.cause)
    detail = f": {said.detail}" if said.detail else ""
    yield from _wrapped(f"  {'refused' if said.refused else 'warned'} in the last run: {said.cause}{detail}", "    ")
    if remedy:
        yield from _wrapped(f"    what to do: {remedy}", "      ")


def _as_of(last: RunTold | None, entry: EntryTold) -> Iterator[str]:
    yield ""
    if entry.changed:
        yield "It changed, or somebody it depends on, and was not judged since: the next run does."
    if entry.new_rules:
        yield "Its rules changed since the last run: the scope is judged by those of today, the rest by the next run."
    if last is not None:
        yield f"As of run {last.number} of {_moment(last.started)}: {last.state}"


def _line(label: str, text: str) -> Iterator[str]:
    return _wrapped(f"  {label:{_LABEL}}{text}", " " * (_LABEL + 2))


def _wrapped(text: str, indent: str) -> Iterator[str]:
    """A line that is broken where it is too long; a name or a value never is."""
    yield from wrap(
        text,
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    )


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
