"""What ``spec.groups`` may say and may not: for every CEL rule of it what it accepts and what it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from syncramp.check import ramp_twins as rules
from syncramp.check.ramp_twins import GATE, STEP, STEPS

_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
_HOURS = "duration(self) <= duration('{}')"
_RAMP = "spec.groups.ramps[0]"
_ASKED = {"url": "https://prometheus.example.com", "query": "up"}
_TOKEN = {"secretKeyRef": {"name": "prometheus"}}
_FIT = (
    "hold and abort must have the limit of the metric: maxDuration of latencies and CycleDurationP95, maxPercent of "
    "LinkErrorRate and ThrottleShare, maxPoints of ObjectErrorRate, maxFactor of ReadBackDelta, maxCycles of "
    "ConfirmLagP95 and MemberCountAgrees, maxValue of External"
)


@dataclass(frozen=True)
class RampCase:
    """A ``spec.groups`` that is accepted, or refused by one rule with a sentence at a path."""

    place: str
    rule: str
    groups: dict[str, Any]
    path: str = ""
    sentence: str = ""


def ramp(**members: Any) -> dict[str, Any]:
    """``spec.groups`` with one ramp."""
    return {"ramps": [{"name": "large", "match": {"minMembers": 1}, **members}]}


def _steps(*ceilings: int | None) -> dict[str, Any]:
    return ramp(steps=[{"pause": {}} if ceiling is None else {"ceiling": ceiling} for ceiling in ceilings])


def _gate(metric: str, **members: Any) -> dict[str, Any]:
    return ramp(gates=[{"metric": metric, **members}])


def _external(**members: Any) -> dict[str, Any]:
    return _gate("External", **{"hold": {"maxValue": "1"}, "prometheus": _ASKED, **members})


def _both(metric: str, member: str, hold: Any, abort: Any) -> dict[str, Any]:
    return _gate(metric, hold={member: hold}, abort={member: abort}, **_asked(metric))


def _asked(metric: str) -> dict[str, Any]:
    return {"webhook": {"url": "http://localhost:9090/"}} if metric == "External" else {}


def _told(
    place: str, rule: str, path: str, sentence: str, refused: list[dict[str, Any]], accepted: list[dict[str, Any]]
) -> Iterator[RampCase]:
    yield from (RampCase(place, rule, groups, path, sentence) for groups in refused)
    yield from (RampCase(place, rule, groups) for groups in accepted)


def _of_steps() -> Iterator[RampCase]:
    at = f"{_RAMP}.steps"
    yield from _told(
        STEPS,
        rules.LAST,
        at,
        "the last step must be a ceiling, not a pause",
        [_steps(5, None)],
        [_steps(None, 5, None, 6)],
    )
    sentence = "ceilings must strictly increase, but are {}"
    for wrong in ([75000, 60000, 250000], [5, 5], [*range(1, 24), 23]):
        yield from _told(STEPS, rules.INCREASING, at, sentence.format(wrong), [_steps(*wrong)], [])
    yield from _told(STEPS, rules.INCREASING, at, "", [], [_steps(*range(1, 25)), _steps(1, None, 2)])
    both = ramp(steps=[{"ceiling": 5, "pause": {}}, {"ceiling": 6}])
    neither = ramp(steps=[{"ceiling": 5}, {}, {"ceiling": 6}])
    one = "exactly one of ceiling, pause must be set"
    yield from _told(STEP, rules.ONE_STEP, f"{at}[0]", one, [both], [_steps(5)])
    yield from _told(STEP, rules.ONE_STEP, f"{at}[1]", one, [neither], [_steps(5, None, 6)])
    soaking = ramp(steps=[{"ceiling": 5}, {"pause": {}, "soak": {"cycles": 1}}, {"ceiling": 6}])
    soaked = ramp(steps=[{"ceiling": 5, "soak": {"cycles": 1}}])
    yield from _told(STEP, rules.SOAK, f"{at}[1]", "soak belongs to a step with a ceiling", [soaking], [soaked])
    yield from _told(
        f"{STEP}.soak.duration",
        _HOURS.format("2160h"),
        f"{at}[0].soak.duration",
        "must not be longer than 2160h",
        [ramp(steps=[{"ceiling": 5, "soak": {"duration": long}}]) for long in ("2160h1s", "99999h9999999m")],
        [ramp(steps=[{"ceiling": 5, "soak": {"duration": "2160h"}}])],
    )


def _of_gates() -> Iterator[RampCase]:
    at = f"{_RAMP}.gates[0]"
    one = "exactly one of prometheus, webhook must be set for External, and none for another metric"
    yield from _told(
        GATE,
        rules.ASKED,
        at,
        one,
        [
            _external(webhook={"url": "https://example.com"}),
            _gate("External", hold={"maxValue": "1"}),
            _gate("ThrottleShare", prometheus=_ASKED),
        ],
        [_external(), _gate("ThrottleShare")],
    )
    yield from _told(
        GATE,
        rules.NAMED,
        at,
        "only External has a name",
        [_gate("ThrottleShare", name="one")],
        [_external(name="one"), _gate("ThrottleShare")],
    )
    never = "RemovalLatencyP95 cannot be disabled"
    yield from _told(
        GATE,
        rules.ALWAYS,
        at,
        never,
        [_gate("RemovalLatencyP95", disabled=True)],
        [_gate("RemovalLatencyP95"), _gate("CycleDurationP95", disabled=True)],
    )
    limit = {"maxDuration": "10m"}
    yield from _told(
        GATE,
        rules.WHOLLY,
        at,
        "RemovalLatencyP95 has hold and abort, or neither",
        [_gate("RemovalLatencyP95", hold=limit), _gate("RemovalLatencyP95", abort=limit)],
        [_gate("RemovalLatencyP95", hold=limit, abort=limit), _gate("CycleDurationP95", hold=limit)],
    )
    yield from _told(
        GATE,
        rules.LIMITED,
        at,
        "this metric has no limits of its own; hold, abort or both must be set",
        [_external(hold=None), _gate("ExportLatencyP50")],
        [_external(hold=None, disabled=True), _external(), _gate("ExportLatencyP50", abort=limit)],
    )
    yield from _told(GATE, rules.FIT, at, _FIT, list(_misfits()), [_both(*pair) for pair in _PAIRS])
    yield from _told(
        GATE,
        rules.ORDERED,
        at,
        "hold must not be above abort",
        [_both(metric, member, abort, hold) for metric, member, hold, abort in _PAIRS],
        [_both(metric, member, hold, hold) for metric, member, hold, _ in _PAIRS],
    )
    for name in ("hold", "abort"):
        long, short = ({name: {"maxDuration": length}} for length in ("720h1s", "720h"))
        yield from _told(
            f"{GATE}.{name}.maxDuration",
            _HOURS.format("720h"),
            f"{at}.{name}.maxDuration",
            "must not be longer than 720h",
            [_gate("CycleDurationP95", **long)],
            [_gate("CycleDurationP95", **short)],
        )


_PAIRS = (
    ("RemovalLatencyP95", "maxDuration", "9m", "10m"),
    ("ExportLatencyP50", "maxDuration", "100s", "2m"),
    ("LinkErrorRate", "maxPercent", "9", "10.5"),
    ("ObjectErrorRate", "maxPoints", "0.5", "2"),
    ("ReadBackDelta", "maxFactor", "9.5", "10"),
    ("MemberCountAgrees", "maxCycles", 9, 10),
    ("External", "maxValue", "-10", "-9"),
)
"""A metric, its limit, and two values of it."""


def _misfits() -> Iterator[dict[str, Any]]:
    """Every limit at a metric that has another one."""
    for place, (_, member, hold, _) in enumerate(_PAIRS):
        metric, own, other, _ = _PAIRS[place - 1]
        if member != own:
            yield _gate(metric, abort={member: hold}, hold={own: other}, **_asked(metric))
            yield _gate(metric, hold={member: hold}, abort={own: other}, **_asked(metric))


def _of_external() -> Iterator[RampCase]:
    at = f"{_RAMP}.gates[0]"
    clear = {"url": "http://prometheus.example.com", "query": "up"}
    for name, asked in (("prometheus", clear), ("webhook", {"url": clear["url"]})):
        given = {"prometheus": None, name: {**asked, "token": _TOKEN}}
        safe = {"prometheus": None, name: {**asked, "url": _ASKED["url"], "token": _TOKEN}}
        yield from _told(
            f"{GATE}.{name}",
            rules.HTTPS,
            f"{at}.{name}",
            "a token is sent over https only",
            [_external(**given)],
            [_external(**safe), _external(**{"prometheus": None, name: asked})],
        )
        one, both = (
            {"secretKeyRef": {"name": "ca"}},
            {"secretKeyRef": {"name": "ca"}, "configMapKeyRef": {"name": "ca"}},
        )
        yield from _told(
            f"{GATE}.{name}.ca",
            _ONE_CA,
            f"{at}.{name}.ca",
            "exactly one of secretKeyRef, configMapKeyRef must be set",
            [_external(**{"prometheus": None, name: {**asked, "ca": ca}}) for ca in (both, {})],
            [_external(**{"prometheus": None, name: {**asked, "ca": one}})],
        )


def _of_groups() -> Iterator[RampCase]:
    sentence = "no ceiling of a ramp may be above maxMembers (50000)"
    yield from _told(
        "spec.groups",
        rules.BELOW_MOST,
        "spec.groups",
        sentence,
        [{"maxMembers": 50000, **_steps(40000, 50001)}],
        [{"maxMembers": 50000, **_steps(40000, 50000)}, {"maxMembers": 50000, **ramp()}, {"maxMembers": 50000}],
    )
    yield from _told(
        "spec.groups.ramps[].name",
        "self != 'built-in'",
        f"{_RAMP}.name",
        "is the name of the ramp that follows behind those of the document",
        [{"ramps": [{"name": "built-in"}]}],
        [ramp()],
    )
    yield from _told(
        "spec.groups.ramps[].name",
        "self != 'writeback'",
        f"{_RAMP}.name",
        "is the name of the ramp of spec.writeback",
        [{"ramps": [{"name": "writeback"}]}],
        [ramp()],
    )


CASES = (*_of_groups(), *_of_steps(), *_of_gates(), *_of_external())
