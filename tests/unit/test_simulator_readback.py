"""Forms of the read-back: both versions, members in each form, cookies that expire, objects of the cloud."""

from typing import Any

import pytest

from support.simulator import HandClock, Mirror, drop, group, one, put, quick_tenant
from syncramp.model.wire import AnchorType, Operation, SyncObject
from syncramp.simulator.attributes import of_kind
from syncramp.simulator.refusals import Fault
from syncramp.simulator.settings import DeltaCreates, MemberForm
from syncramp.simulator.tenant import Tenant


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def _filled(clock: HandClock, **settings: Any) -> Tenant:
    tenant = quick_tenant(clock, **settings)
    tenant.provision(
        [put("a", displayName="A"), put("b"), group("g", ["a", "b"], displayName="G"), put("h", "Group")]
    )
    return tenant


def _synced(tenant: Tenant, cookie: bytes | None = None, version: int = 2) -> dict[str, SyncObject]:
    page = tenant.read_back(cookie, version)
    assert page.more is False
    return {str(obj.values["SourceAnchor"]): obj for obj in page.objects if obj.values.get("SourceAnchor")}


def test_v1_shows_empty_attributes_and_members_as_a_list(clock: HandClock) -> None:
    shown = _synced(_filled(clock), version=1)
    for anchor, kind in (("a", "User"), ("g", "Group")):
        assert set(of_kind(kind)) <= shown[anchor].values.keys()
    assert (shown["a"].values["DisplayName"], shown["a"].values["City"]) == ("A", None)
    assert sorted(shown["g"].values["Member"]) == ["a", "b"]  # type: ignore[arg-type]
    assert shown["h"].values["Member"] == ()


def test_v1_shows_a_group_whole_that_is_larger_than_a_page(clock: HandClock) -> None:
    tenant = _filled(clock, most_links=2)
    one(tenant, group("g", ["h"]))
    assert len(_synced(tenant, version=1)["g"].values["Member"]) == 3  # type: ignore[arg-type]


def test_a_v1_delta_repeats_the_list(clock: HandClock) -> None:
    tenant, mirror = _filled(clock), Mirror()
    mirror.read(tenant, version=1)
    tenant.provision([put("g", "Group", member=("b",))], 1)
    mirror.read(tenant, version=1)
    assert mirror.members["g"] == {"b"}


def test_v2_can_show_lists_or_no_members_at_all(clock: HandClock) -> None:
    lists = _filled(clock, member_form=MemberForm.LIST)
    shown = _synced(lists)
    assert sorted(shown["g"].values["Member"]) == ["a", "b"]  # type: ignore[arg-type]
    assert "Member" not in shown["h"].values
    assert "City" not in shown["a"].values
    cookie = lists.read_back(None).cookie
    one(lists, group("g", (), ["a", "b"]))
    assert _synced(lists, cookie)["g"].values["Member"] == (), "an empty list is news"
    none = _synced(_filled(clock, member_form=MemberForm.NONE))
    assert "Member" not in none["g"].values
    assert none["g"].values["DisplayName"] == "G"


@pytest.mark.parametrize(("how", "told"), [(DeltaCreates.ADD, Operation.ADD), (DeltaCreates.SET, Operation.SET)])
def test_a_delta_tells_new_changed_and_deleted_objects(clock: HandClock, how: DeltaCreates, told: Operation) -> None:
    tenant = _filled(clock, delta_creates=how)
    assert {obj.operation for obj in tenant.read_back(None).objects} == {Operation.SET}
    cookie = tenant.read_back(None).cookie
    tenant.provision([put("new"), put("a", city="Oslo"), drop("b")])
    shown = {anchor: obj.operation for anchor, obj in _synced(tenant, cookie).items()}
    assert shown == {"new": told, "a": Operation.SET, "b": Operation.DELETE, "g": Operation.SET}


def test_only_the_first_part_of_a_new_group_is_told_as_new(clock: HandClock) -> None:
    tenant = _filled(clock, most_links=2)
    cookie = tenant.read_back(None).cookie
    while (page := tenant.read_back(cookie)).more:
        cookie = page.cookie
    cookie = page.cookie
    tenant.provision([group("new", ["a", "b"])])
    tenant.provision([group("new", ["g"])])
    first = tenant.read_back(cookie)
    second = tenant.read_back(first.cookie)
    assert [(obj.operation, obj.links) for obj in (*first.objects, *second.objects)] == [
        (Operation.ADD, 2),
        (Operation.SET, 1),
    ]


def test_a_cookie_can_expire(clock: HandClock) -> None:
    tenant = _filled(clock, cookie_lifetime=60.0)
    cookie = tenant.read_back(None).cookie
    clock.now += 60
    fresh = tenant.read_back(cookie).cookie
    clock.now += 1
    with pytest.raises(Fault, match="cookie"):
        tenant.read_back(cookie)
    assert tenant.read_back(fresh).more is False


def test_teams_are_seeded_with_members_and_new_users_join_them(clock: HandClock) -> None:
    tenant = quick_tenant(clock, microsoft365_groups=2, cloud_users=3)
    tenant.provision([put(f"a{number}") for number in range(8)])
    objects = tenant.read_back(None).objects
    teams = [obj for obj in objects if obj.kind == "Group"]
    assert len(teams) == 2
    for team in teams:
        assert team.values["CloudMastered"] is True
        assert str(team.values["CloudAnchor"]).startswith("Group_")
        assert "SourceAnchor" not in team.values
        assert team.values["ProxyAddresses"] == (f"SMTP:{team.values['Mail']}",)
        assert {"Alias", "DisplayName", "Description", "GroupType"} <= team.values.keys()
        assert all(change.by is AnchorType.CLOUD for change in team.values["Member"])  # type: ignore[union-attr]
    users = {str(obj.values["CloudAnchor"]): obj for obj in objects if obj.kind == "User"}
    joined = [users[change.anchor] for team in teams for change in team.values["Member"]]  # type: ignore[union-attr]
    assert len({user.values.get("SourceAnchor") for user in joined} - {None}) == 4
    assert sum(user.values["CloudMastered"] is True for user in joined) == 3


def test_a_delta_shows_a_team_that_somebody_joined(clock: HandClock) -> None:
    tenant, mirror = quick_tenant(clock, microsoft365_groups=1), Mirror()
    mirror.read(tenant)
    tenant.provision([put("a"), put("b")])
    mirror.read(tenant)
    (members,) = (members for anchor, members in mirror.members.items() if anchor.startswith("Group_"))
    assert len(members) == 1
    (member,) = members
    assert member in {tenant.portal.cloud_anchor("a"), tenant.portal.cloud_anchor("b")}


def test_groups_of_the_cloud_change_in_the_portal(clock: HandClock) -> None:
    tenant, mirror = _filled(clock), Mirror()
    mirror.read(tenant)
    someone, synced = tenant.portal.add_user("someone@x.test"), tenant.portal.cloud_anchor("a")
    team = tenant.portal.add_group("sales", [someone])
    tenant.portal.change_members(team, [synced], [someone])
    tenant.portal.change(team, Description=None, DisplayName="Sales")
    mirror.read(tenant)
    assert mirror.members[team] == {synced}
    assert mirror.objects[team]["DisplayName"] == "Sales"
    assert "Description" not in mirror.objects[team]
