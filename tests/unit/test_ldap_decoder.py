"""Answers to searches are read as ldap3 reads them, however the stream is cut; whatever else comes is refused."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.answers import Answers, stream
from fuzz.fuzzer import Failure
from support.ldap_stream import (
    RESULTS,
    Lengths,
    agree,
    control,
    done,
    entry,
    intermediate,
    message,
    notice,
    ours,
    reference,
    tlv,
)
from syncramp.source.ldap import decoder
from syncramp.source.ldap.ber import BerError
from syncramp.source.ldap.decoder import Decoder
from syncramp.source.ldap.messages import Control, Done, Found, Intermediate, Notice, Reference

PERSON = entry(b"CN=A,DC=test", [(b"cn", [b"A"]), (b"description", [b"", b"x" * 200]), (b"mail", [])])
END = done(0, b"")

names = st.from_regex(r"[a-z][a-z0-9-]{0,8}(;[a-z0-9=-]{1,8})?", fullmatch=True).map(str.encode)
values = st.binary(max_size=20) | st.integers(100, 300).map(bytes)
lengths = st.sampled_from([None, "Active Directory"]) | st.randoms(use_true_random=False)
attributes = st.lists(st.tuples(names, st.lists(values, max_size=4)), max_size=5)
entries = st.builds(entry, values, attributes, lengths)
urls = st.lists(st.text(max_size=20).map(str.encode), min_size=1, max_size=3)
operations = st.one_of(
    entries,
    st.builds(done, st.integers(0, 127), st.binary(max_size=9), urls | st.just([]), tag=st.sampled_from(RESULTS)),
    st.builds(reference, urls),
    st.builds(intermediate, names, values),
)
controls = st.lists(st.builds(control, names, st.none() | values, st.none() | st.booleans()), max_size=2)
messages = st.builds(message, st.integers(0, 2**31 - 1), operations, controls, lengths)
streams = st.lists(messages, max_size=4).map(b"".join)


def _read(*parts: bytes) -> list[object]:
    return [read for _, read in Decoder().feed(b"".join(parts))]


@given(streams, st.lists(st.integers(0, 2000), max_size=4))
def test_a_stream_is_read_as_ldap3_reads_it_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    assert agree(data, cuts)[1] == ""


@given(streams, st.data())
def test_a_stream_with_another_byte_is_read_as_ldap3_reads_it_or_refused(data: bytes, chosen: st.DataObject) -> None:
    broken = bytearray(data or b"x")
    broken[chosen.draw(st.integers(0, len(broken) - 1))] = chosen.draw(st.integers(0, 255))
    agree(bytes(broken))


@given(st.binary(max_size=60))
def test_what_is_no_stream_is_refused_or_never_complete(data: bytes) -> None:
    agree(data)


def test_every_cut_in_two_gives_the_same() -> None:
    data = message(1, PERSON) + message(1, reference([b"ldap://b/"])) + message(1, END)
    whole = ours([data])
    assert len(whole[0]) == 3
    assert all(ours([data[:cut], data[cut:]]) == whole for cut in range(len(data) + 1))


def test_an_entry_is_there_with_its_last_byte() -> None:
    data = message(1, PERSON)
    reader = Decoder()
    assert list(reader.feed(data[:-1])) == []
    assert len(list(reader.feed(data[-1:] + data[:5]))) == 1


def test_all_that_a_search_returns_is_told_in_full() -> None:
    told = [control(b"1.2.3", b"value", True), control(b"4.5.6", None, None)]
    known = (Control("1.2.3", b"value"), Control("4.5.6", critical=False))
    assert _read(
        message(1, PERSON, told),
        message(1, reference([b"ldap://b/"])),
        message(1, intermediate(b"1.2", b"v")),
        message(1, done(10, b"elsewhere", [b"ldap://c/"]), told),
        message(0, notice(b"1.9", 52, b"bye")),
    ) == [
        Found(b"CN=A,DC=test", {"cn": [b"A"], "description": [b"", b"x" * 200], "mail": []}, known),
        Reference(("ldap://b/",)),
        Intermediate("1.2", b"v"),
        Done(10, "elsewhere", ("ldap://c/",), known),
        Notice("1.9", 52, "bye"),
    ]


@pytest.mark.parametrize("size", [0, 1, 100, 110, 115, 120, 121, 122, 127, 128, 200, 255, 256, 70_000])
@pytest.mark.parametrize("lengths", [None, "Active Directory"])
def test_one_value_of_any_length_is_read_wherever_it_stands(size: int, lengths: Lengths) -> None:
    told = [(b"a", [b"x"]), (b"description", [bytes(size)]), (b"b", [b""]), (b"c", [b"", b"y"])]
    for number in range(len(told)):
        stood = told[number:] + told[:number]
        (found,) = _read(message(1, entry(b"", stood, lengths), choices=lengths))
        assert isinstance(found, Found) and found.values == {name.decode(): given for name, given in stood}


def test_values_of_an_attribute_that_comes_twice_are_all_kept() -> None:
    (found,) = _read(message(1, entry(b"", [(b"cn", [b"a"]), (b"sn", [b"b"]), (b"cn", [b"c"])])))
    assert isinstance(found, Found) and found.values == {"cn": [b"a", b"c"], "sn": [b"b"]}


def test_names_without_end_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder, "HEADS", 10)
    reader = Decoder()
    for number in range(100):
        name = f"member;range={number}-*"
        ((_, found),) = reader.feed(message(1, entry(b"", [(name.encode(), [b"x"])])))
        assert isinstance(found, Found) and found.values == {name: [b"x"]}
    assert len(reader._heads) <= 10


def _inside(content: bytes) -> bytes:
    return message(1, tlv(0x64, tlv(4, b"dn") + content))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"HTTP/1.1 400 Bad Request", "tag 0x48 where 0x30"),
        (b"\x30\x80\x02\x01\x01", "indefinite"),
        (b"\x30\xff" + bytes(200), "127 bytes"),
        (b"\x30\x84\x7f\xff\xff\xff", "2,147,483,653 bytes, of which at most 268,435,456"),
        (b"\x30\x00", "cut off"),
        (message(1, PERSON + b"\x04\x00"), "tag 0x04 where 0xa0"),
        (message(1, PERSON + tlv(0xA0, b"") + b"\x00"), "left over in a message"),
        (tlv(0x30, tlv(2, b"") + PERSON), "a number of 0 bytes"),
        (tlv(0x30, tlv(2, bytes(9)) + PERSON), "a number of 9 bytes"),
        (tlv(0x30, tlv(4, b"\x01") + PERSON), "tag 0x04 where 0x02"),
        (message(1, tlv(0x61, END[2:])), "tag 0x61, which answers no request of ours"),
        (message(1, notice(b"1.2", 0, b"")), "tag 0x78, which answers no request of ours"),
        (_inside(tlv(0x30, b"") + b"\x04\x00"), "left over in an entry"),
        (_inside(tlv(0x31, b"")), "tag 0x31 where 0x30"),
        (_inside(tlv(0x30, tlv(4, b""))), "tag 0x04 where 0x30"),
        (_inside(tlv(0x30, tlv(0x30, tlv(2, b"")))), "tag 0x02 where 0x04"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"\xff") + tlv(0x31, b"")))), "not UTF-8"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"cn") + tlv(0x30, b"")))), "tag 0x30 where 0x31"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"cn") + tlv(0x31, b"") + b"\x04\x00"))), "left over in an attribute"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"cn") + tlv(0x31, tlv(0x24, b""))))), "else among values"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"cn") + tlv(0x31, b"\x04\x80")))), "indefinite"),
        (_inside(tlv(0x30, tlv(0x30, tlv(4, b"cn") + tlv(0x31, b"\x04\x01")))), "longer than its set"),
        (message(1, tlv(0x65, tlv(10, b"\0") + tlv(4, b""))), "without its parts"),
        (message(1, tlv(0x65, END[2:] + tlv(0xA3, b"") * 2)), "left over in a result"),
        (message(1, tlv(0x65, END[2:] + tlv(0xA3, tlv(2, b"")))), "else among URLs"),
        (message(1, tlv(0x65, END[2:] + tlv(4, b""))), "left over in a result"),
        (message(1, tlv(0x79, tlv(0x80, b"1.2") * 2)), "other parts"),
        (message(1, END, [tlv(0x30, tlv(4, b"1.2") * 3)]), "a control without"),
        (message(1, END, [tlv(0x31, tlv(4, b"1.2"))]), "a control without"),
    ],
)
def test_what_answers_no_search_is_refused_with_the_reason(data: bytes, why: str) -> None:
    good = message(1, PERSON)
    read, refusal = ours([good + data + good])
    assert len(read) == 1, "what came before is good, what comes next is void"
    assert why in refusal
    assert ours(bytes((byte,)) for byte in good + data + good) == (read, refusal)


GOOD = tlv(0x30, tlv(4, b"description") + tlv(0x31, tlv(4, bytes(40))))


@pytest.mark.parametrize(
    "attribute",
    [
        "3008" + "0402636e" + "3102" + "0400" + "0400",  # a value beside the set
        "3006" + "0402636e" + "3104" + "0400" + "0400",  # a set that is longer than its attribute
        "3008" + "0402636e" + "3102" + "0402" + "6162",  # a value that is longer than its set, not than its attribute
        "3008" + "0402636e" + "3104" + "0403" + "6162",  # a value that is longer than both
        "3008" + "0402636e" + "3104" + "2402" + "6162",
        "3008" + "0402636e" + "3004" + "0402" + "6162",
        "3008" + "0c02636e" + "3104" + "0402" + "6162",
        "3108" + "0402636e" + "3104" + "0402" + "6162",
        "300a" + "0402636e" + "3106" + "0402" + "6162" + "0401",  # a second value that is cut off
    ],
)
def test_an_attribute_that_does_not_fit_is_refused_also_where_others_follow(attribute: str) -> None:
    read, refusal = ours([message(1, tlv(0x64, tlv(4, b"dn") + tlv(0x30, bytes.fromhex(attribute) + GOOD * 2)))])
    assert read == [] and refusal


def test_a_message_above_the_limit_is_refused_before_it_comes() -> None:
    data = message(1, entry(b"", [(b"cn", [bytes(100)])]))
    assert len(list(Decoder(limit=len(data)).feed(data))) == 1
    with pytest.raises(BerError, match=f"a message of {len(data)} bytes, of which at most {len(data) - 1} are taken"):
        list(Decoder(limit=len(data) - 1).feed(data[:2]))


def test_streams_made_and_broken_at_random_are_read_as_ldap3_reads_them_or_refused() -> None:
    answers = Answers(seed=5)
    for _ in range(200):
        answers.step()
    assert answers.taken > 400


def break_lengths(patch: pytest.MonkeyPatch) -> None:
    """The last byte of a long length alone counts."""
    patch.setattr(decoder, "long_bounds", lambda data, at, first: (at + first % 128, at + first % 128 + data[at]))


def break_pieces(patch: pytest.MonkeyPatch) -> None:
    """The beginning of a message is forgotten."""
    feed = Decoder.feed
    patch.setattr(Decoder, "feed", lambda self, piece: feed(Decoder(), piece))


def break_refusals(patch: pytest.MonkeyPatch) -> None:
    """Another exception than the one that is promised."""
    patch.setattr(decoder, "BerError", KeyError)


@pytest.mark.parametrize("broken", [break_lengths, break_pieces, break_refusals])
def test_the_fuzzer_finds_what_is_broken(broken) -> None:
    with pytest.MonkeyPatch.context() as patch:
        broken(patch)
        answers = Answers(seed=5)
        with pytest.raises(Failure):
            for _ in range(500):
                answers.step()


def test_the_fuzzer_makes_all_that_a_search_returns() -> None:
    read = [kind for seed in range(60) for kind in map(type, _read(stream(Random(seed))))]
    assert set(read) == {Found, Done, Reference, Intermediate, Notice}
