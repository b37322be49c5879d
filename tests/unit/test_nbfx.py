"""Binary XML against byte vectors of .NET's own writer, against itself, and against anything at all."""

from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.vectors import LISTED
from syncramp.endpoint.nbfx import NbfxError, Node, decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.dictionary import STRINGS


def assert_same(node: Node, element: ElementTree.Element) -> None:
    namespace, _, name = element.tag.rpartition("}")
    assert (node.namespace, node.name) == (namespace[1:], name)
    expected = {(k[1:].split("}")[0], k.split("}")[1]) if k[0] == "{" else ("", k): v for k, v in element.items()}
    assert dict(node.attributes) == expected
    assert node.text == (element.text or "") + "".join(child.tail or "" for child in element)
    assert len(node.children) == len(element)
    for ours, theirs in zip(node.children, element, strict=True):
        assert_same(ours, theirs)


@pytest.mark.parametrize("vector", LISTED, ids=[vector["name"] for vector in LISTED])
def test_what_dot_net_wrote_is_read_as_the_xml_it_stands_for(vector) -> None:
    assert_same(decode(bytes.fromhex(vector["hex"])), ElementTree.fromstring(vector["xml"]))


@pytest.mark.parametrize(
    ("data", "offset", "expected"),
    [
        ("", 0, "root element"),
        ("990161", 0, "root element"),
        ("4001", 2, "1 bytes of a name"),
        ("400161", 3, "the end of a"),
        ("4001610101", 4, "nothing behind"),
        ("40016178", 3, "0x78 is none"),
        ("4001619805616200", 5, "5 bytes of text"),
        ("4001619CFFFFFF7F", 8, "2147483647 bytes"),
        ("4001619CFFFFFFFF", 8, "-1 bytes"),
        ("400161990161FF", 6, "nothing behind"),
        ("400161980180", 5, "UTF-8"),
        ("400161B60200D8", 5, "UTF-16"),
        ("4203", 1, "an id of the static dictionary"),
        ("42CE07", 1, "an id of the static dictionary"),
        ("5e0161", 0, "declaration of the prefix 'a'"),
        ("400161040162990163", 6, "never ends an element"),
        ("40016104016298016304016298016401", 0, "each attribute once"),
        ("40016109016200", 3, "not the empty one"),
        ("4001720340016901" + "8DFFFFFF7F", 4, "an array of"),
        ("40FFFFFFFFFF01", 1, "at most five bytes"),
    ],
)
def test_malformed_input_is_refused_with_its_offset_and_what_was_expected(data, offset, expected) -> None:
    with pytest.raises(NbfxError) as caught:
        decode(bytes.fromhex(data))
    assert expected in str(caught.value)
    assert caught.value.offset == offset


def test_nesting_has_a_limit() -> None:
    with pytest.raises(NbfxError, match="nested"):
        decode(b"\x40\x01a" * 1000)


@given(st.binary(max_size=200))
@example(bytes.fromhex("400161a4990161a7"))
def test_any_bytes_are_either_an_element_or_an_error_with_an_offset(data) -> None:
    try:
        root = decode(data)
    except NbfxError as error:
        assert 0 <= error.offset <= len(data)
    else:
        assert isinstance(root, Node)


@given(st.sampled_from(LISTED), st.data())
def test_a_message_with_one_changed_byte_is_read_or_refused(vector, data) -> None:
    message = bytearray.fromhex(vector["hex"])
    place = data.draw(st.integers(0, len(message) - 1))
    message[place] = data.draw(st.integers(0, 255))
    try:
        root = decode(bytes(message))
    except NbfxError:
        return
    assert [node.text for node in root.walk()]


def written(content: bytes) -> Node:
    return decode(w.element("", "n") + content)


@given(st.text(max_size=400))
def test_any_text_comes_back(value) -> None:
    try:
        value.encode("utf-16-le")
    except UnicodeEncodeError:
        return
    assert written(w.content(value)).text == value


@given(st.binary(max_size=400))
def test_any_bytes_come_back(value) -> None:
    assert written(w.binary(value)).bytes == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_integer_comes_back_in_the_smallest_record(value) -> None:
    encoded = w.integer(value)
    assert written(encoded).text == str(value)
    assert len(encoded) <= 9


@given(st.uuids(), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_guids_and_durations_come_back(value, hours, minutes, seconds) -> None:
    head = w.element("", "n")
    assert decode(head + w.guid(str(value))).text == str(value)
    parts = (f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    ticks = int.from_bytes(w.duration("PT" + ("".join(parts) or "0S"))[1:], "little")
    assert ticks == (hours * 3600 + minutes * 60 + seconds) * 10_000_000


@pytest.mark.parametrize("value", ["", "57CF9F28-1AD7-40F4-BEE8-D3AB9877F0A8", "{x}", "PT", "P1D", "PT1.5S", "-PT1M"])
def test_what_is_no_guid_and_no_duration_of_ours_is_written_as_text(value) -> None:
    assert w.guid(value) == w.duration(value) == w.content(value)


def test_texts_are_written_in_the_records_dot_net_uses() -> None:
    assert w.content("") == b"\x01"
    assert w.content("0") == b"\x81"
    assert w.content("1") == b"\x83"
    assert w.content("日本語テスト")[0] == 0xB7
    assert w.content("é")[0] == 0x99
    assert w.content("x" * 300)[:3] == b"\x9a\x2c\x01"
    assert w.binary(b"12345") == bytes.fromhex("9e03313233 9f023435".replace(" ", ""))
    assert w.boolean(True) + w.boolean(False) == b"\x87\x85"
    assert w.unique_id(UUID(int=0)) == b"\xad" + bytes(16)


def test_a_number_split_over_several_text_records_is_one_value() -> None:
    assert decode(bytes.fromhex("40016e98013199023233")).text == "123"


def test_binary_split_over_records_is_joined_as_bytes_before_it_is_base64() -> None:
    node = decode(bytes.fromhex("40016e9e0101 9f0102".replace(" ", "")))
    assert node.bytes == b"\x01\x02"
    assert node.text == "AQI="


def test_a_qualified_name_is_expanded_by_the_prefixes_in_force() -> None:
    root = decode(w.element("", "r") + w.xmlns("p", "urn:p") + w.element("", "c") + w.END + w.END)
    assert root.children[0].qualified("p:name") == ("urn:p", "name")
    assert root.children[0].qualified("name") == ("", "name")
    with pytest.raises(ValueError, match="not declared"):
        root.qualified("q:name")


def test_the_dictionary_has_its_487_strings_with_their_traps() -> None:
    assert len(STRINGS) == 487
    assert STRINGS[0x1A8].startswith(" http")
    assert STRINGS[0xA2] == ""
    assert STRINGS[0x3CC] == "detail"
