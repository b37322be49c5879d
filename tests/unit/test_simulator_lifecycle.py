"""The bin, the way out of it, quarantined values, and what time does to them."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.simulator import HandClock, Mirror, drop, group, one, put, quick_tenant
from syncramp.errors import InputRefused
from syncramp.model.wire import Operation, ReferenceChange, SyncObject
from syncramp.simulator.lifecycle import HOUR
from syncramp.simulator.settings import DAY, DeletedGroups, Restored, TenantSettings
from syncramp.simulator.tenant import Tenant

LEFT = (
    "SELECT count(*) FROM links l JOIN objects o ON o.id IN (group_id, member_id) WHERE o.state = 2 AND l.state <> 0"
)
"""Links of what is gone."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tenant(clock: HandClock) -> Tenant:
    return quick_tenant(clock)


def test_a_deleted_user_is_gone_after_thirty_days(tenant: Tenant, clock: HandClock) -> None:
    first = tenant.provision([put("a", city="Oslo"), group("g", ["a"]), drop("a")])[0]
    clock.now += 30 * DAY
    again = one(tenant, put("a"))
    assert (again.sync_operation, again.result_code) == ("Add", "Success")
    assert again.cloud_anchor != first.cloud_anchor
    assert tenant._storage.one(LEFT) == 0
    assert tenant.attributes("a") == {}
    assert tenant.members("g") == set()


def test_a_deleted_user_waits_for_thirty_days(tenant: Tenant, clock: HandClock) -> None:
    tenant.provision([put("a", city="Oslo"), group("g", ["a"]), drop("a")])
    clock.now += 30 * DAY - 1
    assert one(tenant, put("a")).sync_operation == "Set"
    assert (tenant.attributes("a"), tenant.members("g")) == ({"City": "Oslo"}, {"a"})


def test_memberships_can_be_lost_in_the_bin(clock: HandClock) -> None:
    tenant = quick_tenant(clock, restored_memberships=Restored.LOSE)
    tenant.provision([put("a"), group("g", ["a"]), drop("a"), put("a")])
    assert (tenant.anchors(), tenant.members("g")) == ({"a", "g"}, set())


def test_security_groups_can_go_into_the_bin_too(clock: HandClock) -> None:
    tenant = quick_tenant(clock, deleted_groups=DeletedGroups.BIN)
    tenant.provision([put("a"), put("g", "Group")])
    tenant.provision([group("g", ["a"]), group("outer", ["g"])])
    mirror = Mirror()
    mirror.read(tenant)
    one(tenant, drop("g", "Group"))
    assert (tenant.members("g"), tenant.members("outer")) == (set(), set())
    mirror.read(tenant)
    one(tenant, put("g", "Group"))
    assert (tenant.members("g"), tenant.members("outer")) == ({"a"}, {"g"})
    mirror.read(tenant)
    assert (mirror.members["g"], mirror.members["outer"]) == ({"a"}, {"g"})


def test_a_user_restored_in_the_portal_is_the_clouds_until_it_is_matched(tenant: Tenant) -> None:
    cloud = str(tenant.provision([put("a", mail="a@x.test"), group("g", ["a"]), drop("a")])[0].cloud_anchor)
    tenant.portal.restore(cloud)
    assert tenant.members("g") == {"a"}
    assert one(tenant, drop("a")).result_error_code == "114"
    mirror = Mirror()
    mirror.read(tenant)
    assert (mirror.objects["a"]["CloudMastered"], mirror.objects["a"]["Mail"]) == (True, "a@x.test")
    assert tenant.count("User") == 0
    assert one(tenant, put("a", city="Oslo")).cloud_anchor == cloud
    assert one(tenant, drop("a")).result_code == "Success"


def test_a_restored_user_gets_back_what_nobody_took_meanwhile(tenant: Tenant) -> None:
    first = tenant.provision([put("a", mail="a@x.test", city="Oslo"), drop("a"), put("b", mail="a@x.test")])[0]
    cloud = str(first.cloud_anchor)
    tenant.portal.restore(cloud)
    assert tenant.attributes("a") == {"City": "Oslo"}
    assert tenant.portal.provisioning_errors(cloud) == [("Mail", "a@x.test")]


def test_what_somebody_took_meanwhile_stays_his(tenant: Tenant) -> None:
    tenant.provision([put("a", mail="a@x.test"), drop("a"), put("b", mail="a@x.test"), put("a")])
    assert tenant.attributes("a") == {}
    assert "Mail a@x.test;" in str(one(tenant, put("c", mail="a@x.test")).result_error_description)


def test_a_list_of_addresses_that_are_all_taken_is_not_there(tenant: Tenant) -> None:
    addresses = ("smtp:a@x.test",)
    tenant.provision([put("a", proxyAddresses=addresses), put("b", proxyAddresses=addresses)])
    assert tenant.attributes("b") == {}


