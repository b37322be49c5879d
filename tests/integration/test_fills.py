"""Groups that their ramp fills in one go, over real TLS: the connection is reset at every batch of a fill."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from support.online import online
from syncramp.cycle.job import Pace
from syncramp.endpoint import contract
from syncramp.errors import AnswerLost
from syncramp.simulator.faults import Calls, Rule, Script
from syncramp.simulator.faults import Kind as Fault
from syncramp.simulator.server import Simulator
from syncramp.spec.ramps import RampPolicy, Step

PEOPLE = range(1, 8)
GROUPS = (101, 102)
PEOPLE_CALLS = 4
"""Batches before the first fill."""
FILL = 1 + 3
"""Batches of one fill: the create and seven links, three in each."""


@contextmanager
def _engine(path: Path, script: Script) -> Iterator[tuple[Engine, Simulator]]:
    source = ListSource()
    source.add(*map(user, PEOPLE), *map(group, GROUPS))
    for number in GROUPS:
        source.members[guid(number)] = list(map(user_dn, PEOPLE))
    path.mkdir()
    with online(path, source, script, most_links=3) as (engine, simulator):
        engine.pace = Pace(objects_per_call=2, parallel=1, lost_answers=1)
        engine.config = replace(engine.config, ramps=(RampPolicy("large", (Step(9),), (), min_members=5),))
        yield engine, simulator


def _sizes(engine: Engine, simulator: Simulator) -> list[int | None]:
    """Members of each group in the tenant; None: the group is not there."""
    anchors, tenant = [engine.anchor(group(number)) for number in GROUPS], simulator.tenant
    return [len(tenant.members(anchor)) if anchor in tenant.anchors() else None for anchor in anchors]


def test_one_group_after_the_other_is_created_and_filled(tmp_path: Path) -> None:
    with _engine(tmp_path / "whole", Script()) as (engine, simulator):
        engine.run()
        assert simulator.exports == PEOPLE_CALLS + FILL and _sizes(engine, simulator) == [7, None]
        assert engine.run()[0].settled
        assert simulator.exports == PEOPLE_CALLS + 2 * FILL and _sizes(engine, simulator) == [7, 7]


@pytest.mark.parametrize("processed", [True, False], ids=["after it was processed", "before"])
def test_a_fill_that_breaks_at_any_batch_is_finished_before_another_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processed: bool
) -> None:
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    for batch in range(PEOPLE_CALLS + 1, PEOPLE_CALLS + FILL + 1):
        script = Script([Rule(Fault.RESET, contract.PROVISION, Calls(batch, batch), processed=processed)])
        with _engine(tmp_path / str(batch), script) as (engine, simulator):
            with pytest.raises(AnswerLost):
                engine.run()
            seen = []
            for _ in range(5):
                engine.clock.now += 1800  # type: ignore[attr-defined]
                report, _ = engine.run()
                seen.append(_sizes(engine, simulator))
            assert report.settled and seen[-1] == [7, 7]
            assert all(first == 7 for first, second in seen if second is not None), "one after the other"
            assert all(second in (None, 7) for _, second in seen), "and never a part of it"
