"""BER in and out: what is written is read again, and what is no BER is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.source.ldap.ber import BerError, boolean, integer, number, octets, parse, sequence, tlv


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_a_number_is_read_as_it_was_written_in_as_few_bytes_as_will_do(value: int) -> None:
    ((tag, content),) = parse(integer(value))
    assert (tag, number(content)) == (0x02, value)
    assert len(content) == 1 or content[0] + (content[1] >> 7) not in (0, 256), "no byte says nothing"


@given(st.lists(st.binary(max_size=300)))
def test_values_are_read_as_they_were_written(values: list[bytes]) -> None:
    ((tag, content),) = parse(sequence(*map(octets, values)))
    assert tag == 0x30
    assert parse(content) == [(0x04, value) for value in values]


@pytest.mark.parametrize(("size", "length"), [(127, "7f"), (128, "8180"), (256, "820100"), (1 << 16, "83010000")])
def test_a_length_is_as_short_as_it_can_be(size: int, length: str) -> None:
    assert tlv(0x04, bytes(size))[1:-size].hex() == length


@pytest.mark.parametrize("length", ["05", "8105", "820005", "8400000005", "880000000000000005"])
def test_a_definite_length_of_any_form_is_read(length: str) -> None:
    assert parse(bytes.fromhex(f"04{length}") + b"hello") == [(0x04, b"hello")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("04", "cut off"),
        ("0482", "cut off"),
        ("048200", "cut off"),
        ("0406", "longer"),
        ("04ff", "a length of 127 bytes"),
        ("0489000000000000000005", "a length of 9 bytes"),
        ("0480", "indefinite"),
        ("1f0100", "tag"),
    ],
)
def test_what_is_no_ber_is_refused(data: str, why: str) -> None:
    with pytest.raises(BerError, match=why):
        parse(bytes.fromhex(data))


def test_true_is_all_ones() -> None:
    assert (boolean(True), boolean(False)) == (b"\x01\x01\xff", b"\x01\x01\x00")
