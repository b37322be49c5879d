"""Whole runs against a directory and a cloud in memory: what a person lets go, and for how long."""

from dataclasses import replace

import pytest

from support.build import config, deletes_up_to, group, guid, user, user_dn
from support.engine import Engine
from syncramp.model.holds import Class, Hold
from syncramp.spec.types import ApprovalMode

HOUR = 3600.0


@pytest.fixture
def manual(tmp_path) -> Engine:
    """A document in which a person approves; three people and a group of two are in the cloud."""
    engine = Engine(tmp_path / "state.db")
    engine.source.add(user(1), user(2), user(3), group(101))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    engine.settle()
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    engine.cloud.calls.clear()
    return engine


def waiting(engine: Engine) -> dict[tuple[str, str], int]:
    with engine.store() as store:
        return {(each.hold, each.part): each.changes for each in store.approvals.proposals() if each.waits}


def test_with_approval_by_hand_everything_waits_but_disables_and_explicit_removals(manual) -> None:
    manual.source.add(user(1, userAccountControl="514", displayName="New"), user(4))
    manual.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    report, _ = manual.run()
    assert [(list(obj.values)[1:]) for obj in manual.sent] == [["accountEnabled"], ["member"]]
    assert report.holds == {"ApprovalRequired": 3}
    assert waiting(manual) == {(Hold.APPROVAL_REQUIRED, Class.CREATES): 1, (Hold.APPROVAL_REQUIRED, Class.REST): 2}


def test_what_was_approved_goes_and_nothing_else(manual) -> None:
    manual.source.add(user(1, displayName="New"), user(4))
    manual.source.members[guid(101)].append(user_dn(3))
    manual.run()
    manual.approve()
    manual.source.add(user(2, displayName="Later"), user(5))
    report, _ = manual.run()
    assert manual.cloud.objects[manual.anchor(user(1))].values["displayName"] == "New"
    assert manual.anchor(user(4)) in manual.cloud.objects
    assert manual.anchor(user(3)) in manual.cloud.links[manual.anchor(group(101))]
    assert manual.cloud.objects[manual.anchor(user(2))].values["displayName"] == "User 2"
    assert manual.anchor(user(5)) not in manual.cloud.objects
    assert report.holds == {"ApprovalRequired": 2}


def test_more_deletes_than_the_limit_go_when_a_person_approved_them(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db", config=deletes_up_to(config(), 1))
    engine.source.add(*(user(number) for number in range(5)))
    engine.settle()
    for number in range(3):
        engine.leave(number)
    engine.run()
    report, _ = engine.run()
    assert report.holds == {"TooManyDeletes": 3} and engine.approve() == 1
    report, _ = engine.run()
    assert report.settled and len(engine.cloud.objects) == 2
