"""What gates are expected to measure while a ramp grows: its calls take what the latency model says, among those that
the tenant has anyway; durations stay as they were measured; everything else is well.

One in ten of the ramp's calls is reckoned as slow as the slowest one of 20 usually is, so the 95th percentile of a
window with nothing else in it is just that.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from syncramp.model.forecast import NearGate
from syncramp.model.ramps import Judgement, Verdict
from syncramp.ramp.findings import LEAST_CALLS, LEAST_CYCLES
from syncramp.ramp.latency import FULL, LatencyModel, Timed, quantile
from syncramp.spec.ramps import UNITS, Gate, Metric
from syncramp.spec.types import WriteBudget

PARALLEL = 4
"""Calls in flight of an export to the tenant."""
TOLD = 0.5
"""Part of its hold value from which a gate is told as the one that is near."""
FINENESS = 20
"""Sizes of calls that are told apart; one between two counts as the larger one."""
SLOW = 0.1
"""Part of the ramp's calls that are slow."""
_CALLS = {Metric.EXPORT_LATENCY_P50: 0.5, Metric.EXPORT_LATENCY_P95: 0.95, Metric.AD_LATENCY: 0.95}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a forecast reckons with. Seconds; moments since the epoch."""

    interval: float
    """From one run to the next."""
    next_run: float
    writes: WriteBudget = field(default_factory=WriteBudget)
    latency: LatencyModel = field(default_factory=LatencyModel)
    usual: Sequence[Timed] = ()
    """Calls with links of one run as the tenant has them without ramps, on average; empty: not measured."""
    cycle: float | None = None
    """Of a run without the links of ramps, its 95th percentile; None: not measured."""
    removal: float | None = None
    """From seeing a removal to its answer, likewise."""
    per_call: int = FULL
    """Links in one call."""
    objects_per_call: int = 30
    parallel: int = PARALLEL
    """Calls in flight."""
    least_calls: int = LEAST_CALLS
    """With links, by which gates judge."""
    pauses: float = 0.0
    """That a person is assumed to take for each pause."""
    spent: Sequence[tuple[float, int]] = ()
    """Links that the budget of the day counts already, with their moments, the earliest first."""


class Window:
    """The calls since gates are judged.

    :param since: seconds since the epoch.
    """

    def __init__(self, terms: Terms, since: float) -> None:
        self._terms = terms
        self._calls: Counter[int] = Counter()
        self.since = since
        self.runs = 0
        """Runs since then."""

    def carried(self, links: int, calls: int) -> None:
        """The ramp had so many calls with so many links each."""
        step = max(1, self._terms.per_call // FINENESS)
        self._calls[-(-links // step) * step] += calls

    def wanting(self) -> float:
        """Runs until every gate has samples enough; infinite: it never has."""
        missing = self._terms.least_calls - sum(weight for _, weight in self._all())
        if not self._terms.usual or missing <= 0:
            return max(0, LEAST_CYCLES - self.runs)
        return max(LEAST_CYCLES - self.runs, missing / sum(each.weight for each in self._terms.usual))

    def judge(self, gates: Iterable[Gate]) -> tuple[Judgement, ...]:
        """What gates are expected to say."""
        verdict = Verdict.INCONCLUSIVE if self.wanting() > 0 else Verdict.PASSED
        return tuple(self._judgement(gate, verdict) for gate in gates)

    def near(self, gates: Iterable[Gate]) -> NearGate | None:
        """The gate whose value is nearest to where it holds; None: none is near."""
        found = [(value / float(gate.hold), gate, value) for gate, value in self._values(gates) if gate.hold]
        part, gate, value = max(found, key=lambda each: each[0], default=(0.0, None, 0.0))
        if gate is None or gate.hold is None or part < TOLD:
            return None
        return NearGate(gate.metric.value, value, float(gate.hold), UNITS[gate.metric].value)

    def _judgement(self, gate: Gate, verdict: Verdict) -> Judgement:
        value, hold = self._value(gate.metric), None if gate.hold is None else float(gate.hold)
        abort = None if gate.abort is None else float(gate.abort)
        if verdict is Verdict.PASSED and value is not None and hold is not None and value > hold:
            verdict = Verdict.FAILED
        aborts = verdict is Verdict.FAILED and abort is not None and value is not None and value > abort
        return Judgement(
            gate.metric.value, gate.name, verdict, value, UNITS[gate.metric].value, hold, abort, aborts,
            self.runs, "expected by the forecast",
        )  # fmt: skip

    def _values(self, gates: Iterable[Gate]) -> Iterator[tuple[Gate, float]]:
        for gate in gates:
            value = self._value(gate.metric)
            if value is not None:
                yield gate, value

    def _value(self, metric: Metric) -> float | None:
        if metric in _CALLS:
            calls = self._all()
            return quantile(calls, _CALLS[metric]) if calls else None
        return {Metric.CYCLE_DURATION: self._terms.cycle, Metric.REMOVAL_LATENCY: self._terms.removal}.get(metric)

    def _all(self) -> list[tuple[float, float]]:
        """Seconds of calls, with how many there were."""
        found = [(each.seconds, each.weight * self.runs) for each in self._terms.usual if self.runs]
        for links, calls in self._calls.items():
            found.append((self._terms.latency.seconds(links), (1 - SLOW) * calls))
            found.append((self._terms.latency.slow(links), SLOW * calls))
        return found
