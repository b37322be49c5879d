"""Requests that change a directory are, byte for byte, those of ldap3."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3.operation.add import add_operation
from ldap3.operation.delete import delete_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.modifyDn import modify_dn_operation
from ldap3.utils.asn1 import encode

from syncramp.source.ldap.changing import (
    Change,
    ChangeOf,
    add_request,
    delete_request,
    modify_request,
    named_by,
    rename_request,
)

LDAP3 = {ChangeOf.ADD: "MODIFY_ADD", ChangeOf.DELETE: "MODIFY_DELETE", ChangeOf.REPLACE: "MODIFY_REPLACE"}
names = st.sampled_from(["member", "description", "proxyAddresses"])
values = st.lists(st.binary(max_size=300), min_size=1, max_size=4, unique=True)


@given(st.dictionaries(names, st.tuples(st.sampled_from(ChangeOf), values), min_size=1))
def test_a_modify_is_written_as_ldap3_writes_it(asked: dict[str, tuple[ChangeOf, list[bytes]]]) -> None:
    theirs = modify_operation("CN=a", {name: [(LDAP3[of], given)] for name, (of, given) in asked.items()}, False)
    ours = modify_request("CN=a", [Change(of, name, given) for name, (of, given) in asked.items()])
    assert ours == _encoded(theirs)


@given(st.dictionaries(names, values, min_size=1))
def test_an_add_is_written_as_ldap3_writes_it(asked: dict[str, list[bytes]]) -> None:
    assert add_request("CN=ä", asked) == _encoded(add_operation("CN=ä", asked, False))


@pytest.mark.parametrize("superior", ["", "OU=there"])
def test_a_rename_and_a_delete_are_written_as_ldap3_writes_them(superior: str) -> None:
    theirs = modify_dn_operation("CN=a", "CN=b", True, superior or None)
    assert rename_request("CN=a", "CN=b", superior) == _encoded(theirs)
    assert delete_request("CN=a") == _encoded(delete_operation("CN=a"))


def test_to_take_an_attribute_away_no_value_is_named() -> None:
    asked = modify_request("CN=a", [Change(ChangeOf.REPLACE, "description")])
    assert asked.endswith(b"\x0a\x01\x02\x30\x0f\x04\x0bdescription\x31\x00")


def test_an_entry_is_named_by_its_guid_as_people_write_it() -> None:
    guid = UUID("01020304-0506-0708-090a-0b0c0d0e0f10")
    assert named_by(guid.bytes_le) == "<GUID=01020304-0506-0708-090a-0b0c0d0e0f10>"


def _encoded(operation: object) -> bytes:
    written: bytes = encode(operation)
    return written
