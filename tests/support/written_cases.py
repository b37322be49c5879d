"""What ``spec.writeback`` may say and may not: for every CEL rule of it what it accepts and what it refuses."""

from collections.abc import Iterator
from typing import Any

from support.ramp_cases import RampCase
from syncramp.check import ramp_twins as shared
from syncramp.check import writeback_twins as rules
from syncramp.check.writeback_twins import GATE, GROUPS

RAMP = f"{GROUPS}.ramp"
_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"
_HOURS = "duration(self) <= duration('{}')"
_ASKED = {"url": "https://prometheus.example.com", "query": "up"}
_TOKEN = {"secretKeyRef": {"name": "prometheus"}}
_SECRET, _MAP = {"secretKeyRef": {"name": "ca"}}, {"configMapKeyRef": {"name": "ca"}}
_FIT = (
    "hold and abort must have the limit of the metric: maxDuration of ADModifyLatencyP95 and ReplicationConverged, "
    "maxPercent of ValueErrors and WritebackCycleShare, maxCycles of CountAgrees, maxValue of MembersTokenCount and "
    "External"
)
_PAIRS = (
    ("ADModifyLatencyP95", "maxDuration", "500ms", "900ms"),
    ("ReplicationConverged", "maxDuration", "6h", "24h"),
    ("ValueErrors", "maxPercent", "0.1", "10.5"),
    ("CountAgrees", "maxCycles", 9, 10),
    ("MembersTokenCount", "maxValue", "900", "1000"),
    ("External", "maxValue", "-10", "-9"),
)
"""A metric, its limit, and two values of it."""


def written(**members: Any) -> dict[str, Any]:
    """``spec.writeback`` of a source corp."""
    groups = {
        "source": "corp",
        "container": "OU=Cloud,DC=corp,DC=example,DC=com",
        "bind": {"secretRef": {"name": "writer"}},
    }
    return {"groups": groups | members}


def ramp(**members: Any) -> dict[str, Any]:
    """The same with something said of its ramp."""
    return written(ramp=members)


def _gate(metric: str, **members: Any) -> dict[str, Any]:
    return ramp(gates=[{"metric": metric, **members}])


def _external(**members: Any) -> dict[str, Any]:
    return _gate("External", **{"hold": {"maxValue": "1"}, "prometheus": _ASKED, **members})


def _both(metric: str, member: str, hold: Any, abort: Any) -> dict[str, Any]:
    asked = {"webhook": {"url": "http://localhost:9090/"}} if metric == "External" else {}
    return _gate(metric, hold={member: hold}, abort={member: abort}, **asked)


def _told(
    place: str, rule: str, path: str, sentence: str, refused: list[dict[str, Any]], accepted: list[dict[str, Any]]
) -> Iterator[RampCase]:
    yield from (RampCase(place, rule, one, path, sentence) for one in refused)
    yield from (RampCase(place, rule, one) for one in accepted)


def _of_groups() -> Iterator[RampCase]:
    yield from _told(
        f"{GROUPS}.match",
        rules.SIZES,
        f"{GROUPS}.match",
        "minMembers must not be above maxMembers",
        [written(match={"minMembers": 6, "maxMembers": 5})],
        [written(match={"minMembers": 5, "maxMembers": 5}), written()],
    )
    yield from _told(
        f"{GROUPS}.tls.ca",
        _ONE_CA,
        f"{GROUPS}.tls.ca",
        "exactly one of secretKeyRef, configMapKeyRef must be set",
        [written(tls={"ca": {}}), written(tls={"ca": _SECRET | _MAP})],
        [written(tls={"ca": _SECRET}), written(tls={})],
    )


