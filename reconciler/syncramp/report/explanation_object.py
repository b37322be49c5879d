"""What an explanation tells of the object itself: its attributes, references, groups and members."""

from collections.abc import Iterable, Iterator, Sequence

from syncramp.model.explanation import AttributeTold, GroupTold, MembersTold, ReferenceTold
from syncramp.model.ramp_reports import RampTold
from syncramp.report.layout import WIDTH, labelled, wrapped
from syncramp.report.ramps import size, when
from syncramp.report.values import shown
from syncramp.words import count

FEW = 20
"""Groups that are listed unless all are asked for."""
_NAME = 28
_VALUE = 32


def attribute_lines(attributes: Iterable[AttributeTold], *, leaving: bool) -> Iterator[str]:
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
    if told.drift:
        yield from _below(f"! shown as {'; '.join(shown(told.shown))}, and not sent again: {told.drift}")
    if told.note:
        yield from _below(f"! {told.note}")
    for wrong in told.violations:
        yield from _below(f"! {wrong.code.value}: {wrong.reason}")


def _below(text: str) -> Iterator[str]:
    """Below the value of an attribute."""
    return wrapped(f"  {'':{_NAME}} {text}", f"  {'':{_NAME}}   ")


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
    try:
        text = values[0].decode()
    except UnicodeDecodeError:
        return ""
    return f" {text}" if len(values) == 1 and len(text) <= _VALUE and text.isprintable() else ""


def reference_lines(references: Iterable[ReferenceTold], referrers: int) -> Iterator[str]:
    """Whom it names, and how many name it."""
    told = list(references)
    if told or referrers:
        yield ""
        yield "References"
    for each in told:
        yield f"  {each.name:{_NAME}} {each.dn}"
        yield f"  {'':{_NAME}} {'' if each.resolved else 'not sent: '}{each.detail}"
    if referrers:
        yield f"  {count(referrers, 'object')} {'refers' if referrers == 1 else 'refer'} to it"


def group_lines(groups: Iterable[GroupTold], everything: bool, heading: str = "Member of") -> Iterator[str]:
    """The groups of a member, with what becomes of each link."""
    told = list(groups)
    if not told:
        return
    yield ""
    yield f"{heading} ({len(told)})"
    for group in told if everything else told[:FEW]:
        yield f"  {group.dn}"
        hold = f" ({group.hold})" if group.hold else ""
        reason = f": {group.reason}" if group.reason else ""
        yield from wrapped(f"      {group.state}{hold}{reason}", "        ")
    if not everything and len(told) > FEW:
        yield f"  … and {len(told) - FEW:,} more (--members lists all)"


def member_lines(members: MembersTold | None) -> Iterator[str]:
    """The members of a group; nothing of what is none."""
    if members is None:
        return
    yield ""
    yield f"Members ({members.read:,} in the directory)"
    yield from labelled("desired", f"{members.desired:,}: those who should be in the cloud themselves")
    yield from labelled("in the cloud", f"surely {members.sure:,}, possibly {members.possible:,}")
    if members.unresolved:
        yield from labelled("unknown", f"{count(members.unresolved, 'value')} of nobody who was read")
    for name in members.names:
        yield f"    {name}"
    if members.read > len(members.names):
        yield f"    … and {members.read - len(members.names):,} more (--members lists all)"


def ramp_lines(told: RampTold | None) -> Iterator[str]:
    """The ramp that a group follows; nothing of one that follows none."""
    if told is None:
        return
    yield ""
    place = f"step {told.step} of {told.steps} up to {told.target:,}"
    yield f"Ramp {told.name} ({told.admit}): {told.phase} at {told.ceiling:,}, {place}"
    yield from labelled("why", told.reason)
    yield from labelled("this group", f"{told.group.phase}: {size(told.group, told)}")
    if told.next_decision:
        yield from labelled("next decision", f"{when(told.next_decision)} at the earliest")
