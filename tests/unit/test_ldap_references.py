"""Values of links, in every form in which servers write them."""

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.facts import LinkChange, Links
from syncramp.source.canonical import CHUNK
from syncramp.source.dn import DnError
from syncramp.source.ldap import references

GROUP = bytes(range(16))
SID = "0105000000000005150000000100000002000000030000004b040000"
PRINCIPAL = "CN=S-1-5-21-1-2-3-1099,CN=ForeignSecurityPrincipals,DC=test"
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters='\\,+"<>;=#\0', exclude_categories=["C", "Z"]), min_size=1
)


def _hexadecimal(guid: bytes, dn: str) -> bytes:
    return f"<GUID={guid.hex()}>;<SID={SID}>;{dn}".encode()


def _without_sid(guid: bytes, dn: str) -> bytes:
    return f"<GUID={guid.hex()}>;{dn}".encode()


def _dashed(guid: bytes, dn: str) -> bytes:
    return f"<GUID={UUID(bytes_le=guid)}>;<SID=S-1-5-21-1-2-3-1099>;{dn}".encode()


FORMS = (_hexadecimal, _without_sid, _dashed)


@pytest.mark.parametrize("form", FORMS)
@given(guids=st.lists(st.binary(min_size=16, max_size=16), max_size=5), name=NAMES)
def test_an_extended_name_is_its_guid(form: Callable[[bytes, str], bytes], guids: list[bytes], name: str) -> None:
    found = references.targets(form(guid, f"CN={name},DC=test") for guid in guids)
    assert (found.guids, found.dns) == (guids, [])


@given(name=NAMES)
def test_a_plain_name_is_its_canonical_dn(name: str) -> None:
    found = references.targets([f"cn={name},dc=test".encode()])
    assert (found.guids, found.dns) == ([], [f"CN={name},DC=test"])


@pytest.mark.parametrize("form", FORMS)
def test_a_principal_of_another_forest_goes_by_name_and_sid(form: Callable[[bytes, str], bytes]) -> None:
    (links,) = references.links(GROUP, [form(bytes(16), PRINCIPAL)])
    assert links == Links(GROUP, "member", (PRINCIPAL,), True, ((PRINCIPAL, bytes.fromhex(SID)),))


def test_a_user_that_is_named_like_a_principal_is_none() -> None:
    (links,) = references.links(GROUP, [_hexadecimal(bytes(16), "CN=S-1-5-21-1-2-3-1099,OU=People,DC=test")])
    assert links == Links(GROUP, "member", (), True, guids=(bytes(16),))


@pytest.mark.parametrize("value", [b"<GUID=%s>;CN=a" % (b"z" * 32), b"<GUID=%s>;CN=a" % (b"z" * 36), b"nothing"])
def test_a_value_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(DnError):
        references.targets([value])


@pytest.mark.parametrize("members", [0, 1, CHUNK, CHUNK + 1])
def test_a_large_group_comes_in_chunks_of_which_the_last_is_final(members: int) -> None:
    guids = [number.to_bytes(16, "big") for number in range(members)]
    chunks = list(references.links(GROUP, [_hexadecimal(guid, "CN=a") for guid in guids]))
    assert [guid for chunk in chunks for guid in chunk.guids] == guids
    assert [chunk.final for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert len(chunks) == max(1, -(-members // CHUNK))
    assert all(len(chunk.guids) <= CHUNK for chunk in chunks)


def test_changes_tell_nothing_where_nothing_changed() -> None:
    assert list(references.changes(GROUP, [], gained=True)) == []
    (change,) = references.changes(GROUP, [_hexadecimal(bytes(16), "CN=a")], gained=False)
    assert change == LinkChange(GROUP, "member", gained=False, guids=(bytes(16),))
