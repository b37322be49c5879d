"""Reports of tenants whose people write whatever they like, and as much of it as they can."""

from typing import Any

from hypothesis import strategies as st

from syncramp.model.guards import Reading
from syncramp.model.plan import Sample
from syncramp.model.ramp_reports import RampReport
from syncramp.model.ramps import Decided
from syncramp.model.report import PhaseReport, RemovalLatency, RunReport, SourceReport, Tally
from syncramp.model.written import WrittenReport

LONG = 3000
ODD = ["\x1b[31m", "\0", "\u202e", "\ud800", "🜚", "\\", '"', "<&>", "\n", "日本", "e\u0301"]
"""What terminals obey, what JSON escapes, what no UTF-8 has, and what takes more bytes than characters."""
NAMES = st.builds(lambda part, times: part * times, st.sampled_from(ODD) | st.text(max_size=20), st.integers(1, LONG))
COUNTS = st.integers(0, 2**40)
MANY = 60


def counts(names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(names, COUNTS, max_size=MANY)


SAMPLES = st.builds(Sample, st.just("Create"), NAMES, NAMES, NAMES, NAMES)


def samples() -> st.SearchStrategy[dict[str, list[Sample]]]:
    return st.dictionaries(NAMES, st.lists(SAMPLES, max_size=5), max_size=MANY)


TALLIES = st.builds(Tally, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
VERDICTS = st.fixed_dictionaries({"metric": NAMES, "name": NAMES, "verdict": st.just("Passed"), "sentence": NAMES})
RAMPS = st.builds(
    RampReport,
    NAMES,
    st.just("Members"),
    st.just("Growing"),
    step=st.integers(1, 9),
    steps=st.integers(1, 9),
    ceiling=COUNTS,
    target=COUNTS,
    groups=st.integers(0, 5),
    members_waiting=COUNTS,
    soak=st.just({"elapsed": 1.5, "duration": None}),
    judgements=st.lists(VERDICTS, max_size=20),
)
DECIDED = st.lists(
    st.builds(Decided, st.floats(0, 2e9), st.just(1), NAMES, NAMES, st.integers(0, 9), COUNTS, NAMES, NAMES)
)
READINGS = st.builds(
    Reading, st.just("deletes"), st.just("f"), NAMES, COUNTS, COUNTS | st.none(), st.none(), NAMES, NAMES,
    st.booleans(), NAMES,
)  # fmt: skip
WAITING: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"hold": st.just("TooManyDeletes"), "class": st.just("Delete"), "changes": COUNTS, "digest": st.just("d" * 32)}
)
FINDINGS = st.fixed_dictionaries({"check": NAMES, "text": NAMES, "remedy": NAMES})
WRITTEN = st.builds(
    WrittenReport,
    container=NAMES,
    server=NAMES,
    groups=COUNTS,
    members=COUNTS,
    unwritable=counts(),
    refused=counts(),
    converged_seconds=st.none() | st.floats(0, 1e9),
    strangers=COUNTS,
    note=NAMES,
)
OTHER = st.builds(
    RunReport,
    run=COUNTS,
    objects=TALLIES,
    links=TALLIES,
    counts=st.dictionaries(
        st.sampled_from(["Create", "Delete", "Update"]), counts(st.sampled_from(["User", "Group"]))
    ),
    errors=counts(),
    error_samples=samples(),
    holds=counts(),
    hold_samples=samples(),
    drift=counts(),
    ramps=st.lists(RAMPS, max_size=3),
    waiting=st.lists(WAITING, max_size=MANY),
    written=WRITTEN | st.none(),
    failure=st.just("") | NAMES,
    failure_reason=NAMES,
    failure_family=st.sampled_from(["", "Retry", "Else"]),
)
"""Of the other direction."""
REPORTS = st.builds(
    RunReport,
    writeback=st.none() | OTHER,
    run=COUNTS,
    mode=st.sampled_from(["Plan", "Staging", "Sync"]),
    objects=TALLIES,
    links=TALLIES,
    counts=st.dictionaries(st.sampled_from(["Create", "Delete", "Update"]), counts(st.just("User"))),
    errors=counts(),
    error_samples=samples(),
    holds=counts(),
    hold_samples=samples(),
    guards=st.lists(READINGS, max_size=MANY),
    drift=counts(),
    sources=st.lists(st.builds(SourceReport, NAMES, NAMES, st.booleans(), COUNTS, COUNTS | st.none(), NAMES)),
    ramps=st.lists(RAMPS, max_size=20),
    preflight=st.lists(FINDINGS, max_size=MANY),
    phases=st.lists(st.builds(PhaseReport, st.sampled_from(["import", "plan", "export"]), st.floats(0, 1e6))),
    waiting=st.lists(WAITING, max_size=MANY),
    removal_latency=st.builds(RemovalLatency, COUNTS, st.none(), st.floats(0, 1e6), st.none(), COUNTS),
)
