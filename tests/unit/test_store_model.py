"""Whatever happens in a directory, and however it is read, the store ends with what the directory has."""

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from support.told_directory import ROOT, Directory, Named, Thing, guid
from syncramp.errors import SourceUnavailable
from syncramp.model.facts import Fact
from syncramp.model.values import Kind
from syncramp.source import dn
from syncramp.store.packing import pack_bitmap, unpack, unpack_bitmap
from syncramp.store.store import Store

OUS = [guid(number) for number in range(10, 14)]
USERS = [guid(number) for number in range(100, 106)]
GROUPS = [guid(number) for number in range(200, 203)]
STRANGER = guid(999)


class Killed(BaseException):
    pass


def kill(store: Store, after: int) -> None:
    """The process ends after so many statements: nothing that comes later is made."""
    execute, left = store.database._execute, [after]

    def counted(sql: str, parameters: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return execute(sql, parameters)

    store.database._execute = counted  # type: ignore[method-assign]


def broken(facts: Iterator[Fact], after: int) -> Iterator[Fact]:
    for place, fact in enumerate(facts):
        if place == after:
            raise SourceUnavailable("gone", where="ldaps://dc", remedy="wait")
        yield fact


def import_(store: Store, directory: Directory, *, full: bool, breaks: int | None = None) -> bool:
    source = store.staging.source_id("corp")
    known = directory.known = store.staging.known(source, "all", full=full)
    facts = directory.full() if known.watermark is None else directory.delta(known)
    try:
        store.staging.stage(source, "all", facts if breaks is None else broken(facts, breaks))
        return True
    except SourceUnavailable:
        store.staging.fail(source, "all", "gone")
        return False
    finally:
        store.staging.inherit([source])
        store.staging.resolve()


def held(store: Store) -> tuple[dict[bytes, Any], dict[bytes, set[bytes]]]:
    rows = store.database.all("SELECT id, guid, kind, dn, attrs, dn_hash FROM entries WHERE absent = 0")
    ids = {row[0]: row[1] for row in rows}
    assert all(row[5] == dn.key(row[3]) for row in rows)
    links = {row[0]: pack_bitmap(BitMap()) for row in rows if row[2] == "Group"}
    links.update(store.database.all("SELECT id, members FROM links"))
    return (
        {one: (kind, name, unpack(packed)) for _, one, kind, name, packed, _ in rows},
        {
            ids[number]: {ids[member] for member in unpack_bitmap(packed) if member in ids}
            for number, packed in links.items()
            if number in ids
        },
    )


def alike(store: Store, directory: Directory) -> None:
    entries, links = held(store)
    assert entries == directory.entries()
    assert links == directory.memberships()


Change = Callable[[Directory, int, int], None]


def _among(directory: Directory, of: list[bytes], number: int) -> bytes | None:
    there = [one for one in of if one in directory.things]
    return there[number % len(there)] if there else None


def _come(directory: Directory, number: int, other: int) -> None:
    one = (USERS + GROUPS)[number % 9]
    if one not in directory.things and one not in directory.buried:
        parent = _among(directory, [ROOT, *OUS], other) or ROOT
        members = {directory.named_by(each) for each in USERS[:other] if each in directory.things}
        kind = Kind.GROUP if one in GROUPS else Kind.USER
        directory.put(one, Thing(_free(directory, other), parent, kind, members=members if one in GROUPS else set()))


def _free(directory: Directory, number: int) -> str:
    """Names are few, so that they are used again."""
    taken = {thing.name for thing in directory.things.values()} | {thing.name for thing in directory.buried.values()}
    return next(name for each in range(40) if (name := f"CN=Name {(number + each) % 40}") not in taken)


def _unit(directory: Directory, number: int, other: int) -> None:
    one = OUS[number % 4]
    name, parent = f"OU=Unit {number % 4}", _among(directory, [ROOT, *OUS], other) or ROOT
    if one not in directory.things and name not in _below(directory, parent):
        directory.put(one, Thing(name, parent, None))


def _below(directory: Directory, parent: bytes) -> set[str]:
    """Names that are taken there."""
    return {thing.name for thing in directory.things.values() if thing.parent == parent}


def _rename_unit(directory: Directory, number: int, other: int) -> None:
    if one := _among(directory, OUS, number):
        name = f"OU=Unit {other % 6}"
        if name not in _below(directory, directory.things[one].parent):
            directory.things[one].name = name
            directory.things[one].changed = directory.tick()


def _move(directory: Directory, number: int, other: int) -> None:
    one, into = _among(directory, USERS + GROUPS + OUS, number), _among(directory, [ROOT, *OUS], other)
    if (
        one
        and into
        and one not in _above(directory, into)
        and directory.things[one].name not in _below(directory, into)
    ):
        directory.things[one].parent = into
        directory.things[one].changed = directory.tick()


def _above(directory: Directory, one: bytes) -> Iterator[bytes]:
    while one:
        yield one
        one = directory.things[one].parent


def _rename(directory: Directory, number: int, other: int) -> None:
    if one := _among(directory, USERS + GROUPS, number):
        directory.things[one].name = _free(directory, other)
        directory.things[one].changed = directory.tick()


def _title(directory: Directory, number: int, other: int) -> None:
    if one := _among(directory, USERS, number):
        directory.things[one].title = f"Title {other}"
        directory.things[one].changed = directory.tick()


def _manager(directory: Directory, number: int, other: int) -> None:
    one, manager = _among(directory, USERS, number), _among(directory, USERS, other)
    if one and manager:
        directory.things[one].manager = directory.named_by(manager) if other < 9 else b""
        directory.things[one].changed = directory.tick()


def _links(directory: Directory, number: int, other: int) -> None:
    group, member = _among(directory, GROUPS, number), _among(directory, USERS + GROUPS, other)
    if group and member:
        value = directory.named_by(member)
        directory.link(group, value, come=value not in directory.things[group].members)
    elif group and directory.named is Named.GUID:
        directory.link(group, STRANGER, come=True)


def _bury(directory: Directory, number: int, other: int) -> None:
    if one := _among(directory, USERS + GROUPS, number):
        directory.bury(one)


def _restore(directory: Directory, number: int, other: int) -> None:
    buried = sorted(one for one in directory.buried if directory.buried[one].parent in directory.things)
    if buried:
        groups = {group for group in GROUPS[: other % 4] if group in directory.things}
        one = buried[number % len(buried)]
        directory.restore(one, groups - {one})


CHANGES: dict[str, Change] = {
    "come": _come,
    "unit": _unit,
    "rename unit": _rename_unit,
    "move": _move,
    "rename": _rename,
    "title": _title,
    "manager": _manager,
    "links": _links,
    "bury": _bury,
    "restore": _restore,
}
EVERYTHING = [
    ("rename unit", 0, 5),
    ("rename", 1, 9),
    ("bury", 0, 0),
    ("restore", 0, 2),
    ("bury", 3, 0),
    ("come", 0, 1),
    ("links", 0, 2),
    ("links", 1, 5),
    ("title", 2, 2),
]
"""One of each."""
changes = st.lists(st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 11), st.integers(0, 11)), max_size=8)
reads = st.tuples(
    changes,
    st.sampled_from(["delta", "delta", "delta", "full", "twice", "broken", "killed", "killed"]),
    st.integers(0, 120),
)


