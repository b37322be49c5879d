"""Groups that a simulated tenant has from the cloud, before anybody synchronises and after."""

from pathlib import Path
from typing import Any

import pytest

from support.simulator import HandClock, Mirror, drop, put, quick_tenant
from syncramp.model.wire import Operation
from syncramp.simulator.inspection import overview
from syncramp.simulator.settings import MemberForm, SoftDeletes, TenantSettings
from syncramp.simulator.tenant import Tenant

EVERY_KIND = {
    "cloud_users": 2,
    "guests": 2,
    "microsoft365_groups": 2,
    "cloud_security_groups": 1,
    "nested_cloud_groups": 2,
    "role_assignable_groups": 1,
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def shown(tenant: Tenant) -> tuple[dict[str, dict[str, Any]], dict[str, set[str]]]:
    """Groups by display name: their values, and the display names of their members."""
    mirror = Mirror()
    mirror.read(tenant)
    names = {anchor: values.get("DisplayName", anchor) for anchor, values in mirror.objects.items()}
    names |= {str(values["CloudAnchor"]): names[anchor] for anchor, values in mirror.objects.items()}
    groups = {names[anchor]: values for anchor, values in mirror.objects.items() if anchor.startswith("Group_")}
    return groups, {names[anchor]: {names[one] for one in found} for anchor, found in mirror.members.items()}


def test_every_kind_of_group_is_seeded_with_its_members(clock: HandClock) -> None:
    groups, members = shown(quick_tenant(clock, **EVERY_KIND))
    assert {
        name: (v.get("GroupType"), v["SecurityEnabled"], v.get("IsAssignableToRole")) for name, v in groups.items()
    } == {
        "Team 1": ("Unified", False, None),
        "Team 2": ("Unified", False, None),
        "Cloud security group 1": (None, True, None),
        "Nested cloud group 1": (None, True, None),
        "Nested cloud group 2": (None, True, None),
        "Role group 1": (None, True, True),
    }
    assert {name: found for name, found in members.items() if found} == {
        "Team 1": {"Cloud user 1", "Guest 1"},
        "Team 2": {"Cloud user 2", "Guest 2"},
        "Nested cloud group 1": {"Cloud security group 1"},
        "Nested cloud group 2": {"Nested cloud group 1"},
    }


def test_a_guest_says_that_it_is_one(clock: HandClock) -> None:
    tenant = quick_tenant(clock, guests=1)
    tenant.portal.add_guest("ada@partner.example")
    mirror = Mirror()
    mirror.read(tenant)
    guests = [v["UserPrincipalName"] for v in mirror.objects.values() if v.get("UserType") == "Guest"]
    assert guests == [
        "guest1_partner.example#EXT#@simulated.onmicrosoft.com",
        "ada_partner.example#EXT#@simulated.onmicrosoft.com",
    ]


def test_users_join_each_group_until_it_has_so_many_of_them_also_after_a_restart(
    clock: HandClock, tmp_path: Path
) -> None:
    settings = TenantSettings(visibility_delay=0.0, cloud_group_members=5, **EVERY_KIND)
    tenant = Tenant(settings, clock, tmp_path / "tenant.db")
    tenant.provision([put(f"a{number}") for number in range(3)])
    tenant.close()
    tenant = Tenant(settings, clock, tmp_path / "tenant.db")
    before = set().union(*tenant.cloud_groups().values())
    for start in (3, 6, 9):
        tenant.provision([put(f"a{number}") for number in range(start, start + 3)])
    tenant.provision([put("g", "Group")])
    synced = {tenant.portal.cloud_anchor(f"a{number}") for number in range(12)}
    for members in tenant.cloud_groups().values():
        assert len(members & synced) == 5
    joined = set().union(*tenant.cloud_groups().values()) & synced
    assert joined == {tenant.portal.cloud_anchor(f"a{number}") for number in range(5)}
    assert len(before & synced) == 3
    tenant.close()


def test_a_delta_shows_the_groups_that_users_joined(clock: HandClock) -> None:
    tenant, mirror = quick_tenant(clock, cloud_group_members=2, cloud_security_groups=2), Mirror()
    mirror.read(tenant)
    tenant.provision([put("a")])
    mirror.read(tenant)
    assert sorted(len(members) for members in mirror.members.values()) == [0, 0, 1, 1], "two are people"


def test_a_tenant_without_a_word_of_groups_has_none(clock: HandClock) -> None:
    tenant = quick_tenant(clock)
    tenant.provision([put(f"a{number}") for number in range(4)])
    assert tenant.cloud_groups() == {}


@pytest.mark.parametrize("members", [MemberForm.CHANGES, MemberForm.LIST])
@pytest.mark.parametrize("form", list(SoftDeletes))
def test_a_team_in_the_bin_is_shown_as_the_settings_say(
    clock: HandClock, form: SoftDeletes, members: MemberForm
) -> None:
    tenant = quick_tenant(clock, soft_deletes=form, member_form=members)
    team = tenant.portal.add_group("team", [tenant.portal.add_user("x@x.test")])
    group = tenant.portal.add_group("plain", unified=False)
    cookie = tenant.read_back(None).cookie
    tenant.portal.delete(team)
    tenant.portal.delete(group)
    told = {str(obj.values["CloudAnchor"]): obj for obj in tenant.read_back(cookie).objects}
    everything = {str(obj.values["CloudAnchor"]) for obj in tenant.read_back(None).objects}
    assert told[group].operation is Operation.DELETE and group not in everything
    if form is SoftDeletes.DELETE:
        assert told[team].operation is Operation.DELETE and team not in everything
    else:
        assert told[team].values["ReasonFiltered"] == ("SoftDelete",) and team in everything
        assert told[team].values["DisplayName"] == "team" and "Member" not in told[team].values
    cookie = tenant.read_back(cookie).cookie
    clock.now += 31 * 86400
    told = {str(obj.values["CloudAnchor"]): obj for obj in tenant.read_back(cookie).objects}
    assert told[team].operation is Operation.DELETE


def test_a_user_in_the_bin_is_shown_as_deleted_whatever_groups_are(clock: HandClock) -> None:
    tenant = quick_tenant(clock, soft_deletes=SoftDeletes.REASON)
    tenant.provision([put("a")])
    cookie = tenant.read_back(None).cookie
    tenant.provision([drop("a")])
    (obj,) = tenant.read_back(cookie).objects
    assert obj.operation is Operation.DELETE


def test_a_person_who_looks_into_the_file_sees_them_with_their_master(clock: HandClock, tmp_path: Path) -> None:
    tenant = Tenant(TenantSettings(visibility_delay=0.0, **EVERY_KIND), clock, tmp_path / "tenant.db")
    tenant.journal.describe(tenant.settings)
    tenant.portal.delete(next(iter(tenant.cloud_groups())))
    tenant.close()
    seen = overview(tmp_path / "tenant.db", 0, 3)
    assert [row for row in seen.objects if row[0] == "Group"] == [
        ("Group", "the cloud", "live", 5),
        ("Group", "the cloud", "in the bin", 1),
    ]
    assert [(group.name, group.members) for group in seen.groups][:1] == [("Team 2", 2)]
