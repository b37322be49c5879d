"""Every legal form of a content is read as that content; everything that is not legal is refused."""

import struct
from base64 import b64encode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.records import IDS, Tree, Writer, int31
from syncramp.endpoint.nbfx import NbfxError, Node, decode
from syncramp.endpoint.nbfx.reader import DEEPEST
from syncramp.endpoint.nbfx.texts import READERS

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        *("0", "1", "true", "false", "-5", "300", "70000", "a b  c", "nil", str(2**63)),
        "http://www.w3.org/2001/XMLSchema",
        "00112233-4455-6677-8899-aabbccddeeff",
        "urn:uuid:00112233-4455-6677-8899-aabbccddeeff",
    ]
)
names = st.tuples(
    st.sampled_from(["", "urn:a", "urn:b", "http://www.w3.org/2001/XMLSchema"]),
    st.text("abcé", min_size=1, max_size=4) | st.sampled_from(["type", "Envelope"]),
)
attributes = st.dictionaries(names, texts, max_size=3)
leaves = st.builds(Tree, names, st.lists(texts, max_size=3) | st.lists(st.binary(max_size=9), max_size=3), attributes)
trees = st.recursive(
    leaves, lambda below: st.builds(Tree, names, st.lists(below | texts, max_size=4), attributes), max_leaves=8
)


def assert_same(node: Node, tree: Tree) -> None:
    assert (node.namespace, node.name) == tree.name
    assert dict(node.attributes) == tree.attributes
    assert node.text == tree.text
    if tree.content and all(isinstance(part, bytes) for part in tree.content):
        assert node.bytes == b"".join(tree.content)
    below = [part for part in tree.content if isinstance(part, Tree)]
    assert len(node.children) == len(below)
    for ours, theirs in zip(node.children, below, strict=True):
        assert_same(ours, theirs)


@given(trees, st.randoms(use_true_random=False))
def test_a_tree_in_any_form_is_read_as_that_tree(tree, choices) -> None:
    assert_same(decode(Writer(choices).write(tree)), tree)


def text(records: str) -> str:
    """The text of an element with these records, in hexadecimal."""
    return decode(bytes.fromhex("40016e" + records.replace(" ", ""))).text


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ("81", "0"), ("83", "1"), ("85", "false"), ("87", "true"), ("89 80", "-128"), ("8b 0080", "-32768"),
        ("8d 00000080", str(-(2**31))), ("8f 0000000000000080", str(-(2**63))),
        ("b3 ffffffffffffffff", str(2**64 - 1)),
        ("91 00000080", "0"), ("93 0000000000000080", "0"),  # minus zero
        ("91 cdcc8c3f", "1.1"), ("91 ffff7f7f", "3.4028235E+38"), ("91 0000c07f", "NaN"), ("91 000080ff", "-INF"),
        ("91 00002041", "10"), ("93 9a9999999999f13f", "1.1"), ("93 000000000000f07f", "INF"),
        ("93 0080e03779c34143", "10000000000000000"), ("93 00a0d88557347643", "1E+17"),
        ("93 f168e388b5f8e43e", "1E-05"), ("91 20bcbe4c", "100000000"), ("91 286b6e4e", "1E+09"),
        ("95 0000 00 00 00000000 0000000000000000", "0"), ("95 0000 02 80 00000000 0000000000000000", "0.00"),
        ("95 0000 02 80 00000000 3930000000000000", "-123.45"),
        ("95 0000 1c 00 ffffffff ffffffffffffffff", "7.9228162514264337593543950335"),
        ("95 0000 00 00 ffffffff ffffffffffffffff", "79228162514264337593543950335"),
        ("97 0000000000000000", "0001-01-01T00:00:00"), ("97 80003b6d308fd748", "2020-01-02T03:04:05Z"),
        ("97 80003b6d308fd788", "2020-01-02T03:04:05Z"), ("97 0100000000000000", "0001-01-01T00:00:00.0000001"),
        ("97 ffffffffffffffbf", "0001-01-01T00:00:00Z"),  # local, before the year 1 in UTC
        ("af 0034e23004000000", "PT30M"), ("af 0000000000000000", "PT0S"), ("af 00c0692ac9000000", "P1D"),
        ("af ffffffffffffffff", "-PT0.0000001S"), ("af 0000000000000080", "-P10675199DT2H48M5.4775808S"),
        ("b1 33221100554477668899aabbccddeeff", "00112233-4455-6677-8899-aabbccddeeff"),
        ("ad 33221100554477668899aabbccddeeff", "urn:uuid:00112233-4455-6677-8899-aabbccddeeff"),
        ("b5 01", "true"), ("b5 00", "false"), ("a9", ""), ("ab 02", "Envelope"), ("ab a201", ""),
        ("bd 03 f806", "d:type"), ("b7 04 61006200", "ab"), ("b9 0200 6100", "a"), ("bb 02000000 6100", "a"),
        ("b7 04 3dd800de", "\U0001f600"), ("9b 0100 61", "a"), ("9d 01000000 61", "a"),
        ("a4 82 80 a8 98 01 61 a7", "1 0  a"), ("a4 a7", ""), ("a4 9e 01 01 a6 01", "AQ=="),
        ("9e 01 01 9e 01 02 9e 00 9f 01 03", "AQID"), ("9e 01 01 98 01 61 9f 01 02", "AQ==aAg=="),
        ("a0 0100 01 01", "AQ=="), ("a2 01000000 01 01", "AQ=="), ("98 01 61 02 01 62 99 01 63", "ac"),
        ("98 00 01", ""),
    ],
)  # fmt: skip
def test_every_record_is_read_as_its_lexical_form(records, expected) -> None:
    assert text(records) == expected


