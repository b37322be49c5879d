"""The rounds of DirSync with a server that does not keep to the rules."""

from collections.abc import Iterator, Sequence

import pytest

from syncramp.errors import SourceUnavailable
from syncramp.source.ldap import dirsync
from syncramp.source.ldap.ber import integer, octets, sequence
from syncramp.source.ldap.entries import Searches
from syncramp.source.ldap.messages import Control, Done, Found, Message

GUID = bytes(range(16))


class Server(Searches):
    """It answers one round after the other."""

    server = "ldaps://dc1"

    def __init__(self, *rounds: tuple[Sequence[Found], Done]) -> None:
        self.rounds = list(rounds)
        self.asked: list[Control] = []

    def search(
        self, base: str, filter_: str, attributes: Sequence[str], *, controls: Sequence[Control] = ()
    ) -> Iterator[Message]:
        found, done = self.rounds.pop(0)
        self.asked.append(controls[0])
        yield from found
        yield done


def _done(more: int, cookie: bytes) -> Done:
    value = sequence(integer(more), integer(0), octets(cookie))
    return Done(0, "", controls=[Control(dirsync.OID, value)])


def _changes(*rounds: tuple[Sequence[Found], Done]) -> dict[bytes, dirsync.Change]:
    return dirsync.changes(Server(*rounds), "DC=test", frozenset({"mail"}), b"begin")[0]


def _found(**values: list[bytes]) -> Found:
    spelled = {name.replace("_", ";range="): given for name, given in values.items()}
    return Found(b"CN=g,DC=test", {"objectGUID": [GUID], "instanceType": [b"4"], **spelled})


def _value(text: str, dn: str = "CN=u") -> bytes:
    return f"<GUID={text * 32}>;{dn}".encode()


def test_rounds_go_on_with_the_cookie_of_the_last_one() -> None:
    server = Server(([], _done(1, b"one")), ([], _done(0, b"two")))
    assert dirsync.changes(server, "DC=test", frozenset(), b"begin") == ({}, b"two")
    flags = integer(-0x80000000)
    assert [control.value for control in server.asked] == [
        sequence(flags, integer(1 << 20), octets(cookie)) for cookie in (b"begin", b"one")
    ]


def test_a_round_that_ends_where_it_began_is_not_asked_for_ever() -> None:
    with pytest.raises(SourceUnavailable, match="does not get on"):
        _changes(([], _done(1, b"begin")))


@pytest.mark.parametrize("value", [None, b"", b"\x30\x80", b"\x30\x00", sequence(integer(0)), b"\x04\x01x"])
def test_an_answer_without_a_cookie_is_refused(value: bytes | None) -> None:
    with pytest.raises(SourceUnavailable):
        _changes(([], Done(0, "", controls=[Control(dirsync.OID, value)])))


def test_what_a_later_round_says_of_a_member_counts() -> None:
    came, went = _found(**{"member_1-1": [_value("a"), _value("b")]}), _found(**{"member_0-0": [_value("a", "CN=x")]})
    change = _changes(([came], _done(1, b"one")), ([went], _done(0, b"two")))[GUID]
    assert change.values(gained=True) == [_value("b")]
    assert change.values(gained=False) == [_value("a", "CN=x")]
    assert not change.entry


@pytest.mark.parametrize(
    ("values", "gone", "restored"),
    [([b"TRUE"], True, False), ([], False, True), ([b"FALSE"], False, True)],
)
def test_a_deleted_entry_is_gone_and_one_that_is_not_any_more_came_back(
    values: list[bytes], gone: bool, restored: bool
) -> None:
    change = _changes(([_found(isDeleted=values)], _done(0, b"end")))[GUID]
    assert (change.gone, change.restored) == (gone, restored)


def test_one_that_was_deleted_in_a_first_round_and_restored_in_a_second_one_came_back() -> None:
    rounds = ([_found(isDeleted=[b"TRUE"])], _done(1, b"one")), ([_found(isDeleted=[])], _done(0, b"two"))
    change = _changes(*rounds)[GUID]
    assert (change.gone, change.restored) == (False, True)


def test_members_that_come_all_at_once_have_the_group_read_again() -> None:
    change = _changes(([_found(member=[_value("a")])], _done(0, b"end")))[GUID]
    assert change.whole and change.entry and not change.members


def test_what_has_no_guid_is_passed_over() -> None:
    assert _changes(([Found(b"CN=x", {"mail": [b"x"]})], _done(0, b"end"))) == {}
