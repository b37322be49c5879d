"""The CEL rules of ``spec.writeback``, as Python (``twins`` tells how they are used)."""

from collections.abc import Callable, Mapping
from typing import Any

from syncramp.check.ramp_twins import below_abort, fits, fitting, limited, ordered, shared_twins

GROUPS = "spec.writeback.groups"
GATE = f"{GROUPS}.ramp.gates[]"
SIZES = "!has(self.minMembers) || !has(self.maxMembers) || self.minMembers <= self.maxMembers"
SAME_SOURCE = "self == oldSelf"
LIMITED = "self.disabled || self.metric != 'External' || has(self.hold) || has(self.abort)"
FIT = (
    f"(self.metric in ['ADModifyLatencyP95', 'ReplicationConverged'] ? {fitting('maxDuration')} : "
    f"self.metric in ['ValueErrors', 'WritebackCycleShare'] ? {fitting('maxPercent')} : "
    f"self.metric == 'CountAgrees' ? {fitting('maxCycles')} : {fitting('maxValue')}).all(x, x)"
)
ORDERED = (
    f"!has(self.hold) || !has(self.abort) || ({ordered('maxDuration', 'duration({})')} && "
    f"{ordered('maxPercent', 'double({})')} && {ordered('maxCycles', '{}')} && {ordered('maxValue', 'double({})')})"
)
_ONE_CA = "[has(self.secretKeyRef), has(self.configMapKeyRef)].exists_one(x, x)"


def _sized(match: Any) -> bool:
    least, most = match.get("minMembers"), match.get("maxMembers")
    return type(least) is not int or type(most) is not int or least <= most


WRITEBACK_TWINS: Mapping[tuple[str, str], Callable[[Any], bool]] = {
    **shared_twins(f"{GROUPS}.ramp"),
    (f"{GROUPS}.match", SIZES): _sized,
    (f"{GROUPS}.tls.ca", _ONE_CA): lambda ca: (
        sum(ca.get(name) is not None for name in ("secretKeyRef", "configMapKeyRef")) == 1
    ),
    (GATE, LIMITED): limited,
    (GATE, FIT): fits,
    (GATE, ORDERED): below_abort,
}
