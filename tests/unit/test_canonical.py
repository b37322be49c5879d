"""What is spelled differently by directories is one fact."""

from uuid import UUID

import pytest

from syncramp.model.facts import Entry, Links
from syncramp.model.values import Kind
from syncramp.source.canonical import CHUNK, EntryError, entry_from, kind_of, links_from, rewrite
from syncramp.source.dn import DnError

GUID = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")
USER = [b"top", b"person", b"organizationalPerson", b"user"]


def _entry(values: dict[str, list[bytes]], *wanted: str) -> Entry:
    entry = entry_from(
        "cn=a,dc=test", {"objectclass": USER, "objectguid": [GUID.bytes_le], **values}, frozenset(wanted)
    )
    assert entry is not None
    return entry


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (USER, Kind.USER),
        ([b"top", b"inetOrgPerson"], Kind.USER),
        ([b"TOP", b"USER"], Kind.USER),
        ([b"top", b"group"], Kind.GROUP),
        ([b"top", b"person", b"organizationalPerson", b"contact"], Kind.CONTACT),
        ([*USER, b"computer"], Kind.DEVICE),
        ([*USER, b"computer", b"msDS-GroupManagedServiceAccount"], None),
        ([*USER, b"msDS-ManagedServiceAccount"], None),
        ([b"top", b"organizationalUnit"], None),
        ([], None),
    ],
)
def test_the_kind_comes_from_the_object_classes(classes: list[bytes], kind: Kind | None) -> None:
    assert kind_of(tuple(classes)) is kind


@pytest.mark.parametrize("spelled", [GUID.bytes_le, str(GUID).encode(), f"{{{GUID}}}".upper().encode()])
def test_a_guid_is_16_bytes_in_the_byte_order_of_active_directory(spelled: bytes) -> None:
    entry = _entry(
        {"objectguid": [spelled], "ms-ds-consistencyguid": [spelled]}, "ms-ds-consistencyguid", "objectguid"
    )
    assert entry.guid == GUID.bytes_le
    assert entry.attributes == {"ms-ds-consistencyguid": (GUID.bytes_le,), "objectguid": (GUID.bytes_le,)}


def test_an_entry_uuid_serves_where_there_is_no_object_guid() -> None:
    values = {"objectclass": USER, "entryuuid": [str(GUID).encode()]}
    entry = entry_from("cn=a,dc=test", values, frozenset())
    assert entry is not None
    assert entry.guid == GUID.bytes_le


def test_an_anchor_that_is_no_guid_keeps_its_bytes() -> None:
    assert rewrite("ms-ds-consistencyguid", [b"employee 4711"]) == (b"employee 4711",)


def test_an_entry_without_any_guid_is_refused_with_what_to_do() -> None:
    with pytest.raises(EntryError, match="CN=a,DC=test has neither objectGUID nor entryUUID") as refused:
        entry_from("cn=a,dc=test", {"objectclass": USER, "objectguid": [b"short"]}, frozenset())
    assert "objectGUID" in refused.value.remedy


@pytest.mark.parametrize(
    "spelled",
    [
        b"S-1-5-21-1004336348-1177238915-682003330-512",
        bytes.fromhex("010500000000000515000000dcf4dc3b833d2b46828ba62800020000"),
    ],
)
def test_a_sid_is_binary(spelled: bytes) -> None:
    expected = bytes.fromhex("010500000000000515000000dcf4dc3b833d2b46828ba62800020000")
    assert rewrite("objectsid", [spelled]) == (expected,)


@pytest.mark.parametrize("spelled", [b"S-1-5-99999999999", b"S-1-5-4294967296", b"S-1-999999999999999-1", b"S-2-1-1"])
def test_what_is_no_sid_keeps_its_bytes(spelled: bytes) -> None:
    assert rewrite("objectsid", [spelled]) == (spelled,)


def test_names_of_entries_and_in_values_are_spelled_alike() -> None:
    entry = _entry({"manager": [b"cn=b, dc=test"]}, "manager", "distinguishedname")
    assert entry.dn == "CN=a,DC=test"
    assert entry.attributes == {"manager": (b"CN=b,DC=test",), "distinguishedname": (b"CN=a,DC=test",)}


def test_a_value_that_is_no_name_is_refused() -> None:
    with pytest.raises(DnError, match="'nobody'"):
        _entry({"manager": [b"nobody"]}, "manager")
    with pytest.raises(DnError, match="UTF-8"):
        _entry({"manager": [b"CN=\xff"]}, "manager")


def test_booleans_are_upper_case_and_a_name_like_true_is_not() -> None:
    assert rewrite("iscriticalsystemobject", [b"true"]) == (b"TRUE",)
    assert rewrite("displayname", [b"true"]) == (b"true",)


def test_values_are_sorted_and_unique_and_otherwise_as_they_are() -> None:
    addresses = [b"smtp:b@x", b"SMTP:a@x", b"smtp:b@x", b" \xff "]
    assert rewrite("proxyaddresses", addresses) == (b" \xff ", b"SMTP:a@x", b"smtp:b@x")


def test_only_wanted_attributes_are_kept_and_members_never() -> None:
    entry = _entry({"cn": [b"a"], "sn": [b"b"], "member": [b"CN=x"], "mail": []}, "cn", "member", "mail")
    assert entry.attributes == {"cn": (b"a",)}


def test_members_come_in_chunks_and_the_last_is_final() -> None:
    members = [b"cn=%d,dc=test" % number for number in range(2 * CHUNK + 1)]
    chunks = list(links_from(b"g", [*members, members[0].upper()]))
    assert [len(chunk.dns) for chunk in chunks] == [CHUNK, CHUNK, 2]  # DNs keep their case: both spellings are there
    assert [chunk.final for chunk in chunks] == [False, False, True]
    assert chunks[0].dns[0] == "CN=0,DC=TEST"
    assert chunks[0].attribute == "member"


def test_a_full_last_chunk_is_final_and_so_is_an_empty_one() -> None:
    exactly = list(links_from(b"g", [b"CN=%d" % number for number in range(CHUNK)]))
    assert [(len(chunk.dns), chunk.final) for chunk in exactly] == [(CHUNK, True)]
    assert list(links_from(b"g", [])) == [Links(b"g", "member", (), final=True)]


def test_members_that_stand_for_somebody_of_another_forest_come_with_the_sid() -> None:
    name = "cn=S-1-5-21-1-2-3-500, CN=ForeignSecurityPrincipals,dc=corp"
    others = [b"CN=S-1-5-21-1-2-3-500,OU=People,DC=corp", b"CN=Anna,CN=ForeignSecurityPrincipals,DC=corp"]
    (chunk,) = links_from(b"g", [name.encode(), *others])
    ((dn, sid),) = chunk.principals
    assert dn in chunk.dns
    assert sid.hex() == "010500000000000515000000010000000200000003000000f4010000"
