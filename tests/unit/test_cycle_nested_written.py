"""Groups that were written back, in groups that are synchronised: the cloud knows them by its own anchor."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from support.build import BASE, group, guid, user
from support.cloud_groups import object_id, writeback
from support.engine import Engine, links
from support.explained import explained, the_group
from support.model import Held
from support.simulator import HandClock, quick_tenant
from support.tenant_cloud import TenantCloud
from syncramp.model.facts import Entry
from syncramp.model.report import RunReport
from syncramp.model.wire import AnchorType, LinkOperation, Outcome, ReferenceChange, Result, SyncObject
from syncramp.simulator.tenant import Tenant
from syncramp.spec.failsafe import Failsafe

NESTED = 201


def cloud_anchor(number: int = 7) -> str:
    return f"Group_{object_id(number)}"


def written(number: int = 7, **attributes: str) -> Entry:
    """The entry of a group that was written back."""
    mark = {"adminDescription": f"Group_{object_id(number).upper()}"}
    return group(NESTED + number, **(mark | attributes))


def name(number: int = 7) -> str:
    return f"CN=Group {NESTED + number},OU=Groups,{BASE}"


@pytest.fixture
def nesting(engine: Engine) -> Iterator[Engine]:
    """A synchronised group with one person and a written-back group in it, before the first run."""
    engine.config = replace(engine.config, writeback=writeback())
    engine.cloud.appear(cloud_anchor(), Held("Group", {"CloudMastered": True}, cloud_anchor()))
    engine.source.add(written())
    engine.source.members[guid(101)].append(name())
    yield engine
    assert not [obj for obj in engine.sent if obj.values.get("SourceAnchor") == engine.anchor(written())]


def members(engine: Engine) -> set[str]:
    """Members in the cloud of the group that is synchronised."""
    return engine.cloud.links[engine.anchor(group(101))]


def settle(engine: Engine) -> RunReport:
    """Runs until nothing waits; what they sent is counted from here."""
    report = engine.settle()
    engine.cloud.calls.clear()
    return report


def member_changes(engine: Engine) -> list[tuple[str, str]]:
    return [change for obj in engine.sent for change in links(obj)]


def test_it_is_referred_to_by_the_anchor_of_the_cloud_and_is_never_sent_itself(nesting: Engine) -> None:
    report = nesting.settle()
    assert report.settled and not report.links.refused
    assert cloud_anchor() in members(nesting)
    by = {change.anchor: change.by for obj in nesting.sent for change in obj.values.get("member", ()) or ()}
    assert by[cloud_anchor()] is AnchorType.CLOUD
    assert by[nesting.anchor(user(1))] is AnchorType.SOURCE


def test_it_is_confirmed_by_the_read_back_and_not_sent_again(nesting: Engine) -> None:
    settle(nesting)
    report, _ = nesting.run()
    assert report.settled and report.unconfirmed_links == 0
    assert the_group(explained(nesting, name())).state == "in the cloud"
    assert not member_changes(nesting)


def test_who_takes_it_out_of_the_group_in_the_directory_takes_it_out_in_the_cloud(nesting: Engine) -> None:
    settle(nesting)
    nesting.source.members[guid(101)].remove(name())
    settle_report = nesting.settle()
    assert settle_report.settled
    assert member_changes(nesting) == [("REMOVE", cloud_anchor())]
    assert cloud_anchor() not in members(nesting)


def test_a_group_that_is_taken_out_in_the_cloud_by_somebody_is_put_back(nesting: Engine) -> None:
    settle(nesting)
    nesting.cloud._link(nesting.anchor(group(101)), ())
    nesting.cloud.links[nesting.anchor(group(101))].discard(cloud_anchor())
    nesting.cloud._clock += 1
    nesting.cloud._link_log[nesting.anchor(group(101)), cloud_anchor()] = nesting.cloud._clock
    nesting.cloud._log[nesting.anchor(group(101))] = nesting.cloud._clock
    nesting.settle()
    assert cloud_anchor() in members(nesting)


def test_while_it_is_deleted_in_the_cloud_nothing_refers_to_it_and_no_removal_is_sent(nesting: Engine) -> None:
    settle(nesting)
    nesting.cloud.vanish(cloud_anchor())
    report, _ = nesting.run()
    assert report.settled
    assert not member_changes(nesting)


def test_once_it_is_gone_for_good_in_the_cloud_its_links_are_forgotten(nesting: Engine) -> None:
    settle(nesting)
    nesting.cloud.vanish(cloud_anchor())
    nesting.run()
    with nesting.store() as store:
        store.cloud.hard_deleted(object_id(7), 1.0)
    nesting.run()
    with nesting.store() as store:
        identity = store.observations.ids([nesting.anchor(group(101))])[nesting.anchor(group(101))]
        membership = store.snapshot().membership(identity)
        assert membership is not None
        assert membership.desired == membership.sure == membership.possible
    assert not member_changes(nesting)


def test_a_group_whose_entry_is_gone_stays_a_member_in_the_cloud(nesting: Engine) -> None:
    settle(nesting)
    nesting.source.entries.pop(written().guid)
    nesting.source.members[guid(101)].remove(name())
    for _ in range(3):
        nesting.run()
    assert not member_changes(nesting)
    assert cloud_anchor() in members(nesting)


def test_a_group_that_the_cloud_does_not_have_is_no_member(nesting: Engine) -> None:
    nesting.source.add(written(8))
    nesting.source.members[guid(101)].append(name(8))
    nesting.settle()
    assert members(nesting) == {*members(nesting)} and cloud_anchor(8) not in members(nesting)


@pytest.mark.parametrize(
    "marks",
    [
        {"adminDescription": "Group_"},
        {"adminDescription": "Group_of-friends"},
        {"msDS_ExternalDirectoryObjectId": f"Group_{UUID(int=5)}"},
    ],
)
def test_a_mark_that_names_no_group_or_two_is_no_reference(nesting: Engine, marks: dict[str, str]) -> None:
    nesting.source.add(written(**marks))
    nesting.settle()
    assert cloud_anchor() not in members(nesting)


def test_without_groups_that_are_written_back_nothing_new_refers_to_them_and_what_does_stays(nesting: Engine) -> None:
    settle(nesting)
    nesting.config = replace(nesting.config, writeback=None)
    nesting.source.members[guid(102)] = [name()]
    nesting.source.add(group(102))
    nesting.settle()
    assert [change for change in member_changes(nesting) if change[1] == cloud_anchor()] == []
    nesting.source.members[guid(101)].remove(name())
    nesting.settle()
    assert [change for change in member_changes(nesting) if change[1] == cloud_anchor()] == [
        ("REMOVE", cloud_anchor())
    ]


def test_a_store_that_never_knew_of_them_learns_them_without_a_change(nesting: Engine) -> None:
    settle(nesting)
    with nesting.store() as store:
        store.database.run("DELETE FROM cloud_references")
        store.database.run("DELETE FROM meta WHERE key LIKE 'cloud_references%'")
    report, _ = nesting.run()
    assert report.settled and not member_changes(nesting)
    with nesting.store() as store:
        assert next(iter(store.snapshot().named(store.snapshot().referable)))[1] == cloud_anchor()


def test_a_group_whose_mark_is_taken_away_is_uploaded_and_a_member_by_its_own_anchor(engine: Engine) -> None:
    engine.config = replace(engine.config, writeback=writeback())
    engine.cloud.appear(cloud_anchor(), Held("Group", {"CloudMastered": True}, cloud_anchor()))
    engine.source.add(written())
    engine.source.members[guid(101)].append(name())
    engine.settle()
    engine.source.add(group(NESTED + 7))
    engine.settle()
    assert engine.anchor(written()) in members(engine)


def test_whom_it_brings_into_a_group_counts_as_growth_of_that_group(nesting: Engine) -> None:
    now = [0.0]
    nesting.clock = lambda: now[0]
    nesting.source.members[guid(101)].remove(name())
    people = tuple(ReferenceChange(f"somebody{number}") for number in range(21))
    nesting.cloud.appear(cloud_anchor(), Held("Group", {"CloudMastered": True}, cloud_anchor()))
    nesting.cloud._link(cloud_anchor(), people)
    nesting.settle()
    now[0] = 50 * 3600.0
    nesting.run()
    nesting.source.members[guid(101)].append(name())
    nesting.config = replace(nesting.config, failsafe=Failsafe(effective_adds=20))
    report, _ = nesting.run()
    assert report.holds == {"EffectiveGrowth": 1}
    assert cloud_anchor() not in members(nesting)
    nesting.config = replace(nesting.config, failsafe=Failsafe(effective_adds=21))
    nesting.settle()
    assert cloud_anchor() in members(nesting)


# --- in front of the simulator --------------------------------------------------------------------------------------


@dataclass
class Simulated(TenantCloud):
    """The simulated tenant as an endpoint."""

    def provision(self, objects: Sequence[SyncObject], patience: float = 0.0) -> Sequence[Outcome]:
        self.calls.append(objects)
        return [
            Outcome(
                Result.APPLIED if result.result_code == "Success" else Result.REFUSED,
                result.result_error_code,
                result.result_error_description or "",
                operation=result.sync_operation,
                cloud_anchor=result.cloud_anchor or "",
            )
            for result in self.tenant.provision(objects)
        ]


def shown_members(tenant: Tenant, anchor: str) -> set[str]:
    """Members of a group, as a read-back of everything shows them."""
    page, objects = tenant.read_back(None), []
    while page.objects:
        objects += page.objects
        page = tenant.read_back(page.cookie)
    changes = [obj.values.get("Member") or () for obj in objects if obj.values.get("SourceAnchor") == anchor]
    return {change.anchor for told in changes for change in told if change.operation is LinkOperation.ADD}


@pytest.mark.parametrize("mark", ["adminDescription", "msDS_ExternalDirectoryObjectId"])
def test_the_simulator_links_it_by_the_anchor_of_the_cloud_and_nothing_with_a_mark_is_ever_sent(
    engine: Engine, mark: str
) -> None:
    clock = HandClock()
    tenant = quick_tenant(clock)
    anchor = tenant.portal.add_group("sales")
    engine.cloud, engine.clock = Simulated(tenant=tenant), clock
    engine.config = replace(engine.config, writeback=writeback())
    told = {"mail": "sales@corp.example.com", "displayName": "Sales", "mailNickname": "sales", mark: anchor}
    marked = group(NESTED + 7, **told)
    engine.source.add(marked)
    engine.source.members[guid(101)].append(name())
    engine.settle()
    assert anchor in shown_members(tenant, engine.anchor(group(101)))
    assert {obj.values["SourceAnchor"] for obj in engine.sent}.isdisjoint({engine.anchor(marked), anchor})
    engine.source.members[guid(101)].remove(name())
    engine.settle()
    assert anchor not in shown_members(tenant, engine.anchor(group(101)))
    assert anchor in tenant.cloud_groups()
