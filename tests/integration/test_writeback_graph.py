"""Groups of a tenant by every way in which the cloud may tell of them, into a real Active Directory."""

from pathlib import Path

from support.samba import Samba, needed
from support.written import written
from syncramp.simulator.faults import GRAPH
from syncramp.simulator.settings import MemberForm, SoftDeletes

pytestmark = [*needed()]


def test_members_that_only_graph_tells_come_and_go_in_the_directory(domain: Samba, tmp_path: Path) -> None:
    with written(domain, tmp_path, member_form=MemberForm.NONE) as scene:
        scene.written["graph"] = {"host": scene.host}
        scene.given_synchronised("ann", "bob", "cid")
        scene.given_group("Sales", "ann", "bob")
        scene.when_synced()
        scene.then_members("Sales", "ann", "bob")
        scene.when_changed("Sales", add=["cid"], remove=["ann"])
        scene.when_synced()
        scene.then_members("Sales", "bob", "cid")
        scene.then_nothing_to_do()
        assert scene.tenant.journal.count("calls")[GRAPH]


def test_without_graph_such_a_group_waits_and_nothing_is_made_of_it(domain: Samba, tmp_path: Path) -> None:
    with written(domain, tmp_path, member_form=MemberForm.NONE) as scene:
        scene.written |= {"graph": {"host": scene.host}, "members": "Graph"}
        scene.given_synchronised("ann", "bob")
        scene.given_group("Sales", "ann", "bob")
        scene.when_synced()
        scene.written["members"] = "ReadBack"
        scene.when_changed("Sales", remove=["ann"])
        scene.given_group("New", "ann")
        scene.when_synced(2)
        scene.then_members("Sales", "ann", "bob")
        assert scene.found("New") is None
        scene.then_held("MembersUnknown", 1)
        assert GRAPH in scene.tenant.journal.count("calls")


def test_members_as_a_list_come_and_go_and_a_group_in_the_bin_stays_as_it_is(domain: Samba, tmp_path: Path) -> None:
    with written(domain, tmp_path, member_form=MemberForm.LIST, soft_deletes=SoftDeletes.REASON) as scene:
        scene.given_synchronised("ann", "bob", "cid")
        scene.given_group("Sales", "ann", "bob")
        scene.given_group("Other", "bob")
        scene.when_synced()
        scene.when_changed("Sales", add=["cid"], remove=["ann"])
        scene.when_changed("Other", remove=["bob"])
        scene.when_synced()
        scene.then_members("Sales", "bob", "cid")
        scene.then_members("Other")
        scene.portal.delete(scene.groups["Sales"])
        scene.then_nothing_to_do()
        scene.then_members("Sales", "bob", "cid")
        scene.portal.restore(scene.groups["Sales"])
        scene.when_changed("Sales", add=["ann"])
        scene.when_synced()
        scene.then_members("Sales", "ann", "bob", "cid")
        scene.then_nothing_uploaded()
