"""What each gate of a ramp looks at, and of how much it was measured. Pure functions of measures and a moment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from syncramp.model.measures import CallTime, Measure, Measured, Measures, percentile
from syncramp.ramp.wording import FORMATS, duration
from syncramp.spec.ramps import UNITS, Gate, Metric
from syncramp.words import count

LEAST_CYCLES = 4
"""Runs that must have been measured, so that one strange run is not taken for the rule."""
LEAST_CALLS = 20
"""Calls that must have been measured: fewer have no slowest one of 20."""
WEEK = 7 * 86_400.0
LONGEST_REMOVAL = 4 * 3600.0
"""Seconds after which a single removal pauses a ramp, whatever the others did; where runs are so rare that ``abort``
is longer, that."""
LONGEST_PIECE = 600.0
"""Seconds of throttling without a break that hold a ramp: two windows of the service's throttle."""
LONGEST_UNCONFIRMED = 86_400.0
"""Seconds after which a single link that no read-back shows pauses a ramp."""
REFUSED_FLOOR = 20
"""Objects that may be refused in a window whatever percentage they are."""
READ_BACK_FLOOR = 20
"""Objects; a median below it counts as this, or the first change after a quiet week would be a thousandfold."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one gate found; what must be said beside the comparison of the value with the limits."""

    value: float | None
    samples: int
    text: str
    """The value in words, and of how much it was measured."""
    missing: str = ""
    """What is too little to judge by, as a clause, with what to do."""
    baseline: float | None = None
    forgiven: str = ""
    """Why a value above its limit is no failure."""
    holds: str = ""
    """What holds the ramp whatever the value is."""
    aborts: str = ""
    """What pauses it whatever the value is."""
    failed: bool = False
    """It could not be asked."""


# --- what each of them looks at ------------------------------------------------------------------------------------


def _removal_latency(gate: Gate, measures: Measures, now: float) -> Found:
    """How long leavers stayed in, those included who still are, although nothing holds their removal."""
    rows, cycles = measures.of(Measure.REMOVAL_LATENCY, measures.window), _cycles(measures, measures.window)
    waiting = [row for row in measures.of(Measure.REMOVAL_WAITING, 0.0)[-1:] if row.weight]
    oldest = max((row.value for row in waiting), default=0.0)
    answered = sum(row.weight for row in rows)
    p95 = percentile(((row.value, row.weight) for row in rows), 95)
    value = max(p95 or 0.0, oldest) if rows or waiting else None
    longest = max([oldest, *(row.value for row in rows)])
    missing = too_few_cycles(cycles) or (
        "" if answered else "nobody had to be removed yet, which is what it measures"
    )
    if value is not None and gate.hold is not None and oldest > float(gate.hold):
        missing = ""  # somebody is in who should be out: there is nothing to wait for
    most = max(LONGEST_REMOVAL, float(gate.abort or 0))
    late = f"a removal took {duration(longest)}, more than {duration(most)}"
    still = f", the oldest of those that wait after {duration(oldest)}" if waiting else ""
    return Found(
        value,
        answered,
        f"95 % of {count(answered, 'removal')} were out after {duration(p95 or 0.0)}{still} ({_in(cycles)})",
        missing,
        aborts=late if longest > most else "",
    )


def _cycle_duration(gate: Gate, measures: Measures, now: float) -> Found:
    """How long a run takes without the ramp: what is left of the interval is the ramp's."""
    rows = measures.of(Measure.CYCLE, measures.window)
    value = percentile(((row.value, 1) for row in rows), 95)
    text = f"95 % of {count(len(rows), 'cycle')} took at most {duration(value or 0.0)} without links of ramps"
    return Found(value, len(rows), text, too_few_cycles(len(rows)))


def _export_latency(percent: int) -> "Finder":
    def found(gate: Gate, measures: Measures, now: float) -> Found:
        """How long the service takes for a call that carries links."""
        calls = [call for call in measures.calls if call.at >= measures.window]
        number = sum(call.weight for call in calls)
        value = percentile(((call.seconds, call.weight) for call in calls), percent)
        text = f"{percent} % of {count(number, 'call')} with links took at most {duration(value or 0.0)}"
        return Found(value, number, f"{text} ({most_links(calls)})", _too_few_calls(number, "with links"))

    return found


