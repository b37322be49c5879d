"""Groups of a tenant in a real Active Directory, story by story: a domain of two controllers with a recycle bin."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from support.samba import needed, samba
from support.samba_replica import Replica, joined
from support.scissors import At, scissors
from support.walk import pass_the_deadline
from support.written import Written, written
from syncramp.store.places import beside

pytestmark = [*needed()]


@pytest.fixture(scope="module")
def pair() -> Iterator[Replica]:
    """Two controllers of one domain; the second one has what it last pulled."""
    with samba(replicates=True) as first:
        first.recycle()
        with joined(first) as second:
            yield second


@pytest.fixture
def scene(pair: Replica, tmp_path: Path) -> Iterator[Written]:
    with written(pair.first, tmp_path) as made:
        yield made


def test_a_group_is_made_grows_shrinks_and_gets_another_name_and_nothing_is_uploaded(scene: Written) -> None:
    scene.given_synchronised("ann", "bob", "cid")
    scene.given_group("Sales", "ann", "bob")
    scene.when_synced()
    made = scene.there("Sales")
    mark = scene.mark("Sales").encode()
    assert made["dn"] == f"CN={mark.decode()},{scene.container}"
    assert made["groupType"] == [b"8"]
    assert made["displayName"] == [b"Sales"]
    assert made["adminDescription"] == [mark]
    scene.then_members("Sales", "ann", "bob")

    scene.when_changed("Sales", add=["cid"], remove=["ann"])
    scene.when_synced()
    scene.then_members("Sales", "bob", "cid")

    scene.portal.change(scene.groups["Sales"], DisplayName="Sales Europe", Description="x" * 500)
    scene.when_synced()
    after = scene.there("Sales")
    assert after["displayName"] == [b"Sales Europe"]
    assert after["description"] == [b"x" * 448]
    assert after["objectGUID"] == made["objectGUID"]
    scene.then_members("Sales", "bob", "cid")
    scene.then_nothing_to_do()
    scene.then_nothing_uploaded()


def test_a_display_name_is_the_name_and_a_change_of_it_moves_the_group(scene: Written) -> None:
    scene.written["naming"] = "DisplayName"
    scene.given_synchronised("ann")
    scene.given_group("Sales, West", "ann")
    scene.when_synced()
    end = scene.mark("Sales, West")[-12:]
    made = scene.there("Sales, West")
    assert made["cn"] == [f"Sales, West_{end}".encode()]
    scene.portal.change(scene.groups["Sales, West"], DisplayName="Sales = All")
    scene.when_synced()
    after = scene.there("Sales, West")
    assert (after["cn"], after["objectGUID"]) == ([f"Sales = All_{end}".encode()], made["objectGUID"])
    scene.then_members("Sales, West", "ann")
    scene.then_nothing_to_do()


def test_a_group_of_an_earlier_client_is_taken_over_by_its_mark_and_whoever_is_too_many_stays(scene: Written) -> None:
    scene.given_synchronised("ann", "bob", "cid")
    scene.given_group("Sales", "ann", "bob")
    admin = scene.domain.as_administrator
    old = admin.add_unit("Old", scene.container)
    given = {"adminDescription": scene.mark("Sales"), "sAMAccountName": f"{scene.prefix}old", "groupType": "8"}
    guid = admin.add(f"CN=Old name,{old}", "group", **given)
    admin.add_values(f"CN=Old name,{old}", member=[f"CN={name},{scene.people}" for name in ("bob", "cid")])
    scene.when_synced(2)
    assert scene.there("Sales")["objectGUID"] == [guid]
    scene.then_members("Sales", "ann", "bob", "cid")
    scene.then_held("FoundAtAdoption", 1)
    scene.when_approved()
    scene.when_synced()
    scene.then_members("Sales", "ann", "bob")
    scene.then_nothing_to_do()


def test_a_group_in_a_group_is_in_it_and_a_circle_is_no_matter(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Inner", "ann")
    scene.given_group("Outer", "bob", "Inner")
    scene.when_synced()
    if scene.members("Outer") != {"bob", scene.mark("Inner")}:
        scene.when_synced()  # a group can only be named once it is there
    scene.then_members("Outer", "bob", scene.mark("Inner"))
    scene.then_members("Inner", "ann")
    scene.when_changed("Outer", remove=["Inner"])
    scene.when_synced()
    scene.then_members("Outer", "bob")
    scene.then_nothing_to_do()


def test_a_name_that_somebody_has_is_not_taken_from_him(scene: Written) -> None:
    scene.given_synchronised("ann")
    scene.given_group("Sales", "ann")
    taken = scene.mark("Sales")
    admin = scene.domain.as_administrator
    admin.add_group(taken, scene.people)
    scene.when_synced()
    found = scene.there("Sales")
    assert found["sAMAccountName"] != [taken.encode()]
    assert found["dn"].endswith(scene.container)
    scene.then_members("Sales", "ann")
    assert admin.values(f"CN={taken},{scene.people}", "sAMAccountName") == [taken.encode()]
    assert any(taken in text for text in map(str, scene.report["writeback"]["warning_samples"].values()))
    scene.then_nothing_to_do()


def test_who_is_in_no_directory_is_counted_and_no_error(scene: Written) -> None:
    scene.given_synchronised("ann")
    lonely = scene.portal.add_user("lonely@contoso.onmicrosoft.com")
    guest = scene.portal.add_user("guest@contoso.onmicrosoft.com", UserType="Guest")
    scene.given_group("Sales", "ann", lonely, guest)
    scene.when_synced()
    scene.then_members("Sales", "ann")
    assert scene.report["writeback"]["written"]["unwritable"] == {"CloudOnly": 1, "Guest": 1}
    assert scene.report["writeback"]["errors"] == {}
    scene.then_nothing_to_do()


def test_a_group_goes_when_the_cloud_deleted_it_for_good_and_a_person_said_so(scene: Written) -> None:
    scene.given_synchronised("ann")
    scene.given_group("Team", "ann", unified=False)
    scene.written["kinds"] = ["Microsoft365", "Security"]
    scene.given_group("Sales", "ann")
    scene.when_synced()
    scene.then_nothing_to_do()  # once members were told, all is read once more, which could not tell of deletes
    scene.portal.delete(scene.groups["Sales"])
    scene.portal.delete(scene.groups["Team"])
    scene.when_synced(2)
    scene.then_members("Sales", "ann")
    scene.then_members("Team", "ann")
    (waiting,) = scene.report["writeback"]["waiting"]
    assert (waiting["class"], waiting["changes"]) == ("Deletes", 1)
    scene.when_approved()
    scene.when_synced()
    assert scene.found("Team") is None
    scene.then_members("Sales", "ann")  # it can be restored for 30 days
    scene.portal.restore(scene.groups["Sales"])
    scene.then_nothing_to_do()
    scene.then_members("Sales", "ann")


def test_an_edit_in_the_directory_is_told_and_stays(scene: Written) -> None:
    scene.given_synchronised("ann", "bob", "cid")
    scene.given_group("Sales", "ann", "bob")
    scene.when_synced()
    admin, dn = scene.domain.as_administrator, scene.there("Sales")["dn"]
    admin.add_values(dn, member=f"CN=cid,{scene.people}")
    admin.remove_values(dn, member=f"CN=bob,{scene.people}")
    admin.replace(dn, displayName="Somebody's own")
    scene.when_synced(2)
    scene.then_members("Sales", "ann", "cid")
    assert scene.there("Sales")["displayName"] == [b"Somebody's own"]
    assert scene.report["writeback"]["drift"], scene.report["writeback"]
    scene.when_changed("Sales", remove=["ann"])
    scene.when_synced(2)
    scene.then_members("Sales", "cid")  # what the cloud takes away goes all the same

    scene.written["drift"] = "Correct"
    scene.when_synced()
    scene.then_members("Sales", "bob")
    assert scene.there("Sales")["displayName"] == [b"Sales"]
    scene.then_nothing_to_do()


def test_a_group_that_was_moved_is_found_where_it_is(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann")
    scene.when_synced()
    admin, dn = scene.domain.as_administrator, scene.there("Sales")["dn"]
    elsewhere = admin.add_unit("Elsewhere", scene.container)
    admin.rename(dn, dn.partition(",")[0], elsewhere)
    scene.when_changed("Sales", add=["bob"])
    scene.when_synced()
    scene.then_members("Sales", "ann", "bob")
    assert scene.there("Sales")["dn"].endswith(elsewhere)


def test_both_directions_go_in_one_run_and_a_person_who_leaves_leaves_both(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann", "bob")
    scene.when_synced()
    admin = scene.domain.as_administrator
    admin.set_password(f"CN=ann,{scene.people}", "Another-secret.1")
    admin.replace(f"CN=bob,{scene.people}", displayName="Robert")
    scene.given_people("dan")
    scene.when_changed("Sales", remove=["ann"])
    scene.when_synced()
    scene.then_members("Sales", "bob")
    assert scene.report["objects"]["acknowledged"] >= 2
    assert scene.report["writeback"]["links"]["acknowledged"] == 1
    scene.when_changed("Sales", add=["dan"])
    admin.delete(f"CN=bob,{scene.people}")
    scene.when_synced()
    scene.then_members("Sales", "dan")
    scene.then_nothing_to_do()
    scene.then_nothing_uploaded()


def test_a_run_goes_to_another_controller_only_when_that_one_has_what_was_written(
    pair: Replica, tmp_path: Path
) -> None:
    with written(pair.first, tmp_path, pair.first, pair.samba) as scene:
        pair.pull()
        scene.given_synchronised("ann", "bob")
        scene.given_group("Sales", "ann")
        scene.when_synced()
        scene.when_changed("Sales", add=["bob"])
        scene.written["servers"] = [pair.samba.ldaps]
        scene.when_synced(1)
        assert scene.report["writeback"]["failure_reason"] == "DirectoryBehind"
        assert scene.report["failure"] == ""
        pair.pull()
        scene.when_synced()
        assert scene.report["writeback"]["written"]["server"]
        found = pair.samba.as_administrator.find(scene.unit, f"(adminDescription={scene.mark('Sales')})")
        assert len(found[0]["member"]) == 2


def test_a_group_grows_step_by_step(scene: Written) -> None:
    people = [f"p{number}" for number in range(8)]
    scene.written["ramp"] = {"steps": [{"ceiling": 3}, {"pause": {}}, {"ceiling": 250_000}]}
    scene.given_synchronised(*people)
    scene.given_group("Large", *people)
    scene.when_synced(2)
    assert len(scene.members("Large")) == 3
    scene.then_held("Ramp", 5)
    scene.when_changed("Large", remove=[next(iter(sorted(scene.members("Large"))))])
    scene.when_synced(2)
    assert len(scene.members("Large")) == 3


def test_a_ramp_goes_on_by_its_gates_once_a_second_controller_agrees(pair: Replica, tmp_path: Path) -> None:
    slow = {"metric": "ADModifyLatencyP95", "hold": {"maxDuration": "5m"}, "abort": {"maxDuration": "10m"}}
    with written(pair.first, tmp_path, pair.first, pair.samba) as scene:
        pair.pull()  # or the second one does not know the account that asks it
        scene.written["ramp"] = {"steps": [{"ceiling": 2}, {"ceiling": 250_000}], "gates": [slow]}
        people = [f"p{number}" for number in range(5)]
        scene.given_synchronised(*people)
        scene.given_group("Large", *people)
        for _ in range(6):
            scene.when_synced(2)
            assert len(scene.members("Large")) == 2
        assert _verdicts(scene) == {
            "ADModifyLatencyP95": "Passed",
            "ReplicationConverged": "Passed",
            "ValueErrors": "Passed",
            "MembersTokenCount": "Passed",
            "WritebackCycleShare": "Passed",
            "CountAgrees": "Inconclusive",
        }
        pair.pull()
        scene.when_synced(2)  # it counts the members at the second one, and the next run goes by that
        scene.when_synced()
        scene.then_members("Large", *people)
        assert set(_verdicts(scene).values()) == {"Passed"}
        scene.then_nothing_uploaded()


def _verdicts(scene: Written) -> dict[str, str]:
    """What the gates of the ramp in the directory said in the last run."""
    (ramp,) = scene.report["writeback"]["ramps"]
    return {each["metric"]: each["verdict"] for each in ramp["judgements"]}


def test_a_store_that_is_lost_takes_over_what_is_there(scene: Written) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann", "bob")
    scene.when_synced()
    before = scene.there("Sales")
    for path in (scene.folder / ".syncramp").glob("*_writeback.db*"):
        path.unlink()
    scene.when_synced()
    assert scene.there("Sales")["uSNChanged"] == before["uSNChanged"]
    scene.then_nothing_to_do()


def test_a_group_that_nobody_has_a_name_for_is_none_of_ours(scene: Written) -> None:
    scene.given_synchronised("ann")
    admin = scene.domain.as_administrator
    given = {"adminDescription": f"Group_{uuid4()}", "sAMAccountName": f"{scene.prefix}x", "groupType": "8"}
    guid = admin.add(f"CN=Somebody's,{scene.container}", "group", **given)
    scene.when_synced()
    found = admin.find(scene.container, "(cn=Somebody's)")
    assert [one["objectGUID"][0] for one in found] == [guid]
    scene.then_nothing_uploaded()


@pytest.mark.parametrize("at", [At.REQUEST, At.ANSWER])
def test_a_controller_that_is_lost_in_a_request_or_after_it_costs_no_member(
    pair: Replica, tmp_path: Path, at: At
) -> None:
    with scissors(pair.first.address, 636) as way, written(pair.first, tmp_path) as scene:
        scene.written["servers"] = [f"ldaps://localhost:{way.port}"]
        people = [f"m{number}" for number in range(120)]
        scene.given_synchronised(*people)
        scene.given_group("Large", *people[:100])
        way.least, way.cut = 4000, at
        report = scene.here("sync", "-o", "json").json
        assert way.cuts == 1
        assert report["failure"] == ""
        scene.when_synced()
        scene.then_members("Large", *people[:100])
        scene.when_changed("Large", add=people[100:], remove=people[:50])
        scene.when_synced(2)
        scene.then_members("Large", *people[50:100])
        scene.then_held("CallUnderWay", 20)  # the lost request may still arrive
        pass_the_deadline(beside(scene.state))
        scene.when_synced()
        scene.then_members("Large", *people[50:])
        scene.then_nothing_to_do()


def test_a_written_group_in_a_group_of_the_directory_is_named_in_the_tenant_as_the_group_that_it_is(
    scene: Written,
) -> None:
    scene.given_synchronised("ann", "bob")
    scene.given_group("Sales", "ann")
    scene.when_synced()
    admin = scene.domain.as_administrator
    mine = f"{scene.prefix}everybody"
    guid = admin.add_group(mine, scene.people, [f"CN=bob,{scene.people}", scene.there("Sales")["dn"]])
    scene.when_synced()
    anchor, bob = (b64encode(one).decode() for one in (guid, scene.guids["bob"]))
    assert scene.tenant.members(anchor) == {bob}
    assert scene.tenant.sizes()[anchor] == 2  # the other one has no source anchor
    admin.remove_values(f"CN={mine},{scene.people}", member=scene.there("Sales")["dn"])
    scene.when_synced()
    assert scene.tenant.sizes()[anchor] == 1
    scene.then_nothing_uploaded()
