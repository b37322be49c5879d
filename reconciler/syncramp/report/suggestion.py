"""A suggested policy as YAML that can be pasted into a document, its reasons as comments, its forecast below."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from textwrap import wrap

from syncramp.model.forecast import Foretold
from syncramp.ramp.growth import Counted
from syncramp.ramp.suggestion import Large, Suggestion
from syncramp.ramp.written_suggestion import WrittenSuggestion
from syncramp.report.forecast import VERSION, forecast_lines, plain
from syncramp.report.layout import WIDTH
from syncramp.spec.durations import format_duration
from syncramp.spec.policies import gate_document, ramp_document
from syncramp.spec.ramps import Admit, Step
from syncramp.spec.types import WritebackGroups
from syncramp.spec.writeback import writeback_ramp_document
from syncramp.words import count, printable


def suggestion_lines(made: Suggestion, told: Foretold, groups: Sequence[Large]) -> Iterator[str]:
    """The policy, for ``spec``.

    :param groups: those that it is made for.
    """
    policy = made.policy
    large = f"{count(len(groups), 'group')} of {policy.min_members:,} members or more"
    yield from _comment(
        f"For {large}, the largest of {max(group.size for group in groups):,}; paste it below spec.", ""
    )
    yield "groups:"
    yield "  ramps:"
    yield f"  - name: {policy.name}"
    yield f"    match: {{minMembers: {policy.min_members}}}"
    yield from _comment(made.admit)
    yield f"    admit: {policy.admit.value}"
    yield from _comment(made.amount)
    if policy.admit is Admit.MEMBERS:
        yield f"    budget: {{perCycle: {policy.per_cycle}, perDay: {policy.per_day}}}"
    else:
        yield f"    fill: {{groupsPerCycle: {policy.groups_per_cycle}}}"
    yield "    steps:"
    for step, why in zip(policy.steps, made.steps, strict=True):
        yield from _comment(why)
        yield f"    - {_step(step)}"
    if made.gates:
        yield "    gates:"
    for metric, why in made.gates.items():
        yield from _comment(why)
        yield f"    - {_flow(gate_document(next(gate for gate in policy.gates if gate.metric is metric)))}"
    yield from _expected(told)


def _expected(told: Foretold) -> Iterator[str]:
    yield "# What it is expected to do:"
    yield from (f"# {printable(line)}".rstrip() for line in forecast_lines(told))


def written_lines(
    made: WrittenSuggestion, told: Foretold, groups: Sequence[Counted], spec: WritebackGroups
) -> Iterator[str]:
    """The ramp of groups that are written back, for ``spec.writeback.groups.ramp``.

    :param groups: those that it is made for.
    :param spec: as the document has it.
    """
    number, largest = count(len(groups), "written-back group"), max(group.size for group in groups)
    stays = "gates and everything else of spec.writeback.groups stay"
    yield from _comment(f"For {number}, the largest of {largest:,}; paste what is in ramp into yours: {stays}.", "")
    yield "writeback:"
    yield "  groups:"
    yield "    ramp:"
    ramp = writeback_ramp_document(_suggested(made, spec))
    yield from _comment(made.amount, "      ")
    yield f"      budget: {_flow(ramp['budget'])}"
    yield from _comment(made.modify, "      ")
    yield f"      valuesPerModify: {made.values}"
    yield "      steps:"
    for step, why in zip(ramp["steps"], made.steps, strict=True):
        yield from _comment(why, "      ")
        yield f"      - {_flow(step)}"
    yield from _expected(told)


def written_document(made: WrittenSuggestion, told: Foretold, spec: WritebackGroups) -> str:
    """The same as JSON; the form is documented in ``docs/ramp-json.md``."""
    why = {"amount": made.amount, "modify": made.modify, "steps": list(made.steps)}
    ramp = {"groups": {"ramp": writeback_ramp_document(_suggested(made, spec))}}
    body = {"version": VERSION, "writeback": ramp, "why": why, "forecast": plain(told)}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _suggested(made: WrittenSuggestion, spec: WritebackGroups) -> WritebackGroups:
    """What the document would have; limits of gates that follow from the site links are not said in it."""
    policy = made.policy
    ramp = replace(spec.ramp, steps=policy.steps, per_cycle=policy.per_cycle, per_day=policy.per_day)
    return replace(spec, ramp=ramp, values_per_modify=made.values)


def _comment(text: str, indent: str = "    ") -> Iterator[str]:
    return iter(wrap(text, WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "))


def suggestion_document(made: Suggestion, told: Foretold) -> str:
    """The same as JSON; the form is documented in ``docs/ramp-json.md``."""
    why = {"admit": made.admit, "amount": made.amount, "steps": list(made.steps), "gates": dict(made.gates)}
    groups = {"ramps": [ramp_document(made.policy)]}
    body = {"version": VERSION, "groups": groups, "why": why, "forecast": plain(told)}
    return json.dumps(body, ensure_ascii=False, indent=2)


def _step(step: Step) -> str:
    if step.ceiling is None:
        return "{pause: {}}"
    soak = f"duration: {format_duration(step.soak.duration)}, businessDays: {step.soak.business_days}"
    return f"{{ceiling: {step.ceiling}, soak: {{{soak}}}}}"


def _flow(value: object) -> str:
    """Plain data of names and numbers on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(inner)}" for name, inner in value.items()) + "}"
    return str(value)
