"""Which objects of the cloud the simulated tenant takes for those of the directory, and which it refuses to give."""

from typing import Any

import pytest

from support.simulator import HandClock, Mirror, group, one, put, quick_tenant
from syncramp.model.wire import Operation, SyncObject
from syncramp.simulator.matching import BLOCK_HARD_MATCH, BLOCK_SOFT_MATCH, SOFT_MATCH_ON_UPN
from syncramp.simulator.settings import FEATURES, CloudManaged, Duplicates
from syncramp.simulator.tenant import Tenant

ADA = {"userPrincipalName": "ada@x.test", "proxyAddresses": ("smtp:old@x.test", "SMTP:Ada@x.test")}


@pytest.fixture
def tenant() -> Tenant:
    return quick_tenant(HandClock())


def _cloud_ada(tenant: Tenant, **values: Any) -> str:
    return tenant.portal.add_user("someone@x.test", **{"ProxyAddresses": ("SMTP:ada@x.test",), **values})


def _shown(tenant: Tenant) -> dict[str, dict[str, Any]]:
    mirror = Mirror()
    mirror.read(tenant)
    return {str(values["CloudAnchor"]): values for values in mirror.objects.values()}


def test_a_new_user_is_the_cloud_user_with_its_primary_address(tenant: Tenant) -> None:
    cloud = _cloud_ada(tenant, City="Oslo")
    result = one(tenant, put("a", title="Analyst", **ADA))
    assert (result.result_code, result.sync_operation, result.cloud_anchor) == ("Success", "Set", cloud)
    shown = _shown(tenant)[cloud]
    assert (shown["SourceAnchor"], shown["CloudMastered"]) == ("a", False)
    assert (shown["City"], shown["Title"], shown["UserPrincipalName"]) == ("Oslo", "Analyst", "ada@x.test")
    assert tenant.count() == 1


def test_other_addresses_match_nothing_and_count_as_duplicates(tenant: Tenant) -> None:
    _cloud_ada(tenant, ProxyAddresses=("SMTP:other@x.test", "smtp:ada@x.test"))
    result = one(tenant, put("a", **ADA))
    assert (result.sync_operation, result.result_code) == ("Add", "Success")
    assert "ProxyAddresses SMTP:Ada@x.test;" in str(result.result_error_description)


