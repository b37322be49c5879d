"""A server is asked as often for many people and groups as for few: each way there and back takes its time."""

from collections import Counter
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.losing import losing
from support.model import ListSource, ModelCloud
from support.postgresql import requires_postgresql
from syncramp.cycle.job import Pace
from syncramp.events import Event, PhaseEnded, PhaseStarted

pytestmark = [requires_postgresql, pytest.mark.parametrize("kept_in", ["server"], indirect=True)]

PACE = Pace(objects_per_call=500, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)


class Asked(list[Event]):
    """Counts statements by phase, as events tell it."""

    def __init__(self) -> None:
        super().__init__()
        self.phase, self.count = "", Counter[str]()

    def append(self, event: Event) -> None:
        if isinstance(event, PhaseStarted | PhaseEnded):
            self.phase = event.phase if isinstance(event, PhaseStarted) else ""

    def note(self, sql: str) -> None:
        self.count[self.phase] += 1


def _asked(folder: Path, groups: int) -> Counter[str]:
    """How often a first run of so many groups, each of two people of its own, asks the server, by phase."""
    directory, asked = ListSource(), Asked()
    for number in range(groups):
        people = 2 * number + 1, 2 * number + 2
        directory.add(*map(user, people), group(1000 + number))
        directory.members[guid(1000 + number)] = [user_dn(each) for each in people]
    folder.mkdir()
    engine = Engine(folder / "state.db", ModelCloud(page=500), sources=[directory], pace=PACE, events=asked)
    with losing(asked.note):
        assert engine.run()[0].links.acknowledged == 2 * groups
    return asked.count


def test_a_first_run_asks_no_more_often_for_five_times_as_many(tmp_path: Path) -> None:
    few, many = _asked(tmp_path / "few", 10), _asked(tmp_path / "many", 50)
    assert few.keys() == many.keys() >= {"import", "synchronise", "plan", "export", "confirm"}
    more = {phase: many[phase] - few[phase] for phase in many}
    assert more.pop("export") <= 40, "who is to be added is asked once for a group"
    assert set(more.values()) == {0}, more