def test_the_portal_does_not_give_a_value_twice(tenant: Tenant) -> None:
    one(tenant, put("a", mail="a@x.test"))
    with pytest.raises(ValueError, match="Mail a@x.test"):
        tenant.portal.add_contact(Mail="a@x.test")
    user = tenant.portal.add_user("u@x.test")
    with pytest.raises(ValueError, match=r"ProxyAddresses smtp:a@x\.test"):
        tenant.portal.change(user, ProxyAddresses=("smtp:a@x.test",))
    for _ in range(2):
        with pytest.raises(ValueError, match="source anchor a"):
            tenant.portal.set_immutable_id(user, "a")
        one(tenant, drop("a"))


def test_a_delete_may_name_the_cloud_anchor(tenant: Tenant) -> None:
    cloud = one(tenant, put("a")).cloud_anchor
    result = one(tenant, SyncObject("User", Operation.DELETE, {"CloudAnchor": cloud}))
    assert (result.result_code, result.source_anchor) == ("Success", "a")
    assert tenant.anchors() == set()


def test_the_portal_deletes_for_good_what_is_in_the_bin(tenant: Tenant) -> None:
    cloud = str(tenant.provision([put("a"), drop("a")])[0].cloud_anchor)
    tenant.portal.purge(cloud)
    assert one(tenant, put("a")).sync_operation == "Add"
    with pytest.raises(KeyError):
        tenant.portal.restore(cloud)


