"""What flows: the attributes that Microsoft says are synchronised, and how their values become those of the wire."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, entry, group, guid, user, without
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Type, Value
from syncramp.rules import mapping, values
from syncramp.rules.catalogue import DIRECTORY, WIRE
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")

ALL = """displayName mail mailNickname proxyAddresses description info legacyExchangeDN msDS-HABSeniorityIndex
    msDS-PhoneticDisplayName msExchHideFromAddressLists msExchLitigationHoldDate msExchLitigationHoldOwner
    msExchModerationFlags msExchRecipientDisplayType msExchRecipientTypeDetails msExchRequireAuthToSendTo
    msExchRetentionComment msExchRetentionURL msExchSenderHintTranslations msExchExtensionCustomAttribute1
    msExchExtensionCustomAttribute2 msExchExtensionCustomAttribute3 msExchExtensionCustomAttribute4
    msExchExtensionCustomAttribute5""" + "".join(f" extensionAttribute{number}" for number in range(1, 16))
PERSONS = """assistant c co company countryCode department facsimileTelephoneNumber givenName homePhone initials
    ipPhone l manager middleName mobile msExchAssistantName msExchBlockedSendersHash msExchSafeRecipientsHash
    msExchSafeSendersHash msRTCSIP-DeploymentLocator msRTCSIP-Line msRTCSIP-OptionFlags msRTCSIP-PrimaryUserAddress
    msRTCSIP-UserEnabled otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherMobile otherPager
    otherTelephone pager physicalDeliveryOfficeName postalCode postOfficeBox sn st streetAddress targetAddress
    telephoneAssistant telephoneNumber thumbnailPhoto title url userCertificate userSMIMECertificate wWWHomePage"""
DOCUMENTED = {
    Kind.USER: f"""{ALL} {PERSONS} userAccountControl altRecipient cn employeeID msExchArchiveGUID msExchArchiveName
        msExchAuditAdmin msExchAuditDelegate msExchAuditDelegateAdmin msExchAuditOwner msExchBypassAudit
        msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart msExchELCMailboxFlags msExchEnableModeration
        msExchImmutableId msExchMailboxAuditEnable msExchMailboxAuditLogAgeLimit msExchMailboxGuid
        msExchRemoteRecipientType msExchResourceCapacity msExchResourceDisplay msExchResourceMetaData
        msExchResourceSearchProperties msExchTeamMailboxExpiration msExchTeamMailboxSharePointLinkedBy
        msExchTeamMailboxSharePointUrl msExchUsageLocation msExchUserHoldPolicies msRTCSIP-ApplicationOptions
        msRTCSIP-OwnerUrn objectGUID objectSid preferredLanguage pwdLastSet sAMAccountName userPrincipalName""",
    Kind.GROUP: f"""{ALL} cn groupType hideDLMembership managedBy msExchEnableModeration msOrg-IsOrganizational
        objectGUID objectSid oOFReplyToOriginator reportToOriginator reportToOwner sAMAccountName""",
    Kind.CONTACT: f"{ALL} {PERSONS}",
}
"""Microsoft, "Attributes synchronized to Microsoft Entra ID", all services together, with the attributes that are
derived under another name; its lists of references are in LEFT_OUT."""
LEFT_OUT = """authOrig dLMemRejectPerms dLMemSubmitPerms msExchBypassModerationLink msExchCoManagedByLink
    msExchDelegateListLink msExchModeratedByLink msExchTeamMailboxOwners publicDelegates unauthOrig"""
RENAMED = {
    "c": "countryLetterCode",
    "cn": "commonName",
    "co": "country",
    "employeeID": "employeeId",
    "groupType": "securityEnabled",
    "l": "city",
    "mailNickname": "alias",
    "msDS-HABSeniorityIndex": "msDsHabSeniorityIndex",
    "msDS-PhoneticDisplayName": "msDsPhoneticDisplayName",
    "msExchArchiveGUID": "msExchArchiveGuid",
    "msExchELCExpirySuspensionEnd": "msExchElcExpirySuspensionEnd",
    "msExchELCExpirySuspensionStart": "msExchElcExpirySuspensionStart",
    "msExchELCMailboxFlags": "msExchElcMailboxFlags",
    "msExchResourceMetaData": "msExchResourceMetadata",
    "msExchRetentionURL": "msExchRetentionUrl",
    "msExchUsageLocation": "usageLocation",
    "msOrg-IsOrganizational": "msOrgIsOrganizational",
    "msRTCSIP-ApplicationOptions": "msRtcSipApplicationOptions",
    "msRTCSIP-DeploymentLocator": "msRtcSipDeploymentLocator",
    "msRTCSIP-Line": "msRtcSipLine",
    "msRTCSIP-OptionFlags": "msRtcSipOptionFlags",
    "msRTCSIP-OwnerUrn": "msRtcSipOwnerUrn",
    "msRTCSIP-PrimaryUserAddress": "msRtcSipPrimaryUserAddress",
    "msRTCSIP-UserEnabled": "msRtcSipUserEnabled",
    "objectGUID": "onPremisesObjectIdentifier",
    "objectSid": "onPremiseSecurityIdentifier",
    "pwdLastSet": "lastPasswordChangeTimestamp",
    "sAMAccountName": "onPremisesSamAccountName",
    "sn": "surname",
    "st": "state",
    "userAccountControl": "accountEnabled",
}
FLOWING = [(kind, flow) for kind, flows in FLOWS.items() for flow in flows]
TOLD = [(kind, flow) for kind, flow in FLOWING if kind is not Kind.DEVICE]
EXAMPLES: dict[values.Convert, tuple[list[str] | bytes, Value]] = {
    values.text: ([" ä b"], " ä b"),
    values.trimmed: (["\u00a0ä@b "], "ä@b"),
    values.cut: ([" " + "ä" * 500], "ä" * 448),
    values.one_cut: (["a" * 500, "b"], ("a" * 448,)),
    values.texts: (["b ", "a"], ("a", "b ")),
    values.all_trimmed: ([" b", "b", "a "], ("a", "b")),
    values.integer: (["-7"], -7),
    values.long: (["34359738368"], 34359738368),
    values.boolean: (["TRUE"], True),
    values.binary: (b"\xff\x00", b"\xff\x00"),
    values.binaries: (b"\xff\x00", (b"\xff\x00",)),
    values.enabled: (["514"], False),
    values.security_enabled: (["-2147483646"], True),
    values.filetime: (["132223104000000000"], "20200101000000.0Z"),
    values.guid_text: (guid(1), "00000000-0000-0000-0000-000000000001"),
}
"""A value of the directory and what it becomes, for every conversion."""
TYPES = {str: Type.STRING, bool: Type.BOOLEAN, int: Type.INTEGER, bytes: Type.BINARY}


def made(kind: Kind, **attributes: str | bytes | list[str]) -> Entry:
    """An entry that comes, with a nickname."""
    common = {"mailNickname": "ada", "mail": "ada@x.example"}
    if kind is Kind.CONTACT:
        return entry(kind, 201, f"CN=Ada,OU=Contacts,{BASE}", {"cn": "Ada", **common, **attributes})
    return (user if kind is Kind.USER else group)(1, **{**common, **attributes})


def sent(entry: Entry) -> dict[str, Value]:
    decision = RULES.decide(entry)
    assert decision.object is not None, decision.reason
    return decision.object.attributes


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_every_attribute_that_microsoft_lists_flows_and_no_other(kind) -> None:
    flowing = {flow.attribute for flow in (*FLOWS[kind], *REFERENCES[kind])}
    assert flowing == set(DOCUMENTED[kind].split())
    assert flowing.isdisjoint(LEFT_OUT.split())


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_an_attribute_has_its_own_name_on_the_wire_unless_microsoft_renamed_it(kind) -> None:
    flows = (*FLOWS[kind], *REFERENCES[kind])
    assert {flow.attribute: flow.wire for flow in flows} == {
        flow.attribute: RENAMED.get(flow.attribute, flow.attribute) for flow in flows
    }
    assert len({flow.wire for flow in flows}) == len({flow.attribute for flow in flows}) == len(flows)


@pytest.mark.parametrize(("kind", "flow"), TOLD, ids=[f"{kind}-{flow.wire}" for kind, flow in TOLD])
def test_a_value_of_the_directory_arrives(kind, flow) -> None:
    value, expected = EXAMPLES[flow.convert]
    assert sent(made(kind, **{flow.attribute: value}))[flow.wire] == expected
    assert flow.attribute.lower() in RULES.wanted


@pytest.mark.parametrize(("kind", "flow"), FLOWING, ids=[f"{kind}-{flow.wire}" for kind, flow in FLOWING])
def test_a_flow_gives_the_type_that_the_service_takes(kind, flow) -> None:
    known = WIRE[kind][flow.wire]
    _, value = EXAMPLES[flow.convert]
    assert isinstance(value, tuple) == known.multi
    assert TYPES[type(value[0] if isinstance(value, tuple) else value)] is known.type
    assert DIRECTORY[flow.attribute].multi or not known.multi


def test_the_first_three_fields_of_a_guid_are_little_endian() -> None:
    assert values.guid_text((bytes(range(16)),)) == "03020100-0504-0706-0809-0a0b0c0d0e0f"


@pytest.mark.parametrize("convert", EXAMPLES, ids=lambda convert: convert.__name__)
@given(st.lists(st.binary(max_size=24), min_size=1, max_size=4, unique=True))
def test_a_conversion_gives_a_value_or_nothing_or_says_what_is_wrong(convert, raw) -> None:
    try:
        value = convert(tuple(sorted(raw)))
    except (ValueError, OverflowError):
        return
    assert value is None or value not in ("", ())
    if isinstance(value, tuple):
        assert list(value) == sorted(set(value), key=lambda item: item if isinstance(item, bytes) else item.encode())


@given(
    st.dictionaries(
        st.sampled_from([name for name in f"{ALL} {PERSONS}".lower().split() if name != "info"]),
        st.lists(st.sampled_from([b"7", b"TRUE", b" a ", b" ", b"\xc3\xa9", b"\xff"]), max_size=2).map(tuple),
    )
)
def test_an_attribute_that_is_no_text_changes_nothing_of_the_others(attributes) -> None:
    """Texts are read all together, and with one that cannot be read each by itself."""
    person = Entry(guid(1), Kind.USER, f"CN=A,{BASE}", attributes)
    values, references, wrong = mapping.values_of(person)
    broken = mapping.values_of(replace(person, attributes={**attributes, "info": (b"\xff",)}))
    told = broken[2].pop("info")
    assert (values, references, wrong) == broken
    assert told.startswith("info: ")


def test_what_exchange_makes_of_a_user_flows_only_with_a_nickname() -> None:
    marks = {
        flow.attribute: EXAMPLES[flow.convert][0]
        for flow in FLOWS[Kind.USER]
        if flow.attribute.startswith("msExch") or flow.attribute in ("targetAddress", "legacyExchangeDN")
    }
    with_nickname = sent(user(1, mailNickname="ada", **marks))
    assert {name for name in with_nickname if name.startswith("msExch")} != set()
    assert with_nickname["targetAddress"] == " ä b"
    plain = sent(user(1, **marks))
    assert {name for name in plain if name.startswith("msExch")} == set()
    assert plain.keys().isdisjoint({"targetAddress", "legacyExchangeDN", "alias"})


def test_what_everybody_sees_flows_without_a_nickname_too() -> None:
    found = sent(
        user(1, mail="a@x.example", extensionAttribute1="x", thumbnailPhoto=b"\xff", msExchUsageLocation="FR")
    )
    assert (found["mail"], found["extensionAttribute1"], found["usageLocation"]) == ("a@x.example", "x", "FR")


@pytest.mark.parametrize("kind", [Kind.GROUP, Kind.CONTACT])
def test_groups_and_contacts_need_no_nickname(kind) -> None:
    plain = without(made(kind, msExchHideFromAddressLists="TRUE"), "mailnickname")
    assert sent(plain)["msExchHideFromAddressLists"] is True


@pytest.mark.parametrize("kind", list(DOCUMENTED))
def test_without_a_display_name_the_common_name_stands_in(kind) -> None:
    assert sent(without(made(kind, cn="Ada L"), "displayname"))["displayName"] == "Ada L"
    assert sent(made(kind, cn="Ada L", displayName="Ada"))["displayName"] == "Ada"


def test_a_contact_without_a_nickname_has_its_common_name_as_alias() -> None:
    assert sent(without(made(Kind.CONTACT, cn="Ada L"), "mailnickname"))["alias"] == "Ada L"
    assert "alias" not in sent(without(made(Kind.USER, cn="Ada L"), "mailnickname"))


def test_a_common_name_that_is_no_text_stands_in_for_nothing() -> None:
    decision = RULES.decide(without(made(Kind.USER, cn=b"\xff"), "displayname"))
    assert decision.object is not None
    assert "displayName" not in decision.object.attributes
    assert "commonName" in decision.object.unread


def test_a_contact_has_no_place_in_the_cloud() -> None:
    found = sent(made(Kind.CONTACT))
    assert {name for name in found if name.startswith("onPremise")} == set()
    assert found.keys().isdisjoint({"commonName", "dnsDomainName"})


@pytest.mark.parametrize("kind", list(DOCUMENTED))
def test_single_references_name_their_target(kind) -> None:
    names = [flow.attribute for flow in REFERENCES[kind]]
    decision = RULES.decide(made(kind, **dict.fromkeys(names, f"CN=Boss,{BASE}")))
    assert decision.object is not None
    assert decision.object.references == dict.fromkeys(names, f"CN=Boss,{BASE}")


def test_references_that_exchange_makes_need_a_nickname() -> None:
    decision = RULES.decide(user(1, altRecipient=f"CN=Boss,{BASE}", assistant=f"CN=Aide,{BASE}"))
    assert decision.object is not None
    assert decision.object.references == {"assistant": f"CN=Aide,{BASE}"}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("msExchHideFromAddressLists", "yes", "msexchhidefromaddresslists: it is neither TRUE nor FALSE"),
        ("countryCode", "2147483648", "countrycode: it is no number of 32 bits"),
        ("msExchRemoteRecipientType", "9223372036854775808", "msexchremoterecipienttype: it is no number of 64 bits"),
    ],
)
def test_a_value_of_another_type_is_told_and_leaves_the_attribute_as_it_is(name, value, wrong) -> None:
    decision = RULES.decide(made(Kind.USER, **{name: value}))
    assert decision.object is not None
    assert decision.warnings == (wrong,)
    assert name in decision.object.unread
    assert name not in decision.object.attributes
