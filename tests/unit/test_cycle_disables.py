"""Whole runs: a leaver is locked out whatever becomes of the rest of the update."""

import pytest

from support.build import guid, user, user_dn
from support.engine import Engine
from syncramp.model.wire import SyncObject

DISABLED = "514"


@pytest.fixture
def settled(engine) -> Engine:
    engine.settle()
    engine.cloud.calls.clear()
    return engine


def no_titles(obj: SyncObject) -> str:
    return "the title is too long" if "title" in obj.values else ""


def held(engine: Engine, number: int) -> dict[str, object]:
    """What the cloud holds of a person."""
    return engine.cloud.objects[engine.anchor(user(number))].values


def numbers(report) -> tuple[int, ...]:
    objects = report.objects
    return objects.expected, objects.acknowledged, objects.refused, objects.left


def test_a_leaver_waits_for_no_room_in_the_throttle(settled) -> None:
    """Nothing else goes, and a wait that was stopped ends the run; what takes rights away was sent."""
    settled.source.add(user(1, userAccountControl=DISABLED), user(2, title="Clerk"))
    settled.source.members[guid(101)].remove(user_dn(2))

    def none(wait: bool) -> bool:
        if wait:
            settled.stop.set()
        return False

    settled.cloud.room = none
    report, _ = settled.run()
    assert held(settled, 1)["accountEnabled"] is False
    assert "title" not in held(settled, 2)
    (members,) = settled.cloud.links.values()
    assert members == {settled.anchor(user(1))}
    assert settled.cloud.spent == [(1, 0), (1, 1)]
    assert (report.objects.acknowledged, report.objects.left, report.links.acknowledged) == (1, 1, 1)


def test_a_refused_attribute_does_not_keep_a_leaver_in(settled) -> None:
    settled.cloud.refuse = no_titles
    settled.source.add(user(1, title="x" * 99, userAccountControl=DISABLED))
    report, _ = settled.run()
    assert held(settled, 1)["accountEnabled"] is False
    assert numbers(report) == (1, 0, 1, 0)
    settled.cloud.refuse = lambda obj: ""
    assert numbers(settled.settle()) == (1, 1, 0, 0)


def test_a_refused_disable_is_sent_again_with_the_rest(settled) -> None:
    settled.cloud.refuse = lambda obj: "busy" if len(settled.sent) == 1 else ""
    settled.source.add(user(1, title="Clerk", userAccountControl=DISABLED))
    report, _ = settled.run()
    assert numbers(report) == (1, 1, 0, 0) and held(settled, 1)["accountEnabled"] is False


def test_a_disable_with_more_to_say_counts_once(settled) -> None:
    settled.source.add(user(1, title="Clerk", userAccountControl=DISABLED), user(2, userAccountControl=DISABLED))
    report, _ = settled.run()
    assert report.settled and numbers(report) == (2, 2, 0, 0) and report.writes == 3
    assert held(settled, 1)["title"] == "Clerk"


def test_a_stop_after_the_disable_leaves_the_object_for_the_next_run(settled) -> None:
    settled.cloud.fault = lambda moment: settled.stop.set()
    settled.source.add(user(1, title="Clerk", userAccountControl=DISABLED), user(2, userAccountControl=DISABLED))
    report, _ = settled.run()
    assert held(settled, 1)["accountEnabled"] is False
    assert numbers(report) == (2, 1, 0, 1) and not report.settled
    settled.stop.clear()
    assert settled.settle().settled and held(settled, 1)["title"] == "Clerk"


@pytest.fixture
def in_doubt(settled) -> Engine:
    """User 1 was given a title in a call whose answer was lost after it was processed."""
    settled.source.add(user(1, title="Clerk"))
    settled.lose()
    assert held(settled, 1)["title"] == "Clerk"
    return settled


def test_an_object_in_doubt_gets_its_clears_in_whatever_run_they_are_taken(in_doubt) -> None:
    in_doubt.source.add(user(1, userAccountControl=DISABLED))
    in_doubt.cloud.refuse = no_titles
    assert in_doubt.run()[0].objects.refused == 1
    assert held(in_doubt, 1)["accountEnabled"] is False
    in_doubt.cloud.refuse = lambda obj: ""
    in_doubt.settle()
    assert "title" not in held(in_doubt, 1)


def test_a_clear_that_an_incomplete_source_holds_is_not_forgotten(in_doubt) -> None:
    in_doubt.source.add(user(1))
    in_doubt.source.complete = False
    report, _ = in_doubt.run()
    assert report.holds == {"SourceIncomplete": 1} and "title" in held(in_doubt, 1)
    in_doubt.source.complete = True
    in_doubt.settle()
    assert "title" not in held(in_doubt, 1)


def test_what_may_be_enabled_is_disabled_first(settled) -> None:
    settled.source.add(user(1, userAccountControl=DISABLED))
    settled.settle()
    settled.source.add(user(1))
    settled.lose()
    assert held(settled, 1)["accountEnabled"] is True
    settled.cloud.calls.clear()
    settled.source.add(user(1, userAccountControl=DISABLED), user(5))
    settled.settle()
    assert settled.sent[0].values == {"SourceAnchor": settled.anchor(user(1)), "accountEnabled": False}
