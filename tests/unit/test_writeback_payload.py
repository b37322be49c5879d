"""What a written-back group is in the directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cloud_groups import OBJECT_ID, cloud_group, security_group, writeback
from support.pages import coded, rows, section
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.exclusions import EXCLUSIONS
from syncramp.spec.types import Naming
from syncramp.writeback.payload import ROWS, cut, marked, payload

SCHEMA = frozenset(row.name.lower() for row in ROWS)
WITHOUT_EXCHANGE = SCHEMA - {"mailnickname", "msexchrequireauthtosendto"}
BY_NAME = writeback(naming=Naming.DISPLAY_NAME)
MARK = f"Group_{OBJECT_ID}"


def made(config: object = None, **attributes: Value) -> dict[str, Value]:
    return payload(cloud_group(**attributes), config or writeback(), SCHEMA)  # type: ignore[arg-type]


def test_a_microsoft_365_group_is_a_universal_distribution_group_with_a_mailbox() -> None:
    group = cloud_group(
        displayName="Sales",
        description="Who sells",
        mail="sales@corp.example",
        mailNickname="sales",
        proxyAddresses=("SMTP:sales@corp.example", "smtp:s@corp.example"),
    )
    assert payload(group, writeback(), SCHEMA) == {
        "cn": MARK,
        "sAMAccountName": MARK,
        "groupType": 8,
        "displayName": "Sales",
        "description": "Who sells",
        "adminDescription": MARK,
        "msDS-ExternalDirectoryObjectId": MARK,
        "mail": "sales@corp.example",
        "mailNickname": "sales",
        "proxyAddresses": ("SMTP:sales@corp.example", "smtp:s@corp.example"),
        "msExchRequireAuthToSendTo": True,
    }


def test_a_security_group_is_a_universal_security_group_and_has_nothing_of_a_mailbox() -> None:
    group = security_group(displayName="Admins", mail="a@corp.example", mailNickname="a")
    assert payload(group, writeback(), SCHEMA) == {
        "cn": MARK,
        "sAMAccountName": MARK,
        "groupType": -2147483640,
        "displayName": "Admins",
        "adminDescription": MARK,
        "msDS-ExternalDirectoryObjectId": MARK,
    }
    assert -2147483640 & 0xFFFFFFFF == 0x80000008


def test_only_what_the_schema_has_is_written() -> None:
    group = cloud_group(mail="s@corp.example", mailNickname="s")
    assert payload(group, writeback(), WITHOUT_EXCHANGE).keys() == {
        "cn",
        "sAMAccountName",
        "groupType",
        "adminDescription",
        "msDS-ExternalDirectoryObjectId",
        "mail",
    }


@given(st.sets(st.sampled_from(sorted(SCHEMA))), st.text(max_size=600), st.text(max_size=600))
def test_no_name_outside_of_the_schema_and_no_text_that_a_directory_refuses(
    schema: set[str], name: str, description: str
) -> None:
    values = payload(cloud_group(displayName=name, description=description), BY_NAME, schema)
    assert {key.lower() for key in values} <= schema
    for key, value in values.items():
        if isinstance(value, str):
            assert value.strip()
            value.encode()
            assert "\x00" not in value
            assert len(value.encode("utf-16-le")) // 2 <= (448 if key == "description" else 256)


def test_a_description_is_cut_to_448_characters_and_not_bytes() -> None:
    assert made(description="ü" * 500)["description"] == "ü" * 448
    assert made(description="a\nb")["description"] == "a\nb"


def test_a_cut_never_leaves_half_a_character() -> None:
    assert made(description="a" * 447 + "😀")["description"] == "a" * 447
    assert made(description="a" * 446 + "😀")["description"] == "a" * 446 + "😀"
    assert cut("a\ud83db", 9) == "ab"


def test_a_description_of_blanks_is_none() -> None:
    assert "description" not in made(description="  ")
    assert "displayName" not in made(displayName="\r\n")


def test_a_display_name_stands_on_one_line() -> None:
    assert made(displayName="Sales\r\nNorth\x07")["displayName"] == "Sales North"


def test_a_group_can_be_called_by_its_display_name_and_the_end_of_its_object_id() -> None:
    assert made(BY_NAME, displayName="  Sales ")["cn"] == "Sales_70867728950e"
    assert made(BY_NAME, displayName="x" * 60)["cn"] == "x" * 51 + "_70867728950e"
    assert made(BY_NAME, displayName=" ")["cn"] == MARK
    assert made(BY_NAME)["cn"] == MARK


def test_an_account_name_loses_what_accounts_cannot_have() -> None:
    values = made(BY_NAME, displayName='R&D / "West" [a];b|c=d,e+f*g?<h>@:\\')
    assert values["sAMAccountName"] == "R&D  West abcdefgh_70867728950e"
    assert values["cn"] == 'R&D / "West" [a];b|c=d,e+f*g?<h>@:\\_70867728950e'
    assert made(BY_NAME, displayName="/.")["sAMAccountName"] == "._70867728950e"


@given(st.text(max_size=80))
def test_a_cn_has_at_most_64_characters_and_an_account_name_none_that_is_refused(name: str) -> None:
    values = made(BY_NAME, displayName=name)
    cn, account = str(values["cn"]), str(values["sAMAccountName"])
    assert len(cn.encode("utf-16-le")) <= 2 * 64
    assert cn.endswith("_70867728950e") or cn == MARK
    assert not set(account) & set('"/\\[]:;|=,+*?<>@')
    assert account.strip(". ")


def test_addresses_are_one_of_each_and_in_one_order() -> None:
    told = ("smtp:b@corp.example", "SMTP:a@corp.example", "smtp:B@corp.example", " ", "x500:" + "y" * 1200)
    assert made(proxyAddresses=told)["proxyAddresses"] == ("SMTP:a@corp.example", "smtp:B@corp.example")


def test_the_old_name_in_exchange_is_an_address_so_that_replies_arrive() -> None:
    values = made(legacyExchangeDN="/o=corp/cn=sales", proxyAddresses=("x500:/O=corp/cn=sales",))
    assert values["proxyAddresses"] == ("X500:/o=corp/cn=sales",)
    assert made(legacyExchangeDN="/o=corp/cn=sales")["proxyAddresses"] == ("X500:/o=corp/cn=sales",)


@pytest.mark.parametrize(("told", "closed"), [({}, True), ({"allowExternalSenders": False}, True)])
def test_strangers_may_not_write_to_a_group_unless_the_cloud_says_so(told: dict[str, Value], closed: bool) -> None:
    assert made(**told)["msExchRequireAuthToSendTo"] is closed
    assert made(allowExternalSenders=True)["msExchRequireAuthToSendTo"] is False


def test_what_is_written_is_left_out_of_the_upload() -> None:
    values = payload(cloud_group(), writeback(), {"admindescription"})
    entry = Entry(bytes(16), Kind.GROUP, "CN=x", {"admindescription": (str(values["adminDescription"]).encode(),)})
    reasons = [rule.reason for rule in EXCLUSIONS[Kind.GROUP] if rule.holds(entry)]
    assert reasons[0] == "a group that was written back from the cloud"
    assert marked(OBJECT_ID) == MARK


def test_the_table_of_attributes_that_are_written_back_is_the_code() -> None:
    part = section("docs/attributes.md", "## Groups that are written back")
    told = [(coded(name)[0], of.replace("`", ""), kinds) for name, of, kinds in rows(part)]
    assert told == [(row.name, row.of, "Microsoft 365 groups" if row.mail else "all") for row in ROWS]
