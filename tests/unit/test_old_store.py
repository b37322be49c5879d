"""An old copy of a store is put back: it learns what happened since, and sends nothing wrong on the way."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import postgresql
from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.model import US, Held
from syncramp.errors import AnotherSyncClientActive, Stopped
from syncramp.model.holds import Hold
from syncramp.model.wire import Operation
from syncramp.spec.types import ApprovalMode
from syncramp.store.sqlite import beside

BESIDE = pytest.mark.in_a_file("a schema has nothing beside it that tells of its runs")


def put_back(engine: Engine, copy: Path) -> None:
    postgresql.put_back(copy, engine.path)
    engine.cloud.calls.clear()


@pytest.fixture
def copy(engine: Engine, tmp_path: Path) -> Path:
    engine.source.add(group(102))
    engine.settle()
    return copied(engine, tmp_path)


def copied(engine: Engine, folder: Path) -> Path:
    path = folder / "copy.db"
    with engine.store() as store:
        store.database.copy_to(path)
    return path


def mirrored(engine: Engine, strangers: frozenset[str] = frozenset()) -> None:
    """The cloud holds what the directory says, and perhaps some whom nobody knows any more."""
    source, cloud = engine.source, engine.cloud
    assert set(cloud.objects) - strangers == {engine.anchor(entry) for entry in source.entries.values()} - strangers
    for entry in source.entries.values():
        values = cloud.objects[engine.anchor(entry)].values
        title = entry.attributes.get("title", (b"",))[0].decode()
        assert values.get("title", "") == title
        if entry.guid in source.members:
            wanted = {
                engine.anchor(each) for each in source.entries.values() if each.dn in source.members[entry.guid]
            }
            assert cloud.links.get(engine.anchor(entry), set()) == wanted


def test_an_old_copy_of_a_steady_store_sends_nothing(engine: Engine, copy: Path) -> None:
    engine.run()
    put_back(engine, copy)
    report, _ = engine.run()
    assert not engine.cloud.calls and "catch up" in [phase.name for phase in report.phases]
    report, _ = engine.run()
    assert "catch up" not in [phase.name for phase in report.phases]


def test_what_was_created_since_is_ours_and_is_not_sent_again(engine: Engine, copy: Path) -> None:
    engine.source.add(user(4), group(103))
    engine.source.members[guid(103)] = [user_dn(4), user_dn(1)]
    engine.settle()
    put_back(engine, copy)
    report, _ = engine.run()
    assert [obj.operation for obj in engine.sent if not links(obj)] == []
    assert Hold.NOT_OURS not in report.holds
    with engine.store() as store:
        assert store.observations.foreign_count() == 0
    engine.settle()
    mirrored(engine)
    engine.leave(4)
    engine.settle()
    mirrored(engine)


@pytest.mark.parametrize("wanted", [True, False])
def test_an_object_that_the_copy_knows_not_to_be_ours_stays_so_when_somebody_changes_it(
    engine: Engine, tmp_path: Path, wanted: bool
) -> None:
    """That it changed since does not say that it was we: another client owns it."""
    engine.settle()
    theirs = engine.anchor(user(4))
    engine.cloud.appear(theirs, Held("User", {"displayName": "Theirs"}, "User_theirs"))
    if wanted:
        engine.source.add(user(4))
    engine.run()
    path = copied(engine, tmp_path)
    engine.source.add(user(1, title="Boss"))
    engine.run()
    engine.source.add(user(4))
    changed = Held("User", {"displayName": "Theirs, too"}, "User_theirs")
    engine.cloud.appear(theirs, changed)
    put_back(engine, path)
    for _ in range(3):
        report, _ = engine.run()
        assert report.holds == {Hold.NOT_OURS: 1}
    assert engine.cloud.objects[theirs].values == {"displayName": "Theirs, too"}
    engine.leave(4)
    engine.settle()
    assert theirs in engine.cloud.objects


def test_an_approval_that_was_taken_back_since_does_not_come_back_with_the_copy(
    engine: Engine, tmp_path: Path
) -> None:
    engine.settle()
    engine.config = replace(engine.config, approval=ApprovalMode.MANUAL)
    engine.source.add(user(1, title="Boss"))
    engine.run()
    engine.approve()
    path = copied(engine, tmp_path)
    with engine.store() as store:
        store.approvals.withdraw(store.approvals.given(0.0), 0.0)
    assert engine.run()[0].holds == {Hold.APPROVAL_REQUIRED: 1}
    put_back(engine, path)
    assert engine.run()[0].holds == {Hold.APPROVAL_REQUIRED: 1} and not engine.cloud.calls
    engine.approve()
    assert engine.settle().holds == {}


def test_what_the_directory_took_back_is_sent_again(engine: Engine, copy: Path) -> None:
    engine.source.add(user(1, title="Boss"))
    engine.settle()
    engine.source.add(user(1))
    put_back(engine, copy)
    engine.settle()
    mirrored(engine)


def test_a_removal_and_a_delete_since_are_not_undone(engine: Engine, copy: Path) -> None:
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.leave(3)
    engine.settle()
    put_back(engine, copy)
    engine.settle()
    again = [("REMOVE", engine.anchor(user(2)))]  # a link that is not there; whether it is, is not surely known
    assert [links(obj) for obj in engine.sent if links(obj)] in ([], [again])
    assert not [obj for obj in engine.sent if obj.operation is Operation.DELETE]
    mirrored(engine)


def test_a_cookie_that_is_too_old_asks_for_an_adoption_and_sends_nothing_before(engine: Engine, copy: Path) -> None:
    engine.source.add(user(4), user(1, title="Boss"))
    engine.settle()
    engine.source.add(user(1))
    put_back(engine, copy)
    engine.cloud.forgets_cookies = True
    for _ in range(2):
        report, _ = engine.run()
        assert set(report.holds) == {Hold.ADOPTION_REQUIRED} and not engine.cloud.calls
    assert "older than its tenant" in report.hold_samples[Hold.ADOPTION_REQUIRED][0].detail
    engine.cloud.forgets_cookies = False
    assert engine.adopt().recorded
    engine.settle()
    mirrored(engine)


def test_a_run_that_is_killed_before_it_has_caught_up_goes_on_with_it(engine: Engine, copy: Path) -> None:
    engine.source.add(user(1, title="Boss"), user(4))
    engine.settle()
    engine.source.add(user(1))
    put_back(engine, copy)
    engine.stop.set()
    with pytest.raises(Stopped):
        engine.run()
    engine.stop.clear()
    report, _ = engine.run()
    assert "catch up" in [phase.name for phase in report.phases]
    engine.settle()
    mirrored(engine)


@BESIDE
def test_a_copy_whose_whole_folder_was_put_back_is_known_by_the_mark_of_the_tenant(
    engine: Engine, tmp_path: Path
) -> None:
    engine.cloud.client = ("", *US)
    engine.settle()
    path, mark = copied(engine, tmp_path), beside(engine.path).read_text()
    engine.source.add(user(1, title="Boss"), user(4))
    engine.settle()
    engine.source.add(user(1))
    put_back(engine, path)
    beside(engine.path).write_text(mark)
    engine.clock = lambda: 1000.0
    with pytest.raises(AnotherSyncClientActive):
        engine.run()
    assert not engine.cloud.calls
    engine.clock = lambda: 1000.0 + 2 * 1800.0
    engine.settle()
    mirrored(engine)


def test_what_later_runs_of_this_store_left_in_the_tenant_is_no_sign_of_another_client(
    engine: Engine, tmp_path: Path
) -> None:
    engine.cloud.client = ("", *US)
    engine.settle()
    path = copied(engine, tmp_path)
    engine.source.add(user(4))
    engine.settle()
    put_back(engine, path)
    engine.settle()
    mirrored(engine)


def test_a_store_that_is_behind_stays_so_from_its_first_cookie_on(engine: Engine) -> None:
    engine.settle()
    with engine.store() as store:
        first = store.observations.cookie()
        store.age.note()
    engine.source.add(user(4))
    engine.cloud.client = ("", *US)
    with engine.store() as store:
        store.observations.forget_cookie()
        store.age.note()
        behind = store.age.behind()
    assert first and behind and (behind.cookie, behind.refused) == (first, False)


def test_a_store_that_is_behind_takes_nobody_whom_it_sees_since_for_somebody_elses(
    engine: Engine, copy: Path
) -> None:
    """What the lost runs created looks like a stranger until it has caught up."""
    engine.source.add(user(4))
    engine.settle()
    put_back(engine, copy)
    with engine.store() as store:
        store.age.note()
        store.database.run("INSERT INTO foreign_objects (anchor, kind) VALUES (?, 'User')", (engine.anchor(user(4)),))
        store.age.note()
    report, _ = engine.run()
    assert report.holds == {}


@BESIDE
def test_a_new_store_in_the_place_of_a_later_one_is_no_old_copy(engine: Engine) -> None:
    fresh = Engine(engine.path.with_name("fresh.db"), sources=engine.sources)
    beside(fresh.path).write_text("99")
    report = fresh.settle()
    assert "catch up" not in [phase.name for phase in report.phases]
    assert beside(fresh.path).read_text() != "99"


@BESIDE
def test_a_mark_that_says_nothing_is_none(engine: Engine) -> None:
    engine.settle()
    beside(engine.path).write_text("many")
    assert engine.run()[0].settled


ACTIONS: dict[str, Callable[[Engine, int], None]] = {
    "title": lambda engine, number: engine.source.add(user(number, title=f"Title {number}")),
    "no title": lambda engine, number: engine.source.add(user(number)),
    "joins": lambda engine, number: _members(engine, number, into=True),
    "leaves": lambda engine, number: _members(engine, number, into=False),
    "departs": lambda engine, number: _departs(engine, number),
}


def _members(engine: Engine, number: int, *, into: bool) -> None:
    members = engine.source.members[guid(101)]
    present = guid(number) in engine.source.entries
    if into and present and user_dn(number) not in members:
        members.append(user_dn(number))
    if not into and user_dn(number) in members:
        members.remove(user_dn(number))


def _departs(engine: Engine, number: int) -> None:
    if guid(number) in engine.source.entries and len(engine.source.entries) > 2:
        engine.leave(number)


moves = st.lists(st.tuples(st.sampled_from(sorted(ACTIONS)), st.integers(1, 5)), max_size=4)


@settings(max_examples=10, deadline=None)
@given(moves, moves, moves, st.booleans())
def test_an_old_copy_ends_where_the_directory_is_and_nothing_wrong_goes_on_the_way(
    tmp_path_factory: pytest.TempPathFactory, before: list, since: list, now: list, told: bool
) -> None:
    folder = tmp_path_factory.mktemp("old")
    engine = Engine(folder / "state.db")
    engine.source.add(user(1), user(2), user(3), group(101))
    engine.source.members[guid(101)] = [user_dn(1), user_dn(2)]
    for moved, after in ((before, "copy"), (since, "run"), (now, "back")):
        for action, number in moved:
            ACTIONS[action](engine, number)
        if after != "back":
            engine.settle(20)
        if after == "copy":
            kept, known = copied(engine, folder), set(engine.cloud.objects)
    created = set(engine.cloud.objects) - known
    put_back(engine, kept)
    if told:
        engine.run(sends=False)
    wanted = set(map(engine.anchor, engine.source.entries.values()))
    members = set(engine.source.members[guid(101)])
    keep = {engine.anchor(entry) for entry in engine.source.entries.values() if entry.dn in members}
    there = set(engine.cloud.links.get(engine.anchor(group(101)), ()))
    engine.settle(20)
    for obj in engine.sent:
        assert not (obj.operation is Operation.DELETE and obj.values["SourceAnchor"] in wanted)
        assert not {anchor for name, anchor in links(obj) if name == "REMOVE"} & keep & there
    orphans = created - wanted  # created by the lost runs, and gone since: an orphan is nobody's, and stays
    mirrored(engine, frozenset(orphans))