def test_every_record_of_the_specification_has_a_reader() -> None:
    values = set(range(0x80, 0xBE, 2)) - {0xA4, 0xA6}
    assert set(READERS) == values


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        ("40016e 79", 3), ("40016e 7f", 3), ("40016e be", 3), ("40016e ff", 3), ("40016e 00", 3), ("00", 0),
        ("78", 0),
        ("40016e a6", 3), ("40016e a7", 3),  # the end of a list that did not begin
        ("40016e a4 a4 a6", 4), ("40016e a4 99 01 61", 4), ("40016e a4 40", 4), ("40016e a4", 4),
        ("42 ce07 01", 1), ("42 03 01", 1), ("40016e ab 01", 4), ("40016e bd 1a 00", 4), ("40016e bd 00 01", 5),
        ("40016e 99 02 c3", 5), ("40016e 99 01 80", 5), ("40016e 99 03 eda080", 5), ("40016e 99 02 c080", 5),
        ("40016e b7 03 610062", 7), ("40016e b7 02 00dc", 5), ("40016e b7 02 3dd8", 5),
        ("40016e 9d ffffffff", 8), ("40016e a3 ffffff7f", 8), ("40016e a3 00000080", 8), ("40016e bb ffffffff", 8),
        ("40 ffffffff08", 1), ("40 8080808080 01", 1), ("40 ffffffff07", 6), ("4080", 2),
        ("41 01 70 01 6e 01", 0), ("40016e 05 01 70 01 61 82 01", 0), ("5e 01 6e 01", 0),
        ("40016e 08 01 61 08 01 62 01", 6), ("40016e 09 01 70 00 01", 3), ("40016e 0b 01 70 a201 01", 3),
        ("40016e 09 03 786d6c 01 61 01", 3), ("40016e 09 05 786d6c6e73 01 61 01", 3),
        ("40016e 04 01 61 82 04 01 61 80 01", 0),
        ("40016e 04 01 61 83 01", 6), ("40016e 04 01 61 a4 82 a7 01", 6),
        ("40016e 04 01 61 40", 6), ("40016e 04 01 61", 6),
        ("40016e 01 40016e 01", 4), ("40016e 01 99 01 61", 4), ("40016e 01 01", 4), ("40016e 01 02 00 82", 6),
        ("02 00 99 01 61", 2), ("01", 0), ("", 0), ("02 00", 2), ("03 40016e 01 8b 01 0000", 0),
        ("40016e", 3), ("40016e 98 01 61", 6), ("40016e 40016e 01", 7),
        ("400172 03 40016e 8b 01 0000 01", 7), ("400172 03 40016e 01 8a 01 0000 01", 8),
        ("400172 03 40016e 01 99 01 61", 8),
        ("400172 03 40016e 01 8b 00 01", 4), ("400172 03 40016e 01 8b 03 0000", 4), ("400172 03 01", 4),
        ("400172 03 40016e 01 b5 01 02", 10), ("40016e b5 02", 4),
        ("40016e 97 ffffffffffffff3f", 4), ("40016e 97 00000000000000c0", 4),
        ("40016e 95 0100 00 00 00000000 0000000000000000", 4), ("40016e 95 0000 1d 00 00000000 0000000000000000", 4),
        ("40016e 95 0000 00 01 00000000 0000000000000000", 4), ("40016e b1 00", 4), ("40016e 91 000000", 4),
    ],
)  # fmt: skip
def test_what_is_not_legal_is_refused_at_its_place(data, offset) -> None:
    with pytest.raises(NbfxError) as caught:
        decode(bytes.fromhex(data))
    assert caught.value.offset == offset
    assert caught.value.expected
    assert str(caught.value).startswith(f"at byte {offset}: expected ")


