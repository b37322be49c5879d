"""Ramps in a plan and in a run: one glance says where each stands, what goes because of it and what waits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from shlex import quote
from typing import Any

from syncramp.model.plan import Sample
from syncramp.model.ramp_reports import GroupReport, RampReport, RampTold
from syncramp.model.ramps import Command, PauseReason, Phase, Verdict
from syncramp.model.written import Side
from syncramp.words import count, moment, plural

STEP_ENDS = {
    Phase.PAUSED: "it goes on when a person says so",
    Phase.ABORTED: "it does not go on by itself",
    Phase.REVERTING: "it does not go on by itself",
}
"""How a step ends that does not end by itself."""


def ramp_lines(ramps: Iterable[RampReport]) -> Iterator[str]:
    """The block of a plan."""
    for number, ramp in enumerate(ramps):
        if not number:
            yield "Ramps"
        if quiet(ramp):
            yield f"  {ramp.name}: {standing(ramp)}: {waits(ramp)}"
            continue
        yield f"  {ramp.name}: {standing(ramp)}"
        yield from (f"    {line}" for line in _remarks(ramp))
        for group in ramp.held:
            yield f"    {group.phase} Group {group.dn}: {size(group, ramp)}"
        if more := ramp.groups_held - len(ramp.held):
            yield f"    … and {more:,} more"
        named = {group.dn for group in ramp.held}
        yield from (f"    Group {dn}: {note}" for dn, note in ramp.notes.items() if dn not in named)


def quiet(ramp: RampReport) -> bool:
    """Nothing goes, waits, changes or is noted, and nobody has to say anything: one line is enough."""
    busy = ramp.admitted or ramp.members_waiting or ramp.changed or ramp.notes
    return not busy and ramp.phase not in (Phase.HOLDING, Phase.PAUSED)


def _remarks(ramp: RampReport) -> Iterator[str]:
    """What must be known of a ramp beside where it stands."""
    if ramp.changed:
        yield ramp.changed
    if not ramp.steps:
        return
    yield f"{goes(ramp)}; {waits(ramp)}"
    yield from failing(ramp)
    if told := command(ramp):
        yield f"a person decides: {told}"


def ramp_line(ramp: RampReport) -> str:
    """A ramp in one line, as ``syncramp status`` has it."""
    end = command(ramp)
    if not end and ramp.next_decision and ramp.members_waiting:
        end = f"next decision {next_step(ramp)}"
    return f"Ramp {ramp.name}: {standing(ramp)}: {waits(ramp)}{f'; {end}' if end else ''}"


def ramp_section(ramp: RampReport) -> tuple[str, Sequence[Sample]]:
    """A ramp as a comment and a page show it: where it stands on one line, and its groups that wait."""
    remarks = [waits(ramp)] if quiet(ramp) else _remarks(ramp)
    told = "; ".join([f"{ramp.name}: {standing(ramp)}", *remarks])
    rows = [Sample(group.phase, "Group", group.dn, group.anchor, size(group, ramp)) for group in ramp.held]
    named = {group.dn for group in ramp.held}
    notes = [Sample("Note", "Group", dn, "", note) for dn, note in ramp.notes.items() if dn not in named]
    return told, [*rows, *notes]


def standing(ramp: RampReport) -> str:
    """``Soaking at 100,000 (step 2 of 6 up to 250,000)``, and of a paused one why."""
    if not ramp.steps:
        return f"it was {ramp.phase} at {ramp.ceiling:,}"
    pause = f" ({ramp.pause})" if ramp.pause else ""
    return f"{ramp.phase}{pause} at {ramp.ceiling:,}, step {ramp.step} of {ramp.steps} up to {ramp.target:,}"


def goes(ramp: RampReport) -> str:
    """What it lets in."""
    return f"{count(ramp.admitted, 'membership')} {'goes' if ramp.admitted == 1 else 'go'}"


def waits(ramp: RampReport) -> str:
    """What waits for it."""
    if not ramp.groups:
        return "no group follows it"
    if not ramp.members_waiting:
        return f"nothing waits in {count(ramp.groups, 'group')}"
    groups = f"{ramp.groups_held:,} of {ramp.groups:,} {'group' if ramp.groups == 1 else plural('group')}"
    verb = "waits" if ramp.members_waiting == 1 else "wait"
    return f"{count(ramp.members_waiting, 'membership')} {verb} in {groups} ({phases(ramp)})"


def phases(ramp: RampReport) -> str:
    """Groups by what the ramp does with them."""
    return ", ".join(f"{number:,} {name}" for name, number in ramp.phases.items())


def place(ramp: RampReport | RampTold) -> str:
    """Where members of its groups are, as far as it let them in."""
    return "in the directory" if ramp.direction == Side.DIRECTORY else "in the cloud"


def size(group: GroupReport, ramp: RampReport | RampTold) -> str:
    """How large a group is here and there, and why it waits."""
    nested = f" ({group.effective:,} people with nested groups)" if group.effective is not None else ""
    told = f"{count(group.members, 'member')}{nested}, {group.there:,} {place(ramp)}, {group.waiting:,} wait"
    note = "" if group.note in group.reason else f"; {group.note}"
    return f"{told}{f': {group.reason}' if group.reason else ''}{note}"


def failing(ramp: RampReport) -> Iterator[str]:
    """Gates that keep it from going on; of those that were not measured enough how many there are."""
    verdicts = [each["verdict"] for each in ramp.judgements]
    for each in ramp.judgements:
        if each["verdict"] in (Verdict.FAILED, Verdict.ERROR):
            yield f"gate {judgement(each)}"
    unsure = verdicts.count(Verdict.INCONCLUSIVE)
    if unsure and ramp.members_waiting:
        yield f"{unsure:,} of {count(len(verdicts), 'gate')} {'is' if unsure == 1 else 'are'} not measured enough yet"


def judgement(each: Mapping[str, Any]) -> str:
    """What a gate said, in one line."""
    return f"{gate(each)} {each['verdict']}: {each['sentence']}"


def gate(each: Mapping[str, Any]) -> str:
    """A gate by its metric, and by its name where it has one."""
    return f"{each['metric']} {each['name']}".rstrip()


def next_step(ramp: RampReport) -> str:
    """When its step can end, and what follows."""
    if ramp.next_decision:
        return f"{when(ramp.next_decision)} at the earliest, then {_following(ramp)}"
    ends = STEP_ENDS.get(Phase(ramp.phase), "nothing follows by itself")
    return f"{ends}, then {_following(ramp)}" if ramp.phase == Phase.PAUSED else ends


def _following(ramp: RampReport) -> str:
    if ramp.next_ceiling:
        return f"up to {ramp.next_ceiling:,}"
    return "the ramp is complete" if ramp.step >= ramp.steps else "a pause"


def when(stamp: str) -> str:
    """A moment that a report has, for people."""
    return moment(datetime.fromisoformat(stamp))


def command(ramp: RampReport, file: str = "FILE") -> str:
    """What a person types so that a ramp goes on that waits for one; empty where it does not wait."""
    if ramp.phase != Phase.PAUSED:
        return ""
    return typed(Command.PROMOTE if ramp.pause == PauseReason.STEP else Command.RESUME, ramp.name, file)


def typed(said: Command, ramp: str, file: str = "FILE") -> str:
    """A command as it is typed."""
    return f"syncramp ramp {said.value} {quote(file)} {ramp}"
