"""Anchors over runs: who has none, what changes later, and the tenant's own attribute."""

from dataclasses import replace
from pathlib import Path

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from syncramp.errors import AnchorMismatch
from syncramp.model.holds import Hold


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A directory whose users are tied to the cloud by their employeeID."""
    made = Engine(tmp_path / "state.db")
    made.config = replace(made.config, source_anchor="employeeID")
    made.source.add(user(1, employeeID="E1"), user(2, employeeID="E2", manager=user_dn(1)))
    return made


def test_a_new_user_without_an_anchor_is_not_synchronised_and_comes_when_it_has_one(engine) -> None:
    engine.source.add(user(3), user(4, employeeID="a@b"), user(5, employeeID="E5", manager=user_dn(3)), group(101))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(3)]
    report, plan = engine.run()
    assert report.settled and not plan.holds
    assert engine.cloud.objects.keys() == {"E1", "E2", "E5", engine.anchor(group(101))}
    assert report.skipped == {
        "its employeeID is empty, and it is the source anchor": 1,
        "its employeeID has a '@', which no anchor may have, and it is the source anchor": 1,
    }
    assert "manager" not in engine.cloud.objects["E5"].values
    engine.source.add(user(3, employeeID="E3"))
    report, _ = engine.run()
    assert report.settled
    assert engine.cloud.objects["E5"].values["manager"] == "E3"
    assert [link for obj in engine.sent for link in links(obj)] == [("ADD", "E1"), ("ADD", "E3")]


def test_a_known_user_whose_anchor_becomes_empty_stays_as_it_is_and_only_its_disable_goes(engine) -> None:
    engine.run()
    engine.source.add(user(1, title="New", userAccountControl="514"))
    for _ in range(2):
        report, plan = engine.run()
        assert report.holds == {"AnchorConflict": 1}
        (sample,) = plan.hold_samples[Hold.ANCHOR]
        assert sample.detail == "its source anchor is E1, and its employeeID is empty now"
    one = engine.cloud.objects["E1"].values
    assert one["accountEnabled"] is False and "title" not in one
    assert engine.cloud.objects["E2"].values["manager"] == "E1"
    engine.source.add(user(1, title="New", employeeID="E1"))
    assert engine.settle().settled
    assert engine.cloud.objects["E1"].values["title"] == "New"


def test_a_known_user_without_an_anchor_still_leaves_when_it_leaves(engine) -> None:
    engine.run()
    engine.source.add(user(1))
    engine.run()
    engine.source.add(user(1, isCriticalSystemObject="TRUE"))
    engine.run()
    assert "E1" not in engine.cloud.objects


def test_a_value_that_changes_later_holds_the_object_also_if_only_its_case_does(engine) -> None:
    engine.run()
    engine.source.add(user(1, employeeID="e1"), user(2, employeeID="E20"))
    report, plan = engine.run()
    assert report.holds == {"AnchorConflict": 2}
    told = {sample.dn: sample.detail for sample in plan.hold_samples[Hold.ANCHOR]}
    assert told[user_dn(1)] == "its source anchor changed from E1 to e1"


def test_many_users_without_an_anchor_do_not_stand_in_each_others_way(engine) -> None:
    engine.source.add(*(user(number) for number in range(10, 40)))
    for _ in range(2):
        report, _ = engine.run()
        assert report.settled
    assert engine.cloud.objects.keys() == {"E1", "E2"}
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM objects WHERE anchor = ''") == 0
        assert store.database.value("SELECT COUNT(*) FROM objects WHERE anchor IS NULL") == 30


def test_a_later_value_that_is_the_object_guid_changes_nothing_and_another_one_holds(tmp_path) -> None:
    engine = Engine(tmp_path / "state.db")
    engine.source.add(user(1), user(2))
    engine.run()
    engine.cloud.calls.clear()
    engine.source.add(user(1, mS_DS_ConsistencyGuid=guid(1)), user(2, mS_DS_ConsistencyGuid=guid(7)))
    report, _ = engine.run()
    assert report.holds == {"AnchorConflict": 1} and not engine.cloud.calls
    engine.source.add(user(1, mS_DS_ConsistencyGuid=guid(1), title="Clerk"), user(2))
    assert engine.settle().settled
    (obj,) = engine.sent
    assert obj.values == {"SourceAnchor": engine.anchor(user(1)), "title": "Clerk"}


@pytest.mark.parametrize("told", ["employeeID", "EMPLOYEEID", "", None])
def test_a_tenant_with_the_same_anchor_or_with_none_is_synchronised(engine, told) -> None:
    engine.cloud.anchor_attribute = told
    report, _ = engine.run()
    assert report.settled


@pytest.mark.parametrize("sends", [True, False])
def test_another_anchor_of_the_tenant_ends_the_run_before_anything_is_read_or_sent(engine, sends) -> None:
    engine.cloud.anchor_attribute = "mS-DS-ConsistencyGuid"
    with pytest.raises(AnchorMismatch) as caught:
        engine.run(sends=sends)
    assert caught.value.reason == "AnchorMismatch"
    assert caught.value.what == "the tenant's anchor is mS-DS-ConsistencyGuid, the document's employeeID"
    assert len(caught.value.what) < 80 and caught.value.remedy
    assert not engine.cloud.calls
    with engine.store() as store:
        assert store.database.value("SELECT COUNT(*) FROM entries") == 0