def test_an_array_repeats_its_start_tag_with_attributes_and_namespaces() -> None:
    tag = b"\x5e\x01i" + b"\x27\x01k\x82" + b"\x09\x01a\x05urn:a" + b"\x09\x01b\x05urn:b" + b"\x01"
    root = decode(b"\x40\x01r\x03" + tag + b"\x8b" + int31(200) + struct.pack("<200h", *range(-100, 100)) + b"\x01")
    assert [node.text for node in root.children] == [str(number) for number in range(-100, 100)]
    assert {(node.namespace, node.name) for node in root.children} == {("urn:a", "i")}
    assert all(dict(node.attributes) == {("urn:b", "k"): "1"} for node in root.children)


@pytest.mark.parametrize(
    ("kind", "packed", "expected"),
    [
        (0xB5, b"\1\0", ["true", "false"]),
        (0x8D, struct.pack("<2i", -7, 7), ["-7", "7"]),
        (0x8F, struct.pack("<2q", -7, 7), ["-7", "7"]),
        (0x91, struct.pack("<2f", 0.5, -0.0), ["0.5", "0"]),
        (0x93, struct.pack("<2d", 0.25, 4), ["0.25", "4"]),
        (0x95, bytes(32), ["0", "0"]),
        (0x97, bytes(16), ["0001-01-01T00:00:00"] * 2),
        (0xAF, bytes(16), ["PT0S"] * 2),
        (0xB1, bytes(32), [str(UUID(int=0))] * 2),
    ],
)
def test_arrays_of_every_kind_are_taken(kind, packed, expected) -> None:
    root = decode(b"\x40\x01r\x03\x40\x01n\x01" + bytes((kind, 2)) + packed + b"\x01")
    assert [node.text for node in root.children] == expected


def test_the_longest_lengths_may_be_written_with_more_bytes_than_they_need() -> None:
    assert decode(b"\x40\x81\x00n\x01").name == "n"
    assert decode(b"\x42\x82\x80\x80\x80\x00\x01").name == "Envelope"


def test_comments_may_stand_around_the_root_and_in_it() -> None:
    assert decode(b"\x02\x01x\x02\x00\x40\x01n\x02\x01y\x99\x01a\x02\x01z").text == "a"


def test_the_prefix_xml_is_declared_everywhere() -> None:
    root = decode(b"\x40\x01n\x05\x03xml\x04lang\x98\x02en\x41\x03xml\x01c\x01\x01")
    space = "http://www.w3.org/XML/1998/namespace"
    assert dict(root.attributes) == {(space, "lang"): "en"}
    assert root.children[0].namespace == space
    assert decode(b"\x40\x01n\x09\x03xml" + int31(len(space)) + space.encode() + b"\x01").name == "n"


def test_a_default_namespace_can_be_taken_back() -> None:
    root = decode(b"\x40\x01r\x08\x05urn:x\x40\x01c\x08\x00\x01\x01")
    assert (root.namespace, root.children[0].namespace) == ("urn:x", "")


def test_nesting_ends_at_its_limit_and_not_before() -> None:
    assert decode(b"\x40\x01n" * DEEPEST + b"\x01" * DEEPEST).name == "n"
    with pytest.raises(NbfxError, match=f"at most {DEEPEST} nested"):
        decode(b"\x40\x01n" * (DEEPEST + 1) + b"\x01" * (DEEPEST + 1))


def test_an_error_shows_no_more_of_a_message_than_a_line() -> None:
    with pytest.raises(NbfxError) as caught:
        decode(b"\x40" + int31(100_000) + b"n" * 100_000)
    assert len(str(caught.value)) < 300


def test_base64_text_and_binary_records_are_the_same_bytes() -> None:
    value = bytes(range(256))
    text = b64encode(value)
    root = decode(b"\x40\x01n\x9a" + struct.pack("<H", len(text)) + text + b"\x98\x02\r\n\x01")
    assert root.bytes == value
    with pytest.raises(ValueError, match="not base64"):
        _ = decode(b"\x40\x01n\x99\x05YWJj!").bytes
    with pytest.raises(ValueError, match="ASCII"):
        _ = decode(b"\x40\x01n\x99\x02\xc3\xa9").bytes


def test_the_table_of_the_tests_is_that_of_the_codec() -> None:
    assert len(IDS) == 487
