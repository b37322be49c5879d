"""What runs measure in front of a simulated service over real TLS, whose latency is known."""

from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from support.online import online
from syncramp.model.measures import CallTime, Measure
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.latency import Latency

LATENCY = Latency(2.0, 0.5, 0.25)
"""Seconds of a call, of an object and of a link."""
PEOPLE = range(1, 41)


def directory(members: int) -> ListSource:
    source = ListSource()
    source.add(*map(user, PEOPLE), group(501))
    source.members[guid(501)] = [user_dn(number) for number in PEOPLE[:members]]
    return source


def calls(engine: Engine) -> list[CallTime]:
    with engine.store() as store:
        return store.samples.calls(0.0)


def values(engine: Engine) -> dict[str, float]:
    with engine.store() as store:
        rows = store.samples.rows(0.0)
    return {row.name: row.value for row in rows if row.run == rows[-1].run}


def test_the_seconds_of_a_call_are_those_of_the_service(tmp_path: Path) -> None:
    with online(tmp_path, directory(40), latency=LATENCY, most_links=16) as (engine, _):
        engine.run()
        found = sorted(calls(engine), key=lambda call: call.links)
        assert sum(call.weight for call in found) == 3, "16, 16 and 8 links"
        for call, links in zip(found, (8, 16), strict=True):
            assert call.links == pytest.approx(links, rel=0.06)
            assert call.seconds == pytest.approx(LATENCY.seconds(1, links), rel=0.03)


def test_a_run_is_as_long_as_its_answers(tmp_path: Path) -> None:
    """On a virtual clock nothing else takes long."""
    with online(tmp_path, directory(0), latency=Latency(call=100.0)) as (engine, _):
        report, _ = engine.run()
        told = values(engine)
        assert told[Measure.CALLS] > told[Measure.EXPORTS] == report.calls
        assert told[Measure.CYCLE] == pytest.approx(100.0 * told[Measure.CALLS])


def test_what_the_service_puts_off_counts_for_the_throttle_and_not_for_its_latency(tmp_path: Path) -> None:
    busy = Script([Rule(Kind.BUSY, "ProvisionAzureADSyncObjects2", Calls(1, 2))])
    with online(tmp_path, directory(4), busy, latency=LATENCY) as (engine, _):
        report, _ = engine.run()
        assert report.settled
        told = values(engine)
        assert told[Measure.THROTTLED] == 2 and told[Measure.THROTTLED_PIECE] > 0.0
        assert sum(call.weight for call in calls(engine)) == 1