def test_a_mail_is_the_primary_address_of_a_cloud_user_without_others(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test", Mail="ada@x.test")
    assert one(tenant, put("a", **ADA)).cloud_anchor == cloud


@pytest.mark.parametrize(("mask", "matches"), [(FEATURES, True), (FEATURES & ~SOFT_MATCH_ON_UPN, False)])
def test_a_user_principal_name_matches_where_the_feature_is_on(mask: int, matches: bool) -> None:
    tenant = quick_tenant(HandClock(), features=mask)
    cloud = tenant.portal.add_user("ADA@x.test")
    result = one(tenant, put("a", userPrincipalName="ada@x.test"))
    assert (result.cloud_anchor == cloud) is matches
    assert bool(result.result_error_description) is not matches, "else it is a duplicate"


def test_only_what_is_mail_enabled_among_groups_and_contacts_is_matched(tenant: Tenant) -> None:
    team = tenant.portal.add_group("sales", Mail="sales@x.test", ProxyAddresses=("SMTP:sales@x.test",))
    plain = tenant.portal.add_group("plain", unified=False)
    contact = tenant.portal.add_contact(DisplayName="C", ProxyAddresses=("SMTP:c@x.test",))
    assert one(tenant, put("g", "Group", proxyAddresses=("SMTP:sales@x.test",))).cloud_anchor == team
    assert one(tenant, put("c", "Contact", proxyAddresses=("SMTP:c@x.test",))).cloud_anchor == contact
    second = one(tenant, put("h", "Group", displayName="plain"))
    assert second.cloud_anchor != plain, "a second group of that name"


def test_a_match_that_has_another_source_anchor_is_refused_without_resiliency() -> None:
    tenant = quick_tenant(HandClock(), duplicates=Duplicates.REFUSE)
    tenant.provision([put("a", **ADA)])
    result = one(tenant, put("b", proxyAddresses=("SMTP:ada@x.test",)))
    assert (result.result_code, result.result_error_code) == ("Failure", "InvalidSoftMatch")
    by_name = one(tenant, put("c", userPrincipalName="ada@x.test"))
    assert by_name.result_error_code == "InvalidSoftMatch"
    assert tenant.anchors() == {"a"}


def test_soft_match_can_be_blocked(tenant: Tenant) -> None:
    cloud = _cloud_ada(tenant)
    tenant.set_features(BLOCK_SOFT_MATCH)
    assert one(tenant, put("a", **ADA)).result_error_code == "InvalidSoftMatch"
    assert _shown(tenant)[cloud]["CloudMastered"] is True
    assert one(tenant, put("b")).result_code == "Success", "what matches nothing is not blocked"
    tenant.portal.set_features(FEATURES)
    assert one(tenant, put("a", **ADA)).cloud_anchor == cloud


def test_an_administrator_is_not_taken_over(tenant: Tenant) -> None:
    cloud = _cloud_ada(tenant)
    tenant.portal.grant_role(cloud)
    result = one(tenant, put("a", **ADA))
    assert result.result_error_code == "ExistingAdminRoleConflict"
    assert "Existing Admin Role Conflict" in str(result.result_error_description)
    hard = one(tenant, put("a", CloudAnchor=cloud))
    assert hard.result_error_code == "InvalidHardMatch"
    assert "Existing Admin Role Conflict" in str(hard.result_error_description)


@pytest.mark.parametrize("kind", ["Group", "Contact"])
def test_the_same_address_on_another_type_is_a_mismatch(tenant: Tenant, kind: str) -> None:
    _cloud_ada(tenant)
    one(tenant, put("u", proxyAddresses=("SMTP:u@x.test",)))
    for address in ("SMTP:ada@x.test", "SMTP:U@x.test"):
        result = one(tenant, put("g", kind, proxyAddresses=(address,)))
        assert result.result_error_code == "ObjectTypeMismatch"
    assert tenant.anchors() == {"u"}


def test_a_cloud_user_with_an_immutable_id_is_matched_by_it(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test")
    tenant.portal.set_immutable_id(cloud, "a")
    assert _shown(tenant)[cloud]["CloudMastered"] is True
    assert tenant.count() == 0
    result = one(tenant, put("a", city="Oslo"))
    assert (result.sync_operation, result.cloud_anchor) == ("Set", cloud)
    assert tenant.count() == 1


def test_both_anchors_together_set_the_immutable_id_once(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test")
    assert one(tenant, put("a", CloudAnchor=cloud)).result_code == "Success"
    assert tenant.anchors() == {"a"}
    again = one(tenant, put("b", CloudAnchor=cloud))
    assert again.result_error_code == "InvalidHardMatch"
    one(tenant, put("c"))
    other = one(tenant, put("c", CloudAnchor=cloud))
    assert other.result_error_code == "InvalidAnchor", "the anchors are of two objects"


def test_hard_match_is_for_users_only(tenant: Tenant) -> None:
    team = tenant.portal.add_group("sales")
    result = one(tenant, put("g", "Group", CloudAnchor=team))
    assert result.result_error_code == "InvalidHardMatch"


def test_hard_match_can_be_blocked_and_synchronised_users_are_left_alone_by_the_block(tenant: Tenant) -> None:
    one(tenant, put("mine"))
    cloud = tenant.portal.add_user("someone@x.test")
    tenant.portal.set_immutable_id(cloud, "a")
    tenant.set_features(BLOCK_HARD_MATCH)
    for values in ({}, {"CloudAnchor": cloud}):
        assert one(tenant, put("a", **values)).result_error_code == "InvalidHardMatch"
    assert one(tenant, put("mine", city="Oslo")).result_code == "Success"


def test_a_hard_match_does_not_map_another_identifier(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test", OnPremisesObjectIdentifier="one")
    result = one(tenant, put("a", CloudAnchor=cloud, onPremisesObjectIdentifier="two"))
    assert result.result_error_code == "InvalidHardMatch"
    assert "Review OnPremisesObjectIdentifier mapping" in str(result.result_error_description)
    other = tenant.portal.add_user("other@x.test", OnPremisesObjectIdentifier="three")
    assert one(tenant, put("a", CloudAnchor=cloud, onPremisesObjectIdentifier="one")).result_code == "Success"
    assert one(tenant, put("b", CloudAnchor=other)).result_code == "Success", "it does not speak of it"


def test_a_cloud_object_may_be_changed_by_its_cloud_anchor_and_stays_the_clouds(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test")
    assert (
        one(tenant, SyncObject("User", Operation.SET, {"CloudAnchor": cloud, "city": "Oslo"})).result_code
        == "Success"
    )
    assert (_shown(tenant)[cloud]["City"], _shown(tenant)[cloud]["CloudMastered"]) == ("Oslo", True)


def test_only_users_are_matched_by_their_name(tenant: Tenant) -> None:
    tenant.portal.add_user("ada@x.test")
    result = one(tenant, put("c", "Contact", userPrincipalName="ada@x.test"))
    assert (result.result_code, result.sync_operation) == ("Success", "Add")
    assert "UserPrincipalName" in str(result.result_error_description)


def test_a_match_takes_no_anchor_that_is_too_long(tenant: Tenant) -> None:
    cloud = tenant.portal.add_user("someone@x.test")
    assert one(tenant, put("a" * 60, CloudAnchor=cloud)).result_error_code == "ExceededAllowedLength"


def test_an_earlier_object_of_the_call_can_be_the_duplicate(tenant: Tenant) -> None:
    first, second = tenant.provision([put("a", **ADA), put("b", **ADA)])
    assert first.result_error_description is None
    assert second.sync_operation == "Add"
    assert "UserPrincipalName ada@x.test;" in str(second.result_error_description)


def test_objects_moved_to_the_cloud_are_left_alone_or_refused() -> None:
    for how in CloudManaged:
        tenant = quick_tenant(HandClock(), cloud_managed=how)
        tenant.provision([put("a"), group("g", ["a"], displayName="G")])
        tenant.portal.move_authority(tenant.portal.cloud_anchor("g"))
        delete = SyncObject("Group", Operation.DELETE, {"SourceAnchor": "g"})
        for change in (group("g", remove=["a"]), put("g", "Group", displayName="H"), delete):
            result = one(tenant, change)
            assert result.result_code == ("Failure" if how is CloudManaged.REFUSE else "Success")
        assert (tenant.attributes("g"), tenant.members("g")) == ({"DisplayName": "G"}, {"a"})
        shown = _shown(tenant)[tenant.portal.cloud_anchor("g")]
        assert (shown["BlockOnPremisesSync"], shown["CloudMastered"], shown["SourceAnchor"]) == (True, True, "g")
        tenant.portal.move_authority(tenant.portal.cloud_anchor("g"), to_cloud=False)
        assert one(tenant, put("g", "Group", displayName="H")).result_code == "Success"
