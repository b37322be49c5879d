"""The marks of written-back groups, and their attributes as the directory shows them."""

import pytest

from support.cloud_groups import cloud_group, security_group, writeback
from support.looked import anchor, mark
from syncramp.directory import schema
from syncramp.directory.looking import Cookie, decode, typed
from syncramp.directory.marks import Bearer, chosen, mark_of
from syncramp.model.cloud import CloudGroup
from syncramp.model.values import Value
from syncramp.writeback.payload import ROWS, payload


@pytest.mark.parametrize(
    ("values", "expected", "why"),
    [
        ([], "", ""),
        (["somebody's own words"], "", ""),
        (["User_1"], "", ""),
        ([mark(1)], anchor(1), ""),
        ([mark(1).upper(), mark(1)], anchor(1), ""),
        ([mark(1), "somebody's own words"], anchor(1), ""),
        ([mark(1), mark(2)], "", "it has two marks"),
        (["Group_1"], "", "its mark is malformed (group_1)"),
        ([mark(1) + " "], "", "its mark is malformed"),
        ([mark(1), "Group_"], "", "it has two marks"),
    ],
)
def test_a_mark_is_one_or_it_is_told_why_not(values: list[str], expected: str, why: str) -> None:
    found, told = mark_of(values)
    assert found == expected
    assert why in told
    assert bool(told) is bool(why)


def _bearer(number: int, created: int, *, inside: bool) -> Bearer:
    return Bearer(bytes([number]) * 16, anchor(1), f"CN={number}", inside, created)


def test_the_known_group_comes_before_the_one_inside_and_that_before_the_older_one() -> None:
    oldest, older, inside, known = (
        _bearer(1, 1, inside=False),
        _bearer(2, 2, inside=False),
        _bearer(3, 3, inside=True),
        _bearer(4, 4, inside=False),
    )
    everyone = [inside, known, oldest, older]
    assert chosen(everyone, known.guid) is known
    assert chosen(everyone, None) is inside
    assert chosen(everyone, b"another") is inside
    assert chosen([older, oldest], None) is oldest


def test_what_is_written_is_what_is_asked_for() -> None:
    assert set(schema.WRITTEN) == {row.name for row in ROWS}


ADDRESSES = ("smtp:zoe@example.com", "SMTP:all@example.com", "smtp:öl@example.com")
MAIL: dict[str, Value] = {"mail": "all@example.com", "mailNickname": "all", "proxyAddresses": ADDRESSES}
NAMES: dict[str, Value] = {"displayName": "Alle für öl", "description": "Wir alle"}


@pytest.mark.parametrize("group", [cloud_group(**NAMES, **MAIL), security_group(**NAMES)])
def test_what_was_written_is_shown_as_it_was_meant(group: CloudGroup) -> None:
    everything = frozenset(name.lower() for name in schema.WRITTEN)
    meant = payload(group, writeback(), everything)
    assert len(meant) >= 7
    assert {name: typed(name, _as_the_directory_keeps_it(value)) for name, value in meant.items()} == meant


def _as_the_directory_keeps_it(value: Value) -> list[bytes]:
    if isinstance(value, bool):
        return [b"TRUE" if value else b"FALSE"]
    if isinstance(value, tuple):
        return [str(one).encode() for one in reversed(value)]
    return [str(value).encode()]


def test_usns_count_in_one_database_alone() -> None:
    before = decode(Cookie("aa", 7).encoded())
    assert Cookie("aa", 9).since(before) == 7
    assert Cookie("aa", 7).since(before) == 7
    assert Cookie("aa", 6).since(before) == -1  # an old copy of its disk
    assert Cookie("bb", 9).since(before) == -1
    assert Cookie("", 9).since(Cookie("", 7)) == -1
    assert Cookie("aa", -1).since(before) == -1
