"""Attribute flow of the default rules: which directory attribute becomes which wire attribute, and how.

They are those of Microsoft's own sync service: its page "Attributes synchronized" says which attributes of users,
contacts and groups each service gets, its page "Understanding the default configuration" and the published export of
its rules of 2016 (microsoft/AADConnectConfigDocumenter) say how. Names on the wire are those of its connector; most
equal AD's, the others are renamed here (``sn`` to surname, ``l`` to city, ...). onPremiseSecurityIdentifier is
spelled so on the wire, without an "s" after "Premise". employeeId, onPremisesDistinguishedName and
onPremisesObjectIdentifier came with later releases.

What Exchange makes of a *user* flows only where ``mailNickname`` has a value; groups and contacts need none.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from syncramp.model.values import Kind
from syncramp.rules.values import (
    Convert,
    all_trimmed,
    binaries,
    binary,
    boolean,
    cut,
    enabled,
    filetime,
    guid_text,
    integer,
    long,
    one_cut,
    security_enabled,
    text,
    texts,
    trimmed,
)

MAIL_ENABLED = "mailnickname"


class Flow(NamedTuple):
    """One attribute on its way."""

    wire: str
    """Its name on the wire."""
    attribute: str
    """Its name in the directory, as it is usually spelled."""
    convert: Convert
    needs: str = ""
    """It flows only where this attribute has a value."""


def _same(convert: Convert, names: str) -> tuple[Flow, ...]:
    """Attributes with one name on both sides."""
    return tuple(Flow(name, name, convert) for name in names.split())


def _renamed(convert: Convert, names: str) -> tuple[Flow, ...]:
    """Attributes with other names on the wire: ``directory>wire``."""
    pairs = (name.split(">") for name in names.split())
    return tuple(Flow(wire, directory, convert) for directory, wire in pairs)


def _exchange(flows: Iterable[Flow]) -> tuple[Flow, ...]:
    """The same, of users that Exchange knows."""
    return tuple(flow._replace(needs=MAIL_ENABLED) for flow in flows)


_EXTENSIONS = _same(trimmed, " ".join(f"extensionAttribute{number}" for number in range(1, 16)))
_ALL = (
    *_same(text, "displayName"),
    *_same(trimmed, "mail"),
    *_same(cut, "description info"),
    *_same(all_trimmed, "proxyAddresses"),
    *_renamed(text, "mailNickname>alias"),
    *_EXTENSIONS,
)
_PERSON = (
    *_same(
        trimmed,
        """givenName company department title physicalDeliveryOfficeName streetAddress postalCode telephoneNumber
        mobile facsimileTelephoneNumber homePhone ipPhone pager initials middleName wWWHomePage""",
    ),
    *_renamed(trimmed, "sn>surname l>city st>state co>country c>countryLetterCode"),
    *_same(integer, "countryCode"),
    *_same(
        all_trimmed,
        "otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherMobile otherPager otherTelephone",
    ),
    *_same(one_cut, "postOfficeBox url"),
    *_same(binary, "thumbnailPhoto"),
    *_renamed(
        text,
        """msRTCSIP-DeploymentLocator>msRtcSipDeploymentLocator msRTCSIP-Line>msRtcSipLine
        msRTCSIP-PrimaryUserAddress>msRtcSipPrimaryUserAddress""",
    ),
    *_renamed(integer, "msRTCSIP-OptionFlags>msRtcSipOptionFlags"),
    *_renamed(boolean, "msRTCSIP-UserEnabled>msRtcSipUserEnabled"),
)
_RECIPIENT = (
    *_same(text, "legacyExchangeDN msExchLitigationHoldDate msExchLitigationHoldOwner msExchRetentionComment"),
    *_renamed(text, "msDS-PhoneticDisplayName>msDsPhoneticDisplayName msExchRetentionURL>msExchRetentionUrl"),
    *_renamed(integer, "msDS-HABSeniorityIndex>msDsHabSeniorityIndex"),
    *_same(integer, "msExchModerationFlags msExchRecipientDisplayType"),
    *_same(long, "msExchRecipientTypeDetails"),
    *_same(boolean, "msExchHideFromAddressLists msExchRequireAuthToSendTo"),
    *_same(texts, "msExchSenderHintTranslations"),
    *_same(texts, " ".join(f"msExchExtensionCustomAttribute{number}" for number in range(1, 6))),
)
_PERSON_RECIPIENT = (
    *_same(text, "msExchAssistantName targetAddress"),
    *_same(trimmed, "telephoneAssistant"),
    *_same(binary, "msExchBlockedSendersHash msExchSafeRecipientsHash msExchSafeSendersHash"),
    *_same(binaries, "userCertificate userSMIMECertificate"),
)
_MAILBOX = (
    *_same(
        text,
        "msExchImmutableId msExchResourceDisplay msExchTeamMailboxExpiration msExchTeamMailboxSharePointUrl",
    ),
    *_renamed(
        text,
        """msExchELCExpirySuspensionEnd>msExchElcExpirySuspensionEnd
        msExchELCExpirySuspensionStart>msExchElcExpirySuspensionStart""",
    ),
    *_renamed(integer, "msExchELCMailboxFlags>msExchElcMailboxFlags"),
    *_same(
        integer,
        """msExchAuditAdmin msExchAuditDelegate msExchAuditDelegateAdmin msExchAuditOwner
        msExchMailboxAuditLogAgeLimit msExchResourceCapacity""",
    ),
    *_same(long, "msExchRemoteRecipientType"),
    *_same(boolean, "msExchBypassAudit msExchEnableModeration msExchMailboxAuditEnable"),
    *_same(texts, "msExchArchiveName msExchResourceSearchProperties msExchUserHoldPolicies"),
    *_renamed(texts, "msExchResourceMetaData>msExchResourceMetadata"),
    *_same(binary, "msExchMailboxGuid"),
    *_renamed(binary, "msExchArchiveGUID>msExchArchiveGuid"),
)
_ON_PREMISES = (
    *_renamed(text, "cn>commonName sAMAccountName>onPremisesSamAccountName"),
    *_renamed(binary, "objectSid>onPremiseSecurityIdentifier"),
    *_renamed(guid_text, "objectGUID>onPremisesObjectIdentifier"),
)

FLOWS: Mapping[Kind, tuple[Flow, ...]] = {
    Kind.USER: (
        *_same(text, "userPrincipalName"),
        *_renamed(enabled, "userAccountControl>accountEnabled"),
        *_renamed(filetime, "pwdLastSet>lastPasswordChangeTimestamp"),
        *_renamed(text, "msExchUsageLocation>usageLocation"),
        *_ON_PREMISES,
        *_ALL,
        *_PERSON,
        *_same(trimmed, "preferredLanguage"),
        *_renamed(trimmed, "employeeID>employeeId"),
        *_renamed(integer, "msRTCSIP-ApplicationOptions>msRtcSipApplicationOptions"),
        *_renamed(text, "msRTCSIP-OwnerUrn>msRtcSipOwnerUrn"),
        *_exchange((*_RECIPIENT, *_PERSON_RECIPIENT, *_MAILBOX)),
    ),
    Kind.GROUP: (
        *_renamed(security_enabled, "groupType>securityEnabled"),
        *_ON_PREMISES,
        *_ALL,
        *_RECIPIENT,
        *_same(
            boolean,
            "hideDLMembership msExchEnableModeration oOFReplyToOriginator reportToOriginator reportToOwner",
        ),
        *_renamed(boolean, "msOrg-IsOrganizational>msOrgIsOrganizational"),
    ),
    Kind.CONTACT: (*_ALL, *_PERSON, *_RECIPIENT, *_PERSON_RECIPIENT),
    Kind.DEVICE: (
        *_same(text, "displayName"),
        *_renamed(enabled, "userAccountControl>accountEnabled"),
        *_renamed(text, "operatingSystem>deviceOSType operatingSystemVersion>deviceOSVersion"),
        *_renamed(binary, "objectGUID>deviceId objectSid>onPremiseSecurityIdentifier"),
        *_same(binaries, "userCertificate"),
    ),
}
REFERENCES: Mapping[Kind, tuple[Flow, ...]] = {
    Kind.USER: (
        *_same(text, "manager assistant"),
        *_exchange(_same(text, "altRecipient msExchTeamMailboxSharePointLinkedBy")),
    ),
    Kind.GROUP: _same(text, "managedBy"),
    Kind.CONTACT: _same(text, "manager assistant"),
    Kind.DEVICE: (),
}
"""Single references; their values are DNs."""
