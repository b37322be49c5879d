"""Objects that somebody deleted in the cloud: the answer to an update tells it, and they go once more, whole."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine, links
from support.flight import flights
from support.model import ModelCloud
from syncramp.cycle.job import Pace
from syncramp.model.wire import Outcome
from syncramp.spec.types import EndpointOverrides

GONE = "it was gone in the cloud: sent whole"


def _vanish_before_the_export(engine: Engine, *anchors: str) -> None:
    """They are deleted after the run has read back."""
    original = engine.cloud.reserve

    def reserve(writes: int, links: int, *, wait: bool) -> bool:
        for anchor in anchors:
            if anchor in engine.cloud.objects:
                engine.cloud.vanish(anchor)
        engine.cloud.reserve = original  # type: ignore[method-assign]
        return original(writes, links, wait=wait)

    engine.cloud.reserve = reserve  # type: ignore[method-assign]


@pytest.fixture
def synced(engine: Engine) -> Engine:
    engine.pace = Pace(objects_per_call=3, parallel=1, call_timeout=0.0)
    assert engine.run()[0].settled
    return engine


def test_a_person_who_was_gone_is_sent_whole_with_the_memberships(synced) -> None:
    one = synced.anchor(user(1))
    before = dict(synced.cloud.objects[one].values)
    synced.source.add(user(1, title="Clerk"))
    _vanish_before_the_export(synced, one)
    synced.cloud.bin.clear()
    report, _ = synced.run()
    assert synced.cloud.objects[one].values == {**before, "title": "Clerk"}
    assert one in next(iter(synced.cloud.links.values()))
    assert report.warnings == {GONE: 1}
    assert (report.objects.expected, report.objects.acknowledged) == (1, 1)
    assert report.links.acknowledged == 1
    assert report.settled
    assert synced.run()[0].objects.expected == 0


def test_a_group_that_was_gone_gets_its_attributes_and_all_of_its_members_again(synced) -> None:
    (group,) = synced.cloud.links
    before = dict(synced.cloud.objects[group].values)
    synced.source.members[guid(101)].append(user_dn(3))
    _vanish_before_the_export(synced, group)
    report, _ = synced.run()
    assert synced.cloud.objects[group].values == before
    assert len(synced.cloud.links[group]) == 3
    assert report.warnings == {GONE: 1}
    assert (report.objects.expected, report.objects.acknowledged) == (1, 1)
    assert (report.links.expected, report.links.acknowledged) == (3, 3)
    sent = len(synced.sent)
    assert synced.run()[0].settled
    assert len(synced.sent) == sent


def test_a_service_that_only_repeats_the_operation_is_understood_by_the_cloud_anchor(synced, monkeypatch) -> None:
    """The result of a Set that created says Set."""
    original = ModelCloud._one
    monkeypatch.setattr(ModelCloud, "_one", lambda cloud, obj: replace(original(cloud, obj), operation="Set"))
    one = synced.anchor(user(1))
    synced.source.add(user(1, title="Boss"), user(2, title="Boss"))
    _vanish_before_the_export(synced, one)
    report, _ = synced.run()
    assert report.warnings == {GONE: 1}
    assert "displayName" in synced.cloud.objects[one].values
    assert report.settled


def test_an_object_that_was_made_anew_by_a_lost_call_is_told_by_the_read_back(synced) -> None:
    """The update that created it was never answered: the next one finds it there."""
    one = synced.anchor(user(1))
    synced.source.add(user(1, title="Clerk"))
    _vanish_before_the_export(synced, one)
    synced.cloud.bin.clear()
    synced.pace = Pace(objects_per_call=3, parallel=1, patience=0.0, call_timeout=0.0, lost_answers=1)
    synced.lose()
    report, _ = synced.run()
    assert report.warnings == {} and report.drift == {"Anew": 1}
    assert report.settled
    assert one in next(iter(synced.cloud.links.values()))
    assert "displayName" in synced.cloud.objects[one].values


def test_a_service_that_answers_add_to_everything_is_sent_to_twice_at_most(synced, monkeypatch) -> None:
    original = ModelCloud._one
    monkeypatch.setattr(ModelCloud, "_one", lambda cloud, obj: Outcome(original(cloud, obj).result, operation="Add"))
    synced.source.add(user(1, title="Clerk"))
    sent = len(synced.sent)
    report, _ = synced.run()
    assert report.settled
    assert len(synced.sent) - sent == 5  # the change, the whole; a group it was in, that group whole, its members


def test_a_run_that_dies_before_the_second_part_leaves_it_to_the_next_one(synced) -> None:
    one = synced.anchor(user(1))
    synced.source.add(user(1, title="Clerk"))
    _vanish_before_the_export(synced, one)
    synced.cloud.bin.clear()

    def stop(moment: str) -> None:
        if moment == "after":
            synced.stop.set()

    synced.cloud.fault = stop
    report, _ = synced.run()
    assert (report.objects.acknowledged, report.objects.in_doubt) == (0, 1)
    assert "displayName" not in synced.cloud.objects[one].values
    synced.cloud.fault = lambda moment: None
    synced.stop.clear()
    assert synced.settle().settled
    assert "displayName" in synced.cloud.objects[one].values
    assert one in next(iter(synced.cloud.links.values()))


def test_no_reference_to_who_was_made_anew_is_sent_before_the_service_knows_it(synced) -> None:
    """Its membership waits for the visibility delay like that of everybody who is new."""
    synced.config = config(endpoint=EndpointOverrides(visibility_delay=timedelta(seconds=30)))
    waits = []

    def wait(timeout: float | None = None) -> bool:
        waits.append(timeout)
        return False

    synced.stop.wait = wait  # type: ignore[method-assign]
    synced.clock = lambda: 1000.0
    one = synced.anchor(user(1))
    synced.source.add(user(1, title="Clerk"))
    _vanish_before_the_export(synced, one)
    assert synced.run()[0].links.acknowledged == 1
    assert 30.0 in waits


@pytest.mark.parametrize("seed", range(4))
def test_a_call_in_flight_does_not_make_lost_links_sure_again(synced, seed) -> None:
    """Two calls fly together: one finds its group gone, and the group of the other one held that group for sure."""
    synced.source.add(group(102), user(4))
    synced.source.members[guid(102)] = [group(101).dn]
    assert synced.run()[0].settled
    synced.pace = Pace(objects_per_call=1, parallel=4, call_timeout=0.0)
    inner, outer = synced.anchor(group(101)), synced.anchor(group(102))
    synced.source.members[guid(101)].append(user_dn(4))
    synced.source.members[guid(102)].append(user_dn(4))
    _vanish_before_the_export(synced, inner)
    synced.cloud.bin.clear()
    with flights(random.Random(seed)):
        report, _ = synced.run()
    assert report.settled, (report.objects, report.links)
    assert synced.cloud.links[outer] == {inner, synced.anchor(user(4))}
    assert len(synced.cloud.links[inner]) == 3


def test_a_refused_update_tells_nothing_about_its_object(synced) -> None:
    synced.source.add(user(1, title="Clerk"))
    synced.cloud.refuse = lambda obj: "no"
    report, _ = synced.run()
    assert report.objects.refused == 1
    assert not report.warnings


def test_what_was_refused_is_not_sent_and_counted_again_with_the_lost_links_of_its_group(synced) -> None:
    one, three = synced.anchor(user(1)), synced.anchor(user(3))
    synced.source.add(user(1, title="Clerk"))
    synced.source.members[guid(101)].append(user_dn(3))
    _vanish_before_the_export(synced, one)
    synced.cloud.bin.clear()
    synced.cloud.refuse = lambda obj: "no" if ("ADD", three) in links(obj) else ""
    synced.pace = replace(synced.pace, objects_per_call=1)
    synced.cloud.max_links = 1
    report, _ = synced.run()
    assert (report.links.expected, report.links.acknowledged, report.links.refused, report.links.left) == (2, 1, 1, 0)
    assert report.errors == {"1": 1}


def test_a_link_that_was_lost_and_then_refused_is_counted_once(synced) -> None:
    one = synced.anchor(user(1))
    synced.source.add(user(1, title="Clerk"))
    synced.source.members[guid(101)].append(user_dn(3))
    _vanish_before_the_export(synced, one)
    synced.cloud.bin.clear()
    synced.cloud.refuse = lambda obj: "no" if links(obj) else ""
    report, _ = synced.run()
    assert (report.links.expected, report.links.refused, report.links.left) == (2, 2, 0)


def test_what_the_old_group_was_seen_to_hold_is_no_proof_of_what_the_new_one_holds(synced) -> None:
    """The service refuses the links that come again; that the read-back once showed them says nothing now."""
    one, gone = synced.anchor(user(1)), synced.anchor(group(101))
    synced.source.members[guid(101)].append(user_dn(3))
    _vanish_before_the_export(synced, gone)
    synced.cloud.refuse = lambda obj: "no" if ("ADD", one) in links(obj) else ""
    report, _ = synced.run()
    assert (report.links.expected, report.links.acknowledged, report.links.refused) == (3, 1, 2)
    assert not report.settled
    synced.cloud.refuse = lambda obj: ""
    assert synced.settle().settled
    assert len(synced.cloud.links[gone]) == 3
