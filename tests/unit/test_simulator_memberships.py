"""Memberships in the two versions of the endpoint, and what the tenant's switches make of them."""

from typing import Any

import pytest

from support.simulator import HandClock, drop, group, one, put, quick_tenant
from syncramp.model.wire import ReferenceChange
from syncramp.simulator.refusals import Fault
from syncramp.simulator.settings import MemberLists, Repeated, ToldOperation, Unresolved
from syncramp.simulator.tenant import Tenant


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


def _filled(clock: HandClock, **settings: Any) -> Tenant:
    tenant = quick_tenant(clock, **settings)
    tenant.provision([put("a"), put("b"), put("c"), put("g", "Group")])
    return tenant


def _listed(*members: str) -> Any:
    return put("g", "Group", member=members)


def test_the_v1_endpoint_replaces_a_membership(clock: HandClock) -> None:
    tenant = _filled(clock)
    assert one(tenant, _listed("a", "b"), version=1).result_code == "Success"
    assert tenant.members("g") == {"a", "b"}
    one(tenant, _listed("b", "c"), version=1)
    assert tenant.members("g") == {"b", "c"}
    one(tenant, put("g", "Group", displayName="G"), version=1)
    assert tenant.members("g") == {"b", "c"}, "a list that is not sent changes nothing"
    one(tenant, _listed(), version=1)
    assert tenant.members("g") == set()


def test_the_v1_endpoint_takes_anchors_of_both_kinds_and_no_changes(clock: HandClock) -> None:
    tenant = _filled(clock)
    one(tenant, _listed("a", tenant.portal.cloud_anchor("b")), version=1)
    assert tenant.members("g") == {"a", "b"}
    assert one(tenant, group("g", ["c"]), version=1).result_error_code == "InvalidValue"
    assert one(tenant, _listed("a", "nobody"), version=1).result_error_code == "UnresolvedReference"
    assert tenant.members("g") == {"a", "b"}


def test_a_v1_list_leaves_members_in_the_bin_to_come_back(clock: HandClock) -> None:
    tenant = _filled(clock)
    one(tenant, _listed("a", "b"), version=1)
    one(tenant, drop("a"))
    one(tenant, _listed("b"), version=1)
    one(tenant, put("a"))
    assert tenant.members("g") == {"a", "b"}


def test_the_versions_have_limits_of_their_own(clock: HandClock) -> None:
    tenant = _filled(clock, most_members_v1=2, most_members=3, most_links=3)
    assert one(tenant, _listed("a", "b", "c"), version=1).result_error_code == "ExceededAllowedLength"
    assert one(tenant, group("g", "abc")).result_code == "Success"
    assert one(tenant, _listed("a", "b"), version=1).result_code == "Success", "a large group can shrink"
    long = [put("g", "Group", member=("a", "b")), put("h", "Group", member=("a", "b"))]
    assert {result.result_code for result in tenant.provision(long, 1)} == {"Success"}, "no limit of links in V1"


def test_a_list_is_refused_by_v2_or_replaces_where_the_switch_says_so(clock: HandClock) -> None:
    assert one(_filled(clock), _listed("a")).result_error_code == "InvalidValue"
    tenant = _filled(clock, member_lists=MemberLists.REPLACE)
    one(tenant, group("g", "ab"))
    assert one(tenant, _listed("b", "c")).result_code == "Success"
    assert tenant.members("g") == {"b", "c"}


def test_repeated_changes_can_be_refused_object_by_object(clock: HandClock) -> None:
    tenant = _filled(clock, repeated_changes=Repeated.REFUSE)
    assert one(tenant, group("g", "ab")).result_code == "Success"
    added, removed, other = tenant.provision(
        [group("g", "bc", displayName="G"), group("g", (), "c"), put("a", city="Oslo")]
    )
    assert added.result_error_code == removed.result_error_code == "RepeatedReferenceChange"
    assert "already exist" in str(added.result_error_description)
    assert "do not exist" in str(removed.result_error_description)
    assert other.result_code == "Success"
    assert (tenant.members("g"), tenant.attributes("g")) == ({"a", "b"}, {})
    assert one(tenant, group("g", "c", "a")).result_code == "Success"
    assert tenant.members("g") == {"b", "c"}


def test_a_member_that_becomes_one_again_is_no_repetition(clock: HandClock) -> None:
    tenant = _filled(clock, repeated_changes=Repeated.REFUSE)
    for change in (group("g", "a"), group("g", (), "a"), group("g", "a")):
        assert one(tenant, change).result_code == "Success"
    one(tenant, drop("a"))
    assert one(tenant, group("g", (), "a")).result_code == "Success", "it sleeps in the bin"
    one(tenant, put("a"))
    assert tenant.members("g") == set()


def test_who_is_gone_can_still_be_taken_out(clock: HandClock) -> None:
    tenant = _filled(clock)
    tenant.provision([put("k", "Contact"), group("g", ["a", "k"]), drop("k", "Contact")])
    assert one(tenant, group("g", (), ["k"])).result_code == "Success"
    assert one(tenant, group("g", ["k"])).result_error_code == "UnresolvedReference"
    assert tenant.members("g") == {"a"}


def test_only_groups_have_members(clock: HandClock) -> None:
    tenant = _filled(clock)
    result = one(tenant, put("a", member=(ReferenceChange("b"),)))
    assert result.result_error_code == "InvalidValue"


def test_a_list_can_lose_what_is_unknown(clock: HandClock) -> None:
    tenant = _filled(clock, unresolved=Unresolved.DROP)
    one(tenant, _listed("a", "nobody"), version=1)
    assert tenant.members("g") == {"a"}


def test_links_can_count_as_writes(clock: HandClock) -> None:
    tenant = quick_tenant(clock, writes_per_five_minutes=10, links_per_write=2)
    tenant.provision([put("a"), put("b"), put("c"), put("g", "Group")])
    tenant.provision([group("g", "abc")])  # an object, and three links as two writes
    with pytest.raises(Fault, match="currently busy"):
        tenant.provision([group("g", (), "abc", displayName="G"), put("a")])
    tenant.provision([group("g", (), "abc")])
    assert tenant.calls["busy"] == 1


def test_a_result_can_echo_the_operation_that_was_asked_for(clock: HandClock) -> None:
    tenant = quick_tenant(clock, told_operation=ToldOperation.ECHO)
    results = tenant.provision([put("a"), put("a"), drop("a")])
    assert [result.sync_operation for result in results] == ["Set", "Set", "Delete"]


def test_the_quota_counts_deleted_objects_as_a_quarter(clock: HandClock) -> None:
    tenant = quick_tenant(clock, object_quota=5)  # one of them is the administrator
    tenant.provision([put(anchor) for anchor in "abcd"])
    assert one(tenant, put("e")).result_error_code == "QuotaExceeded"
    assert one(tenant, put("a", city="Oslo")).result_code == "Success"
    one(tenant, drop("a"))
    results = tenant.provision([put("e"), put("f")])  # four and a quarter are there
    assert [result.result_error_code for result in results] == ["0", "QuotaExceeded"]
