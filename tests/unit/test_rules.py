"""The default rules: who is synchronised, under which anchor, with which attributes; one behaviour a test."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, entry, group, guid, user, user_dn, without
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.ruleset import Ruleset, domain_of
from syncramp.rules.types import Decision
from syncramp.spec.types import Scope, SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")
CONTACT = {"cn": "Partner", "displayName": "Partner", "mail": "p@partner.example"}


def contact(**attributes: str) -> Entry:
    return entry(Kind.CONTACT, 201, f"CN=Partner,OU=Contacts,{BASE}", {**CONTACT, **attributes})


def decide(entry: Entry, *scopes: Scope) -> Decision:
    return (Ruleset(scopes, SourceAnchor.CONSISTENCY_GUID, "corp") if scopes else RULES).decide(entry)


def attributes(entry: Entry) -> dict[str, Value]:
    decision = decide(entry)
    assert decision.object is not None, decision.reason
    return decision.object.attributes


def test_an_entry_outside_every_scope_is_left_out_with_the_name_of_its_source() -> None:
    scope = Scope(f"OU=Sales,{BASE}", frozenset(Kind))
    assert decide(user(1), scope).reason == "outside every scope of source corp"
    assert decide(user(1, ou="Sales"), scope).object
    assert decide(user(1, ou="Presales"), scope).reason


def test_a_scope_takes_only_the_kinds_it_names() -> None:
    scope = Scope(BASE, frozenset({Kind.GROUP}))
    assert decide(user(1), scope).reason == "its scope does not name the kind User"
    assert decide(group(101), scope).object


def test_a_filter_is_evaluated_on_the_entry_and_any_scope_suffices() -> None:
    none = Scope(BASE, frozenset(Kind), "(title=Nobody)")
    clerks = Scope(BASE, frozenset(Kind), "(&(title=cl*)(!(department=X)))")
    assert decide(user(1, title="Clerk"), none).reason == "it does not match the filter of its scope"
    assert decide(user(1, title="Clerk"), none, clerks).object
    assert "department" in Ruleset((clerks,), SourceAnchor.OBJECT_GUID, "corp").wanted


def test_a_disabled_account_is_synchronised_as_disabled() -> None:
    assert attributes(user(1, userAccountControl="514"))["accountEnabled"] is False
    assert attributes(user(1, userAccountControl="512"))["accountEnabled"] is True


def test_without_user_account_control_an_account_is_enabled() -> None:
    assert attributes(without(user(1), "useraccountcontrol"))["accountEnabled"] is True


@pytest.mark.parametrize("kind", [user(1), group(101), contact()])
def test_critical_system_objects_stay_out(kind) -> None:
    critical = replace(kind, attributes={**kind.attributes, "iscriticalsystemobject": (b"TRUE",)})
    assert decide(critical).reason == "a critical system object of the directory"


def test_a_replication_conflict_stays_out() -> None:
    conflict = replace(user(1), dn=f"CN=User 1\\0ACNF:5f0c3a52-0000-4000-8000-000000000001,OU=People,{BASE}")
    assert decide(conflict).reason == "a replication conflict object"


def test_a_user_without_an_account_name_stays_out() -> None:
    assert decide(without(user(1), "samaccountname")).reason == "no sAMAccountName"


@pytest.mark.parametrize("name", ["AAD_0123", "MSOL_ab", "msol_ab", "SUPPORT_388945a0", "support_388945A0"])
def test_accounts_of_sync_tools_and_of_support_stay_out(name) -> None:
    assert "sync tool" in decide(user(1, sAMAccountName=name)).reason


@pytest.mark.parametrize("nickname", ["SystemMailbox{1f05a927}", "CAS_{1f05a927}"])
def test_system_mailboxes_stay_out_by_their_nickname(nickname) -> None:
    assert decide(user(1, mailNickname=nickname)).reason == "a system mailbox"


def test_hidden_mailboxes_stay_out_by_their_type() -> None:
    assert decide(user(1, msExchRecipientTypeDetails=str(0x800000 | 0x20000000))).reason == "a system mailbox"
    assert decide(user(1, msExchRecipientTypeDetails="1")).object


def test_a_group_is_security_enabled_or_mail_enabled_or_stays_out() -> None:
    plain = group(101, groupType="2")
    assert decide(plain).reason == "neither security-enabled nor mail-enabled"
    assert attributes(group(101, groupType="2", mail="g@x.example"))["securityEnabled"] is False
    assert attributes(group(101))["securityEnabled"] is True
    assert decide(group(101, groupType="2", proxyAddresses=["smtp:g@x.example"])).object


def test_an_x500_address_alone_does_not_make_a_group_mail_enabled() -> None:
    assert decide(group(101, groupType="2", proxyAddresses=["X500:/o=x"])).reason


@pytest.mark.parametrize("marker", ["adminDescription", "msDS_ExternalDirectoryObjectId"])
def test_a_group_that_came_from_the_cloud_does_not_go_back(marker) -> None:
    name = f"Group_{'5f0c3a52-0000-4000-8000-000000000001'}"
    assert "written back" in decide(group(101, **{marker: name})).reason


def test_an_exchange_role_group_stays_out() -> None:
    assert decide(group(101, msExchRecipientTypeDetails=str(0x40000000))).reason == "an Exchange role group"


def test_a_contact_needs_a_mail_address() -> None:
    assert decide(contact()).object
    assert decide(without(contact(), "mail")).reason == "a contact without a mail address"


def test_users_are_anchored_by_consistency_guid_and_without_one_by_object_guid() -> None:
    value = bytes(range(16))
    marked = user(1, mS_DS_ConsistencyGuid=value)
    assert RULES.anchor(marked) == b64encode(value).decode()
    assert RULES.anchor(user(1)) == b64encode(guid(1)).decode()
    by_guid = Ruleset((SCOPE,), SourceAnchor.OBJECT_GUID, "corp")
    assert by_guid.anchor(marked) == b64encode(guid(1)).decode()


def test_every_other_kind_is_anchored_by_object_guid_whatever_it_carries() -> None:
    assert RULES.anchor(group(101, mS_DS_ConsistencyGuid=bytes(16))) == b64encode(guid(101)).decode()


def test_an_anchor_the_service_would_not_take_is_not_used() -> None:
    assert RULES.anchor(user(1, mS_DS_ConsistencyGuid=b"x" * 60)) == b64encode(guid(1)).decode()


USER_FLOWS = {
    "cn": "commonName",
    "displayName": "displayName",
    "givenName": "givenName",
    "sn": "surname",
    "l": "city",
    "st": "state",
    "co": "country",
    "c": "countryLetterCode",
    "mailNickname": "alias",
    "mail": "mail",
    "title": "title",
    "department": "department",
    "company": "company",
    "physicalDeliveryOfficeName": "physicalDeliveryOfficeName",
    "streetAddress": "streetAddress",
    "postalCode": "postalCode",
    "telephoneNumber": "telephoneNumber",
    "mobile": "mobile",
    "facsimileTelephoneNumber": "facsimileTelephoneNumber",
    "employeeID": "employeeId",
    "preferredLanguage": "preferredLanguage",
    "msExchUsageLocation": "usageLocation",
    "extensionAttribute1": "extensionAttribute1",
    "extensionAttribute15": "extensionAttribute15",
}


@pytest.mark.parametrize(("name", "wire"), USER_FLOWS.items())
def test_an_attribute_of_a_user_flows_under_its_wire_name(name, wire) -> None:
    assert attributes(user(1, **{name: "Señor Übel"}))[wire] == "Señor Übel"
    assert name.lower() in RULES.wanted


def test_the_place_of_an_entry_flows() -> None:
    found = attributes(user(1))
    assert found["onPremisesDistinguishedName"] == user_dn(1)
    assert found["dnsDomainName"] == "corp.example.com"
    assert found["onPremisesSamAccountName"] == "user1"
    assert found["onPremisesObjectIdentifier"] == "00000000-0000-0000-0000-000000000001"


def test_values_have_the_types_of_the_wire() -> None:
    found = attributes(
        user(
            1,
            countryCode="250",
            objectSid=b"\x01\x05",
            proxyAddresses=["smtp:b@x", "SMTP:a@x"],
            thumbnailPhoto=b"\xff\xd8",
            pwdLastSet="132223104000000000",
        )
    )
    assert found["countryCode"] == 250
    assert found["onPremiseSecurityIdentifier"] == b"\x01\x05"
    assert found["proxyAddresses"] == ("SMTP:a@x", "smtp:b@x")
    assert found["thumbnailPhoto"] == b"\xff\xd8"
    assert found["lastPasswordChangeTimestamp"] == "20200101000000.0Z"


def test_a_password_that_was_never_set_has_no_time() -> None:
    assert "lastPasswordChangeTimestamp" not in attributes(user(1, pwdLastSet="0"))


def test_without_a_principal_name_the_account_name_at_its_domain_stands_in() -> None:
    assert attributes(without(user(1), "userprincipalname"))["userPrincipalName"] == "user1@corp.example.com"


def test_a_group_without_a_display_name_shows_its_common_name() -> None:
    assert attributes(group(101))["displayName"] == "Group 101"


def test_references_are_dns_until_the_engine_resolves_them() -> None:
    decision = decide(user(1, manager=user_dn(2)))
    assert decision.object.references == {"manager": user_dn(2)}
    assert "manager" not in decision.object.attributes
    assert decide(group(101, managedBy=user_dn(2))).object.references == {"managedBy": user_dn(2)}


def test_white_space_is_no_value() -> None:
    assert "title" not in attributes(user(1, title="  "))


def test_one_bad_attribute_never_holds_the_object() -> None:
    decision = decide(user(1, countryCode="many", title=b"\xff\xfe", userAccountControl="514"))
    assert decision.object.attributes["accountEnabled"] is False
    assert {warning.split(":")[0] for warning in decision.warnings} == {"countrycode", "title"}


def test_more_certificates_than_the_service_takes_are_left_out() -> None:
    many = user(1, userCertificate=[f"certificate {number}" for number in range(16)])
    decision = decide(many)
    assert "userCertificate" not in decision.object.attributes
    assert "15" in decision.warnings[0]


def test_the_digest_changes_with_whatever_needs_a_full_synchronise() -> None:
    narrow = Scope(BASE, frozenset({Kind.USER}))
    filtered = Scope(BASE, frozenset(Kind), "(cn=*)")
    made = [
        Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp"),
        Ruleset((SCOPE,), SourceAnchor.OBJECT_GUID, "corp"),
        Ruleset((narrow,), SourceAnchor.CONSISTENCY_GUID, "corp"),
        Ruleset((filtered,), SourceAnchor.CONSISTENCY_GUID, "corp"),
    ]
    assert len({rules.digest for rules in made}) == len(made)
    assert made[0].digest == RULES.digest


@given(
    st.dictionaries(st.sampled_from(sorted(RULES.wanted)), st.lists(st.binary(max_size=12), min_size=1, max_size=3))
)
def test_no_value_of_any_attribute_breaks_a_decision(values) -> None:
    odd = {name: tuple(sorted(found)) for name, found in values.items()}
    for base in (user(1), group(101), contact()):
        decision = RULES.decide(replace(base, attributes={**base.attributes, **odd}))
        assert (decision.object is None) == bool(decision.reason)
        assert RULES.in_scope(replace(base, attributes={**base.attributes, **odd})) == (decision.object is not None)


@pytest.mark.parametrize(
    ("dn", "domain"), [("CN=A,DC=corp,DC=Example", "corp.example"), ("DC=x,DC=y", "x.y"), ("O=Acme", "")]
)
def test_the_domain_is_read_from_the_dn(dn, domain) -> None:
    assert domain_of(dn) == domain
