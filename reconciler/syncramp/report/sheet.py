"""A plan as a sheet: what a comment and a page show of it, before either of them writes a letter.

Whatever does not come from this program (names of a directory, of a document, words of a server) stands in it as a
``Foreign``, so that each form can write it where it means nothing but itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from syncramp.model.holds import Hold
from syncramp.model.plan import Plan, Sample, Topic, Verb
from syncramp.model.proofs import failed
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Phase
from syncramp.model.report import RunReport
from syncramp.model.sizes import Histogram
from syncramp.model.values import Kind
from syncramp.model.written import Side
from syncramp.plan.outline import Outline
from syncramp.report.approvals import approval_lines, approvals_of
from syncramp.report.causes import drift_lines, origin_lines
from syncramp.report.guards import holding, tripped_lines
from syncramp.report.parts import AMONG, HOLDS, hold_told, largest, read_of
from syncramp.report.plan_text import cost, derived_links, unnamed, warnings
from syncramp.report.preflight import preflight_lines
from syncramp.report.ramps import ramp_section
from syncramp.report.stages import stage_lines, window_lines
from syncramp.report.writeback import TITLE, fact_lines, planned_groups, where
from syncramp.words import count, printable

TITLES = {
    Topic.DELETE: "Deletes",
    Topic.DISABLE: "Disables",
    Topic.EMPTIED: "Groups that lose their last member",
    Topic.REMOVALS: "Groups that lose members",
    Topic.SIGN_IN: "Changes of what people sign in with",
    Topic.MATCH: "Creates that are joined with an object of the tenant",
    Topic.RESTORE: "Creates that bring a deleted object back",
    Topic.ADDITIONS: "Groups that get members",
    Topic.UPDATE: "Other updates",
    Topic.CREATE: "Creates",
    Topic.DERIVED: "Groups whose members leave them with a delete",
}
ALARMING = (Topic.DELETE, Topic.DISABLE, Topic.EMPTIED, Topic.REMOVALS, Topic.SIGN_IN, Topic.MATCH)
"""Topics that take something away from somebody."""


class Foreign(str):
    """Text on one line that others wrote."""

    __slots__ = ()


Sentence = Sequence[str]
"""Words of ours, and ``Foreign`` ones among them."""


@dataclass(frozen=True, slots=True)
class Section:
    """Changes, or remarks, of one sort."""

    title: str
    number: int
    rows: Sequence[Sample]
    about: str = ""
    """What others said of it, on one line."""
    note: str = ""
    commands: Sequence[tuple[str, str]] = ()
    """What approves some of them, and what that is."""
    alarming: bool = False
    unit: int = 1
    """0: the number counts something else than rows, and does not say how many are missing."""

    @property
    def more(self) -> int:
        """Rows that are not shown."""
        return (self.number - len(self.rows)) * self.unit


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is shown, in order."""

    headline: str
    digest: str
    complete: bool
    facts: Sequence[Sentence]
    kinds: Sequence[str]
    counts: Sequence[tuple[str, Sequence[int]]]
    """A verb, or a part of one, and its number for each kind."""
    sections: Sequence[Section]
    digests: Mapping[str, str]
    sizes: Histogram


def make_sheet(
    plan: Plan,
    report: RunReport,
    sizes: Histogram,
    outline: Outline,
    about: Sequence[Sentence] = (),
    back: Outline | None = None,
) -> Sheet:
    """What is shown of a plan.

    :param outline: of the changes that are asked for.
    :param about: what tells this plan from one of another document.
    :param back: of the changes of the other direction.
    """
    kinds = [kind for kind in Kind if any(kind.value in numbers for numbers in plan.counts.values())]
    return Sheet(
        headline=_headline(plan, report.writeback),
        digest=plan.digest,
        complete=all(source.complete for source in report.sources),
        facts=[*about, *_facts(plan, report, sizes), *_other_facts(report.writeback)],
        kinds=[f"{kind.value}s" for kind in kinds],
        counts=list(_counts(plan, kinds)),
        sections=[
            *_topics(outline),
            *_ramps(plan.ramps),
            *_holds(report, outline),
            *_remarks(report),
            *(_topics(back, " in Active Directory") if back else ()),
            *_other(report.writeback),
        ],
        digests=plan.digests,
        sizes=sizes,
    )


def _headline(plan: Plan, other: RunReport | None) -> str:
    held = f"; {count(plan.held, 'change')} held" if plan.held else ""
    told = (
        [f"{count(plan.objects, 'object')} and {count(plan.links, 'link')} to send{held}"] if not plan.empty else []
    )
    if other is not None and other.planned:
        numbers = f"{count(other.objects.expected, 'group')} and {count(other.links.expected, 'member')}"
        told.append(f"{numbers} to write to Active Directory, of which {_held(other):,} held")
    return f"{'; '.join(told)}." if told else "Nothing to do."


def _held(other: RunReport) -> int:
    return other.objects.held + other.links.held


