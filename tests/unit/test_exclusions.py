"""Who is left out: one documented exclusion a test."""

from dataclasses import replace

import pytest

from support.build import BASE, SCOPE, entry, group, guid, user, without
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules.exclusions import EXCLUSIONS, USED
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")
CONTACT = {"cn": "Partner", "displayName": "Partner", "mail": "p@partner.example"}


def contact(**attributes: str | list[str]) -> Entry:
    values = {name: value for name, value in (CONTACT | attributes).items() if value}
    return entry(Kind.CONTACT, 201, f"CN=Partner,OU=Contacts,{BASE}", values)


def reason(entry: Entry) -> str:
    """Why it is left out; empty when it comes."""
    decision = RULES.decide(entry)
    assert (decision.object is None) == bool(decision.reason)
    assert RULES.in_scope(entry) == (decision.object is not None)
    return decision.reason


@pytest.mark.parametrize("made", [user(1), group(101), contact()], ids=["user", "group", "contact"])
def test_nothing_is_left_out_without_a_reason(made) -> None:
    assert reason(made) == ""


@pytest.mark.parametrize("value", ["TRUE", "FALSE"])
@pytest.mark.parametrize("made", [user, group, lambda _, **more: contact(**more)], ids=["user", "group", "contact"])
def test_what_carries_is_critical_system_object_stays_out_whatever_its_value(made, value) -> None:
    assert reason(made(1, isCriticalSystemObject=value)) == "a critical system object of the directory"


@pytest.mark.parametrize("made", [user(1), group(101), contact()], ids=["user", "group", "contact"])
def test_a_replication_conflict_stays_out(made) -> None:
    marked = replace(made, dn=f"CN=A\\, B\\0ACNF:5f0c3a52-0000-4000-8000-000000000001,OU=X,{BASE}")
    assert reason(marked) == "a replication conflict object"


def test_what_lies_below_a_replication_conflict_is_judged_by_itself() -> None:
    assert reason(replace(user(1), dn=f"CN=A,OU=X\\0ACNF:5f0c3a52-0000-4000-8000-000000000001,{BASE}")) == ""


def test_a_user_without_an_account_name_stays_out() -> None:
    assert reason(without(user(1), "samaccountname")) == "no sAMAccountName"


@pytest.mark.parametrize("name", ["AAD_0123", "MSOL_ab", "msol_ab", "SUPPORT_388945a0", "support_388945A0"])
def test_accounts_of_sync_tools_and_of_support_stay_out(name) -> None:
    assert reason(user(1, sAMAccountName=name)) == "an account of a sync tool or of Microsoft support"


@pytest.mark.parametrize("name", ["SUPPORT_388945a1", "XAAD_1", "aad1"])
def test_accounts_with_similar_names_come(name) -> None:
    assert reason(user(1, sAMAccountName=name)) == ""


@pytest.mark.parametrize("name", ["SystemMailbox{1f05a927}", "systemmailbox{", "CAS_{1f05a927}"])
def test_system_mailboxes_stay_out_by_their_nickname(name) -> None:
    assert reason(user(1, mailNickname=name)) == "a system mailbox"


def test_client_access_accounts_stay_out_by_their_account_name() -> None:
    assert reason(user(1, sAMAccountName="CAS_{1f05a927}")) == "a system mailbox"
    assert reason(user(1, sAMAccountName="CAS_1f05a927", mailNickname="cas_a")) == ""


@pytest.mark.parametrize("bit", [bit for bit in range(40) if 0x21C07000 >> bit & 1])
def test_mailboxes_that_exchange_online_has_no_use_for_stay_out_by_their_type(bit) -> None:
    assert reason(user(1, msExchRecipientTypeDetails=str(1 << bit))) == "a system mailbox"
    assert reason(user(1, msExchRecipientTypeDetails=str(1 << bit | 1))) == "a system mailbox"


@pytest.mark.parametrize("number", [1, 4, 16, 32, 128, 2147483648, 17179869184, 34359738368])
def test_mailboxes_rooms_and_remote_mailboxes_come(number) -> None:
    assert reason(user(1, msExchRecipientTypeDetails=str(number))) == ""


def test_a_recipient_type_that_is_no_number_excludes_nobody() -> None:
    assert reason(user(1, msExchRecipientTypeDetails="many")) == ""


def test_a_user_that_came_from_the_cloud_does_not_go_back() -> None:
    assert reason(user(1, adminDescription="user_5f0c3a52")) == "a user that was written back from the cloud"
    assert reason(user(1, adminDescription="Group_5f0c3a52")) == ""


def test_the_cloud_id_that_a_hybrid_exchange_writes_to_a_user_leaves_nobody_out() -> None:
    assert reason(user(1, msDS_ExternalDirectoryObjectId="User_5f0c3a52")) == ""


