"""Groups of the cloud in the ledger: what is told of them, and what never is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

import pytest
from pyroaring import BitMap

from support.build import group, guid, user
from support.cloud_groups import CONTAINER, object_id, writeback
from support.ledger_scene import SECURITY, UNIFIED, LedgerScene, anchor, as_group, in_cloud, ledger_scene
from syncramp.cycle.writeback.importing import meet
from syncramp.model.cloud import CloudState
from syncramp.model.holds import Hold
from syncramp.model.values import Kind
from syncramp.spec.types import GroupKind
from syncramp.store.drift import keep_drifted
from syncramp.store.staging import Staging
from syncramp.store.wanted_groups import WantedGroups
from syncramp.writeback import wanted


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[LedgerScene]:
    with ledger_scene(tmp_path) as made:
        made.people(user(1), user(2), user(3))
        yield made


def held(scene: LedgerScene) -> dict[int, Hold]:
    return {identity: hold for identity, (hold, _) in scene.ledger.unwritten.all().items()}


def test_a_group_of_the_cloud_becomes_an_object_with_the_members_who_are_in_the_directory(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)], {**UNIFIED, "displayName": "Sales"})
    scene.run()
    (state,) = scene.ledger.snapshot().states([scene.id(7)])
    assert (state.kind, state.anchor, state.dn) == (Kind.GROUP, as_group(7), f"CN=Group_{object_id(7)},{CONTAINER}")
    assert state.desired is not None and state.desired["displayName"] == "Sales"
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert scene.report.written.refused == {}


def test_whoever_may_be_a_member_is_there_and_is_never_written(scene: LedgerScene) -> None:
    scene.people(group(101))
    scene.cloud(7, [in_cloud(1), as_group(101)])
    scene.run()
    assert scene.present() == {guid(1), guid(101)}
    assert scene.differing() == [(Kind.GROUP, True)]
    assert scene.members(7) == sorted([anchor(1), anchor(101)])
    assert scene.ledger.snapshot().confirmations() == {1: 2}


def test_members_who_cannot_be_written_are_counted_and_are_no_error(scene: LedgerScene) -> None:
    scene.people(user(9), source="north")
    scene.people(group(101, groupType="-2147483644"))
    scene.cloud(6, [], SECURITY)
    scene.asks = writeback()
    scene.cloud(7, [in_cloud(1), in_cloud(9), in_cloud(50), as_group(101), as_group(6), f"device_{UUID(int=5)}"])
    scene.run()
    assert scene.members(7) == [anchor(1)]
    told = {"CloudOnly": 1, "Device": 1, "DomainLocalGroup": 1, "NotWrittenBack": 1, "OtherForest": 1}
    assert scene.report.written.unwritable == told
    known = WantedGroups(scene.ledger.database)
    assert known.unwritable(UUID(object_id(7)).bytes_le) == told
    assert known.unwritable(UUID(object_id(6)).bytes_le) == {}
    assert scene.report.written.refused == {wanted.UNASKED[GroupKind.SECURITY]: 1}


def test_an_import_of_nothing_new_tells_nothing(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    scene.acknowledge()
    with patch.object(Staging, "begin", side_effect=AssertionError("something was told")):
        scene.run()
    assert scene.differing() == []


def test_who_leaves_a_group_in_the_cloud_leaves_it_and_who_comes_comes(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.cloud(7, [in_cloud(2), in_cloud(3)])
    scene.run()
    assert scene.members(7) == sorted([anchor(2), anchor(3)])


def test_who_cannot_be_found_in_the_directory_any_more_stays_in_his_groups(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.knows(user(1), known=False)
    scene.cloud(8, [in_cloud(1)])
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert scene.members(8) == []
    scene.cloud(7, [in_cloud(2)])
    scene.run()
    assert scene.members(7) == [anchor(2)]


def test_somebody_who_is_somebody_else_in_the_directory_now_is_replaced(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    name = in_cloud(1).capitalize()
    scene.main.database.run("UPDATE objects SET cloud_anchor = NULL WHERE cloud_anchor = ?", (name,))
    statement = "UPDATE objects SET cloud_anchor = ? WHERE id = (SELECT id FROM entries WHERE guid = ?)"
    scene.main.database.run(statement, (name, guid(2)))
    scene.run()
    assert scene.members(7) == [anchor(2)]


def test_who_is_known_later_comes_without_a_change_of_the_group(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(4)])
    scene.run()
    assert scene.report.written.unwritable == {"CloudOnly": 1}
    scene.people(user(4))
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(4)])
    assert scene.report.written.unwritable == {}


def test_who_is_deleted_in_the_directory_is_forgotten_and_no_removal_or_delete_is_planned(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.acknowledge()
    scene.gone(1)
    scene.run()
    assert scene.members(7) == [anchor(2)]
    (membership,) = scene.ledger.snapshot().groups(BitMap([scene.id(7)]))
    assert membership.desired == membership.sure == membership.possible
    assert scene.differing() == []
    assert scene.report.written.unwritable == {"Gone": 1}


def test_who_comes_back_to_the_directory_is_a_member_again(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.acknowledge()
    scene.gone(1)
    scene.run()
    scene.people(user(1))
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert scene.differing() == []


def test_a_person_who_is_renamed_stays_a_member_under_the_new_name(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    scene.people(user(1, ou="Elsewhere"))
    scene.run()
    assert scene.members(7) == [anchor(1)]
    names = scene.ledger.database.all("SELECT dn FROM entries WHERE guid = ?", (guid(1),))
    assert names == [("CN=User 1,OU=Elsewhere,DC=corp,DC=example,DC=com",)]


# --- groups that are not written ------------------------------------------------------------------------------------


def test_a_group_that_is_not_asked_for_does_not_come_and_its_members_are_not_told(scene: LedgerScene) -> None:
    scene.asks = writeback()
    scene.cloud(7, [in_cloud(1)], SECURITY)
    scene.run()
    assert scene.differing() == []
    assert scene.present() == set()
    assert held(scene) == {}


def test_a_group_that_is_not_asked_for_any_more_stays_loses_members_and_gets_nobody(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)], {**SECURITY, "displayName": "before"})
    scene.cloud(8, [in_cloud(3)])
    scene.run()
    scene.acknowledge()
    scene.asks = writeback()
    scene.cloud(7, [in_cloud(2), in_cloud(3)], {**SECURITY, "displayName": "after"})
    scene.run()
    (state,) = scene.ledger.snapshot().states([scene.id(7)])
    assert state.desired == state.acked and state.desired is not None and state.desired["displayName"] == "before"
    assert scene.members(7) == [anchor(2)]
    assert held(scene) == {scene.id(7): Hold.NOT_WRITTEN}
    assert scene.report.written.refused == {wanted.UNASKED[GroupKind.SECURITY]: 1}
    scene.asks = writeback(kinds=frozenset(GroupKind))
    scene.run()
    assert scene.members(7) == sorted([anchor(2), anchor(3)])
    assert held(scene) == {}


def test_a_group_that_is_too_large_now_stays_and_gets_nobody(scene: LedgerScene) -> None:
    scene.asks = writeback(max_members=2)
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.acknowledge()
    scene.cloud(7, [in_cloud(1), in_cloud(2), in_cloud(3)])
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert held(scene) == {scene.id(7): Hold.NOT_WRITTEN}


@pytest.mark.parametrize("state", [CloudState.BIN, CloudState.UNTOLD])
def test_a_group_that_may_come_back_in_the_cloud_stays_as_it_is_and_gets_nobody(
    scene: LedgerScene, state: CloudState
) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.acknowledge()
    scene.cloud(7, None, None, state)
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert scene.differing() == []
    assert held(scene) == {scene.id(7): Hold.NOT_WRITTEN}
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    assert scene.members(7) == [anchor(1)]
    assert held(scene) == {}


def test_a_group_that_was_deleted_before_it_came_does_not_come(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    scene.cloud(7, None, None, CloudState.BIN)
    scene.run()
    assert scene.differing() == []


def test_a_group_that_was_deleted_for_good_should_not_be_there_and_keeps_its_members_until_then(
    scene: LedgerScene,
) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    scene.acknowledge()
    there = scene.id(7)
    scene.main.cloud.hard_deleted(object_id(7), 5.0)
    scene.run()
    assert scene.differing() == [(Kind.GROUP, False)]
    assert scene.ledger.snapshot().membership(there) is None
    assert WantedGroups(scene.ledger.database).verdicts() == {}


def test_members_that_nobody_showed_are_not_none(scene: LedgerScene) -> None:
    scene.cloud(7, [])
    scene.main.database.run("UPDATE cloud_groups SET members = NULL")
    scene.run()
    assert held(scene) == {scene.id(7): Hold.MEMBERS_UNKNOWN}
    scene.main.database.run("UPDATE cloud_groups SET members = ?", (BitMap().serialize(),))
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    assert held(scene) == {}
    assert scene.members(7) == [anchor(1)]


# --- nested ---------------------------------------------------------------------------------------------------------


def test_a_group_of_the_cloud_is_a_member_by_its_own_object_and_circles_are_no_error(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), as_group(8)])
    scene.cloud(8, [as_group(7)])
    scene.run()
    assert scene.members(7) == sorted([anchor(1), as_group(8)])
    assert scene.members(8) == [as_group(7)]


def test_a_nested_group_that_is_written_from_now_on_becomes_a_member(scene: LedgerScene) -> None:
    scene.asks = writeback()
    scene.cloud(8, [], SECURITY)
    scene.cloud(7, [as_group(8)])
    scene.run()
    assert scene.report.written.unwritable == {"NotWrittenBack": 1}
    scene.cloud(8, [], UNIFIED)
    scene.run()
    assert scene.members(7) == [as_group(8)]
    assert scene.report.written.unwritable == {}


def test_a_nested_group_that_is_not_written_any_more_stays_a_member(scene: LedgerScene) -> None:
    scene.cloud(8, [], SECURITY)
    scene.cloud(7, [as_group(8)])
    scene.run()
    scene.acknowledge()
    scene.asks = writeback()
    scene.cloud(9, [as_group(8)])
    scene.run()
    assert scene.members(7) == [as_group(8)]
    assert scene.members(9) == []


# --- drift, strangers, the document ---------------------------------------------------------------------------------


def test_what_the_cloud_changes_itself_is_no_edit_in_the_directory_any_more(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()
    scene.acknowledge()
    ids = scene.wants()[scene.id(7)]
    with scene.ledger.database.transaction():
        keep_drifted(scene.ledger.database, {scene.id(7): (ids, BitMap())})
    scene.cloud(7, [in_cloud(2)])
    scene.run()
    (membership,) = scene.ledger.snapshot().groups(BitMap([scene.id(7)]))
    assert list(scene.ledger.snapshot().anchors(membership.drifted)) == [anchor(2)]


def test_members_whom_the_directory_shows_are_met_where_its_source_knows_them(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    meet(scene.job(), [guid(2), guid(77)])
    scene.run()
    assert scene.present() == {guid(1), guid(2)}
    assert scene.members(7) == [anchor(1)]
    assert scene.differing() == [(Kind.GROUP, True)]


def test_another_container_or_schema_or_naming_judges_every_group_again(scene: LedgerScene) -> None:
    scene.cloud(7, [], {**UNIFIED, "mail": "s@corp.example"})
    scene.run()
    scene.schema -= {"mail"}
    scene.run()
    (state,) = scene.ledger.snapshot().states([scene.id(7)])
    assert state.desired is not None and "mail" not in state.desired
    scene.asks = replace(scene.asks, container="OU=Other,DC=corp,DC=example")
    scene.run()
    (state,) = scene.ledger.snapshot().states([scene.id(7)])
    assert state.dn.endswith("OU=Other,DC=corp,DC=example")


# --- the tenant's store is another one ------------------------------------------------------------------------------


def test_a_new_store_of_the_tenant_changes_nobody_and_its_changes_are_told(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.cloud(8, [in_cloud(3)])
    scene.run()
    scene.acknowledge()
    scene.lose_main()
    scene.people(user(3), user(2))
    scene.cloud(8, [in_cloud(2)])
    scene.cloud(7, [in_cloud(2), in_cloud(1)])
    scene.run()
    assert scene.members(7) == sorted([anchor(1), anchor(2)])
    assert scene.members(8) == [anchor(2)]
    scene.people(user(1))
    scene.cloud(7, [in_cloud(2)])
    scene.run()
    assert scene.members(7) == [anchor(2)]
    assert scene.differing() == []


@pytest.mark.in_a_file("an old copy of a schema is put back by a server's own means")
def test_an_old_copy_of_the_store_of_the_tenant_tells_all_of_its_groups_again(scene: LedgerScene) -> None:
    scene.cloud(7, [in_cloud(1)], {**UNIFIED, "displayName": "first"})
    scene.run()

    def forgotten() -> None:
        for name in ("second", "third", "fourth"):
            scene.cloud(7, [in_cloud(1), in_cloud(2)], {**UNIFIED, "displayName": name})
            scene.run()

    scene.go_back(forgotten)
    scene.cloud(7, [in_cloud(1)], {**UNIFIED, "displayName": "fifth"})
    scene.run()
    (state,) = scene.ledger.snapshot().states([scene.id(7)])
    assert state.desired is not None and state.desired["displayName"] == "fifth"
    assert scene.members(7) == [anchor(1)]


@pytest.mark.in_a_file("an old copy of a schema is put back by a server's own means")
def test_an_old_copy_that_has_as_many_runs_again_before_it_can_tell_tells_all_of_its_groups(
    scene: LedgerScene,
) -> None:
    scene.cloud(7, [in_cloud(1), in_cloud(2)])
    scene.run()

    def forgotten() -> None:
        for name in ("second", "third", "fourth"):
            scene.now += 100
            scene.cloud(7, [in_cloud(1), in_cloud(2)], {**UNIFIED, "displayName": name})
            scene.run()

    scene.go_back(forgotten)
    for _ in range(4):  # the directory is away, so nothing is told to the ledger
        scene.now += 100
        scene.main.runs.begin(scene.now)
    scene.cloud(7, [in_cloud(1)])
    scene.run()
    assert scene.members(7) == [anchor(1)], "who was taken out in the cloud stays"
