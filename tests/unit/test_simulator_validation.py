"""Values that the simulated tenant refuses, drops, or takes with a word."""

import json
from importlib.resources import files
from typing import Any

import pytest

from support.simulator import HandClock, one, put, quick_tenant
from syncramp.model.values import Type
from syncramp.model.wire import Operation, ReferenceChange, SyncObject
from syncramp.rules.catalogue import LATER
from syncramp.simulator.attributes import attribute, of_kind, schema
from syncramp.simulator.settings import Attributes
from syncramp.simulator.tenant import Tenant


@pytest.fixture
def tenant() -> Tenant:
    return quick_tenant(HandClock())


@pytest.mark.parametrize(
    "upn",
    ["ada", "@x.test", "ada@", "a da@x.test", "ada@x@test", "ada@x_test", ".ada@x.test", "ada.@x.test", "ä@x.test"],
)
def test_a_malformed_user_principal_name_is_refused(tenant: Tenant, upn: str) -> None:
    assert one(tenant, put("a", userPrincipalName=upn)).result_error_code == "IdentityDataValidationFailed"
    assert tenant.count() == 0


@pytest.mark.parametrize("upn", ["ada@x.test", "A.d'a_!#^~-1@sub.x-y.test", "a" * 64 + "@x.test", "", None])
def test_other_user_principal_names_are_taken(tenant: Tenant, upn: Any) -> None:
    assert one(tenant, put("a", userPrincipalName=upn)).result_code == "Success"


def test_a_user_principal_name_has_a_length(tenant: Tenant) -> None:
    for upn in ("a" * 65 + "@x.test", "a@" + "x" * 49):
        assert one(tenant, put("a", userPrincipalName=upn)).result_error_code == "IdentityDataValidationFailed"


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ({"userCertificate": tuple(b"%d" % n for n in range(15))}, True),
        ({"userCertificate": tuple(b"%d" % n for n in range(16))}, False),
        ({"proxyAddresses": tuple(f"smtp:{n}@x.test" for n in range(332))}, True),
        ({"proxyAddresses": tuple(f"smtp:{n}@x.test" for n in range(333))}, False),
        ({"extension_1_note": "x" * 250}, True),
        ({"extension_1_note": "x" * 251}, False),
        ({f"extension_1_n{n}": "x" for n in range(100)}, True),
        ({f"extension_1_n{n}": "x" for n in range(101)}, False),
    ],
)
def test_an_object_can_be_too_large(tenant: Tenant, values: dict[str, Any], accepted: bool) -> None:
    result = one(tenant, put("a", **values))
    assert (result.result_code == "Success") is accepted
    if not accepted:
        assert result.result_error_code == "LargeObject"
        assert str(result.result_error_description).startswith("The provisioned object is too large. Trim the number")


@pytest.mark.parametrize(
    ("anchor", "accepted"), [("a" * 59, True), ("a" * 60, False), ("=" * 19, True), ("=" * 20, False)]
)
def test_an_anchor_is_short(tenant: Tenant, anchor: str, accepted: bool) -> None:
    result = one(tenant, put(anchor))
    assert result.result_error_code == ("0" if accepted else "ExceededAllowedLength")


def test_an_unknown_type_of_object_is_refused(tenant: Tenant) -> None:
    assert one(tenant, put("a", "Computer")).result_error_code == "InvalidValue"


WRONG: list[dict[str, Any]] = [
    {"accountEnabled": "True"},
    {"countryCode": "47"},
    {"displayName": 7},
    {"displayName": ("one", "two")},
    {"proxyAddresses": "smtp:a@x.test"},
    {"thumbnailPhoto": "text"},
    {"countryCode": True},
    {"noSuchAttribute": "x"},
    {"cloudDisplayName": "x"},
]
RIGHT: dict[str, Any] = {
    "accountEnabled": True,
    "COUNTRYCODE": 47,
    "displayName": "Ada",
    "proxyAddresses": ("smtp:a@x.test",),
    "thumbnailPhoto": b"\0",
    "employeeId": "7",
    "certificateUserIds": ("X509:1",),
    "extension_1_note": "x",
    "title": None,
    "otherMobile": (),
}


@pytest.mark.parametrize("values", WRONG, ids=lambda values: str(values))
def test_wrong_types_and_unknown_names_are_taken_told_of_or_refused(values: dict[str, Any]) -> None:
    outcomes = {how: one(quick_tenant(HandClock(), attributes=how), put("a", **values)) for how in Attributes}
    assert outcomes[Attributes.ACCEPT].result_error_description is None
    warned, refused = outcomes[Attributes.WARN], outcomes[Attributes.REFUSE]
    assert (warned.result_code, refused.result_error_code) == ("Success", "InvalidValue")
    assert "The attribute" in str(warned.result_error_description)
    assert warned.result_error_description == refused.result_error_description


def test_right_types_are_taken_where_others_are_refused() -> None:
    tenant = quick_tenant(HandClock(), attributes=Attributes.REFUSE)
    assert one(tenant, put("a", **RIGHT)).result_error_description is None
    for manager in ("a", None, ""):
        assert one(tenant, put("b", manager=manager)).result_code == "Success"
    assert one(tenant, put("g", "Group", member=(ReferenceChange("a"),))).result_code == "Success"


def test_the_clouds_own_attributes_are_not_written(tenant: Tenant) -> None:
    cloud = str(one(tenant, put("a", cloudMastered=True, CLOUDDISPLAYNAME="x", title="T")).cloud_anchor)
    assert tenant.attributes("a") == {"Title": "T"}
    shown = {obj.values["CloudAnchor"]: obj for obj in tenant.read_back(None).objects}[cloud]
    assert shown.values["CloudMastered"] is False


def test_a_single_reference_takes_no_changes(tenant: Tenant) -> None:
    one(tenant, put("a"))
    wrong = SyncObject("User", Operation.SET, {"SourceAnchor": "b", "publicDelegates": (ReferenceChange("a"),)})
    assert one(tenant, wrong).result_error_code == "InvalidValue"


def test_values_of_unverified_domains_are_changed_without_a_word() -> None:
    tenant = quick_tenant(HandClock(), verified_domains=("X.Test",))
    addresses = ("SMTP:a@X.test", "smtp:a@other.test", "X500:/o=other@other.test")
    result = one(tenant, put("a", userPrincipalName="a@other.test", proxyAddresses=addresses))
    assert result.result_error_description is None
    held = tenant.attributes("a") or {}
    assert held["UserPrincipalName"] == "a@simulated.onmicrosoft.com"
    assert held["ProxyAddresses"] == ("SMTP:a@X.test", "X500:/o=other@other.test")
    one(tenant, put("a", proxyAddresses=("smtp:a@other.test",), userPrincipalName="b@x.test"))
    assert tenant.attributes("a") == {"UserPrincipalName": "b@x.test"}


def test_the_schema_is_the_connectors_and_what_came_later() -> None:
    document = json.loads(files("syncramp.rules").joinpath("connector_schema.json").read_text())
    assert "AADConnectConfigDocumenter" in document["_source"]
    assert len(document["attributes"]) == 184
    assert schema().keys() == {name.lower() for name in (*document["attributes"], *LATER["user"], *LATER["group"])}
    assert attribute("PROXYADDRESSES") == schema()["proxyaddresses"]
    assert schema()["member"].type is Type.REFERENCE
    assert {"SourceAnchor", "CloudAnchor", "DisplayName"} <= set(of_kind("User")) & set(of_kind("Group"))
    assert of_kind("Computer") == ()
