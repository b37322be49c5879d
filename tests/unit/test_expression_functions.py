"""Functions of expressions at their edges; docs/expressions.md has an example of each, which another test runs."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncramp.expr.functions import bits, choices, conversions, lists, names, text, times
from syncramp.expr.limits import MOST_SPACE, Exhausted
from syncramp.expr.types import NONE, Optional

TEXTS = st.text(max_size=30)
MOMENTS = st.datetimes(datetime(1601, 1, 2), datetime(9999, 12, 31, 23, 59, 59)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@given(value=TEXTS)
def test_a_value_that_is_escaped_stands_in_a_name_as_it_was(value: str) -> None:
    name = f"CN={names.escape_dn_component(value)},OU=Sales,DC=corp"
    assert names.dn_component(name, 1) == value
    assert names.dn_values(name, "cn") == (value,)
    assert names.dn_parent(name) == "OU=Sales,DC=corp"
    assert names.rdn(name) + ",OU=Sales,DC=corp" == name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("CN=Anna , OU = Sales ,DC=corp", ("Anna", "Sales", "corp")),
        (r"CN=Anna\ ,DC=corp", ("Anna ", "corp")),
        (r"CN=Anna\\ ,DC=corp", ("Anna\\", "corp")),
        (r"CN=Zo\C3\AB\2C,DC=corp", ("Zoë,", "corp")),
        ("", ()),
    ],
)
def test_a_name_has_the_parts_that_it_is_written_with(name: str, parts: tuple[str, ...]) -> None:
    assert tuple(names.dn_component(name, number) for number in range(1, len(parts) + 1)) == parts
    assert names.dn_component(name, len(parts) + 1) == names.dn_component_rev(name, len(parts) + 1) == ""


@pytest.mark.parametrize("name", ["CN=a\\", "Anna", "CN=a,,DC=corp", r"CN=\FF,DC=corp"])
def test_what_is_no_name_is_an_error(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each with its own text
        names.dn_values(name, "CN")


@given(value=st.binary(min_size=16, max_size=16))
def test_a_guid_comes_back_from_its_text(value: bytes) -> None:
    assert conversions.guid_bytes(conversions.guid_text(value)) == value


@given(authority=st.integers(0, 2**48 - 1), parts=st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15))
def test_a_sid_comes_back_from_its_bytes(authority: int, parts: list[int]) -> None:
    sid = "-".join(map(str, ("S", 1, authority, *parts)))
    assert conversions.sid_text(conversions.sid_bytes(sid)) == sid


@given(value=st.binary(max_size=40))
def test_bytes_come_back_from_their_texts(value: bytes) -> None:
    assert conversions.from_base64(conversions.base64_(value)) == value
    assert conversions.from_hex(conversions.hex_(value)) == value


@given(moment=MOMENTS)
def test_a_time_is_the_same_in_all_its_forms(moment: datetime) -> None:
    iso = times.time(moment.isoformat())
    assert iso == moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert times.time(times.generalized_time(iso)) == iso
    assert times._time_of_filetime(times.file_time(iso)) == iso
    assert times.add_seconds(times.add_days(iso, -1), 86_400) == iso
    assert times.days_between(iso, iso) == 0


@given(one=MOMENTS, other=MOMENTS)
def test_an_earlier_time_is_less(one: datetime, other: datetime) -> None:
    texts = times.time(one.isoformat()), times.time(other.isoformat())
    assert (texts[0] < texts[1]) == (one < other)
    assert times.days_between(*texts) == -times.days_between(texts[1], texts[0])


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("20261125180000Z", "2026-11-25T18:00:00Z"),
        ("202611251800+0130", "2026-11-25T16:30:00Z"),
        ("2026112518-05", "2026-11-25T23:00:00Z"),
        ("20261125180000,25Z", "2026-11-25T18:00:00Z"),
        ("2026-11-25t18:00:00.999z", "2026-11-25T18:00:00Z"),
        ("2026-11-25 18:00Z", "2026-11-25T18:00:00Z"),
    ],
)
def test_a_time_is_read_however_it_is_written(written: str, iso: str) -> None:
    assert times.time(written) == iso


@pytest.mark.parametrize(
    "written", ["", "20261125", "2026-W48-3", "2026-11-31", "20261325180000Z", "18:00", "²026-11-25"]
)
def test_what_is_no_time_is_an_error(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # some are datetime's own
        times.time(written)


@pytest.mark.parametrize("ticks", [0, -1, 2**63 - 1])
def test_a_filetime_that_means_never_is_no_time(ticks: int) -> None:
    assert times.is_never(ticks)
    with pytest.raises(ValueError, match="ask isNever"):
        times._time_of_filetime(ticks)


def test_a_pattern_of_time_has_only_its_letters() -> None:
    assert times.format_time("2026-01-02T03:04:05Z", "yy/MM/dd HH:mm:ss 'at'") == "26/01/02 03:04:05 at"
    for pattern in ("D", "yyyyy", "hh", "'open"):
        with pytest.raises(ValueError, match="stands for nothing"):
            times.format_time("2026-01-02", pattern)


@given(value=TEXTS, count=st.integers(0, 40))
def test_left_and_right_and_mid_are_parts_of_the_text(value: str, count: int) -> None:
    assert text.left(value, count) + text.mid(value, count, 100) == value
    assert text.right(value, count) == value[max(0, len(value) - count) :]


@given(value=TEXTS)
def test_without_diacritics_nothing_changes_any_more(value: str) -> None:
    plain = text.normalize_diacritics(value)
    assert text.normalize_diacritics(plain) == plain


@pytest.mark.parametrize(
    ("word", "plain"),
    [
        ("Šárka Žďárská", "Sarka Zdarska"),
        ("Đorđe Ærøskøbing", "Dorde AEroskobing"),
        ("İstanbul ığdır", "Istanbul igdir"),
    ],
)
def test_letters_of_many_languages_lose_their_marks(word: str, plain: str) -> None:
    assert text.normalize_diacritics(word) == plain


def test_a_word_is_proper_with_its_apostrophe_and_its_hyphen() -> None:
    assert text.proper_case("o'NEIL-mcDONALD 2nd èVE") == "O'neil-Mcdonald 2Nd Ève"


@pytest.mark.parametrize(
    "call",
    [
        lambda: text.substring("abc", 2, 1),
        lambda: text.substring("abc", 0, 4),
        lambda: text.mid("abc", -1, 1),
        lambda: text.pad_left("a", 1_001),
        lambda: text.pad_right("a", 5, "ab"),
        lambda: text.replace_chars("a", {"ab": "c"}),
        lambda: text.word("a b", 0, " "),
        lambda: text.word("a b", 1, ""),
        lambda: text.split("a", ""),
        lambda: lists.slice_(("a",), 1, 0),
        lambda: bits.bit_shift_left(1, 64),
        lambda: bits.bit_shift_right(1, -1),
        lambda: conversions.guid_text(b"x" * 15),
        lambda: conversions.sid_text(b"\x02\x01" + bytes(10)),
        lambda: conversions.sid_text(b"\x01\x02" + bytes(10)),
        lambda: conversions.sid_bytes("S-1-5-4294967296"),
        lambda: conversions.sid_bytes("S-1-281474976710656-1"),
        lambda: conversions.int_("9223372036854775808"),
        lambda: conversions.from_base64("AP8"),
        lambda: names.dn_component("CN=a", 0),
    ],
)
def test_what_a_function_does_not_take_is_an_error(call: Callable[[], object]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: text.replace("a" * 2_001, "a", "b" * 2_000),
        lambda: text.replace_chars("a" * 2_001, {"a": "b" * 2_000}),
        lambda: lists.join(("a",) * 2_001, "b" * 2_000),
    ],
)
def test_a_function_does_not_make_what_is_too_large(call: Callable[[], object]) -> None:
    with pytest.raises(Exhausted, match=f"{MOST_SPACE:,}"):
        call()


@given(value=st.integers(-(2**63), 2**63 - 1), places=st.integers(0, 63))
def test_bits_stay_within_a_number_of_64(value: int, places: int) -> None:
    for made in (bits.bit_shift_left(value, places), bits.bit_shift_right(value, places), bits.bit_not(value)):
        assert -(2**63) <= made < 2**63
    assert bits.bit_test(value, bits.bit_and(value, places))
    assert bits.bit_xor(bits.bit_xor(value, places), places) == value
    assert bits.bit_or(value, places) == bits.bit_xor(value, places) + bits.bit_and(value, places)


def test_the_first_that_is_not_empty_is_taken() -> None:
    empty: tuple[Optional[object], ...] = (NONE, Optional(""), Optional(" "), Optional(()), Optional(b""))
    assert choices.first_of(empty) == NONE
    assert choices.first_of((*empty, Optional(0), Optional(1))) == Optional(0)
    assert choices.first_of((*empty, Optional(False))) == Optional(False)


def test_items_outside_of_a_list_are_none() -> None:
    assert lists.item(("a",), 0) == lists.first(("a",)) == lists.last(("b", "a")) == Optional("a")
    assert lists.item(("a",), 1) == lists.item(("a",), -1) == lists.last(()) == NONE
    assert lists.slice_(("a", "b"), 1, 9) == ("b",)
    assert lists.remove_duplicates(("Straße", "STRASSE", "x")) == ("Straße", "x")
