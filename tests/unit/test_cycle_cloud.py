"""Whole runs in front of a cloud that refuses, loses, forgets, or was changed by somebody else."""

import pytest

from support.build import group, guid, user
from support.engine import links
from support.model import ModelCloud, unavailable
from syncramp.errors import EndpointUnavailable, ServiceRefused
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject


def test_a_refused_object_is_told_with_what_the_service_said_and_tried_again(engine) -> None:
    two = engine.anchor(user(2))
    engine.cloud.refuse = lambda obj: "mail must be unique" if obj.values["SourceAnchor"] == two else ""
    report, _ = engine.run()
    assert (report.objects.refused, report.objects.acknowledged) == (1, 3)
    assert report.error_samples["AttributeValueMustBeUnique"][0].detail == "mail must be unique"
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(1))}
    assert report.links.left == 1
    engine.cloud.refuse = lambda obj: ""
    assert engine.settle().settled
    assert two in engine.cloud.links[engine.anchor(group(101))]


def test_a_lost_answer_leaves_its_objects_in_doubt_and_the_next_run_mends_it(engine) -> None:
    engine.lose()
    with engine.store() as store:
        kept = store.runs.last()
    assert kept.state == "Failed" and kept.report["objects"]["in_doubt"] == 3
    engine.source.entries.pop(guid(2))
    engine.source.add(user(1, title="Clerk"))
    engine.settle()
    assert engine.anchor(user(2)) not in engine.cloud.objects
    assert engine.cloud.objects[engine.anchor(user(1))].values["title"] == "Clerk"


def test_an_endpoint_that_takes_nothing_leaves_nothing_in_doubt(engine) -> None:
    def fault(moment: str) -> None:
        raise unavailable()

    engine.cloud.fault = fault
    with pytest.raises(EndpointUnavailable):
        engine.run()
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM objects WHERE doubt = 1") == 0
        assert store.runs.last().report["objects"]["left"] == 4


def test_a_read_back_without_an_end_mark_is_not_complete(engine) -> None:
    engine.cloud.marks_end = False
    with pytest.raises(ServiceRefused, match="not complete"):
        engine.run()
    assert not engine.cloud.calls


def test_a_cookie_that_the_service_has_forgotten_is_replaced_by_a_whole_read_back(engine) -> None:
    engine.run()
    engine.cloud.forgets_cookies = True
    engine.source.add(user(4))
    report, _ = engine.run()
    assert report.settled and report.confirmed == 5
    assert any("the cookie is too old" in getattr(event, "text", "") for event in engine.events)


def test_a_link_that_somebody_else_put_into_our_group_is_seen_and_removed(engine) -> None:
    engine.run()
    big, three = engine.anchor(group(101)), engine.anchor(user(3))
    engine.cloud.provision(
        [SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": (ReferenceChange(three),)})]
    )
    engine.cloud.calls.clear()
    engine.run()
    (obj,) = engine.sent
    assert links(obj) == [("REMOVE", three)]
    assert three not in engine.cloud.links[big]


def test_a_link_that_somebody_else_removed_from_our_group_is_added_again(engine) -> None:
    engine.run()
    big, one = engine.anchor(group(101)), engine.anchor(user(1))
    removal = (ReferenceChange(one, LinkOperation.REMOVE),)
    engine.cloud.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": big, "member": removal})])
    assert engine.run()[0].settled
    assert one in engine.cloud.links[big]


def test_an_object_deleted_in_the_cloud_is_created_again_with_its_links(engine) -> None:
    engine.run()
    one = engine.anchor(user(1))
    engine.cloud.provision([SyncObject("User", Operation.DELETE, {"SourceAnchor": one})])
    engine.settle()
    assert one in engine.cloud.objects
    assert one in engine.cloud.links[engine.anchor(group(101))]


def test_what_the_service_writes_otherwise_is_told_and_not_sent_for_ever(engine) -> None:
    engine.run()
    engine.source.add(user(1, mail="one@unverified.example"))
    original = ModelCloud._one

    def dropping(self: ModelCloud, obj: SyncObject):
        outcome = original(self, obj)
        self.objects[str(obj.values["SourceAnchor"])].values.pop("mail", None)
        return outcome

    engine.cloud._one = dropping.__get__(engine.cloud)
    report, _ = engine.run()
    assert report.with_differences == 1
    assert report.differences == {"mail": 1}
    engine.cloud.calls.clear()
    report, _ = engine.run()
    assert report.settled and not engine.cloud.calls


def test_links_that_the_service_dropped_without_a_word_are_added_again(engine) -> None:
    original = ModelCloud._link

    def forgetting(self: ModelCloud, name: str, changes) -> None:
        original(self, name, [change for change in changes if change.anchor != two])

    two = engine.anchor(user(2))
    engine.cloud._link = forgetting.__get__(engine.cloud)
    report, _ = engine.run()
    assert (report.links.acknowledged, report.missing_links, report.settled) == (2, 1, False)
    engine.cloud._link = original.__get__(engine.cloud)
    engine.run()
    assert two in engine.cloud.links[engine.anchor(group(101))]
