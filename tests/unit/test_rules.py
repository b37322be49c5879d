"""The default rules: who is synchronised, under which anchor, with which attributes; one behaviour a test."""

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, entry, group, guid, user, user_dn, without
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.mapping import domain_of
from syncramp.rules.ruleset import Ruleset
from syncramp.rules.types import Decision
from syncramp.rules.validation import validated
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
    many = user(1, mailNickname="one", userCertificate=[f"certificate {number}" for number in range(16)])
    made = validated(decide(many).object)
    assert "userCertificate" not in made.attributes and made.unread == {"userCertificate"}
    assert [(each.code, "15" in each.reason) for each in made.violations] == [("TooManyValues", True)]


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
