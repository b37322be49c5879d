"""People and groups of other directories are told in the words of Active Directory, from whichever class they are."""

from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.model.facts import Entry, Fact, Links, Proof, Remark
from syncramp.model.values import Kind
from syncramp.source.canonical import kind_of
from syncramp.source.ldif import LdifSource
from syncramp.source.uids import AMBIGUOUS, UNKNOWN, Uids
from syncramp.source.words import member_names

WANTED = frozenset({"member", "samaccountname", "grouptype", "cn"})


def _record(number: int, dn: str, *lines: str) -> str:
    return "\n".join((f"dn: {dn},dc=example", f"entryUUID: {UUID(int=number)}", *lines)) + "\n\n"


def _read(folder: Path, *records: str, cut: bool = False) -> list[Fact]:
    path = folder / "directory.ldif"
    path.write_text("".join(records) + ("dn: cn=half" if cut else ""))
    return list(LdifSource("corp", path, len(records)).read("file", WANTED))


def _guid(number: int) -> bytes:
    return UUID(int=number).bytes_le


ANN = _record(1, "uid=ann,ou=People", "objectClass: inetOrgPerson", "uid: ann", "cn: Ann")
BOB = _record(2, "cn=Bob,ou=People", "objectClass: account", "objectClass: posixAccount", "uid: bob", "cn: Bob")


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        ("inetOrgPerson", Kind.USER),
        ("posixAccount", Kind.USER),
        ("groupOfNames", Kind.GROUP),
        ("groupOfUniqueNames", Kind.GROUP),
        ("posixGroup", Kind.GROUP),
        ("person", None),
        ("computer inetOrgPerson", Kind.DEVICE),
    ],
)
def test_classes_have_their_kind(classes: str, kind: Kind | None) -> None:
    assert kind_of(tuple(name.encode() for name in ["top", *classes.split()])) is kind


def test_a_person_without_an_account_name_of_active_directory_is_known_by_the_uid(tmp_path: Path) -> None:
    names = {fact.guid: fact.attributes["samaccountname"] for fact in _read(tmp_path, ANN, BOB) if _is_entry(fact)}
    assert names == {_guid(1): (b"ann",), _guid(2): (b"bob",)}


def _is_entry(fact: Fact) -> bool:
    return isinstance(fact, Entry)


def test_of_several_uids_the_one_that_the_entry_is_named_by_counts(tmp_path: Path) -> None:
    entry = _read(tmp_path, ANN.replace("uid: ann", "uid: aaa\nuid: ann"))[0]
    assert entry.attributes["samaccountname"] == (b"ann",)
    other = _read(tmp_path, BOB.replace("uid: bob", "uid: bob\nuid: aaa"))[0]
    assert other.attributes["samaccountname"] == (b"aaa",)


def test_what_an_entry_has_is_not_replaced_and_entries_of_active_directory_are_left_alone(tmp_path: Path) -> None:
    own = _read(tmp_path, ANN.replace("cn: Ann", "cn: Ann\nsAMAccountName: adams"))[0]
    assert own.attributes["samaccountname"] == (b"adams",)
    directory = _read(tmp_path, ANN.replace("objectClass", "objectClass: user\nobjectClass"))[0]
    assert "samaccountname" not in directory.attributes
    group = _read(tmp_path, _record(9, "cn=g", "objectClass: group", "cn: g"))[0]
    assert "grouptype" not in group.attributes, "it could not be read"


@pytest.mark.parametrize("name", ["groupOfNames", "groupOfUniqueNames", "posixGroup"])
def test_a_group_of_another_directory_is_a_security_group(name: str, tmp_path: Path) -> None:
    group = _read(tmp_path, _record(9, "cn=g", f"objectClass: {name}", "cn: g"))[0]
    assert (group.kind, group.attributes["grouptype"]) == (Kind.GROUP, (b"-2147483646",))


def _links(facts: list[Fact]) -> tuple[set[str], set[bytes]]:
    links = [fact for fact in facts if isinstance(fact, Links)]
    assert [fact.final for fact in links].count(True) == 1 and links[-1].final
    return {dn for fact in links for dn in fact.dns}, {guid for fact in links for guid in fact.guids}


def test_members_by_dn_are_those_of_member_and_unique_member_without_the_number(tmp_path: Path) -> None:
    lines = ("objectClass: groupOfUniqueNames", "uniqueMember: uid=ann,dc=example#'0101'B", "uniqueMember: cn=b,dc=x")
    dns, _ = _links(_read(tmp_path, _record(9, "cn=g", *lines)))
    assert dns == {"UID=ann,DC=example", "CN=b,DC=x"}


@given(st.binary(max_size=20), st.text("01", max_size=8))
def test_only_a_number_at_the_end_is_taken_off(dn: bytes, bits: str) -> None:
    without = dn + b"x"
    assert member_names({"uniquemember": [without]}) == [without]
    assert member_names({"uniquemember": [without + f"#'{bits}'B".encode()]}) == [without]


def test_members_by_the_names_of_accounts_are_found_wherever_these_stand(tmp_path: Path) -> None:
    group = _record(9, "cn=g", "objectClass: posixGroup", "cn: g", "memberUid: ann", "memberUid: BOB")
    for records in ([group, ANN, BOB], [ANN, group, BOB], [ANN, BOB, group]):
        assert _links(_read(tmp_path, *records)) == (set(), {_guid(1), _guid(2)})


def test_a_name_of_nobody_and_one_of_several_are_told_and_name_no_member(tmp_path: Path) -> None:
    double = ANN.replace(str(UUID(int=1)), str(UUID(int=3))).replace("ou=People", "ou=More")
    group = _record(9, "cn=g", "objectClass: posixGroup", *(f"memberUid: {uid}" for uid in ("ann", "bob", "eve")))
    facts = _read(tmp_path, ANN, double, BOB, group)
    assert _links(facts) == (set(), {_guid(2)})
    remarks = [(fact.category, fact.dn, fact.detail) for fact in facts if isinstance(fact, Remark)]
    assert remarks == [
        (AMBIGUOUS, "CN=g,DC=example", "memberUid ann"),
        (UNKNOWN, "CN=g,DC=example", "memberUid eve"),
    ]
    assert isinstance(facts[-1], Proof) and facts[-1].complete, "that is no fault of the read"


def test_a_file_that_is_cut_says_nothing_of_members_that_may_stand_behind_the_cut(tmp_path: Path) -> None:
    group = _record(9, "cn=g", "objectClass: posixGroup", "memberUid: ann", "memberUid: bob")
    facts = _read(tmp_path, group, ANN, cut=True)
    assert not any(isinstance(fact, Links) for fact in facts)


@given(
    st.dictionaries(st.text("aäAÄ1 ", min_size=1, max_size=4), st.sets(st.integers(1, 9), min_size=1), max_size=20)
)
def test_accounts_are_found_by_each_of_their_names(accounts: dict[str, set[int]]) -> None:
    uids, expected = Uids(), dict[bytes, set[bytes]]()
    for name, numbers in accounts.items():
        for number in numbers:
            uids.add([name.encode()], _guid(number))
            expected.setdefault(name.encode().strip().lower(), set()).add(_guid(number))
    assert all(uids.find(name) == guids for name, guids in expected.items())
    assert uids.find(b"nobody") == set()
