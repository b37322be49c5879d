"""Ramps: expressions with their place, time zones, and ramps that can never act or never end."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from syncramp.check.expressions import expression_findings
from syncramp.check.findings import Finding
from syncramp.check.values import members, show, sound
from syncramp.check.zones import zone_findings
from syncramp.expr.environment import Environment
from syncramp.expr.types import Want
from syncramp.model.values import Kind
from syncramp.rules.desired import GROUPS, MEMBERS, desired_environment
from syncramp.spec.policies import FIRST_SEEN
from syncramp.spec.ramps import Admit
from syncramp.words import count

Placed = tuple[str, Mapping[str, Any]]
"""Where a ramp stands, and itself."""


def ramp_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with ``spec.groups.ramps``.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; ramps with one of them are not judged.
    """
    groups = members(members(data.get("spec")).get("groups"))
    ramps = list(sound("spec.groups.ramps", groups.get("ramps"), refused))
    for path, ramp in ramps:
        yield from _expressions(path, ramp)
        yield from zone_findings(f"{path}.timeZone", ramp["timeZone"])
        yield from _endless(path, ramp)
    yield from _idle(ramps)


@cache
def _environment(kinds: tuple[Kind, ...]) -> Environment:
    return desired_environment(kinds)


def _expressions(path: str, ramp: Mapping[str, Any]) -> Iterator[Finding]:
    where, order = ramp["match"].get("where"), ramp["order"]
    if where is not None:
        yield from expression_findings(f"{path}.match.where", where, _environment(GROUPS), Want.CONDITION)
    if order == FIRST_SEEN:
        return
    if order.strip().lower() == FIRST_SEEN.lower():
        yield Finding(f"{path}.order", "is spelled otherwise", f"did you mean {FIRST_SEEN}?", show(path, order))
    else:
        yield from expression_findings(f"{path}.order", order, _environment(MEMBERS), Want.RANK)


def _endless(path: str, ramp: Mapping[str, Any]) -> Iterator[Finding]:
    """A ramp below whose last ceiling no group ever is whole."""
    least = ramp["match"]["minMembers"]
    last = max((step["ceiling"] for step in ramp.get("steps", ()) if "ceiling" in step), default=least)
    if ramp["admit"] != Admit.NOW and last < least:
        reason = f"can never end: its groups have {count(least, 'member')} or more, and its last ceiling is {last:,}"
        yield Finding(f"{path}.steps", reason, "add a higher step, or set a lower match.minMembers")


def _idle(ramps: Sequence[Placed]) -> Iterator[Finding]:
    """Ramps that no group ever follows: whoever wrote one expects something else of it."""
    for number, (path, ramp) in enumerate(ramps):
        where = ramp["match"].get("where")
        above = next((one for _, one in ramps[:number] if _takes_all(one, ramp)), None)
        if where is not None and where.strip() == "false":
            yield Finding(f"{path}.match.where", "can never act: it is always false", "remove the ramp")
        elif above is not None:
            reason = f"can never act: ramp {above['name']} above it matches all of its groups"
            yield Finding(path, reason, f"move it above {above['name']}, or remove it")


def _takes_all(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    match = one["match"]
    return "where" not in match and match["minMembers"] <= other["match"]["minMembers"]
