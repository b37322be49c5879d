"""People are read in one pass, and their facts are those that an entry becomes value by value."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ldap_stream import Lengths, control, entry, message
from syncramp.errors import SourceIncomplete
from syncramp.model.facts import Container, Entry
from syncramp.model.values import Kind
from syncramp.source.dn import DnError
from syncramp.source.ldap import decoder
from syncramp.source.ldap.ber import BerError
from syncramp.source.ldap.decoder import Decoder
from syncramp.source.ldap.entries import Entries, Searches
from syncramp.source.ldap.messages import Control, Found
from syncramp.source.ldap.persons import Persons
from syncramp.source.ldap.root import Root
from syncramp.source.ldap.runs import Form
from syncramp.source.ldap.session import NoSuchEntry
from syncramp.source.uids import Uids

WANTED = frozenset(
    {
        "mail",
        "displayname",
        "proxyaddresses",
        "manager",
        "objectsid",
        "ms-ds-consistencyguid",
        "samaccountname",
        "isdeleted",
        "distinguishedname",
        "userprincipalname",
    }
)
UUID = b"00112233-4455-6677-8899-aabbccddeeff"
SID = b"S-1-5-21-1-2-3-1104"
DN = b"cn=Ada\\2C A,ou=People,dc=test"
Attributes = Sequence[tuple[bytes, Sequence[bytes]]]


class Server(Searches):
    """It does not give the rest of a range."""

    server = "ldaps://dc1"

    def entry(self, dn: str | bytes, attributes: Sequence[str], *, controls: Sequence[Control] = ()) -> Found:
        raise NoSuchEntry


def _entries(wanted: frozenset[str] = WANTED, uids: Uids | None = None) -> Entries:
    return Entries(Server(), Root(), "DC=test", wanted, uids=uids)


def _told(data: bytes, form: Form | None, wanted: frozenset[str] = WANTED) -> Entry | Container | str | None:
    """What an answer becomes, or why it becomes nothing."""
    try:
        ((_, found),) = Decoder(forms={} if form is None else {1: form}).feed(data)
        assert isinstance(found, Found)
        return found.facts[0] if found.facts else _entries(wanted).fact(found)
    except (BerError, DnError, NoSuchEntry, SourceIncomplete) as error:
        return f"{type(error).__name__}: {error}"


def _person(
    *more: tuple[bytes, Sequence[bytes]], uuid: bytes = UUID, classes: Sequence[bytes] = (b"user",)
) -> Attributes:
    return [(b"objectClass", [b"top", *classes]), (b"entryUUID", [uuid]), *more]


PLAIN = _person(
    (b"mail", [b"ada@example.com"]),
    (b"displayName", [b"Ada"]),
    (b"proxyAddresses", [b"smtp:b@example.com", b"SMTP:a@example.com", b"smtp:b@example.com"]),
    (b"manager", [b"cn=Boss,dc=test"]),
    (b"objectSid", [SID]),
    (b"mS-DS-ConsistencyGuid", [UUID]),
    (b"isDeleted", [b"false"]),
    (b"userPrincipalName", [b"x" * 300]),
)

NAMES = """
    mail MAIL mail;binary mail;lang-de mail;range=0-1 displayName proxyAddresses manager objectSid isDeleted uid é
    sAMAccountName mS-DS-ConsistencyGuid distinguishedName description objectClass entryUUID objectGUID member
