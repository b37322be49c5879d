"""LDIF files as tools write them, and what is refused in them."""

import base64
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

import pytest

from syncramp.errors import SourceIncomplete, SourceUnavailable
from syncramp.model.facts import Container, Entry, Fact, Links, Proof
from syncramp.model.values import Kind
from syncramp.source.bases import Base
from syncramp.source.ldif import LdifSource

ADA = UUID("00000000-0000-0000-0000-00000000000a")
STAFF = UUID("00000000-0000-0000-0000-0000000000ff")
WANTED = frozenset({"cn", "displayname", "mail", "objectclass", "jpegphoto"})

USER = f"""\
dn: cn=ada,dc=test
objectClass: top
objectClass: user
cn: ada
objectGUID: {ADA}
mail: ada@example.test
"""
GROUP = f"""\
dn: cn=staff,dc=test
objectClass: group
member: cn=ada,dc=test
member: cn=bob,dc=test
objectGUID: {STAFF}
"""
BASE = """\
dn: dc=test
objectClass: domain
"""

ADA_FACT = Entry(
    ADA.bytes_le,
    Kind.USER,
    "CN=ada,DC=test",
    {"objectclass": (b"top", b"user"), "cn": (b"ada",), "mail": (b"ada@example.test",)},
)
STAFF_FACTS = [
    Entry(STAFF.bytes_le, Kind.GROUP, "CN=staff,DC=test", {"objectclass": (b"group",)}),
    Links(STAFF.bytes_le, "member", ("CN=ada,DC=test", "CN=bob,DC=test"), final=True),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.ldif"


def _read(path: Path, content: str | bytes, entries: int | None = None) -> tuple[list[Fact], Proof]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return _split(LdifSource("people", path, entries).read("file", WANTED))


def _split(facts: Iterable[Fact]) -> tuple[list[Fact], Proof]:
    *before, proof = facts
    assert isinstance(proof, Proof)
    assert not any(isinstance(fact, Proof) for fact in before)
    return before, proof


def test_a_file_of_slapcat_with_the_documents_count_is_complete(path: Path) -> None:
    facts, proof = _read(path, f"{BASE}\n{USER}\n{GROUP}\n", entries=3)
    assert facts == [ADA_FACT, *STAFF_FACTS]
    assert (proof.complete, proof.entries, proof.expected, proof.reason) == (True, 3, 3, "")


def test_a_file_of_ldbsearch_is_complete_by_its_trailer(path: Path) -> None:
    referral = "# Referral\nref: ldap://test/CN=Configuration,DC=test\n"
    text = f"# record 1\n{USER}\n# record 2\n{GROUP}\n{referral}\n# returned 3 records\n# 2 entries\n# 1 referrals\n"
    facts, proof = _read(path, text)
    assert facts == [ADA_FACT, *STAFF_FACTS]
    assert (proof.complete, proof.entries, proof.expected, proof.reason) == (True, 2, 2, "")


LDAPSEARCH = """\
# extended LDIF
#
# LDAPv3
# base <dc=test> with scope subtree
# filter: (objectClass=*)
#  and a folded comment that goes
 dn: on and on
#

# ada, test
{user}
# staff, test
{group}
# search result
search: 2
result: 0 Success

# numResponses: 3
# numEntries: 2
"""


def test_a_file_of_ldapsearch_is_complete_by_its_trailer(path: Path) -> None:
    facts, proof = _read(path, LDAPSEARCH.format(user=USER, group=GROUP))
    assert facts == [ADA_FACT, *STAFF_FACTS]
    assert (proof.complete, proof.entries, proof.expected, proof.reason) == (True, 2, 2, "")


def test_pages_of_ldapsearch_are_no_records(path: Path) -> None:
    control = "control: 1.2.840.113556.1.4.319 false MA0=\npagedresults: cookie=TA\n"
    page = f"# search result\nsearch: 2\nresult: 0 Success\n{control}"
    text = f"{USER}\n{page}# extended LDIF\n#\n\n{GROUP}\n{page}\n# numResponses: 4\n# numEntries: 2\n"
    proof = _read(path, text)[1]
    assert (proof.complete, proof.entries, proof.expected, proof.reason) == (True, 2, 2, "")


def test_a_search_that_hit_a_limit_is_not_complete(path: Path) -> None:
    text = LDAPSEARCH.format(user=USER, group=GROUP).replace("0 Success", "4 Size limit exceeded")
    facts, proof = _read(path, text)
    assert facts == [ADA_FACT, *STAFF_FACTS]
    assert not proof.complete
    assert "result: 4 Size limit exceeded" in proof.reason


def test_a_count_without_a_result_is_no_proof(path: Path) -> None:
    _, proof = _read(path, f"version: 1\n\n{USER}\n# search result\n\n# numResponses: 2\n# numEntries: 1\n")
    assert not proof.complete
    assert "without -L" in proof.reason


def test_a_file_of_ldifde_has_other_line_ends_and_a_change_type(path: Path) -> None:
    text = USER.replace("objectClass: top", "changetype: add\nobjectClass: top")
    facts, proof = _read(path, f"{text}\n".replace("\n", "\r\n"), entries=1)
    assert facts == [ADA_FACT]
    assert proof.complete


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_line(path: Path, encoding: str) -> None:
    text = USER.replace("cn: ada", "cn: ädä 𝛑").replace("\n", "\r\n") + "\r\n"
    facts, proof = _read(path, text.encode(encoding), entries=1)
    assert isinstance(facts[0], Entry)
    assert facts[0].attributes["cn"] == ("ädä 𝛑".encode(),)
    assert proof.complete


def test_utf_16_that_is_cut_in_a_character_is_not_complete(path: Path) -> None:
    facts, proof = _read(path, f"{USER}\n{GROUP}\n".encode("utf-16")[:-1], entries=2)
    assert facts == [ADA_FACT]
    assert "UTF-16" in proof.reason


def test_lines_may_be_folded_anywhere(path: Path) -> None:
    folded = "\n".join(line if not line else "\n ".join(line) for line in USER.split("\n"))
    assert _read(path, f"{folded}\n", entries=1)[0] == [ADA_FACT]


def test_values_may_be_base64_and_folded(path: Path) -> None:
    def coded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    photo = base64.b64encode(bytes(range(256))).decode()
    user = USER.replace("dn: cn=ada,dc=test", f"dn:: {coded('cn=ada,dc=test')}").replace(
        "cn: ada\n", f"cn::{coded(' Ädä ')}\njpegPhoto:: {photo[:70]}\n {photo[70:]}\n"
    )
    facts, _ = _read(path, f"{user}\n", entries=1)
    assert isinstance(facts[0], Entry)
    assert facts[0].dn == "CN=ada,DC=test"
    assert facts[0].attributes["cn"] == (" Ädä ".encode(),)
    assert facts[0].attributes["jpegphoto"] == (bytes(range(256)),)


def test_spelling_of_attributes_and_spaces_do_not_matter(path: Path) -> None:
    user = USER.replace("mail: ", "MAIL:").replace("cn: ada", "CN:    ada\ndisplayName;lang-de: Frau Ada")
    assert _read(path, f"\n\n\n# a comment\n{user}\n\n\n", entries=1)[0] == [ADA_FACT]


def test_entries_of_other_kinds_are_counted_only(path: Path) -> None:
    computer = USER.replace("objectClass: user", "objectClass: user\nobjectClass: computer").replace("ada", "pc")
    facts, proof = _read(path, f"{BASE}\n{computer}\n{USER}\n", entries=3)
    assert facts == [ADA_FACT]
    assert proof.entries == 3


def test_a_group_without_members_says_so(path: Path) -> None:
    group = "".join(line for line in GROUP.splitlines(keepends=True) if not line.startswith("member"))
    assert _read(path, f"{group}\n", entries=1)[0] == [
        STAFF_FACTS[0],
        Links(STAFF.bytes_le, "member", (), final=True),
    ]


def test_a_large_group_comes_in_chunks(path: Path) -> None:
    members = "".join(f"member: cn=u{number:06},ou=people,dc=corp,dc=test\n" for number in range(25_000))
    facts, proof = _read(path, f"{GROUP}{members}\n", entries=1)
    chunks = [fact for fact in facts if isinstance(fact, Links)]
    assert [(len(chunk.dns), chunk.final) for chunk in chunks] == [(10_000, False), (10_000, False), (5_002, True)]
    assert isinstance(facts[0], Entry)
    assert proof.complete


def test_ranges_that_are_whole_are_the_members(path: Path) -> None:
    group = GROUP.replace("member: cn=ada", "member;range=0-0: cn=ada").replace(
        "member: cn=bob", "member;range=1-*: cn=bob"
    )
    assert _read(path, f"{group}\n", entries=1)[0] == STAFF_FACTS


def test_only_the_first_range_of_a_group_is_not_complete(path: Path) -> None:
    group = GROUP.replace("member: ", "member;range=0-1: ")
    facts, proof = _read(path, f"{USER}\n{group}\n", entries=2)
    assert facts == [ADA_FACT]
    assert not proof.complete
    assert "line 8: expected all values of member, but only the first 2 values are there" in proof.reason


def test_concatenated_exports_are_proven_one_by_one(path: Path) -> None:
    first, second = f"{USER}\n# returned 1 records\n", f"# record 1\n{GROUP}\n# returned 1 records\n"
    proof = _read(path, first + second)[1]
    assert (proof.complete, proof.entries, proof.expected, proof.reason) == (True, 2, 2, "")
    _, proof = _read(path, f"{first}{GROUP}\n")
    assert not proof.complete
    assert "1 records follow its last trailer" in proof.reason


@pytest.mark.parametrize(
    ("content", "entries", "reason"),
    [
        ("", None, "it holds no user, group or contact"),
        ("", 0, "it holds no user, group or contact"),
        (f"{BASE}\n", 1, "it holds no user, group or contact"),
        ("# returned 0 records\n", None, "it holds no user, group or contact"),
        (f"{USER}\n", None, "no 'entries' in the document"),
        (f"{USER}\n", 2, "it holds 1 records, the document says 2"),
        (f"{USER}\n{GROUP}\n", 1, "it holds 2 records, the document says 1"),
        (f"{USER}\n# returned 2 records\n", None, "line 8: the trailer says 2 records, 1 were read"),
        (f"{USER}\n# returned 2 records\n", 1, "line 8: the trailer says 2 records, 1 were read"),
        (f"{USER}\n# returned 1 records", None, "line 8: the file ends here"),
        (USER, 1, "line 6: the file ends here, and no empty line closes the record that began at line 1"),
    ],
)
def test_a_file_that_is_not_proven_whole_says_why(path: Path, content: str, entries: int | None, reason: str) -> None:
    _, proof = _read(path, content, entries)
    assert not proof.complete
    assert proof.reason.startswith(f"{path}: ")
    assert reason in proof.reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("cn: x\n", "line 8: expected 'dn:' at the start of a record"),
        ("dn: cn=b\nthis is no attribute\n", "line 9: expected 'attribute: value'"),
        ("dn: cn=b\ntelephoneNumber\n", "line 9: expected 'attribute: value'"),
        ("dn: cn=b\n: x\n", "line 9: expected an attribute name"),
        ("dn: cn=b\nsn: a\n b\n c\ncn:: @@@\n", "line 12: expected base64"),
        ("dn: cn=b\ncn:: YQ\n", "line 9: expected base64"),
        ("dn: cn=b\ncn:< file:///etc/passwd\n", "line 9: expected a value, not a URL"),
        ("dn: cn=b\nchangetype: modify\nadd: mail\nmail: x\n-\n", "line 12: expected 'attribute: value'"),
        ("dn: cn=b\nchangetype: delete\n", "this record is a change"),
        ("dn: cn=b\ncontrol: 1.2.3\nchangetype: add\n", "this record is a change"),
        ("dn: cn=b\ncn: b\ndn: cn=c\ncn: c\n", "line 8: expected an empty line before the next 'dn:'"),
        (USER.replace("cn=ada,", "nobody,"), "line 8: expected 'type=value' at 'nobody'"),
        (GROUP.replace("cn=bob,", "bob,"), "line 8: expected 'type=value' at 'bob'"),
        ("dn:: /w==\n", "is not UTF-8"),
        ("GIF89a\x00\x01\n", "line 8: expected 'dn:'"),
    ],
)
def test_the_stream_stops_at_what_is_no_ldif(path: Path, record: str, reason: str) -> None:
    facts, proof = _read(path, f"{USER}\n{record}\n{GROUP}\n", entries=3)
    assert facts[0] == ADA_FACT
    assert STAFF_FACTS[1] not in facts
    assert not proof.complete
    assert reason in proof.reason


