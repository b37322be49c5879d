"""The CEL rules of ``spec.groups``, as Python (``twins`` tells how they are used).

What has a wrong type is the schema's business: a twin lets it pass.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from syncramp.spec.durations import TooLong, parse_duration
from syncramp.spec.ramps import UNITS, WRITEBACK, Metric, Unit

GATE, STEP, STEPS = "spec.groups.ramps[].gates[]", "spec.groups.ramps[].steps[]", "spec.groups.ramps[].steps"
_CEILINGS = "self.filter(s, has(s.ceiling))"
INCREASING = (
    f"[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22].all(n, n + 1 >= "
    f"size({_CEILINGS}) || {_CEILINGS}[n].ceiling < {_CEILINGS}[n + 1].ceiling)"
)
BELOW_MOST = (
    "!has(self.ramps) || self.ramps.all(r, !has(r.steps) || r.steps.all(s, !has(s.ceiling) || s.ceiling <= "
    "self.maxMembers))"
)
ONE_STEP = "[has(self.ceiling), has(self.pause)].exists_one(x, x)"
SOAK = "has(self.ceiling) || !has(self.soak)"
LAST = "size(self) == 0 || has(self[size(self) - 1].ceiling)"
ASKED = (
    "self.metric == 'External' ? [has(self.prometheus), has(self.webhook)].exists_one(x, x) : "
    "!has(self.prometheus) && !has(self.webhook)"
)
NAMED = "self.metric == 'External' || self.name == ''"
ALWAYS = "self.metric != 'RemovalLatencyP95' || !self.disabled"
WHOLLY = "self.metric != 'RemovalLatencyP95' || has(self.hold) == has(self.abort)"
LIMITED = "self.disabled || !(self.metric in ['External', 'ExportLatencyP50']) || has(self.hold) || has(self.abort)"
HTTPS = '!has(self.token) || self.url.startsWith("https://")'


def fitting(member: str) -> str:
    """The rule that both limits of a gate have this member."""
    return f"[!has(self.hold) || has(self.hold.{member}), !has(self.abort) || has(self.abort.{member})]"


FIT = (
    "(self.metric in ['RemovalLatencyP95', 'CycleDurationP95', 'ExportLatencyP50', 'ExportLatencyP95'] ? "
    f"{fitting('maxDuration')} : self.metric in ['LinkErrorRate', 'ThrottleShare'] ? {fitting('maxPercent')} : "
    f"self.metric == 'ObjectErrorRate' ? {fitting('maxPoints')} : self.metric == 'ReadBackDelta' ? "
    f"{fitting('maxFactor')} : self.metric == 'External' ? {fitting('maxValue')} : {fitting('maxCycles')})"
    ".all(x, x)"
)


def ordered(member: str, convert: str) -> str:
    """The rule that this member of ``hold`` is not above that of ``abort``."""
    hold, abort = f"self.hold.{member}", f"self.abort.{member}"
    return f"(!has({hold}) || !has({abort}) || {convert.format(hold)} <= {convert.format(abort)})"


ORDERED = (
    f"!has(self.hold) || !has(self.abort) || ({ordered('maxDuration', 'duration({})')} && "
    f"{ordered('maxPercent', 'double({})')} && {ordered('maxPoints', 'double({})')} && "
    f"{ordered('maxFactor', 'double({})')} && {ordered('maxCycles', '{}')} && "
    f"{ordered('maxValue', 'double({})')})"
)


def _at_most(longest: str) -> Callable[[Any], bool]:
    return lambda value: _seconds(value) <= parse_duration(longest)


def _seconds(value: Any) -> timedelta:
    try:
        return parse_duration(value)
    except TooLong:
        return timedelta.max
    except ValueError:
        return timedelta()  # no duration: the pattern has refused it


def _given(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _ceilings(steps: Any) -> list[int]:
    return [found for step in steps if type(found := _given(step, "ceiling")) is int]


def _increasing(steps: Any) -> bool:
    found = _ceilings(steps)
    return all(one < other for one, other in pairwise(found))


def _below_most(groups: Any) -> bool:
    most, ramps = groups.get("maxMembers"), groups.get("ramps")
    if type(most) is not int or not isinstance(ramps, list):
        return True
    steps = [found for ramp in ramps if isinstance(found := _given(ramp, "steps"), list)]
    return all(ceiling <= most for each in steps for ceiling in _ceilings(each))


def _ends_with_ceiling(steps: Any) -> bool:
    return not steps or not isinstance(steps[-1], dict) or _given(steps[-1], "ceiling") is not None


def _one_of(value: Any, *names: str) -> bool:
    return sum(value.get(name) is not None for name in names) == 1


def _asked(gate: Any) -> bool:
    if gate.get("metric") == Metric.EXTERNAL:
        return _one_of(gate, "prometheus", "webhook")
    return gate.get("prometheus") is None and gate.get("webhook") is None


def limited(gate: Any) -> bool:
    """A gate whose metric has no limits of its own says some."""
    free = gate.get("disabled") is True or gate.get("metric") not in (Metric.EXTERNAL, Metric.EXPORT_LATENCY_P50)
    return free or any(gate.get(name) is not None for name in ("hold", "abort"))


def fits(gate: Any) -> bool:
    """The limits of a gate are in the unit of its metric."""
    if gate.get("metric") not in list(Metric):
        return True
    member = UNITS[Metric(gate["metric"])].value
    limits = [limit for limit in (gate.get("hold"), gate.get("abort")) if isinstance(limit, dict)]
    return all(limit.get(member) is not None for limit in limits)


def below_abort(gate: Any) -> bool:
    """What holds is not above what aborts."""
    pairs = ((_given(gate.get("hold"), unit.value), _given(gate.get("abort"), unit.value)) for unit in Unit)
    numbers = ([*_number(hold), *_number(abort)] for hold, abort in pairs)
    return all(len(pair) < 2 or pair[0] <= pair[1] for pair in numbers)


def _number(value: Any) -> Iterator[Decimal]:
    """A limit; nothing of what is none."""
    if type(value) is int:
        yield Decimal(value)
    elif isinstance(value, str):
        try:
            yield Decimal(value)
        except InvalidOperation:
            yield Decimal(_seconds(value) // timedelta(milliseconds=1))


def _over_https(asked: Any) -> bool:
    url = asked.get("url")
    return asked.get("token") is None or not isinstance(url, str) or url.startswith("https://")


_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"


def shared_twins(ramp: str) -> Mapping[tuple[str, str], Callable[[Any], bool]]:
    """The rules that ramps of both directions have.

    :param ramp: the place of a ramp in the schema.
    """
    steps, step, gate = f"{ramp}.steps", f"{ramp}.steps[]", f"{ramp}.gates[]"
    return {
        (steps, LAST): _ends_with_ceiling,
        (steps, INCREASING): _increasing,
        (step, ONE_STEP): lambda step: _one_of(step, "ceiling", "pause"),
        (step, SOAK): lambda step: step.get("ceiling") is not None or step.get("soak") is None,
        (f"{step}.soak.duration", "duration(self) <= duration('2160h')"): _at_most("2160h"),
        **{
            (f"{gate}.{name}.maxDuration", "duration(self) <= duration('720h')"): _at_most("720h")
            for name in ("hold", "abort")
        },
        **{
            (f"{gate}.{name}.ca", _ONE_CA): lambda ca: _one_of(ca, "secretKeyRef", "configMapKeyRef")
            for name in ("prometheus", "webhook")
        },
        **{(f"{gate}.{name}", HTTPS): _over_https for name in ("prometheus", "webhook")},
        (gate, ASKED): _asked,
        (gate, NAMED): lambda gate: gate.get("metric") == Metric.EXTERNAL or gate.get("name") in ("", None),
    }


RAMP_TWINS: Mapping[tuple[str, str], Callable[[Any], bool]] = {
    **shared_twins("spec.groups.ramps[]"),
    ("spec.groups", BELOW_MOST): _below_most,
    ("spec.groups.ramps[].name", "self != 'built-in'"): lambda name: name != "built-in",
    ("spec.groups.ramps[].name", "self != 'writeback'"): lambda name: name != WRITEBACK,
    (GATE, ALWAYS): lambda gate: gate.get("metric") != Metric.REMOVAL_LATENCY or gate.get("disabled") is not True,
    (GATE, WHOLLY): lambda gate: (
        gate.get("metric") != Metric.REMOVAL_LATENCY or (gate.get("hold") is None) == (gate.get("abort") is None)
    ),
    (GATE, LIMITED): limited,
    (GATE, FIT): fits,
    (GATE, ORDERED): below_abort,
}
RAMP_MESSAGES: Mapping[tuple[str, str], Callable[[Any], str]] = {
    **{
        (steps, INCREASING): lambda steps: f"ceilings must strictly increase, but are {_ceilings(steps)}"
        for steps in (STEPS, "spec.writeback.groups.ramp.steps")
    },
    ("spec.groups", BELOW_MOST): lambda groups: (
        f"no ceiling of a ramp may be above maxMembers ({groups['maxMembers']})"
    ),
}
"""Rules with a messageExpression: what it says of the value."""