def test_disabled_accounts_come() -> None:
    assert reason(user(1, userAccountControl="514")) == ""


@pytest.mark.parametrize("marker", ["adminDescription", "msDS_ExternalDirectoryObjectId"])
def test_a_group_that_came_from_the_cloud_does_not_go_back(marker) -> None:
    assert reason(group(101, **{marker: "Group_5f0c3a52"})) == "a group that was written back from the cloud"


def test_the_group_of_the_former_sync_tool_stays_out() -> None:
    assert reason(group(101, sAMAccountName="MSOL_AD_Sync_RichCoexistence")) == "a group of a former sync tool"
    assert reason(group(101, sAMAccountName="MSOL_AD_Sync")) == ""


def test_an_exchange_role_group_stays_out() -> None:
    assert reason(group(101, msExchRecipientTypeDetails=str(0x40000000))) == "an Exchange role group"


def test_a_security_group_needs_no_mail() -> None:
    assert reason(group(101, groupType="-2147483646")) == ""


@pytest.mark.parametrize(
    "mail",
    [{"mail": "g@x.example"}, {"proxyAddresses": ["X500:/o=x", "smtp:g@x.example"]}, {"proxyAddresses": "SMTP:g@x"}],
)
def test_a_distribution_group_comes_when_it_is_mail_enabled(mail) -> None:
    assert reason(group(101, groupType="2", **mail)) == ""


@pytest.mark.parametrize(
    "mail", [{}, {"mail": "nobody"}, {"proxyAddresses": "X500:/o=x/cn=g@x"}, {"proxyAddresses": "smtp:nobody"}]
)
def test_a_distribution_group_without_an_smtp_address_stays_out(mail) -> None:
    assert reason(group(101, groupType="2", **mail)) == "neither security-enabled nor mail-enabled"


def test_a_contact_needs_mail_even_if_it_has_a_proxy_address() -> None:
    assert reason(contact(mail="", proxyAddresses="SMTP:p@partner.example")) == "a contact without a mail address"


def test_a_contact_needs_an_address_in_mail_or_among_its_proxy_addresses() -> None:
    assert reason(contact(mail="partner")) == "a contact that is not mail-enabled"
    assert reason(contact(mail="partner", proxyAddresses="X500:/o=x/cn=p@x")) == "a contact that is not mail-enabled"
    assert reason(contact(mail="partner", proxyAddresses="smtp:p@partner.example")) == ""


def test_a_hidden_copy_of_the_former_sync_tool_stays_out() -> None:
    name = "Partner (MSOL)"
    hidden = contact(displayName=name, msExchHideFromAddressLists="TRUE")
    assert reason(hidden) == "a hidden contact of a former sync tool"
    assert reason(contact(displayName=name, msExchHideFromAddressLists="FALSE")) == ""
    assert reason(contact(msExchHideFromAddressLists="TRUE")) == ""


def test_a_client_access_contact_stays_out() -> None:
    assert reason(contact(mailNickname="CAS_{1f05a927}")) == "a system mailbox"
    assert reason(contact(mailNickname="CAS_1f05a927")) == ""


def test_a_linked_mailbox_gives_no_anchor_and_no_user_principal_name() -> None:
    mailbox = user(1, msExchRecipientTypeDetails="2", mailNickname="ada", mail="ada@corp.example.com")
    decision = RULES.decide(mailbox)
    assert reason(mailbox) == "a linked mailbox: its account is in another forest"
    assert decision.partial is not None
    assert decision.partial.anchor == ""
    assert "userPrincipalName" not in decision.partial.attributes
    assert decision.partial.attributes["mail"] == "ada@corp.example.com"


def test_only_the_exact_recipient_type_makes_a_linked_mailbox() -> None:
    for number in ("1", "3", "2147483650"):
        decision = RULES.decide(user(1, msExchRecipientTypeDetails=number))
        assert decision.object is not None
        assert decision.partial is None
    assert reason(group(101, msExchRecipientTypeDetails="2")) == ""


def test_what_the_exclusions_look_at_is_read_from_the_directory() -> None:
    assert RULES.wanted >= USED
    named = {word.lower() for table in EXCLUSIONS.values() for rule in table for word in rule.when.split()}
    attributes = named & {name.lower() for name in RULES.wanted} - {"mail", "objectguid"}
    assert attributes <= USED


def test_an_entry_is_told_the_first_exclusion_that_holds() -> None:
    both = user(1, isCriticalSystemObject="TRUE", sAMAccountName="MSOL_1")
    assert reason(both) == "a critical system object of the directory"
    assert guid(1) == both.guid
