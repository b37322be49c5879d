"""Which anchor an entry has: the rule of a document on one entry."""

from base64 import b64decode, b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.build import SCOPE, config, entry, group, guid, user
from syncramp.model.values import Kind, Type
from syncramp.rules.anchors import FORBIDDEN, AnchorRule, NoAnchor, without_value
from syncramp.rules.ruleset import Ruleset
from syncramp.session.sources import rules_of
from syncramp.spec.types import DeclaredAttribute

EMPLOYEE = AnchorRule("employeeID")
BY_EMPLOYEE = Ruleset((SCOPE,), "employeeID", "corp")
CONTACT = entry(Kind.CONTACT, 3, "CN=C,DC=x", {"mail": "c@x.example", "employeeID": "E3"})


def reason(**attributes) -> str:
    with pytest.raises(NoAnchor) as caught:
        EMPLOYEE.anchor(user(1, **attributes))
    return str(caught.value)


def test_text_of_a_chosen_attribute_is_the_anchor_as_it_is() -> None:
    assert EMPLOYEE.anchor(user(1, employeeID="Jürgen-7 b.C")) == "Jürgen-7 b.C"
    assert AnchorRule("EMPLOYEEid").anchor(user(1, employeeID="00123")) == "00123"


@pytest.mark.parametrize("name", ["objectSid", "msExchMailboxGuid"])
def test_bytes_of_a_chosen_attribute_are_base64(name: str) -> None:
    value = bytes(range(16))
    assert b64decode(AnchorRule(name).anchor(user(1, **{name: value}))) == value


def test_an_attribute_that_the_document_declares_as_binary_is_base64_too() -> None:
    key = replace(user(1), attributes={"contosokey": (b"\x00\x01",)})
    with pytest.raises(NoAnchor, match="its contosoKey has a '"):
        AnchorRule("contosoKey").anchor(key)
    made = config(source_anchor="ContosoKey")
    (spec,) = made.sources
    declared = rules_of(spec, replace(made, attributes=(DeclaredAttribute("contosoKey", Type.BINARY),)))
    assert declared.anchor(key) == "AAE="
    assert rules_of(spec, made).anchor(key) == ""
    assert declared.digest != rules_of(spec, made).digest


def test_every_other_kind_has_its_object_guid_whatever_was_chosen() -> None:
    for other in (group(2, employeeID="E2"), CONTACT):
        assert EMPLOYEE.anchor(other) == b64encode(other.guid).decode()


def test_a_user_without_one_good_value_has_no_anchor_and_is_told_why() -> None:
    assert reason() == "its employeeID is empty"
    assert reason(employeeID="  ") == "its employeeID is empty"
    assert reason(employeeID=["1", "2"]) == "its employeeID has 2 values"
    assert reason(employeeID=b"\xff") == "its employeeID is no text"
    assert reason(employeeID="x" * 60) == "its employeeID is too long for an anchor"
    assert reason(employeeID="a\tb") == "its employeeID has a '\\t', which no anchor may have"


def test_what_is_neither_letter_nor_digit_counts_three() -> None:
    assert EMPLOYEE.anchor(user(1, employeeID="x" * 56 + "-"))
    assert reason(employeeID="x" * 57 + "-") == "its employeeID is too long for an anchor"
    assert reason(employeeID="x" * 57 + "é") == "its employeeID is too long for an anchor"


@pytest.mark.parametrize("sign", "\\!#$%&*+/=?^`{}|~<>()';:,[]\"@_")
def test_no_text_with_a_character_that_microsoft_excludes_is_an_anchor(sign: str) -> None:
    assert reason(employeeID=f"a{sign}b") == f"its employeeID has a {sign!r}, which no anchor may have"


def test_the_base64_of_bytes_may_have_what_text_may_not() -> None:
    assert "+" in AnchorRule("msExchMailboxGuid").anchor(user(1, msExchMailboxGuid=b"\xfb\xef\xbe" + bytes(13)))


@given(st.binary(max_size=80))
def test_whatever_an_attribute_holds_it_is_a_good_anchor_or_none(value: bytes) -> None:
    try:
        anchor = EMPLOYEE.anchor(user(1, employeeID=value))
    except NoAnchor as error:
        assert str(error).startswith("its employeeID ")
    else:
        assert anchor.encode() == value and len(anchor) < 60 and not FORBIDDEN & set(anchor)


def test_a_user_without_an_anchor_is_decided_with_the_reason_and_others_without() -> None:
    nobody, somebody = BY_EMPLOYEE.decide(user(1)), BY_EMPLOYEE.decide(user(2, employeeID="E2"))
    assert (nobody.anchorless, nobody.object.anchor, BY_EMPLOYEE.anchor(user(1))) == (
        "its employeeID is empty",
        "",
        "",
    )
    assert (somebody.anchorless, somebody.object.anchor) == ("", "E2")
    assert "employeeid" in BY_EMPLOYEE.wanted
    assert BY_EMPLOYEE.digest != Ruleset((SCOPE,), "employeeNumber", "corp").digest


def test_only_users_can_lack_a_value_of_consistency_guid() -> None:
    assert without_value(user(1))
    assert without_value(user(1, mS_DS_ConsistencyGuid=b""))
    assert not without_value(user(1, mS_DS_ConsistencyGuid=guid(1)))
    assert not without_value(group(2)) and not without_value(CONTACT)


@given(st.binary(min_size=1, max_size=60))
def test_a_value_of_consistency_guid_is_used_as_long_as_it_fits(value: bytes) -> None:
    coded = b64encode(value).decode()
    counted = sum(1 if sign.isalnum() else 3 for sign in coded)
    expected = coded if counted < 60 else b64encode(guid(1)).decode()
    assert AnchorRule("mS-DS-ConsistencyGuid").anchor(user(1, mS_DS_ConsistencyGuid=value)) == expected