def _of_steps() -> Iterator[RampCase]:
    steps, at = f"{RAMP}.steps", f"{RAMP}.steps"
    last, both = "the last step must be a ceiling, not a pause", "exactly one of ceiling, pause must be set"
    rising, soak = "ceilings must strictly increase, but are [6, 5]", {"soak": {"cycles": 1}}
    five, six, pause = {"ceiling": 5}, {"ceiling": 6}, {"pause": {}}
    good = [ramp(steps=[five, pause, six])]
    yield from _told(steps, shared.LAST, at, last, [ramp(steps=[five, pause])], good)
    yield from _told(steps, shared.INCREASING, at, rising, [ramp(steps=[six, five])], good)
    yield from _told(f"{steps}[]", shared.ONE_STEP, f"{at}[0]", both, [ramp(steps=[five | pause, six])], good)
    yield from _told(
        f"{steps}[]",
        shared.SOAK,
        f"{at}[0]",
        "soak belongs to a step with a ceiling",
        [ramp(steps=[pause | soak, six])],
        [ramp(steps=[five | soak])],
    )
    yield from _told(
        f"{steps}[].soak.duration",
        _HOURS.format("2160h"),
        f"{at}[0].soak.duration",
        "must not be longer than 2160h",
        [ramp(steps=[five | {"soak": {"duration": "2160h1s"}}])],
        [ramp(steps=[five | {"soak": {"duration": "2160h"}}])],
    )


def _of_gates() -> Iterator[RampCase]:
    at = f"{RAMP}.gates[0]"
    one = "exactly one of prometheus, webhook must be set for External, and none for another metric"
    plain = _gate("ValueErrors")
    yield from _told(GATE, shared.ASKED, at, one, [_gate("ValueErrors", prometheus=_ASKED)], [_external(), plain])
    named = [_gate("ValueErrors", name="one")]
    yield from _told(GATE, shared.NAMED, at, "only External has a name", named, [_external(name="one"), plain])
    yield from _told(
        GATE,
        rules.LIMITED,
        at,
        "External has no limits of its own; hold, abort or both must be set",
        [_external(hold=None)],
        [_external(hold=None, disabled=True), _external(), plain],
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
        long, short = ({name: {"maxDuration": length}} for length in ("720h0m0s1ms", "720h"))
        yield from _told(
            f"{GATE}.{name}.maxDuration",
            _HOURS.format("720h"),
            f"{at}.{name}.maxDuration",
            "must not be longer than 720h",
            [_gate("ReplicationConverged", **long)],
            [_gate("ReplicationConverged", **short)],
        )


def _misfits() -> Iterator[dict[str, Any]]:
    """Every limit at a metric that has another one."""
    for place, (_, member, hold, _) in enumerate(_PAIRS):
        metric, own, other, _ = _PAIRS[place - 1]
        if member != own:
            asked = {"webhook": {"url": "http://localhost:9090/"}} if metric == "External" else {}
            yield _gate(metric, abort={member: hold}, hold={own: other}, **asked)


def _of_external() -> Iterator[RampCase]:
    at = f"{RAMP}.gates[0]"
    clear = {"url": "http://prometheus.example.com", "query": "up"}
    for name, asked in (("prometheus", clear), ("webhook", {"url": clear["url"]})):
        yield from _told(
            f"{GATE}.{name}",
            shared.HTTPS,
            f"{at}.{name}",
            "a token is sent over https only",
            [_external(**{"prometheus": None, name: {**asked, "token": _TOKEN}})],
            [_external(**{"prometheus": None, name: asked})],
        )
        yield from _told(
            f"{GATE}.{name}.ca",
            _ONE_CA,
            f"{at}.{name}.ca",
            "exactly one of secretKeyRef, configMapKeyRef must be set",
            [_external(**{"prometheus": None, name: {**asked, "ca": _SECRET | _MAP}})],
            [_external(**{"prometheus": None, name: {**asked, "ca": _SECRET}})],
        )


CASES = (*_of_groups(), *_of_steps(), *_of_gates(), *_of_external())
"""``groups`` of each is what ``spec.writeback`` says."""