def staffed(named: Named) -> Directory:
    directory = Directory(named)
    for number in range(3):
        _unit(directory, number, number)
    for number in range(8):
        _come(directory, number, number)
    return directory


@pytest.mark.parametrize("named", Named)
@settings(max_examples=40, deadline=None)
@given(walk=st.lists(reads, min_size=1, max_size=6))
def test_the_store_has_what_the_directory_has_after_every_import(tmp_path_factory, named: Named, walk: list) -> None:
    path = tmp_path_factory.mktemp("model") / "state.db"
    directory = staffed(named)
    for changed, how, number in [([], "delta", 0), *walk, ([], "delta", 0)]:
        for name, one, other in changed:
            CHANGES[name](directory, one, other)
        read(path, directory, how, number)


@pytest.mark.parametrize("named", Named)
def test_a_delta_that_is_killed_at_any_statement_is_made_good_by_the_next_one(tmp_path: Path, named: Named) -> None:
    directory, path = staffed(named), tmp_path / "state.db"
    for one, other in ((0, 1), (2, 3)):
        _manager(directory, one, other)
    read(path, directory, "delta", 0)
    for name, one, other in EVERYTHING:
        CHANGES[name](directory, one, other)
    for after in count():
        copy = tmp_path / f"{after}.db"
        with closing(Store(path, dn.key)) as store:
            store.database.copy_to(copy)  # type: ignore[attr-defined]
        ended = False
        with closing(Store(copy, dn.key)) as store:
            kill(store, after)
            with suppress(Killed):
                ended = import_(store, directory, full=False)
        if ended:
            break
        read(copy, directory, "delta", 0)
    assert after > 50


@settings(max_examples=60, deadline=None)
@example(walk=[([("bury", 0, 0), ("bury", 0, 0), ("links", 0, 0)], "delta")])
@given(walk=st.lists(st.tuples(changes, st.sampled_from(["delta", "delta", "full"])), min_size=1, max_size=8))
def test_members_by_their_spelling_are_those_that_are_looked_up_whole(tmp_path_factory, walk: list) -> None:
    folder = tmp_path_factory.mktemp("spelled")
    directories = {named: staffed(named) for named in (Named.DN, Named.SPELLED)}
    for changed, how in [([], "delta"), *walk]:
        kept = []
        for named, directory in directories.items():
            for name, one, other in changed:
                CHANGES[name](directory, one, other)
            with closing(Store(folder / f"{named}.db", dn.key)) as store:
                assert import_(store, directory, full=how == "full")
                kept.append([*_links(store)])
        assert kept[0] == kept[1]


def _links(store: Store) -> Iterator[tuple[Any, ...]]:
    """Links as sets: of one bitmap there are several forms."""
    for identity, attribute, members, lost, named, *others in store.database.all(
        "SELECT id, attribute, members, lost, named, unresolved, unread FROM links ORDER BY id, attribute"
    ):
        sets = unpack_bitmap(members), unpack_bitmap(lost), None if named is None else unpack_bitmap(named)
        yield identity, attribute, *sets, *others


def read(path: Path, directory: Directory, how: str, number: int) -> None:
    with closing(Store(path, dn.key)) as store:
        if how == "killed":
            kill(store, number)
            with suppress(Killed):
                import_(store, directory, full=False)
            return
        whole = import_(store, directory, full=how == "full", breaks=number % 12 if how == "broken" else None)
        if how == "twice":
            store.database.run("UPDATE partitions SET watermark = '0' WHERE watermark IS NOT NULL")
            whole = import_(store, directory, full=False)
        if whole:
            alike(store, directory)
