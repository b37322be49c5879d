"""People that are written alike are read by one expression, and become what they become attribute by attribute."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ldap_stream import Lengths, entry, message
from syncramp.model.facts import Entry
from syncramp.source.ldap import alike
from syncramp.source.ldap.alike import head_of
from syncramp.source.ldap.ber import BerError
from syncramp.source.ldap.decoder import Decoder
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.messages import Found
from syncramp.source.ldap.persons import Persons
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.session import Session

WANTED = frozenset(
    {"mail", "displayname", "proxyaddresses", "manager", "objectsid", "isdeleted", "distinguishedname"}
)
Attributes = Sequence[tuple[bytes, Sequence[bytes]]]
SOME = "mail displayName MAIL proxyAddresses manager objectSid isDeleted objectGUID"

short = st.sampled_from([b"", b"a", b"%d%%", b"0\x03\x04\x01", b"true", b"cn=B,dc=test", b"S-1-5-21-1", b"x" * 200])
texts = short | st.binary(max_size=6)
more = st.lists(
    st.tuples(st.sampled_from(SOME.split()).map(str.encode), st.lists(texts, min_size=1, max_size=3)), max_size=5
)
people = st.lists(st.tuples(st.booleans(), more), min_size=3, max_size=12)
lengths = st.sampled_from([None, "Active Directory"])


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    """Learned from few people."""
    with patch.multiple(alike, FIRST=2, TIMES=2, MOST=64):
        yield


def person(number: int, told: Attributes, *, upper: bool = False, choices: Lengths = None) -> bytes:
    uuid = f"00112233-4455-6677-8899-{number:012x}".encode()
    classes = [b"top", b"USER" if upper else b"user"]
    attributes = [(b"objectClass", classes), *told, (b"entryUUID", [uuid])]
    return message(1, entry(b"cn=Ada %d,ou=People,dc=test" % number, attributes, choices), choices=choices)


def read(stream: Sequence[bytes], form: Persons | None) -> list[object]:
    """What is told of people who come in these pieces, up to what cannot be read."""
    decoder, told = Decoder(forms={1: form} if form else {}), list[object]()
    entries = Entries(Session.__new__(Session), Root(), "DC=test", WANTED)
    try:
        for piece in stream:
            for _, found in decoder.feed(piece):
                assert isinstance(found, Found)
                told.extend(found.facts or [entries.fact(found)])
    except ValueError as error:  # no BER, or no DN
        told.append(type(error))
    return told


@settings(deadline=None)
@given(people, lengths, st.lists(st.integers(0, 5000)))
def test_many_people_become_the_same_facts_however_they_are_read_and_cut(
    told: Sequence[tuple[bool, Attributes]], choices: Lengths, cuts: Sequence[int]
) -> None:
    stream = b"".join(
        person(number, each, upper=upper, choices=choices) for number, (upper, each) in enumerate([*told, *told], 1)
    )
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    form = Persons(WANTED)
    expected = read([stream], None)
    assert read([stream[start:stop] for start, stop in pairwise(edges)], form) == expected
    assert read([stream], form) == expected  # now all of them are known


@settings(deadline=None)
@given(more, lengths, st.data())
def test_a_person_with_another_byte_is_read_or_refused_as_attribute_by_attribute(
    told: Attributes, choices: Lengths, chosen: st.DataObject
) -> None:
    plain = person(1, told, choices=choices)
    form = Persons(WANTED)
    read([plain] * 4, form)
    broken = bytearray(plain)
    place = chosen.draw(st.integers(8, len(broken) - 1))
    broken[place] = chosen.draw(st.integers(0, 255))
    tried = bytes(broken)
    assert _last(tried, form) == _last(tried, None)


def _last(data: bytes, form: Persons | None) -> object:
    try:
        return read([data], form)
    except Exception as error:  # whatever a closer look makes of it
        return type(error)


PLAIN: Attributes = [
    (b"displayName", [b"Ada"]),
    (b"mail", [b"ada@example.com"]),
    (b"proxyAddresses", [b"SMTP:a@example.com", b"smtp:b@example.com"]),
    (b"manager", [b"cn=Boss,dc=test"]),
    (b"objectSid", [b"\1" * 100]),
]


def other(told: Attributes, **values: bytes) -> Attributes:
    return [(name, [values[name.decode()]] if name.decode() in values else given) for name, given in told]


@pytest.mark.parametrize("choices", [None, "Active Directory"])
def test_what_was_learned_reads_people_without_looking_at_attributes(choices: Lengths) -> None:
    form = Persons(WANTED)
    read([person(number, PLAIN, choices=choices) for number in range(4)], form)
    few = other(PLAIN, displayName=b"Cy")[:2]  # fewer attributes are other people
    with patch.object(Persons, "_parts", side_effect=AssertionError("attribute by attribute")):
        (fact,) = read([person(7, other(PLAIN, displayName=b"Bob"), choices=choices)], form)
        assert isinstance(fact, Entry) and fact.attributes["displayname"] == (b"Bob",)
        assert fact.attributes["distinguishedname"] == (b"CN=Ada 7,OU=People,DC=test",)
        with pytest.raises(AssertionError):
            read([person(8, few, choices=choices)], form)
    read([person(number, few, choices=choices) for number in range(8)], form)
    with patch.object(Persons, "_parts", side_effect=AssertionError("attribute by attribute")):
        assert len(read([person(8, few, choices=choices) + person(9, PLAIN, choices=choices)], form)) == 2


def test_an_attribute_that_is_learned_later_shifts_nothing_in_the_expression_that_is_there() -> None:
    few: Attributes = [(b"displayName", [b"Ada"]), (b"mail", [b"ada@example.com"])]
    more: Attributes = [few[0], (b"isDeleted", [b"TRUE"]), few[1]]

    def told(number: int, given: Attributes) -> bytes:
        uuid = (b"entryUUID", [f"00112233-4455-6677-8899-{number:012x}".encode()])
        return message(1, entry(b"cn=Ada %d,dc=test" % number, [(b"objectClass", [b"user"]), uuid, *given]))

    stream = [told(number, given) for number, given in enumerate((few, few[1:], more, few, few[1:]))]
    for wanted in (WANTED, WANTED - {"distinguishedname"}):
        form = Persons(wanted)
        for fact, expected in zip(read(stream, form), read(stream, None), strict=True):
            assert isinstance(fact, Entry) and isinstance(expected, Entry)
            assert dict(fact.attributes) == {
                name: expected.attributes[name] for name in wanted & {*expected.attributes}
            }
        assert form._alike[False]._learned == 3  # the others were read by the expression that was made of two


def test_people_with_as_many_attributes_as_a_percent_sign_are_read_like_others() -> None:
    names = [b"extra%d" % number for number in range(37)]
    form = Persons(frozenset(name.decode() for name in names))
    stream = [person(number, [(name, [b"x"]) for name in names]) for number in range(3)]
    facts = read(stream, form)
    assert form._alike[False]._learned == 2
    for fact in facts:
        assert isinstance(fact, Entry) and dict(fact.attributes) == {name.decode(): (b"x",) for name in names}


def test_people_who_came_together_are_told_together() -> None:
    decoder = Decoder(forms={1: Persons(WANTED)})
    few = [(b"mail", [b"x" * 40])]
    stream = b"".join(person(number, PLAIN if number % 3 else few) for number in range(9))
    ((number, found),) = decoder.feed(stream)
    assert number == 1 and isinstance(found, Found) and len(found.facts) == 9


@pytest.mark.parametrize("choices", [None, "Active Directory"])
def test_an_attribute_that_is_there_is_not_left_out_to_see_whether_the_rest_fits(choices: Lengths) -> None:
    some = [(b"displayName", [b"x"]), (b"mail", [b"y"]), (b"proxyAddresses", [b"x", b"y"])]
    first = [(b"objectClass", [b"top", b"user"]), (b"entryUUID", [b"00112233-4455-6677-8899-aabbccddeeff"])]
    form = Persons(WANTED)
    for told in (some, some[1:], some[:2], some[::2], some):
        one = message(1, entry(b"cn=A,dc=test", [*first, *told], choices), choices=choices)
        read([one], form)
    learned = form._alike[choices is not None]
    at = one.index(b"objectClass") - (8 if choices else 4)
    assert learned._expression is not None and learned._optional == [2, 3, 4]
    assert learned._expression.fullmatch(one, at)
    assert learned._expression.match(one, at, len(one) - 1) is None  # it might end before what is cut


def test_whoever_teaches_nothing_is_looked_at_so_many_times() -> None:
    form = Persons(WANTED)
    learned = form._alike[False]
    with patch.object(alike, "IN_VAIN", 5):
        for number in range(9):
            read([person(number, [(b"mail", [b"x" * 200])])], form)
        assert learned._in_vain == 5
        read([person(number, PLAIN) for number in range(4)], form)
        assert learned._expression is None


def test_nothing_grows_with_what_a_server_sends() -> None:
    with patch.multiple(alike, COLUMNS=4, CLASSES=1, LIKENESSES=2):
        form = Persons(WANTED)
        learned = form._alike[False]
        for number in range(200):
            told = [*PLAIN[: number % 5], (b"isDeleted", [b"x" * (number % 120)])]
            read([person(number, told, upper=bool(number % 3))], form)
        assert len(learned._columns) == 4 and len(learned._classes) == 1
        assert learned._learned <= alike.MOST and len(learned._likenesses) == 2


def test_what_stands_before_a_value_is_what_stands_there() -> None:
    told = entry(b"cn=A", [(b"mail", [b"ada"])], "Active Directory")
    assert told.endswith(head_of(b"mail", 3, four=True) + b"ada")
    assert entry(b"cn=A", [(b"mail", [b"ada"])]).endswith(head_of(b"mail", 3, four=False) + b"ada")


def test_a_set_that_ends_before_its_values_do_is_refused() -> None:
    form = Persons(WANTED)
    plain = person(1, PLAIN)
    read([plain] * 4, form)
    at = plain.index(b"proxyAddresses") + len(b"proxyAddresses") + 1
    broken = plain[:at] + bytes((plain[at] - 1,)) + plain[at + 1 :]
    with pytest.raises(BerError):
        list(Decoder(forms={1: form}).feed(broken))
