"""Who the members of groups of the cloud are in the directory that those groups are written to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroaring import BitMap

from syncramp.model.cloud import SeenGroup, Teller, Unwritable
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.store.forest import PAGE, Forest
from syncramp.store.packing import pack
from syncramp.store.store import Store

CORP, OTHER = 1, 2
GROUP = "0f8fad5b-d9cb-469f-a165-70867728950a"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "state.db", dn.key)
    made.database.run("INSERT INTO sources (id, name) VALUES (1, 'corp'), (2, 'lab')")
    yield made
    made.close()


def guid(number: int) -> bytes:
    return number.to_bytes(16, "big")


def entry(store: Store, number: int, source: int = CORP, *, kind: Kind = Kind.USER, absent: int = 0, **attrs) -> None:
    values: dict[str, Any] = {name: (value,) for name, value in attrs.items()}
    store.database.run(
        """INSERT INTO entries (id, source, partition, guid, kind, dn, dn_hash, digest, attrs, absent)
           VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)""",
        (number, source, guid(number), kind, f"CN={number}", number, b"", pack(values), absent),
    )


def synced(store: Store, number: int, cloud_anchor: str, *, acked: bool = True, source: int = CORP) -> None:
    store.database.run(
        """INSERT INTO objects (id, source, anchor, kind, cloud_anchor, acked, doubt, cause, hold, unread, confirmed)
           VALUES (?, ?, ?, 'User', ?, ?, 0, '', '', 0, 1)""",
        (number, source, f"anchor {number}", cloud_anchor, b"x" if acked else None),
    )


def named(store: Store, *members: str, kinds: dict[str, str] | None = None) -> dict[str, int]:
    """Members of one group of the cloud, with their ids."""
    intake = store.cloud.intake
    with store.database.transaction():
        intake.begin(Teller.READ_BACK)
        intake.observe({GROUP: SeenGroup({}, adds=members)}, 0.0, kinds=kinds, ended=True)
    (known,) = store.cloud.all()
    return {name: identity for identity, name in store.cloud.names(known.members or BitMap())}


def resolved(store: Store, *members: str, **more: Any) -> dict[str, bytes | Unwritable]:
    ids = named(store, *members, **more)
    written, refused = Forest(store.database, CORP).guids(BitMap(ids.values()))
    assert not written.keys() & refused.keys() and written.keys() | refused.keys() == set(ids.values())
    return {name: (written | refused)[identity] for name, identity in ids.items()}


def test_a_member_is_found_by_its_cloud_anchor_in_any_case_and_by_its_source_anchor(store: Store) -> None:
    entry(store, 5)
    synced(store, 5, "User_ABC")
    entry(store, 6)
    synced(store, 6, "User_DEF")
    assert resolved(store, "user_abc", "source:anchor 6") == {"user_abc": guid(5), "source:anchor 6": guid(6)}


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        ("user_x", Unwritable.CLOUD_ONLY),
        ("contact_x", Unwritable.CLOUD_ONLY),
        ("source:who", Unwritable.CLOUD_ONLY),
        ("group_x", Unwritable.NOT_WRITTEN),
        ("device_x", Unwritable.DEVICE),
    ],
)
def test_who_is_no_object_of_ours_is_in_no_directory(store: Store, member: str, reason: Unwritable) -> None:
    assert resolved(store, member) == {member: reason}


def test_a_guest_is_told_as_one_unless_the_directory_has_the_guest(store: Store) -> None:
    entry(store, 5)
    synced(store, 5, "User_abc")
    kinds = {"user_abc": "Guest", "user_x": "Guest"}
    assert resolved(store, "user_abc", "user_x", kinds=kinds) == {"user_abc": guid(5), "user_x": Unwritable.GUEST}


def test_who_is_in_another_directory_is_of_another_forest_and_who_is_joined_with_one_of_ours_is_not(
    store: Store,
) -> None:
    for number in (5, 6):
        entry(store, number, OTHER)
        synced(store, number, f"User_{number}", source=OTHER)
    entry(store, 7)
    store.database.run("INSERT INTO joined (entry, object) VALUES (7, 6)")
    assert resolved(store, "user_5", "user_6") == {"user_5": Unwritable.OTHER_FOREST, "user_6": guid(7)}


@pytest.mark.parametrize(("gone", "there"), [(5, 6), (6, 5)])
def test_of_two_entries_of_one_person_in_the_directory_the_one_that_is_there_counts(
    store: Store, gone: int, there: int
) -> None:
    entry(store, 5, absent=2 if gone == 5 else 0)
    entry(store, 6, absent=2 if gone == 6 else 0)
    synced(store, 5, "User_5")
    store.database.run("INSERT INTO joined (entry, object) VALUES (6, 5)")
    assert resolved(store, "user_5") == {"user_5": guid(there)}


def test_whose_entry_is_gone_cannot_be_written_and_who_was_absent_once_can(store: Store) -> None:
    for number in (5, 6):
        entry(store, number, absent=number - 4)
        synced(store, number, f"User_{number}")
    assert resolved(store, "user_5", "user_6") == {"user_5": guid(5), "user_6": Unwritable.GONE}


@pytest.mark.parametrize(
    ("group_type", "local"), [("-2147483644", True), ("4", True), ("-2147483646", False), ("x", False)]
)
def test_a_domain_local_group_cannot_be_in_a_universal_one(store: Store, group_type: str, local: bool) -> None:
    entry(store, 5, kind=Kind.GROUP, grouptype=group_type)
    synced(store, 5, "Group_5")
    assert resolved(store, "group_5") == {"group_5": Unwritable.DOMAIN_LOCAL if local else guid(5)}
    ((_, name, kind, obstacle),) = Forest(store.database, CORP).people([guid(5)])
    assert (name, kind, obstacle) == ("CN=5", Kind.GROUP, Unwritable.DOMAIN_LOCAL if local else None)


def test_of_two_objects_that_were_the_same_one_in_the_cloud_the_one_that_is_there_counts(store: Store) -> None:
    for number, acked in ((5, False), (6, True), (7, False)):
        entry(store, number)
        synced(store, number, "User_abc", acked=acked)
    assert resolved(store, "user_abc") == {"user_abc": guid(6)}


def test_many_members_are_looked_up_in_pages(store: Store) -> None:
    count = 2 * PAGE + 1
    for number in range(1, count + 1):
        entry(store, number)
        synced(store, number, f"User_{number}")
    found = resolved(store, *(f"user_{number}" for number in range(1, count + 1)))
    assert found == {f"user_{number}": guid(number) for number in range(1, count + 1)}
    told = list(Forest(store.database, CORP).people(guid(number) for number in range(count + 2)))
    assert sorted(one[0] for one in told) == [guid(number) for number in range(1, count + 1)]


def test_people_of_another_directory_are_not_told(store: Store) -> None:
    entry(store, 5, OTHER)
    assert list(Forest(store.database, CORP).people([guid(5)])) == []
    assert [row[3] for row in Forest(store.database, OTHER).people([guid(5)])] == [None]
