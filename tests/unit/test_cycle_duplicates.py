"""One objectGUID in two sources, and members that name nobody: one clear message each, and nothing is lost."""

from datetime import timedelta

import pytest

from support.build import BASE, config, group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from syncramp.spec.types import EndpointOverrides

TWIN = user(1, "Others", userPrincipalName="other@corp.example.com", displayName="Twin")


@pytest.fixture
def engine(tmp_path) -> Engine:
    corp, labs = ListSource("corp"), ListSource("labs")
    corp.add(user(1), user(2), group(101))
    corp.members[guid(101)] = [user_dn(1), user_dn(2)]
    labs.add(user(3))
    at_once = EndpointOverrides(visibility_delay=timedelta())
    document = config(sources=("corp", "labs"), endpoint=at_once)
    made = Engine(tmp_path / "state.db", sources=[corp, labs], config=document)
    for _ in range(2):
        made.run()
    made.cloud.calls.clear()
    return made


def names(engine: Engine) -> list[str]:
    return sorted(str(held.values.get("displayName")) for held in engine.cloud.objects.values())


def test_who_has_the_guid_of_somebody_of_another_source_is_held_and_named(engine: Engine) -> None:
    engine.sources[1].add(TWIN)
    for _ in range(2):
        report, plan = engine.run()
        assert plan.holds == {"AnchorConflict": 1} and engine.sent == []
        (sample,) = plan.hold_samples["AnchorConflict"]
        assert sample.dn == TWIN.dn and "belongs to another object" in sample.detail
    assert report.succeeded and names(engine) == ["Group 101", "User 1", "User 2", "User 3"]
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1)), engine.anchor(user(2))}
    engine.sources[1].entries.pop(guid(1))
    for _ in range(2):
        report, plan = engine.run()
    assert report.settled and engine.sent == []


def test_when_the_first_of_the_two_is_gone_the_other_one_takes_its_place_and_nobody_is_deleted(
    engine: Engine,
) -> None:
    engine.sources[1].add(TWIN)
    engine.run()
    engine.sources[0].entries.pop(guid(1))
    engine.sources[0].members[guid(101)] = [TWIN.dn, user_dn(2)]
    for _ in range(4):
        _, plan = engine.run()
        assert not plan.counts.get("Delete")
    assert names(engine) == ["Group 101", "Twin", "User 2", "User 3"]
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1)), engine.anchor(user(2))}


def test_members_that_name_nobody_are_counted_and_come_when_somebody_has_their_name(engine: Engine) -> None:
    engine.source.members[guid(101)] += [user_dn(4), f"CN=Nobody,{BASE}"]
    report, plan = engine.run()
    assert report.unresolved_members == 2 and plan.objects == plan.links == 0
    engine.source.add(user(4))
    for _ in range(2):
        report, _ = engine.run()
    assert report.unresolved_members == 1 and report.settled
    assert engine.anchor(user(4)) in engine.cloud.links[engine.anchor(group(101))]
