"""The members of a large group, of which only what changed is looked at again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.build import BASE, group, guid, user
from syncramp.model.facts import Fact, Gone, LinkChange, Links, Proof, Restart
from syncramp.source import dn, spellings
from syncramp.source.ldap.entries import Entries
from syncramp.source.ldap.messages import Found
from syncramp.store import resolution
from syncramp.store.packing import unpack_bitmap
from syncramp.store.store import Store

STAFF = guid(101)


@pytest.fixture
def store(tmp_path) -> Iterator[Store]:
    opened = Store(tmp_path / "state.db", dn.key)
    yield opened
    opened.close()


@pytest.fixture
def asked(monkeypatch) -> list[set[int] | None]:
    """Keys that are looked up by each import; None: any."""
    found: list[set[int] | None] = []

    class Names(resolution.Names):
        def __init__(self, database: Any, dns: set[int] | None, guids: set[bytes] | None) -> None:
            found.append(dns)
            super().__init__(database, dns, guids)

    monkeypatch.setattr(resolution, "Names", Names)
    return found


def named(number: int) -> bytes:
    return user(number).dn.replace("CN=", "cn=").encode()


def read(store: Store, *facts: Fact, members: Sequence[bytes] | None = None, delta: bool = True) -> None:
    source = store.staging.source_id("corp")
    known = store.staging.known(source, "all")
    told = [] if members is None else [spellings.links(STAFF, members, known.spelled(STAFF, "member"))]
    proof = Proof("all", True, len(facts), None, delta=delta, watermark=b"1", tracking="SyncRepl")
    store.staging.stage(source, "all", [*facts, *told, proof])
    store.staging.resolve()


def begin(store: Store, *members: bytes) -> None:
    read(store, *map(user, range(1, 9)), group(101), members=members, delta=False)


def members(store: Store) -> set[bytes]:
    packed = store.database.value("SELECT members FROM links")
    return {
        one for (one,) in store.database.among("SELECT guid FROM entries WHERE id IN ({})", [*unpack_bitmap(packed)])
    }


def guids(*numbers: int) -> set[bytes]:
    return set(map(guid, numbers))


def keys(*numbers: int) -> set[int]:
    return {dn.key(user(number).dn) for number in numbers}


def test_only_who_comes_and_stays_is_looked_up(store, asked) -> None:
    begin(store, *map(named, (1, 2, 3, 4)))
    read(store, members=[*map(named, (1, 2, 4, 5))])
    assert asked == [keys(1, 2, 3, 4), keys(5)] and members(store) == guids(1, 2, 4, 5)


def test_large_groups_are_looked_at_one_after_the_other_and_small_ones_together(store, monkeypatch) -> None:
    pages: list[list[bytes]] = []
    kept_of = resolution.kept_of

    def looked(database: Any, entries: Sequence[int]) -> Any:
        pages.append([one for (one,) in database.among("SELECT guid FROM entries WHERE id IN ({})", entries)])
        return kept_of(database, entries)

    monkeypatch.setattr(resolution, "kept_of", looked)
    monkeypatch.setattr(resolution, "_BYTES", 4 * 8)
    facts: list[Fact] = [*map(user, range(1, 7)), *(group(number) for number in range(201, 207))]
    for number, size in zip(range(201, 207), (1, 2, 1, 6, 3, 2), strict=True):
        facts.append(Links(guid(number), "member", tuple(user(each).dn for each in range(1, size + 1)), final=True))
    read(store, *facts, delta=False)
    assert [[*map(guid, page)] for page in ((201, 202, 203), (204,), (205,), (206,))] == pages
    sizes = [len(unpack_bitmap(row[0])) for row in store.database.all("SELECT members FROM links ORDER BY id")]
    assert sizes == [1, 2, 1, 6, 3, 2]


def test_a_name_is_brought_into_canonical_form_once(store, monkeypatch) -> None:
    begin(store, *map(named, (1, 2, 3)))
    looked: list[bytes] = []
    made = spellings.keys.keys
    monkeypatch.setattr(spellings.keys, "keys", lambda names: looked.extend(names) or made(names))
    read(store, members=[*map(named, (1, 2, 4))])
    assert looked == [named(4)] and members(store) == guids(1, 2, 4)


def test_who_is_renamed_in_the_same_read_is_looked_up_again(store, asked) -> None:
    begin(store, *map(named, (1, 2, 3)))
    moved = replace(user(2), dn=f"CN=Somebody Else,{BASE}")
    read(store, moved, members=[*map(named, (1, 2, 3)), b"cn=Somebody Else," + BASE.encode()])
    assert members(store) == guids(1, 2, 3)
    read(store, members=[*map(named, (1, 2, 3))])
    assert members(store) == guids(1, 3) and asked[-1] == set()


def test_a_group_that_is_deleted_and_restored_is_looked_up_whole(store) -> None:
    begin(store, *map(named, (1, 2, 3)))
    read(store, Gone(STAFF), group(101), members=[*map(named, (1, 2, 3))])
    assert members(store) == guids(1, 2, 3)


def test_after_another_change_of_the_members_all_are_looked_up_once_more(store, asked) -> None:
    begin(store, *map(named, (1, 2, 3)))
    read(store, Gone(guid(2)))
    read(store, members=[*map(named, (1, 2, 3))])
    assert asked[-1] == keys(1, 2, 3) and members(store) == guids(1, 3)
    read(store, members=[*map(named, (1, 2, 3, 4))])
    assert asked[-1] == keys(4) and members(store) == guids(1, 3, 4)
    read(store, LinkChange(STAFF, "member", gained=True, dns=(user(5).dn,)))
    read(store, members=[*map(named, (1, 2, 3, 4))])
    assert asked[-1] == keys(1, 2, 3, 4) and members(store) == guids(1, 3, 4)


def test_a_member_that_is_named_twice_stays_until_both_names_are_gone(store, asked) -> None:
    begin(store, named(1), named(1).upper(), named(2))
    read(store, members=[named(1), named(2), named(3)])
    assert asked[-1] == keys(3) and members(store) == guids(1, 2, 3)
    read(store, members=[named(2)])
    assert members(store) == guids(2)


def test_of_a_read_that_begins_anew_all_members_are_looked_up(store, asked) -> None:
    begin(store, *map(named, (1, 2)))
    read(store, Restart("refused"), *map(user, (1, 2, 3)), group(101), members=[*map(named, (1, 3))], delta=False)
    assert asked[-1] == keys(1, 3) and members(store) == guids(1, 3)


def test_what_is_kept_ends_with_the_way_that_told_it(store) -> None:
    begin(store, *map(named, (1, 2)))
    assert len(store.staging.known(1, "all").spelled(STAFF, "member")) == 2 * 16
    read(store, Links(STAFF, "member", (user(1).dn,), final=True))
    assert store.staging.known(1, "all").spelled(STAFF, "member") == b""


def test_two_names_of_one_member_that_were_told_by_different_reads_are_told_apart(store) -> None:
    begin(store, named(1), named(2))
    read(store, members=[named(1), named(1).upper(), named(2)])
    read(store, members=[named(1).upper(), named(2)])
    assert members(store) == guids(1, 2)


@pytest.mark.parametrize(("size", "keyed", "marked"), [(3, True, True), (3, False, False), (2, True, False)])
def test_a_group_of_a_server_is_told_by_keys_and_a_large_one_by_marks(monkeypatch, size, keyed, marked) -> None:
    monkeypatch.setattr(spellings, "LARGE", 3)
    found = Found(b"cn=staff", {"member": [named(number) for number in range(size)]})
    session = SimpleNamespace(entry=lambda dn, attributes: found)
    known = SimpleNamespace(keyed=keyed, spelled=lambda guid, attribute: b"")
    root = SimpleNamespace(active_directory=False)
    entries = Entries(cast("Any", session), cast("Any", root), BASE, frozenset(), known=cast("Any", known))
    (links,) = entries.links(STAFF, "cn=staff")
    assert isinstance(links, Links) and links.final
    assert (len(links.keys), len(links.dns)) == ((8 * size, 0) if keyed else (0, size))
    assert len(links.marks) == 8 * size * marked