def test_a_deleted_cloud_user_is_not_brought_back_by_its_cloud_anchor(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test")
    tenant.portal.delete(cloud)
    assert one(tenant, put("", CloudAnchor=cloud)).result_error_code == "InvalidAnchor"


def test_a_deleted_team_keeps_its_members_in_the_bin(tenant: Tenant) -> None:
    user = tenant.portal.add_user("someone@x.test")
    team = tenant.portal.add_group("sales", [user])
    mirror = Mirror()
    mirror.read(tenant)
    assert mirror.members[team] == {user}
    tenant.portal.delete(team)
    mirror.read(tenant)
    assert team in mirror.deleted
    tenant.portal.restore(team)
    mirror.read(tenant)
    assert mirror.members[team] == {user}


def test_an_anchor_has_one_kind_and_a_delete_names_it(tenant: Tenant) -> None:
    one(tenant, put("a", "Contact"))
    assert one(tenant, drop("a")).result_error_code == "114"
    assert one(tenant, drop("a", "Contact")).result_code == "Success"
    assert one(tenant, put("a")).sync_operation == "Add"


def test_a_user_in_the_bin_does_not_keep_its_anchor_from_another_kind(tenant: Tenant) -> None:
    user = str(tenant.provision([put("a", city="Oslo"), drop("a")])[0].cloud_anchor)
    tenant.provision([put("g", "Group"), put("a", "Contact"), group("g", ["a"])])
    assert tenant.members("g") == {"a"}
    assert one(tenant, put("a")).result_error_code == "ObjectTypeMismatch", "the contact lives"
    with pytest.raises(ValueError, match="source anchor a"):
        tenant.portal.restore(user)
    tenant.provision([group("g", (), ["a"]), drop("a", "Contact")])
    assert one(tenant, put("a")).cloud_anchor == user
    assert (tenant.attributes("a"), tenant.members("g")) == ({"City": "Oslo"}, set())


def test_made_up_names_are_unique_too(tenant: Tenant) -> None:
    one(tenant, put("a", userPrincipalName="ada@x.test"))
    initial = tenant.settings.initial_domain
    tenant.provision([put(f"b{number}", userPrincipalName=f"ada+000{number}@{initial}") for number in range(10)])
    made = one(tenant, put("c", userPrincipalName="ada@x.test"))
    assert made.result_code == "Success"
    assert (tenant.attributes("c") or {})["UserPrincipalName"] == f"ada+0013@{initial}", "its number is 13"
    one(tenant, put("taken", userPrincipalName=f"ada+0015@{initial}"))
    one(tenant, put("d", userPrincipalName="ada@x.test"))
    assert (tenant.attributes("d") or {})["UserPrincipalName"] == f"ada+0016@{initial}"


def test_a_contact_that_becomes_a_user_is_told_as_deleted_and_new(tenant: Tenant) -> None:
    tenant.provision([put("a", "Contact", displayName="A"), put("g", "Group")])
    one(tenant, group("g", ["a"]))
    mirror = Mirror()
    mirror.read(tenant)
    tenant.provision([drop("a", "Contact"), put("a", displayName="B"), group("g", ["a"])])
    page = tenant.read_back(mirror.cookie)
    told = [(obj.kind, obj.operation, obj.values.get("SourceAnchor")) for obj in page.objects if obj.kind != "Group"]
    assert told == [("Contact", Operation.DELETE, None), ("User", Operation.ADD, "a")], "the anchor is the user's now"
    (members,) = (obj.values["Member"] for obj in page.objects if obj.values.get("SourceAnchor") == "g")
    assert members == (ReferenceChange("a"),), "the anchor is a member's, whoever had it before"
    mirror.read(tenant)
    assert mirror.members["g"] == {"a"}
    assert mirror.objects["a"]["DisplayName"] == "B"


def test_quarantined_values_come_back_within_an_hour_of_becoming_free(tenant: Tenant, clock: HandClock) -> None:
    values: dict[str, Any] = {"userPrincipalName": "a@x.test", "proxyAddresses": ("SMTP:a@x.test", "smtp:b@x.test")}
    tenant.provision([put("a", **values), put("b", **values, mail="a@x.test")])
    cloud = tenant.portal.cloud_anchor("b")
    assert len(tenant.portal.provisioning_errors(cloud)) == 4
    mirror = Mirror()
    mirror.read(tenant)
    one(tenant, drop("a"))
    clock.now += HOUR - 1
    mirror.read(tenant)
    assert mirror.objects["b"]["UserPrincipalName"] != "a@x.test"
    clock.now += 1
    mirror.read(tenant)
    held = mirror.objects["b"]
    assert held["UserPrincipalName"] == held["Mail"] == "a@x.test"
    assert set(held["ProxyAddresses"]) == set(values["proxyAddresses"])
    assert tenant.portal.provisioning_errors(cloud) == []
    assert "UserPrincipalName a@x.test;" in str(one(tenant, put("a")).result_error_description), "it is b's now"


def test_values_stay_in_quarantine_while_somebody_has_them(tenant: Tenant, clock: HandClock) -> None:
    tenant.provision([put("a", mail="a@x.test"), put("b", mail="a@x.test")])
    cloud = tenant.portal.cloud_anchor("b")
    clock.now += HOUR
    assert tenant.portal.retry(cloud) is False
    assert tenant.read_back(None).objects
    assert tenant.portal.provisioning_errors(cloud) == [("Mail", "a@x.test")]
    one(tenant, put("a", mail="new@x.test"))
    assert tenant.portal.retry(cloud) is True
    assert tenant.attributes("b") == {"Mail": "a@x.test"}


def test_an_attribute_that_comes_again_ends_its_quarantine(tenant: Tenant, clock: HandClock) -> None:
    tenant.provision([put("a", mail="a@x.test"), put("b", mail="a@x.test", city="Oslo")])
    tenant.provision([put("b", city="Bergen"), put("b", mail="b@x.test"), drop("a")])
    assert tenant.portal.provisioning_errors(tenant.portal.cloud_anchor("b")) == []
    clock.now += HOUR
    assert tenant.read_back(None).objects
    assert tenant.attributes("b") == {"City": "Bergen", "Mail": "b@x.test"}


def test_resiliency_is_decided_by_the_feature_of_each_attribute(clock: HandClock) -> None:
    names = {"userPrincipalName": "a@x.test", "proxyAddresses": ("smtp:a@x.test",)}
    tenant = quick_tenant(clock, features=8)
    one(tenant, put("a", **names))
    assert one(tenant, put("b", userPrincipalName="a@x.test")).result_code == "Success"
    refused = one(tenant, put("c", proxyAddresses=("smtp:A@x.test",)))
    assert refused.result_error_code == "AttributeValueMustBeUnique"
    tenant.set_features(32)
    assert tenant.features == 8 | 32
    assert one(tenant, put("c", proxyAddresses=("smtp:A@x.test",))).result_code == "Success"


def test_an_older_file_is_refused_with_words(clock: HandClock, tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    Tenant(TenantSettings(), clock, path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(InputRefused, match="another version of Syncramp"):
        Tenant(TenantSettings(), clock, path)


def test_everything_of_a_tenant_survives_a_restart(clock: HandClock, tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    tenant = Tenant(TenantSettings(visibility_delay=0), clock, path)
    tenant.provision([put("a", mail="a@x.test"), put("b", mail="a@x.test"), put("c"), drop("c")])
    admin = tenant.portal.add_user("root@x.test", admin=True)
    tenant.portal.move_authority(tenant.portal.cloud_anchor("b"))
    tenant.set_features(1024)
    features = tenant.features
    tenant.close()
    again = Tenant(TenantSettings(visibility_delay=0, features=0), clock, path)
    assert again.features == features
    assert again.portal.provisioning_errors(again.portal.cloud_anchor("b")) == [("Mail", "a@x.test")]
    assert one(again, put("b")).result_error_code == "SourceOfAuthorityInCloud"
    assert one(again, put("x", CloudAnchor=admin)).result_error_code == "InvalidHardMatch"
    assert one(again, put("c")).sync_operation == "Set", "it was in the bin"
    clock.now += HOUR
    one(again, drop("a"))
    clock.now += HOUR
    again.read_back(None)
    assert again.attributes("b") == {"Mail": "a@x.test"}
    again.close()


def test_a_restart_does_not_hurry_the_look_at_the_quarantine(clock: HandClock, tmp_path: Path) -> None:
    path = tmp_path / "tenant.db"
    tenant = Tenant(TenantSettings(), clock, path)
    tenant.provision([put("a", mail="a@x.test"), put("b", mail="a@x.test"), drop("a")])
    tenant.close()
    clock.now += HOUR - 1
    again = Tenant(TenantSettings(), clock, path)
    for seconds, held in ((0, {}), (1, {"Mail": "a@x.test"})):
        clock.now += seconds
        again.read_back(None)
        assert again.attributes("b") == held
    again.close()