"""
names = st.sampled_from(NAMES.split()).map(str.encode)
values = st.sampled_from(
    (UUID, SID, DN, b"", b"no DN", b"a\xff", b"true", b"user", b"inetOrgPerson", b"group", b"computer", bytes(16))
) | st.binary(max_size=4).flatmap(lambda value: st.sampled_from((value, value * 40)))
attributes = st.lists(st.tuples(names, st.lists(values, max_size=3)), max_size=5)
classes = st.sampled_from(
    ([b"user"], [b"USER", b"person"], [b"inetOrgPerson"], [b"group"], [b"computer", b"user"], [b"domain"], [])
)
lengths = st.sampled_from([None, "Active Directory"]) | st.randoms(use_true_random=False)
dns = st.sampled_from((DN, b"CN=A,DC=test", b"uid=ada,dc=test", b"", b"no DN", b"cn=\xff,dc=test"))


@given(dns, classes, attributes, attributes, lengths, st.booleans())
def test_an_entry_becomes_the_same_fact_in_one_pass(
    dn: bytes, classes: Sequence[bytes], before: Attributes, after: Attributes, lengths: Lengths, watched: bool
) -> None:
    wanted = WANTED | ({"objectclass", "uid"} if watched else set())
    told = [*before, *_person(classes=classes), *after]
    data = message(1, entry(dn, told, lengths), [control(b"1.2", b"x", True)], lengths)
    form = Persons(wanted)
    for _ in range(2):  # heads are remembered
        assert _told(data, form, wanted) == _told(data, None, wanted)


@given(attributes, st.data())
def test_an_entry_with_another_byte_becomes_the_same_or_is_refused_alike(
    more: Attributes, chosen: st.DataObject
) -> None:
    broken = bytearray(entry(DN, _person(*more)))
    place = chosen.draw(st.integers(0, len(broken) - 1))
    form = Persons(WANTED)
    _told(message(1, bytes(broken)), form)
    broken[place] = chosen.draw(st.integers(0, 255))
    data = message(1, bytes(broken))
    assert _alike(data, form) == _alike(data, None)


def _alike(data: bytes, form: Form | None) -> object:
    try:
        return _told(data, form)
    except (AssertionError, ValueError):  # no entry, or none that is whole
        return None


@pytest.mark.parametrize("lengths", [None, "Active Directory"])
def test_a_person_is_read_in_one_pass_whole(lengths: Lengths) -> None:
    ((_, found),) = Decoder(forms={1: Persons(WANTED)}).feed(message(1, entry(DN, PLAIN, lengths), choices=lengths))
    assert isinstance(found, Found) and len(found.facts) == 1
    guid = bytes.fromhex("33221100554477668899aabbccddeeff")
    assert found.facts[0] == Entry(
        guid,
        Kind.USER,
        "CN=Ada\\, A,OU=People,DC=test",
        {
            "mail": (b"ada@example.com",),
            "displayname": (b"Ada",),
            "proxyaddresses": (b"SMTP:a@example.com", b"smtp:b@example.com"),
            "manager": (b"CN=Boss,DC=test",),
            "objectsid": (
                bytes.fromhex("010500000000000515000000010000000200000003000000") + bytes.fromhex("50040000"),
            ),
            "ms-ds-consistencyguid": (guid,),
            "isdeleted": (b"FALSE",),
            "userprincipalname": (b"x" * 300,),
            "distinguishedname": (b"CN=Ada\\, A,OU=People,DC=test",),
        },
    )


@pytest.mark.parametrize(
    "told",
    [
        [(b"objectClass", [b"group"]), (b"entryUUID", [UUID])],
        [(b"objectClass", [b"user"])],
        _person((b"proxyAddresses;range=0-1", [b"a", b"b"])),
        _person((b"mail", [b"a"]), (b"MAIL", [b"b"])),
        _person((b"mail", [])),
        _person((b"description", [b"not asked for"])),
        _person((b"manager", [b"no DN"])),
        _person(uuid=b"no UUID"),
    ],
)
def test_what_is_no_plain_person_takes_a_closer_look(told: Attributes) -> None:
    form = Persons(WANTED)
    data = entry(DN, told)
    ((_, found),) = Decoder(forms={1: form}).feed(message(1, data))
    assert isinstance(found, Found) and not found.facts


def test_entries_of_another_search_on_the_same_connection_are_read_as_any() -> None:
    both = message(1, entry(DN, PLAIN)) + message(2, entry(DN, PLAIN))
    one, other = (found for _, found in Decoder(forms={1: Persons(WANTED)}).feed(both))
    assert isinstance(one, Found) and one.facts and not one.values
    assert isinstance(other, Found) and not other.facts and other.values["mail"] == [b"ada@example.com"]


def test_where_accounts_are_kept_by_their_name_people_are_read_as_any() -> None:
    assert _entries().form() is not None
    assert _entries(uids=Uids()).form() is None


def test_classes_and_heads_without_end_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncramp.source.ldap.persons._SETS", 10)
    monkeypatch.setattr("syncramp.source.ldap.persons.HEADS", 10)
    monkeypatch.setattr(decoder, "HEADS", 10)
    form = Persons(WANTED)
    for number in range(50):
        told = _person((b"mail", [b"x" * number or b"y"]), classes=[b"user", b"c%d" % number])
        data = entry(DN, told)
        assert _told(message(1, data), form) == _told(message(1, data), None)
    assert len(form._classes) == 10 and len(form._short) <= 10


def test_classes_that_look_like_one_class_and_its_end_are_told_apart() -> None:
    form = Persons(WANTED)
    for told in ([b"user", b"person"], [b"user\x04\x06person"]):
        data = message(1, entry(DN, [(b"objectClass", told), (b"entryUUID", [UUID])]))
        assert _told(data, form) == _told(data, None)
