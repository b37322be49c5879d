"""What a run says of written-back groups and their unit when people changed them by hand, in a real domain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.samba import Samba, requires_samba
from support.written import Written, written


@pytest.fixture
def scene(domain: Samba, tmp_path: Path) -> Iterator[Written]:
    with written(domain, tmp_path) as made:
        yield made


@requires_samba
def test_a_copy_of_a_group_is_left_alone_and_told(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann")
    scene.when_synced()
    made = scene.there("Sales")
    name = f"CN={scene.prefix} copy,{scene.container}"
    values = {"sAMAccountName": f"{scene.prefix}copy", "groupType": "8", "adminDescription": scene.mark("Sales")}
    scene.domain.as_administrator.add(name, "group", **values)
    scene.when_changed("Sales", add=["bob"])
    report = scene.when_synced()
    told = report["writeback"]["written"]["left_alone"]
    assert f"{name} is left alone: {made['dn']} has its mark, too" in told
    assert scene.domain.as_administrator.values(name, "member") == []
    assert len(scene.domain.as_administrator.values(made["dn"], "member")) == 2
    scene.domain.as_administrator.delete(name)


@requires_samba
def test_a_renamed_container_ends_one_direction_and_both_names_are_told(scene: Written) -> None:
    scene.given_synchronised("ann")
    scene.given_group("Sales", "ann")
    scene.when_synced()
    scene.domain.as_administrator.rename(scene.container, "OU=Renamed")
    scene.given_people("bob")
    report = scene.when_synced(1)
    assert report["failure"] in (None, "")
    failure = report["writeback"]["failure"]
    assert f"{scene.container} is not there" in failure
    assert f"it may have been renamed to OU=Renamed,{scene.unit}, where written-back groups lie" in failure
    assert scene.anchor_of("bob")
    scene.written["container"] = f"OU=Renamed,{scene.unit}"
    scene.when_synced()
    scene.then_members("Sales", "ann")


@requires_samba
def test_a_group_that_was_deleted_by_hand_is_told_once_that_can_be_seen(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann")
    scene.given_group("Support", "ann")
    scene.when_synced()
    scene.domain.as_administrator.delete(scene.there("Sales")["dn"])
    scene.when_changed("Sales", add=["bob"])
    scene.when_changed("Support", add=["bob"])
    report = scene.when_synced(2)["writeback"]
    (sample,) = report["warning_samples"]["a written-back group is not shown, and stays as it was known"]
    assert sample["anchor"] == scene.mark("Sales").lower()
    assert "dsacls" in sample["detail"] and "CN=Deleted Objects" in sample["detail"]
    assert report["errors"] == {"notShown": 1}
    assert report["failure"] in (None, "")
    scene.then_members("Support", "ann", "bob")
    account = (scene.folder / "secrets" / "corp-writer" / "username").read_text().partition("@")[0]
    scene.domain.let(account, f"CN=Deleted Objects,{scene.domain.base}", "(A;;LCRP;;;{sid})")
    report = scene.when_synced(2)["writeback"]
    assert not report["warnings"]
    assert scene.found("Sales") is None
    scene.then_held("LocalEdit", 1)
