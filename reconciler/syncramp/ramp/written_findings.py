"""What gates look at where groups are written to a directory (``findings`` has those of the cloud).

Each says what was measured last, or what the window came to. Where nothing was there to be measured, as nobody was
written, a gate says so and does not pass; what is known to be nothing is measured: no controller but one, or nobody
who comes to a security group.
"""

from collections.abc import Mapping

from syncramp.model.measures import Measure, Measured, Measures, percentile
from syncramp.ramp.findings import Finder, Found, most_links, too_few_cycles
from syncramp.ramp.wording import duration
from syncramp.spec.ramps import Gate, Metric
from syncramp.words import count

LONGEST_UNREACHED = 2 * 3600.0
"""Seconds for which a domain controller may be off during a step: a restart with updates is over by then."""


def _ad_latency(gate: Gate, measures: Measures, now: float) -> Found:
    """How long a domain controller takes for a request with members; of fewer than 20 the slowest one counts. In a
    window in which none was made, as nobody came or went, those of the whole step count.
    """
    step = [call for call in measures.calls if call.at >= measures.began]
    calls = [call for call in step if call.at >= measures.window] or step
    number = sum(call.weight for call in calls)
    value = percentile(((call.seconds, call.weight) for call in calls), 95)
    text = f"95 % of {count(number, 'request')} with members took at most {duration(value or 0.0)}"
    pushed = int(sum(row.value for row in measures.of(Measure.PUT_OFF, measures.window)))
    off = f"the domain controller answered {count(pushed, 'request')} with adminLimitExceeded, busy or unavailable"
    missing = "" if number else "no request with members was made since the step began"
    return Found(value, number, f"{text} ({most_links(calls)})", missing, aborts=off if pushed else "")


def _converged(gate: Gate, measures: Measures, now: float) -> Found:
    """Whether every writable domain controller has what was written, and else since when one lacks it."""
    last, lost = _last(measures, Measure.REPLICATION), _last(measures, Measure.UNREACHED)
    off = lost if lost is not None and lost.weight else None
    aborts = missing = ""
    if off is not None:
        who = f"{count(off.weight, 'domain controller')} could not be asked"
        missing = f"{who} whether what was written is there"
        aborts = f"{who} for {duration(off.value)}" if off.value > LONGEST_UNREACHED else ""
    if last is None or not last.weight:
        return Found(None, 0, "", missing or "nothing was written to the directory yet", aborts=aborts)
    if gate.hold is not None and last.value > float(gate.hold):
        missing = ""  # one that was asked is late enough
    there = f"all of {count(last.weight, 'writable domain controller')} have what was written"
    late = f"a domain controller lacks what was written {duration(last.value)} ago, of {last.weight:,} asked"
    return Found(last.value, last.weight, late if last.value else there, missing, aborts=aborts)


def _value_errors(gate: Gate, measures: Measures, now: float) -> Found:
    """Members that the directory does not take, since the step began."""
    taken = int(sum(row.value for row in measures.of(Measure.LINKS_TAKEN, measures.began)))
    total = taken + measures.refused
    value = 100 * measures.refused / total if total else None
    text = f"{measures.refused:,} of {count(total, 'member')} of this step were refused"
    return Found(value, total, text, "" if total else "nobody was added since the step began")


def _tokens(gate: Gate, measures: Measures, now: float) -> Found:
    """In how many groups those are who come to security groups."""
    rows = measures.of(Measure.TOKENS, measures.window)
    number, unknown = sum(row.weight for row in rows), _last(measures, Measure.TOKENS_UNKNOWN)
    value = max((row.value for row in rows), default=None)
    text = (
        f"of {count(number, 'member')} for security groups nobody who came is in more than {value or 0:,.0f} groups"
        if number
        else f"nobody came to a security group in {count(len(rows), 'run')}"
    )
    missing = "" if rows else "no run in this window has planned yet"
    if unknown is not None and unknown.value:
        missing = f"of {count(int(unknown.value), 'member')} it cannot be asked in how many groups they are"
    return Found(value, number or len(rows), text, missing)


def _share(gate: Gate, measures: Measures, now: float) -> Found:
    """How much of the interval the writing takes."""
    rows = measures.of(Measure.SHARE, measures.window)
    value = percentile(((row.value, 1) for row in rows), 95)
    text = f"95 % of {count(len(rows), 'run')} wrote for at most {value or 0:.3g} % of the interval"
    return Found(value, len(rows), text, too_few_cycles(len(rows)))


def _count_agrees(gate: Gate, measures: Measures, now: float) -> Found:
    """Runs in a row, up to the last one, in which a second controller that has our writes counted other members."""
    rows = measures.of(Measure.SECOND, measures.began)
    number = next((n for n, row in enumerate(reversed(rows)) if not row.value), len(rows))
    groups = sum(row.weight for row in rows)
    if not rows:
        missing = "no second domain controller was asked yet for groups that grew"
        return Found(None, 0, "", missing)
    agree = f"a second domain controller counts the same members in {count(groups, 'group')}"
    differ = f"two domain controllers count {count(int(rows[-1].value), 'member')} differently"
    text = f"{differ}, for {count(number, 'run')} in a row" if number else agree
    return Found(float(number), max(groups, len(rows)), text)


def _last(measures: Measures, name: Measure) -> Measured | None:
    """The last measurement of a name, if it is of this step."""
    rows = measures.of(name, measures.began)
    return rows[-1] if rows else None


WRITTEN_FINDERS: Mapping[Metric, Finder] = {
    Metric.AD_LATENCY: _ad_latency,
    Metric.CONVERGED: _converged,
    Metric.VALUE_ERRORS: _value_errors,
    Metric.TOKENS: _tokens,
    Metric.WRITEBACK_SHARE: _share,
    Metric.COUNT_AGREES: _count_agrees,
}
