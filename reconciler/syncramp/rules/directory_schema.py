"""Directory attributes that people, groups, contacts and computers carry: their usual spelling, type and number.

From the schema of an Active Directory with Exchange and Lync, as an export of 2016 shows it (the same that
``connector_schema.json`` names); what is not in it, or came later, from MS-ADA1 to MS-ADA3 and Microsoft's pages of
the Exchange and AD schema. Times are text (generalized time) or integers (FILETIME), as the directory writes them.

``description`` stands with those of one value, although the schema does not say so: Active Directory keeps it to one
for accounts and groups. Where another directory holds several values of such an attribute, the first counts.
"""

from collections.abc import Mapping

from syncramp.model.values import Type

ONE: Mapping[Type, str] = {
    Type.STRING: """
        adminDescription adminDisplayName c cn co comment company department description displayName
        displayNamePrintable distinguishedName division dNSHostName employeeID employeeNumber employeeType entryDN
        facsimileTelephoneNumber generationQualifier givenName homeDirectory homeDrive homePhone
        homePostalAddress info initials ipPhone l legacyExchangeDN location loginShell mail mailNickname middleName
        mobile msDS-ExternalDirectoryObjectId msDS-PhoneticCompanyName msDS-PhoneticDepartment
        msDS-PhoneticDisplayName msDS-PhoneticFirstName msDS-PhoneticLastName msDS-preferredDataLocation
        msExchAssistantName msExchELCExpirySuspensionEnd msExchELCExpirySuspensionStart msExchHomeServerName
        msExchImmutableId msExchLitigationHoldDate msExchLitigationHoldOwner msExchResourceDisplay
        msExchRetentionComment msExchRetentionURL msExchTeamMailboxExpiration msExchTeamMailboxSharePointUrl
        msExchUsageLocation msExchUserCulture msExchWhenMailboxCreated msRTCSIP-DeploymentLocator msRTCSIP-Line
        msRTCSIP-OwnerUrn msRTCSIP-PrimaryUserAddress name operatingSystem operatingSystemHotfix
        operatingSystemServicePack operatingSystemVersion pager personalTitle physicalDeliveryOfficeName postalCode
        preferredLanguage profilePath sAMAccountName scriptPath sn st street streetAddress targetAddress
        telephoneAssistant telephoneNumber title unixHomeDirectory userPrincipalName userWorkstations whenChanged
        whenCreated wWWHomePage
        """
    + " ".join(f"extensionAttribute{number} msDS-cloudExtensionAttribute{number}" for number in range(1, 16))
    + " "
    + " ".join(f"msDS-cloudExtensionAttribute{number}" for number in range(16, 21)),
    Type.BOOLEAN: """
        deliverAndRedirect hideDLMembership isCriticalSystemObject isDeleted msExchBypassAudit msExchEnableModeration
        msExchHideFromAddressLists msExchMailboxAuditEnable msExchRequireAuthToSendTo msNPAllowDialin
        msOrg-IsOrganizational msRTCSIP-UserEnabled oOFReplyToOriginator reportToOriginator reportToOwner
        showInAdvancedViewOnly
        """,
    Type.INTEGER: """
        accountExpires adminCount badPwdCount countryCode delivContLength gidNumber groupType lastLogon
        lastLogonTimestamp lockoutTime logonCount msDS-HABSeniorityIndex msDS-SupportedEncryptionTypes
        msExchAuditAdmin msExchAuditDelegate msExchAuditDelegateAdmin msExchAuditOwner msExchELCMailboxFlags
        msExchGroupDepartRestriction msExchGroupJoinRestriction msExchMailboxAuditLogAgeLimit msExchModerationFlags
        msExchRecipientDisplayType msExchRecipientTypeDetails msExchRemoteRecipientType msExchResourceCapacity
        msExchVersion msRTCSIP-ApplicationOptions msRTCSIP-OptionFlags objectVersion primaryGroupID pwdLastSet
        sAMAccountType uidNumber userAccountControl uSNChanged uSNCreated
        """,
    Type.BINARY: """
        entryUUID mS-DS-ConsistencyGuid mS-DS-CreatorSID msExchArchiveGUID msExchBlockedSendersHash msExchMailboxGuid
        msExchMasterAccountSid msExchSafeRecipientsHash msExchSafeSendersHash msRTCSIP-OriginatorSid objectGUID
        objectSid thumbnailLogo thumbnailPhoto
        """,
    Type.REFERENCE: """
        altRecipient assistant homeMDB managedBy manager msExchTeamMailboxSharePointLinkedBy objectCategory
        """,
}
"""Attributes with one value."""

MANY: Mapping[Type, str] = {
    Type.STRING: """
        altSecurityIdentities carLicense departmentNumber extensionName houseIdentifier labeledURI memberUid
        msExchArchiveName msExchExtensionCustomAttribute1 msExchExtensionCustomAttribute2
        msExchExtensionCustomAttribute3 msExchExtensionCustomAttribute4 msExchExtensionCustomAttribute5
        msExchPoliciesExcluded msExchPoliciesIncluded msExchResourceMetaData msExchResourceSearchProperties
        msExchSenderHintTranslations msExchUCVoiceMailSettings msExchUserHoldPolicies networkAddress o objectClass
        otherFacsimileTelephoneNumber otherHomePhone otherIpPhone otherLoginWorkstations otherMailbox otherMobile
        otherPager otherTelephone ou postalAddress postOfficeBox proxyAddresses roomNumber serialNumber
        servicePrincipalName uid url
        """,
    Type.INTEGER: "preferredDeliveryMethod",
    Type.BINARY: """
        jpegPhoto photo sIDHistory tokenGroups userCertificate userPKCS12 userSMIMECertificate x500uniqueIdentifier
        """,
    Type.REFERENCE: """
        authOrig directReports dLMemRejectPerms dLMemSubmitPerms managedObjects member memberOf
        msExchBypassModerationFromDLMembersLink msExchBypassModerationLink msExchCoManagedByLink
        msExchDelegateListLink msExchModeratedByLink msExchTeamMailboxOwners publicDelegates publicDelegatesBL
        secretary seeAlso showInAddressBook unauthOrig
        """,
}
"""Attributes with any number of values."""