def _link_errors(gate: Gate, measures: Measures, now: float) -> Found:
    """Links of the ramp that the service does not take, since the step began."""
    taken = _sum(measures.of(Measure.LINKS_TAKEN, measures.began))
    total = taken + measures.refused
    value = 100 * measures.refused / total if total else None
    text = f"{measures.refused:,} of {count(total, 'link')} of this step were refused ({_percent(value)})"
    return Found(value, total, text, "" if total else "no link of the ramp was sent since the step began")


def _object_errors(gate: Gate, measures: Measures, now: float) -> Found:
    """Objects that the service refuses, beyond what it refuses every day."""
    sent = _sum(measures.of(Measure.OBJECTS_SENT, measures.window))
    refused = _sum(measures.of(Measure.OBJECTS_REFUSED, measures.window))
    calls = _sum(measures.of(Measure.EXPORTS, measures.window))
    usual = percentile(((share, 1) for share in _shares(measures, now)), 50)
    percent = 100 * refused / sent if sent else 0.0
    value = None if usual is None else round(max(0.0, percent - usual), 6)
    forgiven = f"no more than {REFUSED_FLOOR} are never judged" if refused <= REFUSED_FLOOR else ""
    text = (
        f"{refused:,} of {count(sent, 'object')} were refused ({_percent(percent)}, {_percent(usual)} in a usual run)"
    )
    missing = _too_few_calls(calls, "of exports") or (
        "" if usual is not None else "no run of the week sent an object"
    )
    return Found(value, calls, text, missing, baseline=usual, forgiven=forgiven)


def _throttle(gate: Gate, measures: Measures, now: float) -> Found:
    """How often the service asks for patience."""
    calls = _sum(measures.of(Measure.CALLS, measures.window))
    pushed = _sum(measures.of(Measure.THROTTLED, measures.window))
    longest = max((row.value for row in measures.of(Measure.THROTTLED_PIECE, measures.window)), default=0.0)
    value = 100 * pushed / calls if calls else None
    text = f"{pushed:,} of {count(calls, 'call')} were put off by the service ({_percent(value)})"
    long = f"the service put calls off for {duration(longest)} without a break"
    return Found(value, calls, text, _too_few_calls(calls), holds=long if longest > LONGEST_PIECE else "")


def _confirm_lag(gate: Gate, measures: Measures, now: float) -> Found:
    """How many runs it takes until a read-back shows a link that was answered as added."""
    shown = [(row.value, row.weight) for row in measures.of(Measure.CONFIRM_LAG, measures.window)]
    waiting = [(float(max(0, measures.run - one.run)), one.links) for one in measures.unconfirmed]
    number = sum(weight for _, weight in [*shown, *waiting])
    before = sum(row.weight for row in measures.of(Measure.CONFIRM_LAG, measures.began))
    if not number and before:  # nothing was sent in this window, and nothing of the step is missing
        return Found(0.0, before, f"all {count(before, 'link')} of this step are confirmed")
    value = percentile([*shown, *waiting], 95)
    oldest = max((now - one.at for one in measures.unconfirmed), default=0.0)
    text = f"95 % of {count(number, 'link')} were shown after at most {FORMATS[UNITS[gate.metric]](value or 0.0)}"
    still = f" ({sum(links for _, links in waiting):,} are not shown yet)" if waiting else ""
    late = f"a link was added {duration(oldest)} ago and no read-back shows it"
    missing = (
        "" if number else "no read-back has shown a link of the ramp yet; where it never does, disable this gate"
    )
    return Found(value, number, text + still, missing, aborts=late if oldest > LONGEST_UNCONFIRMED else "")


def _read_back(gate: Gate, measures: Measures, now: float) -> Found:
    """How much changes in the tenant between two runs: what our links set off comes back there."""
    rows = measures.of(Measure.READ_BACK, measures.window)
    before = _usual(measures, now, Measure.READ_BACK)
    usual = percentile(((row.value, 1) for row in before), 50)
    most = percentile(((row.value, 1) for row in rows), 95)
    value = None if most is None or usual is None else round(most / max(usual, READ_BACK_FLOOR), 6)
    text = (
        f"read-backs show up to {most or 0:,.0f} changed objects, {usual or 0:,.0f} in a usual run ({_in(len(rows))})"
    )
    return Found(value, len(rows), text, too_few_cycles(len(rows)), baseline=usual)