def test_a_record_of_a_change_says_that_the_file_is_no_export(path: Path) -> None:
    _, proof = _read(path, f"{USER}\ndn: cn=b\nchangetype: modrdn\nnewrdn: cn=c\n\n", entries=2)
    assert "expected an export of entries" in proof.reason


def test_an_entry_without_a_guid_is_refused_with_place_and_remedy(path: Path) -> None:
    path.write_text(USER.replace("objectGUID", "uid") + "\n")
    with pytest.raises(SourceIncomplete, match=r"people\.ldif:1: CN=ada,DC=test has neither.*; .*objectGUID"):
        list(LdifSource("people", path, 1).read("file", WANTED))


def test_a_file_that_is_not_there_is_unavailable_with_a_remedy(path: Path) -> None:
    source = LdifSource("people", path, None)
    with pytest.raises(SourceUnavailable, match=r"people\.ldif: the file cannot be read .*; check spec\.sources"):
        source.partitions()
    with pytest.raises(SourceUnavailable, match="No such file"):
        next(source.read("file", WANTED))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="directory"):
        LdifSource("people", tmp_path, None).partitions()


def test_a_file_is_one_partition(path: Path) -> None:
    path.touch()
    assert LdifSource("people", path, None).partitions() == ("file",)


PEOPLE, STAFF_OU = "OU=People,DC=test", UUID("00000000-0000-0000-0000-0000000000cc")
OU = f"""\
dn: ou=People,dc=test
objectClass: organizationalUnit
objectGUID: {STAFF_OU}
"""


