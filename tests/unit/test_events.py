"""Events cross from one process to another as lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.events import Event, Note, PhaseEnded, PhaseStarted, Progress, as_json, event_of

NUMBERS = st.integers(0, 2**53)
SECONDS = st.floats(0, 1e6)
EVENTS = st.one_of(
    st.builds(PhaseStarted, st.text()),
    st.builds(Progress, st.text(), NUMBERS, NUMBERS | st.none(), st.text(), SECONDS, NUMBERS, NUMBERS | st.none()),
    st.builds(PhaseEnded, st.text(), NUMBERS, NUMBERS, st.text(), SECONDS),
    st.builds(Note, st.sampled_from(["info", "warning"]), st.text()),
)


@given(EVENTS)
def test_an_event_is_one_line_and_comes_back_as_it_was(event: Event) -> None:
    line = as_json(event)
    assert len(line.splitlines()) == 1
    assert event_of(line) == event_of(line.encode()) == event


@pytest.mark.parametrize(
    "line",
    ["", "nonsense", "7", "[]", "{}", '{"event": "Note"}', '{"event": "ended", "phase": "Failed"}', "\udc80"],
)
def test_what_tells_no_event_is_none(line: str) -> None:
    with pytest.raises(ValueError, match=r"no event|Expecting|Invalid|decode|surrogates|Extra data"):
        event_of(line)


def test_an_event_with_a_member_more_is_of_another_release() -> None:
    told = json.loads(as_json(PhaseStarted("import"))) | {"more": 1}
    with pytest.raises(ValueError, match="no event"):
        event_of(json.dumps(told))