def _facts(plan: Plan, report: RunReport, sizes: Histogram) -> Iterator[Sentence]:
    for source in report.sources:
        read, why = read_of(source)
        proof = f": complete, {read}" if source.complete else f": NOT {failed(source.doubt)}: "
        told = why if source.complete else source.reason
        yield "Source ", Foreign(printable(source.source)), proof, Foreign(printable(told))
    for name, number in report.unmanaged.items():
        yield "Not in the document any more: ", Foreign(printable(name)), f", with {count(number, 'object')}"
    for reading in holding(plan.readings, plan.holds):
        yield f"Guard {reading.guard} holds {reading.holds}: ", Foreign(printable(reading.sentence))
    if plan.budget and plan.budget.writes:
        yield (cost(plan.budget),)
    if plan.links:
        yield (f"Members: +{plan.link_adds:,} −{plan.link_removes:,} in {count(plan.groups, 'group')}",)
    if told := derived_links(plan):
        yield (told,)
    if plan.attributes:
        changed = ", ".join(f"{name} {number:,}" for name, number in largest(plan.attributes))
        yield "Changed attributes: ", Foreign(printable(changed))
    if plan.origins:
        yield (f"From: {', '.join(f'{name} {number:,}' for name, number in largest(plan.origins))}",)
    yield from _lines(plan, report)
    for dn, told in warnings(sizes):
        yield "Large group ", Foreign(printable(dn)), f": {told}"
    if more := unnamed(sizes):
        yield (f"Large groups: {more}",)


def _lines(plan: Plan, report: RunReport) -> Iterator[Sentence]:
    """What the text says in lines of its own. Of origins those that are indented name containers of a directory."""
    for line in origin_lines(plan):
        yield (Foreign(printable(line.strip())) if line.startswith("    ") else line.strip(),)
    for lines in (
        drift_lines(report),
        preflight_lines(report),
        stage_lines(report.stage),
        window_lines(report.windows),
    ):
        yield from ((Foreign(printable(line.strip())),) for line in lines)
    yield from ((Foreign(printable(line)),) for line in approval_lines(report.approvals))


def _counts(plan: Plan, kinds: Sequence[Kind]) -> Iterator[tuple[str, Sequence[int]]]:
    for verb in Verb:
        if numbers := plan.counts.get(verb.value):
            yield verb.value, [numbers.get(kind.value, 0) for kind in kinds]
        for topic, word in AMONG.get(verb, {}).items():
            if numbers := plan.topics.get(topic.value):
                yield f"of them {word}", [numbers.get(kind.value, 0) for kind in kinds]


def _topics(outline: Outline, where_: str = "") -> Iterator[Section]:
    rows = outline.rows()
    for topic in Topic:
        if numbers := outline.topics.get(topic.value):
            alarming = topic in ALARMING
            yield Section(
                f"{TITLES[topic]}{where_}", sum(numbers.values()), _plain(rows[topic.value]), alarming=alarming
            )


def _ramps(ramps: Iterable[RampReport]) -> Iterator[Section]:
    for ramp in ramps:
        about, rows = ramp_section(ramp)
        alarming = ramp.phase in (Phase.HOLDING, Phase.PAUSED)
        yield Section(
            "Groups that wait for a ramp", ramp.groups_held, _plain(rows), printable(about), alarming=alarming
        )


def _holds(report: RunReport, outline: Outline) -> Iterator[Section]:
    rows = outline.held()
    for name, number in sorted(outline.holds.items()):
        commands = tuple(approvals_of(report.waiting, name))
        note = HOLDS[Hold(name)]
        yield Section(
            f"Held: {name}", number, _plain(rows[name]), note=note, commands=commands, alarming=True, unit=0
        )


def _other_facts(other: RunReport | None) -> Iterator[Sentence]:
    """What is known of written-back groups."""
    if other is None:
        return
    yield TITLE, Foreign(printable(where(other.written)))
    if planned := planned_groups(other):
        yield (f"Groups in Active Directory: {planned}",)
    for lines in (
        fact_lines(other.written),
        tripped_lines(other.guards, other.holds),
        approval_lines(other.approvals),
        drift_lines(other, Side.DIRECTORY),
    ):
        yield from ((Foreign(printable(line.strip())),) for line in lines)
    if other.failure:
        yield "Writing back failed: ", Foreign(printable(other.failure))


def _other(other: RunReport | None) -> Iterator[Section]:
    if other is None:
        return
    yield from _ramps(other.ramps)
    for name, number in sorted(other.holds.items()):
        rows, commands = _plain(other.hold_samples.get(name, ())), tuple(approvals_of(other.waiting, name))
        note, title = hold_told(Hold(name), Side.DIRECTORY), f"Held in Active Directory: {name}"
        yield Section(title, number, rows, note=note, commands=commands, alarming=True, unit=0)
    yield from _remarks(other)


def _remarks(report: RunReport) -> Iterator[Section]:
    for code, number in report.violations.items():
        yield Section(f"Kept back: {code}", number, _plain(report.violation_samples.get(code, ())))
    for text, number in largest(report.warnings):
        yield Section("Warning", number, _plain(report.warning_samples.get(text, ())), printable(text))


def _plain(samples: Iterable[Sample]) -> list[Sample]:
    """Samples whose texts stand on one line."""
    return [
        Sample(one.verb, one.kind, printable(one.dn), printable(one.anchor), printable(one.detail)) for one in samples
    ]
