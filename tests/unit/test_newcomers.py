"""Plain creates go a short way, and everything comes to what it comes to on the way of all changes."""

import re
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import config, group, guid, user, user_dn, without
from support.engine import Engine
from support.model import Crash, lost, no_fault
from support.statements import noted
from syncramp.cycle.batches import new_item
from syncramp.errors import AnswerLost
from syncramp.model.circumstances import Circumstances
from syncramp.model.packing import NOTHING
from syncramp.model.state import Origin
from syncramp.model.wire import SyncObject
from syncramp.plan.creates import PlainCreates
from syncramp.spec.types import EndpointOverrides
from syncramp.store.keys import keys_before
from syncramp.store.packing import unpack
from syncramp.store.snapshot import Snapshot
from syncramp.store.store import Store

PEOPLE = range(1, 8)
TITLED = {"title": "Clerk", "department": "Sales"}


def _of_everything(store: Store) -> dict[str, Sequence[Any]]:
    """What the store says of what was sent; of keys that the cloud may hold those not wanted, however that is
    written.
    """
    read = store.database.all
    rows = read("""SELECT p.id, p.desired, p.acked, o.doubt, p.maybe FROM payload p JOIN objects o ON o.id = p.id
                   ORDER BY p.id""")
    tables = ("objects", "cloud_links", "batches", "spent", "ever_deleted", "revocations")
    all_of = {table: sorted(map(tuple, read(f"SELECT * FROM {table}")), key=repr) for table in tables}
    return {"payload": [(*row[:4], row[3] and _unwanted(*row)) for row in rows], **all_of}


def _unwanted(identity: int, desired: bytes, acked: bytes | None, doubt: int, maybe: str | None) -> set[str]:
    keys = keys_before(maybe, desired if maybe is None else None) or ""
    return {*keys.split(), *unpack(acked or desired)} - set(unpack(desired))


