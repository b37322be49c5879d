"""State snapshots: what a lost store knew and the tenant does not tell."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.build import config, group, guid, user, user_dn
from support.engine import Engine, links
from support.model import Held
from syncramp.cycle.saving import check, restore, save
from syncramp.errors import InputRefused
from syncramp.model.holds import Hold
from syncramp.model.saved import Restored, SavedDelete, SavedHead, SavedObject
from syncramp.model.wire import Operation
from syncramp.report.saved import restored_lines
from syncramp.store.saved_file import check_saved, reading_saved, write_saved


@pytest.fixture
def snapshot(engine: Engine, tmp_path: Path) -> Path:
    """Of a store that put everything into the cloud."""
    engine.settle()
    path = tmp_path / "state.gz"
    saved(engine, path)
    return path


def saved(engine: Engine, path: Path) -> bytes:
    with engine.store() as store:
        save(store, engine.config, path)
    return path.read_bytes()


def restored(engine: Engine, path: Path) -> Restored:
    with engine.store() as store:
        return restore(engine.job(store), path)


def test_the_same_store_gives_the_same_bytes_and_another_one_others(
    engine: Engine, snapshot: Path, tmp_path: Path
) -> None:
    first = snapshot.read_bytes()
    assert saved(engine, tmp_path / "again.gz") == first
    engine.source.add(user(9))
    engine.settle()
    assert saved(engine, snapshot) != first


def test_a_snapshot_names_who_is_ours_and_of_which_entry(engine: Engine, snapshot: Path) -> None:
    with reading_saved(snapshot) as (head, rows):
        found = list(rows)
    assert head.identity["sourceAnchor"] == engine.config.source_anchor and head.adoption is None and head.run > 0
    assert len(found) == 4 and [row.anchor for row in found] == sorted(row.anchor for row in found)
    assert SavedObject(engine.anchor(user(1)), "User", "corp", guid(1).hex(), user(1).dn) in found


def test_whoever_left_while_the_store_was_lost_is_deleted_as_all_others_are(engine: Engine, snapshot: Path) -> None:
    engine.leave(1)
    engine.lose_store()
    engine.cloud.calls.clear()
    assert engine.adopt().recorded
    assert engine.settle().settled and engine.anchor(user(1)) in engine.cloud.objects  # without it, an orphan
    told = restored(engine, snapshot)
    assert (told.ours, told.departed) == (4, 1)
    report, _ = engine.run()
    assert report.holds == {Hold.APPROVAL_REQUIRED: 1}
    engine.approve()
    engine.run()
    assert engine.anchor(user(1)) not in engine.cloud.objects
    assert [obj.operation for obj in engine.sent] == [Operation.DELETE]


def test_a_second_time_takes_nothing_more(engine: Engine, snapshot: Path) -> None:
    engine.leave(1)
    engine.lose_store()
    engine.adopt()
    restored(engine, snapshot)
    told = restored(engine, snapshot)
    assert told.departed == 0
    assert engine.run()[0].holds == {Hold.APPROVAL_REQUIRED: 1}


def test_strangers_stay_strangers(engine: Engine, snapshot: Path) -> None:
    anchor, cloud = engine.anchor(user(77)), engine.cloud
    cloud.objects[anchor] = Held("User", {}, "User_77")
    cloud._clock += 1
    cloud._log[anchor] = cloud._clock
    engine.lose_store()
    engine.adopt()
    assert restored(engine, snapshot).departed == 0
    engine.settle()
    assert engine.anchor(user(77)) in engine.cloud.objects


@pytest.mark.parametrize("there", [True, False])
def test_an_object_of_another_kind_is_not_the_one_of_the_snapshot(
    engine: Engine, snapshot: Path, there: bool
) -> None:
    anchor, cloud = engine.anchor(user(1)), engine.cloud
    cloud.objects[anchor] = Held("Contact", {}, "Contact_1")
    if not there:
        engine.leave(1)
    engine.lose_store()
    engine.adopt()
    assert restored(engine, snapshot).departed == 0
    engine.settle(approving=True) if not there else engine.run()
    assert anchor in cloud.objects


def test_one_that_a_directory_wants_is_never_a_leaver(engine: Engine, snapshot: Path) -> None:
    with reading_saved(snapshot) as (head, rows):
        renamed = [row._replace(kind="Contact") if isinstance(row, SavedObject) else row for row in rows]
    write_saved(snapshot, head, renamed)
    engine.cloud.objects[engine.anchor(user(1))] = Held("Contact", {}, "Contact_1")
    engine.lose_store()
    engine.adopt()
    assert restored(engine, snapshot).departed == 0


def test_a_member_that_left_while_the_store_was_lost_leaves_our_group_without_an_approval(
    engine: Engine, snapshot: Path
) -> None:
    engine.source.members[guid(101)] = [user_dn(2)]
    engine.lose_store()
    engine.cloud.calls.clear()
    engine.adopt()
    assert engine.run()[0].holds == {Hold.FOUND_AT_ADOPTION: 1}
    assert restored(engine, snapshot).groups == 1
    engine.run()
    assert [links(obj) for obj in engine.sent] == [[("REMOVE", engine.anchor(user(1)))]]


def test_who_was_deleted_comes_back_without_the_groups_nobody_wants(engine: Engine, tmp_path: Path) -> None:
    engine.settle()
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    engine.leave(1)
    engine.run()
    engine.run()
    path = tmp_path / "state.gz"
    saved(engine, path)
    with reading_saved(path) as (_, rows):
        (deleted,) = [row for row in rows if isinstance(row, SavedDelete)]
    assert (deleted.anchor, deleted.groups) == (engine.anchor(user(1)), engine.anchor(group(101)))
    engine.lose_store()
    engine.adopt()
    restored(engine, path)
    engine.source.add(user(1))
    engine.settle(approving=True)
    assert engine.cloud.links[engine.anchor(group(101))] == {engine.anchor(user(2))}


def test_approvals_that_are_not_over_come_along(engine: Engine, tmp_path: Path) -> None:
    engine.settle()
    engine.lose_store()
    engine.adopt()
    engine.leave(1)
    engine.run()
    engine.run()
    assert engine.approve() == 1
    path = tmp_path / "state.gz"
    saved(engine, path)
    assert check_saved(path).adoption is not None
    engine.lose_store()
    engine.adopt()
    told = restored(engine, path)
    assert (told.departed, told.approvals) == (1, 1)
    assert restored(engine, path).approvals == 0
    engine.run()
    assert engine.anchor(user(1)) not in engine.cloud.objects
    engine.clock = lambda: 1e9
    engine.lose_store()
    engine.adopt()
    assert restored(engine, path).approvals == 0


def test_a_source_that_is_not_in_the_document_any_more_has_no_leavers(engine: Engine, snapshot: Path) -> None:
    engine.leave(1)
    engine.lose_store()
    with reading_saved(snapshot) as (head, rows):
        moved = [row._replace(source="labs") if isinstance(row, SavedObject) else row for row in rows]
    write_saved(snapshot, head, moved)
    engine.adopt()
    told = restored(engine, snapshot)
    assert (told.departed, told.lost_sources) == (0, {"labs": 1})
    assert any("source labs stay" in line for line in restored_lines(told))


def test_nobody_left_a_source_that_was_not_read_completely(engine: Engine, snapshot: Path) -> None:
    engine.lose_store()
    engine.leave(3)
    engine.source.complete = False
    engine.adopt(accepted=engine.adopt().digest)
    told = restored(engine, snapshot)
    assert (told.departed, told.unread) == (0, {"corp": 1})
    assert any("take the snapshot again" in line for line in restored_lines(told))
    engine.source.complete = True
    engine.run()
    told = restored(engine, snapshot)
    assert (told.departed, told.unread) == (1, {})


def test_a_snapshot_of_another_tenant_is_refused(engine: Engine, snapshot: Path) -> None:
    write_saved(snapshot, SavedHead({"tenantID": "other"}, 1, None), [])
    with pytest.raises(InputRefused, match="tenantID other"):
        check(config(), snapshot)


def lines_of(path: Path) -> list[bytes]:
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


BROKEN: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "without its end": lambda lines: lines[:-1],
    "without a row": lambda lines: [*lines[:1], *lines[2:]],
    "with a row twice": lambda lines: [*lines[:2], *lines[1:]],
    "with half a line": lambda lines: [*lines[:-1], lines[-1][:3]],
    "of another version": lambda lines: [
        json.dumps({"syncramp": "state", "version": 2}).encode() + b"\n",
        *lines[1:],
    ],
    "without a head": lambda lines: lines[1:],
    "with an unfinished head": lambda lines: [b'{"syncramp": "state", "version": 1}\n', *lines[1:]],
    "with a row that is none": lambda lines: [*lines[:1], b"7\n", *lines[2:]],
    "with a kind that is none": lambda lines: [*lines[:1], b'["object","a","Dog","corp","00","x"]\n', *lines[2:]],
    "with a guid that is none": lambda lines: [*lines[:1], b'["object","a","User","corp","z","x"]\n', *lines[2:]],
    "with too short a row": lambda lines: [*lines[:1], b'["object","a"]\n', *lines[2:]],
    "empty": lambda lines: [],
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_is_not_whole_is_refused_and_nothing_of_it_is_taken(
    engine: Engine, snapshot: Path, how: str
) -> None:
    snapshot.write_bytes(gzip.compress(b"".join(BROKEN[how](lines_of(snapshot)))))
    engine.leave(1)
    engine.lose_store()
    engine.adopt()
    with pytest.raises(InputRefused, match=r"state\.gz: "):
        restored(engine, snapshot)
    assert engine.run()[1].empty


@pytest.mark.parametrize("part", [0, 10, -9])
def test_bytes_that_were_cut_are_refused(snapshot: Path, part: int) -> None:
    snapshot.write_bytes(snapshot.read_bytes()[:part])
    with pytest.raises(InputRefused):
        check_saved(snapshot)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    for place in (path, tmp_path / "none", tmp_path):
        with pytest.raises(InputRefused, match="snapshot"):
            check_saved(place)


def test_a_place_that_cannot_be_written_is_refused_and_leaves_nothing(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot be written"):
        write_saved(tmp_path / "none" / "state.gz", SavedHead({}, 1, None), [])

    def broken() -> object:
        yield SavedDelete("a", "g", 1.0)
        raise RuntimeError

    before = snapshot.read_bytes(), sorted(tmp_path.iterdir())
    with pytest.raises(RuntimeError):
        write_saved(snapshot, SavedHead({}, 1, None), broken())  # type: ignore[arg-type]
    assert before == (snapshot.read_bytes(), sorted(tmp_path.iterdir()))


def test_only_its_owner_reads_it(snapshot: Path) -> None:
    assert snapshot.stat().st_mode & 0o777 == 0o600