def _member_count(gate: Gate, measures: Measures, now: float) -> Found:
    """Runs in a row, up to the last one, in which the tenant had other members than we know."""
    rows = measures.of(Measure.DISAGREEMENT, 0.0)
    number = next((n for n, row in enumerate(reversed(rows)) if not row.value), len(rows))
    recent = [row for row in rows if row.at >= measures.window]
    links = int(rows[-1].value) if rows else 0
    text = f"{count(links, 'link')} differ from the read-back, for {count(number, 'run')} in a row"
    missing = "" if recent else "no read-back has shown members of these groups yet; where none ever does, disable it"
    return Found(float(number), len(recent), text if number else "the read-back shows the members we know", missing)


def _external(gate: Gate, measures: Measures, now: float) -> Found:
    """A number of another system."""
    told = measures.outside.get(gate.name)
    if told is None or told.value is None:
        why = told.why if told else "it was not asked yet"
        return Found(None, 0, "", f"{gate.name}: {why}", failed=told is not None and told.failed)
    return Found(told.value, 1, f"{gate.name} is {FORMATS[UNITS[gate.metric]](told.value)}")


Finder = Callable[[Gate, Measures, float], Found]
FINDERS: Mapping[Metric, Finder] = {
    Metric.REMOVAL_LATENCY: _removal_latency,
    Metric.CYCLE_DURATION: _cycle_duration,
    Metric.EXPORT_LATENCY_P50: _export_latency(50),
    Metric.EXPORT_LATENCY_P95: _export_latency(95),
    Metric.LINK_ERRORS: _link_errors,
    Metric.OBJECT_ERRORS: _object_errors,
    Metric.THROTTLE: _throttle,
    Metric.CONFIRM_LAG: _confirm_lag,
    Metric.READ_BACK: _read_back,
    Metric.MEMBER_COUNT: _member_count,
    Metric.EXTERNAL: _external,
}


# --- how much there is to judge by ---------------------------------------------------------------------------------


def _usual(measures: Measures, now: float, name: Measure, least: float = 0.0) -> list[Measured]:
    """Measurements of the seven days before the step; where there are too few of them, of the last seven.

    :param least: smaller values are left out.
    """
    began = measures.began
    before = [row for row in measures.of(name, began - WEEK, began) if row.value >= least]
    recent = [row for row in measures.of(name, now - WEEK) if row.value >= least]
    return before if len(before) >= LEAST_CYCLES else recent


def _shares(measures: Measures, now: float) -> list[float]:
    """Percent of the objects that were refused, of each run of a usual week that sent some."""
    refused = {row.run: row.value for row in measures.of(Measure.OBJECTS_REFUSED, 0.0)}
    return [100 * refused.get(row.run, 0.0) / row.value for row in _usual(measures, now, Measure.OBJECTS_SENT, 1.0)]


def _cycles(measures: Measures, since: float) -> int:
    return len(measures.of(Measure.CYCLE, since))


def _sum(rows: list[Measured]) -> int:
    return int(sum(row.value for row in rows))


def too_few_cycles(number: int) -> str:
    """What is missing of the runs that a verdict needs; empty: nothing."""
    if number >= LEAST_CYCLES:
        return ""
    return f"{number} of {LEAST_CYCLES} cycles were measured in this window; it is judged once the others have run"


def _too_few_calls(number: int, which: str = "") -> str:
    if number >= LEAST_CALLS:
        return ""
    calls = f"calls {which}".strip()
    return f"{number} of {LEAST_CALLS} {calls} were measured in this window; it is judged once there are more"


def _in(cycles: int) -> str:
    return f"in {count(cycles, 'cycle')}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g} %"


def most_links(calls: list[CallTime]) -> str:
    """How large the largest of calls was."""
    return f"up to {count(max((call.links for call in calls), default=0), 'link')} each"