class _Walk:
    """One walk of a directory and its cloud.

    :param short: plain creates go the short way.
    """

    def __init__(self, folder: Path, *, short: bool) -> None:
        folder.mkdir()
        self.engine = Engine(folder / "state.db")
        self._short = short
        self._calls = 0
        source = self.engine.source
        for number in PEOPLE:
            boss = {"manager": user_dn(number // 2)} if number > 1 else {}
            source.add(user(number, **TITLED, **boss, userAccountControl="514" if number == 3 else "512"))
        source.add(group(101), group(102))
        source.members[guid(101)] = [user_dn(number) for number in PEOPLE if number % 2]
        source.members[guid(102)] = [user_dn(1)]

    def run(self, size: int, refused: set[int], loses: int, crashes: int) -> tuple[Any, ...]:
        """One run: some objects are refused, one answer is lost, the process dies after one call."""
        engine, self._calls = self.engine, 0
        refused_anchors = {engine.anchor(user(number)) for number in refused}
        engine.pace = replace(engine.pace, objects_per_call=size)
        engine.cloud.refuse = lambda obj: "no" if obj.values["SourceAnchor"] in refused_anchors else ""
        engine.cloud.calls.clear()
        engine.events.clear()

        def fault(moment: str) -> None:
            self._calls += moment == "before"
            if (self._calls, moment) == (crashes, "after"):
                raise Crash
            if (self._calls, moment) == (loses, "after"):
                raise lost(moment)

        engine.cloud.fault = fault
        report: Any = None
        with ExitStack() as stack:
            if not self._short:
                stack.enter_context(patch.object(Snapshot, "newcomers", lambda snapshot, ids: iter(())))
            stack.enter_context(suppress(Crash, AnswerLost))
            report, _ = engine.run()
        engine.cloud.fault = no_fault
        with engine.store() as store:
            told = None if report is None else (report.objects, report.links, report.done, report.calls)
            return engine.cloud.calls[:], told, _of_everything(store)

    def change(self, changes: Sequence[tuple[str, int]]) -> None:
        source = self.engine.source
        for what, number in changes:
            if what == "untitled":
                source.add(without(source.entries.get(guid(number), user(number)), *TITLED))
            elif what == "leaves" and guid(number) in source.entries:
                self.engine.leave(number)
            elif what == "comes":
                source.add(user(number, **TITLED))


_runs = st.tuples(
    st.lists(st.tuples(st.sampled_from(("untitled", "leaves", "comes")), st.sampled_from(PEOPLE)), max_size=3),
    st.integers(1, 4),
    st.sets(st.sampled_from(PEOPLE), max_size=2),
    st.integers(0, 5),
    st.integers(0, 5),
)


@settings(max_examples=25, deadline=None)
@given(runs=st.lists(_runs, min_size=1, max_size=4))
def test_calls_stores_and_reports_are_those_of_the_way_of_all_changes(tmp_path_factory, runs: list) -> None:
    folder = tmp_path_factory.mktemp("ways")
    walks = [_Walk(folder / str(short), short=short) for short in (True, False)]
    with patch("syncramp.cycle.calls.RETRY_SECONDS", 0.0):
        for changes, *how in [*runs, ([], 3, set(), 0, 0)]:
            for walk in walks:
                walk.change(changes)
            short, other = (walk.run(*how) for walk in walks)
            assert short == other


def test_of_a_circle_who_is_sent_later_names_at_once_who_came_before(engine: Engine) -> None:
    engine.pace = replace(engine.pace, objects_per_call=1)
    engine.source.entries.clear()
    engine.source.members.clear()
    engine.source.add(*(user(number, manager=user_dn(number % 3 + 1)) for number in (1, 2, 3)))
    engine.run()
    one, two, three = (engine.anchor(user(number)) for number in (1, 2, 3))
    assert [obj.values.get("manager") for obj in engine.sent] == [None, None, one, two, three]


@pytest.mark.parametrize(
    "unusual",
    [
        "UPDATE objects SET acked = digest WHERE id = ?",
        "UPDATE objects SET doubt = 1 WHERE id = ?",
        "UPDATE objects SET hold = 'Conflict' WHERE id = ?",
        "UPDATE objects SET digest = NULL WHERE id = ?",
        f"UPDATE objects SET origin = {int(Origin.CONTAINER)} WHERE id = ?",
        f"UPDATE objects SET origin = {int(Origin.CLOUD)} WHERE id = ?",
        f"UPDATE objects SET digest = x'{NOTHING.hex()}' WHERE id = ?",
        "UPDATE payload SET acked = desired WHERE id = ?",
        "UPDATE payload SET maybe = 'title' WHERE id = ?",
    ],
)
def test_the_store_knows_the_newcomers_that_a_plain_create_can_be_made_of(engine: Engine, unusual: str) -> None:
    engine.source.add(*(user(number, **TITLED) for number in PEOPLE))
    engine.run(sends=False)
    plain = PlainCreates(Circumstances())
    with engine.store() as store:
        one, *others = store.snapshot().desired
        if store.database.dialect != "sqlite":
            unusual = re.sub(r"x'(\w+)'", r"decode('\1', 'hex')", unusual)
        store.database.run(unusual, (one,))
        snapshot = store.snapshot()
        found = {each.id: each for each in snapshot.newcomers([one, *others])}
        states = {state.id: state for state in snapshot.states([one, *others])}
        assert sorted(found) == others
        for identity, each in found.items():
            state = states[identity]
            assert plain.holds(state)
            assert new_item(*each) == new_item(state.id, state.kind.value, state.anchor, state.desired or {})
        assert "payload" in unusual or not plain.holds(states[one])


# --- keys that the cloud may hold -----------------------------------------------------------------------------------


@pytest.fixture
def titled(engine: Engine) -> Engine:
    engine.source.add(*(user(number, **TITLED) for number in (1, 2, 3)))
    return engine


def _without_title(engine: Engine) -> None:
    engine.source.add(*(without(engine.source.entries[guid(number)], "title") for number in (1, 2, 3)))


def _titles(sent: Sequence[SyncObject]) -> list[object]:
    return [obj.values.get("title", "not named") for obj in sent if obj.kind == "User"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_lost_create_carried_is_cleared_if_it_is_not_wanted_any_more(titled, moment) -> None:
    titled.lose(moment)
    assert _titles(titled.sent) in ([], ["Clerk"] * 3)
    _without_title(titled)
    titled.cloud.calls.clear()
    titled.run()
    assert _titles(titled.sent)[:3] == [None] * 3
    assert all(held.values.get("title") is None for held in titled.cloud.objects.values())


def test_it_is_cleared_however_often_something_else_was_wanted_meanwhile(titled) -> None:
    titled.lose()
    _without_title(titled)
    titled.run(sends=False)
    for number in (1, 2, 3):
        titled.source.add(without(titled.source.entries[guid(number)], "department"))
        titled.run(sends=False)
    titled.cloud.calls.clear()
    titled.run()
    people = [obj for obj in titled.sent if obj.kind == "User"][:3]
    assert all(obj.values["title"] is None and obj.values["department"] is None for obj in people)


def test_it_is_cleared_of_somebody_who_left_meanwhile_and_came_back_without_it(titled) -> None:
    titled.lose()
    titled.leave(3)
    titled.run(sends=False)
    titled.source.add(user(3))
    titled.cloud.calls.clear()
    titled.run()
    three = next(obj for obj in titled.sent if obj.values["SourceAnchor"] == titled.anchor(user(3)))
    assert three.values["title"] is None and three.values["department"] is None


def test_it_stays_possible_when_the_call_that_clears_it_is_lost_too(titled) -> None:
    titled.lose()
    _without_title(titled)
    titled.lose("before")
    titled.cloud.calls.clear()
    titled.run()
    assert _titles(titled.sent)[:3] == [None] * 3


def test_a_reference_that_only_the_first_of_two_lost_calls_carried_is_cleared(engine) -> None:
    engine.source.add(user(2, manager=user_dn(1)))

    def fault(moment: str) -> None:
        if engine.cloud.calls:
            raise lost(moment)

    engine.cloud.fault = lambda moment: fault(moment) if moment == "before" else None
    with pytest.raises(AnswerLost):
        engine.run()
    at_once, engine.config = engine.config, config(endpoint=EndpointOverrides(visibility_delay=timedelta(hours=1)))
    engine.lose("before")
    engine.config = at_once
    engine.source.add(user(2))
    engine.cloud.calls.clear()
    engine.run()
    two = next(obj for obj in engine.sent if obj.values["SourceAnchor"] == engine.anchor(user(2)))
    assert two.values["manager"] is None


# --- what it costs --------------------------------------------------------------------------------------------------


def test_the_calls_of_a_first_sync_neither_ask_nor_write_what_objects_had(titled) -> None:
    made: list[str] = []
    with noted(made):
        report, _ = titled.run()
    assert report.calls == 3, "two for the objects, and one for the members"
    said = [sql for sql in made if "payload" in sql and not sql.startswith("SELECT")]
    assert not [sql for sql in said if "maybe = ?" in sql], "an intent writes no wide row of an object that is new"
    assert sum("CASE WHEN p.acked IS NULL THEN o.digest END" in sql for sql in made) == 1, "that of the members"


# --- answers that go with the next intent --------------------------------------------------------------------------


@pytest.fixture
def many(engine: Engine) -> Engine:
    """Ten objects that go in four calls, and two links."""
    engine.source.add(*(user(number) for number in range(4, 10)))
    return engine


def _in_doubt(engine: Engine) -> int:
    with engine.store() as store:
        return int(store.database.value("SELECT COUNT(*) FROM objects WHERE doubt = 1"))


def test_an_answer_and_the_next_intent_are_one_transaction(many) -> None:
    made: list[str] = []
    with noted(made):
        report, _ = many.run()
    assert report.calls == 5
    intents = [place for place, sql in enumerate(made) if sql.startswith("INSERT INTO batches")]
    assert [made[one:other].count("COMMIT") for one, other in pairwise(intents[:4])] == [1, 1, 1]


def test_while_a_call_flies_nothing_is_in_doubt_but_what_it_carries(many) -> None:
    seen = []
    many.cloud.fault = lambda moment: seen.append((moment, _in_doubt(many)))
    many.run()
    assert [doubt for moment, doubt in seen if moment == "before"] == [3, 3, 3, 1, 0]


def test_an_answer_is_written_before_a_wait_for_room(many) -> None:
    seen = []

    def room(wait: bool) -> bool:
        if wait:
            seen.append(_in_doubt(many))
        return wait

    many.cloud.room = room
    many.run()
    assert seen == [0] * 5


def test_answers_are_written_that_no_intent_comes_after(many) -> None:
    def stop(moment: str) -> None:
        if moment == "after" and len(many.cloud.calls) == 2:
            many.stop.set()

    many.cloud.fault = stop
    report, _ = many.run()
    assert (report.objects.acknowledged, report.objects.left, _in_doubt(many)) == (6, 4, 0)