def _based(path: Path, text: str, *bases: Base) -> tuple[list[Fact], Proof]:
    path.write_text(text, encoding="utf-8")
    return _split(LdifSource("people", path, text.count("dn: "), bases=bases).read("file", WANTED))


def test_what_others_lie_below_is_told_if_it_has_a_guid(path: Path) -> None:
    facts, proof = _based(path, f"{BASE}\n{OU}\n{USER}\n")
    assert facts == [Container(STAFF_OU.bytes_le, PEOPLE), ADA_FACT] and proof.complete


def test_a_file_of_containers_alone_holds_nobody(path: Path) -> None:
    _, proof = _based(path, f"{BASE}\n{OU}\n")
    assert not proof.complete and "no user, group or contact" in proof.reason


@pytest.mark.parametrize(
    "base",
    [Base("DC=test"), Base("dc=TEST"), Base(PEOPLE), Base("CN=ada,DC=test"), Base("OU=gone,DC=test", STAFF_OU)],
)
def test_a_base_is_seen_by_itself_by_what_lies_below_it_or_by_its_guid(path: Path, base: Base) -> None:
    assert _based(path, f"{BASE}\n{OU}\n{USER}\n", base)[1].complete
    assert _based(path, f"{USER}\n{OU}\n{BASE}\n", Base("DC=test"), base)[1].complete


@pytest.mark.parametrize(
    ("base", "why"),
    [
        (
            Base("OU=Staff,DC=test"),
            "the base of the scope OU=Staff,DC=test is not there; if it was renamed, name it by",
        ),
        (Base("DC=test", STAFF), f"nothing has the GUID {STAFF} that the scope DC=test is named by; if its objects"),
    ],
)
def test_a_file_without_a_base_is_not_complete_and_says_what_to_do(path: Path, base: Base, why: str) -> None:
    facts, proof = _based(path, f"{BASE}\n{OU}\n{USER}\n", Base("DC=test"), base)
    assert ADA_FACT in facts and not proof.complete
    assert proof.reason.startswith(f"{path}: {why}")
