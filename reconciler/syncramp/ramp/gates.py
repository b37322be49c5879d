"""Gates: is everything well enough for a ramp to go on?

A gate passes when its value is not above ``hold``, fails above it, and aborts above ``abort``. What was not measured,
or too seldom, is inconclusive and never passes. Each judgement says in a sentence what was measured, of how much, and
against which limit; ``findings`` has what each of them looks at. Pure functions of measures and a moment.
"""

from syncramp.model.measures import Measures
from syncramp.model.ramps import Judgement, Verdict
from syncramp.ramp.findings import FINDERS, Found
from syncramp.ramp.wording import FORMATS
from syncramp.ramp.written_findings import WRITTEN_FINDERS
from syncramp.spec.ramps import UNITS, Gate, RampPolicy

LOOKS = {**FINDERS, **WRITTEN_FINDERS}
"""What each metric looks at."""


def judge(policy: RampPolicy, measures: Measures, now: float) -> tuple[Judgement, ...]:
    """What every gate of a ramp says.

    :param now: seconds since the epoch.
    """
    return tuple(_judgement(gate, LOOKS[gate.metric](gate, measures, now)) for gate in policy.gates)


def _judgement(gate: Gate, found: Found) -> Judgement:
    verdict, aborts, sentence = _verdict(gate, found)
    return Judgement(
        metric=gate.metric.value,
        name=gate.name,
        verdict=verdict,
        value=found.value,
        unit=UNITS[gate.metric].value,
        hold=None if gate.hold is None else float(gate.hold),
        abort=None if gate.abort is None else float(gate.abort),
        aborts=aborts,
        samples=found.samples,
        sentence=sentence,
        baseline=found.baseline,
    )


def _verdict(gate: Gate, found: Found) -> tuple[Verdict, bool, str]:
    """The verdict, whether it aborts, and the sentence."""
    if found.failed:
        return Verdict.ERROR, False, found.missing
    if found.aborts:
        return Verdict.FAILED, True, f"{found.aborts}: that pauses the ramp"
    if found.missing or found.value is None:
        return Verdict.INCONCLUSIVE, False, found.missing
    words = FORMATS[UNITS[gate.metric]]
    if found.forgiven:
        return Verdict.PASSED, False, f"{found.text}; {found.forgiven}"
    if gate.abort is not None and found.value > float(gate.abort):
        return Verdict.FAILED, True, f"{found.text}; more than {words(float(gate.abort))} pauses the ramp"
    if gate.hold is not None and found.value > float(gate.hold):
        return Verdict.FAILED, False, f"{found.text}; more than {words(float(gate.hold))} holds the ramp"
    if found.holds:
        return Verdict.FAILED, False, f"{found.holds}: that holds the ramp"
    allowed = "" if gate.hold is None else f"; {words(float(gate.hold))} is allowed"
    return Verdict.PASSED, False, f"{found.text}{allowed}"
