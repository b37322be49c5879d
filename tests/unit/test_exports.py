"""Intent and answer, one by one: what they keep of links that come and go with an object, and who may write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine, links
from support.model import Held, lost, no_fault
from syncramp.errors import AnotherRunActive
from syncramp.model.wire import Operation, Outcome, Result, SyncObject
from syncramp.store.exports import Exports
from syncramp.store.intents import Intent, Item
from syncramp.store.observations import Observation
from syncramp.store.packing import unpack_bitmap
from syncramp.store.returning import hand_over
from syncramp.store.store import Store

APPLIED, REFUSED = Outcome(Result.APPLIED), Outcome(Result.REFUSED, "1")
SAME = b"0123456789abcdef"
"""The mS-DS-ConsistencyGuid of an account that was migrated."""


@dataclass
class Synced:
    """A store after a run, with a run under way."""

    store: Store
    exports: Exports
    one: int
    two: int
    group: int

    def delete(self, *ids: int) -> Intent:
        nothing = SyncObject("User", Operation.DELETE, {})
        return self.exports.intend([Item(i, nothing, deletes=True) for i in ids], 0.0, last_try=0.0, deadline=0.0)

    def answer(self, intent: Intent, *outcomes: Outcome) -> None:
        self.exports.acknowledge(intent, outcomes, 0.0)

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        """What is sure and what is possible of the group's links."""
        row = self.store.database.one("SELECT sure, possible FROM cloud_links WHERE id = ?", (self.group,))
        return (list(unpack_bitmap(row[0])), list(unpack_bitmap(row[1]))) if row else ([], [])


@pytest.fixture
def synced(engine: Engine) -> Iterator[Synced]:
    engine.run()
    with engine.store() as store:
        number, token = store.runs.begin(0.0)
        ids = store.observations.ids([engine.anchor(entry) for entry in (user(1), user(2), group(101))])
        yield Synced(store, store.exports(number, token, 0.0), *ids.values())


# --- deletes --------------------------------------------------------------------------------------------------------


def test_a_refused_delete_leaves_its_links_as_sure_as_they_were(synced) -> None:
    before = synced.bounds
    for deleted in ([synced.one], [synced.group], [synced.one, synced.two, synced.group]):
        intent = synced.delete(*deleted)
        assert set(synced.bounds[0]) < set(before[0])
        synced.answer(intent, *[REFUSED] * len(deleted))
        assert synced.bounds == before


def test_a_groups_refused_delete_does_not_make_sure_what_its_members_delete_took_away(synced) -> None:
    of_group, of_member = synced.delete(synced.group), synced.delete(synced.one)
    synced.answer(of_member, APPLIED)
    synced.answer(of_group, REFUSED)
    assert synced.bounds == ([synced.two], [synced.two])


def test_a_groups_refused_delete_does_not_make_sure_what_its_members_delete_may_yet_take_away(synced) -> None:
    of_group, of_member = synced.delete(synced.group), synced.delete(synced.one)
    synced.answer(of_group, REFUSED)
    assert synced.bounds == ([synced.two], [synced.one, synced.two])
    synced.answer(of_member, REFUSED)
    assert synced.bounds == ([synced.two], [synced.one, synced.two]), "less is sure than might be: it is added again"


def test_a_members_refused_delete_makes_nothing_sure_in_a_group_whose_own_delete_is_in_flight(synced) -> None:
    of_member, of_group = synced.delete(synced.one), synced.delete(synced.group)
    synced.answer(of_member, REFUSED)
    assert synced.bounds == ([], [synced.one, synced.two])
    synced.answer(of_group, APPLIED)
    assert synced.bounds == ([], [])


# --- objects made anew ----------------------------------------------------------------------------------------------


def _links(
    synced: Synced, group: int, *, adds: Sequence[int] = (), removes: Sequence[int] = ()
) -> tuple[Item, Intent]:
    item = Item(group, SyncObject("Group", Operation.SET, {}), adds=BitMap(adds), removes=BitMap(removes))
    return item, synced.exports.intend([item], 0.0, last_try=0.0, deadline=0.0)


@pytest.mark.parametrize("removes", [False, True])
def test_who_was_made_anew_while_a_call_flew_is_neither_in_nor_out_by_that_calls_answer(synced, removes) -> None:
    """The cloud did what the call says, then the member vanished and another call made it anew, with old links or
    without; the answers come the other way round.
    """
    inner = synced.two
    _, flying = _links(synced, synced.group, **{"removes" if removes else "adds": [inner, synced.one]})
    update = Item(inner, SyncObject("User", Operation.SET, {}), after={})
    found = synced.exports.intend([update], 0.0, last_try=0.0, deadline=0.0)
    synced.exports.acknowledge(found, [APPLIED], 0.0, anew={inner: update}, flying=[flying])
    synced.answer(flying, APPLIED)
    sure, possible = synced.bounds
    assert inner not in sure and inner in possible
    assert (synced.one in sure, synced.one in possible) == (not removes, not removes)


# --- who may write --------------------------------------------------------------------------------------------------


def test_an_answer_is_written_in_as_many_statements_however_many_objects_it_is_of(synced, monkeypatch) -> None:
    database = type(synced.store.database)
    statements: list[str] = []

    def counted(original):
        def execute(self, sql, parameters):
            statements.append(sql)
            return original(self, sql, parameters)

        return execute

    assert not synced.exports.under_way, "it is asked for once"
    for name in ("_execute", "_execute_many"):
        monkeypatch.setattr(database, name, counted(getattr(database, name)))
    update = SyncObject("User", Operation.SET, {"displayName": "New"})
    many = []
    both = [synced.one, synced.two]
    for ids in (both, both[:1], both):  # what is known of keys is the same before the last two
        items = [Item(each, update, after={"displayName": "New"}) for each in ids]
        intent = synced.exports.intend(items, 0.0, last_try=0.0, deadline=0.0)
        synced.answer(intent, *[APPLIED] * len(items))
        many.append(len(statements))
        statements.clear()
    assert many[1] == many[2] > 0


def _everything(store: Store) -> list[Sequence[object]]:
    tables = ("objects", "payload", "cloud_links", "ever_deleted", "batches", "foreign_objects", "meta")
    return [row for table in tables for row in store.database.all(f"SELECT * FROM {table}")]


def test_a_run_that_lost_the_store_writes_no_intent_no_answer_and_no_page(synced) -> None:
    first, second = synced.delete(synced.one), synced.delete(synced.two)
    synced.store.runs.begin(1.0)
    before = _everything(synced.store)
    for write in (
        lambda: synced.delete(synced.group),
        lambda: synced.answer(first, APPLIED),
        lambda: synced.exports.withdraw(second),
        lambda: synced.store.observations.observe(Observation(gone=[synced.one]), b"old", synced.exports, 0.0),
    ):
        with pytest.raises(AnotherRunActive):
            write()
        assert _everything(synced.store) == before


def test_a_run_that_loses_the_store_while_it_sends_ends_and_leaves_its_call_to_the_other_one(engine) -> None:
    engine.clock = lambda: 1000.0

    def another_begins(moment: str) -> None:
        engine.cloud.fault = lambda moment: None
        with engine.store() as store:
            store.runs.begin(1000.0)

    engine.cloud.fault = another_begins
    engine.pace = replace(engine.pace, call_timeout=600.0)
    with pytest.raises(AnotherRunActive):
        engine.run()
    assert len(engine.cloud.calls) == 1
    assert set(engine.run()[0].holds) == {"CallUnderWay"}


# --- anchors that pass from one object to another -------------------------------------------------------------------


def _gone(engine: Engine, number: int) -> None:
    """Somebody leaves, and is deleted."""
    engine.leave(number)
    engine.run()
    engine.run()
    assert engine.run()[0].settled


def test_links_that_come_back_with_a_migrated_account_are_removed(engine) -> None:
    """The cloud restores them under the anchor; in the store the account has another id."""
    engine.source.add(user(1, mS_DS_ConsistencyGuid=SAME))
    engine.run()
    anchor, big = engine.anchor(user(1, mS_DS_ConsistencyGuid=SAME)), engine.anchor(group(101))
    _gone(engine, 1)
    engine.source.add(user(8, mS_DS_ConsistencyGuid=SAME))
    engine.cloud.calls.clear()
    assert engine.settle().settled
    assert anchor in engine.cloud.objects
    assert engine.cloud.links[big] == {engine.anchor(user(2))}
    assert [("REMOVE", anchor)] in [links(obj) for obj in engine.sent]


def test_an_account_whose_anchor_a_late_delete_may_still_reach_is_not_created_before_that(
    engine, monkeypatch
) -> None:
    """The first try of the delete was lost and travels; the second one was answered, so the anchor was free."""
    monkeypatch.setattr("syncramp.cycle.calls.RETRY_SECONDS", 0.0)
    now = [1000.0]
    engine.clock = lambda: now[0]
    engine.pace = replace(engine.pace, lost_answers=2, call_timeout=600.0)
    engine.run()
    engine.leave(1)
    engine.run()

    def lose_once(moment: str) -> None:
        engine.cloud.fault = no_fault
        raise lost(moment)

    engine.cloud.fault, engine.cloud.travels = lose_once, lambda: True
    engine.run()
    assert engine.anchor(user(1)) not in engine.cloud.objects
    migrated = user(8, mS_DS_ConsistencyGuid=guid(1))
    engine.source.add(migrated)
    assert engine.run()[0].holds == {"CallUnderWay": 1}
    assert engine.run()[0].holds == {"CallUnderWay": 1}
    engine.cloud.arrive()
    now[0] += 601
    assert engine.run()[0].settled
    assert engine.anchor(migrated) in engine.cloud.objects


def test_links_that_come_back_into_a_group_that_was_created_again_are_removed_at_once(engine) -> None:
    engine.source.members[guid(101)] = [user_dn(1)]
    engine.run()
    big = engine.anchor(group(101))
    _gone(engine, 1)
    engine.source.entries.pop(guid(101))
    engine.source.members.pop(guid(101))
    engine.run()
    assert engine.settle().settled
    engine.source.add(group(101))
    engine.run()
    engine.source.add(user(1))
    engine.run()
    assert engine.anchor(user(1)) in engine.cloud.objects
    assert engine.cloud.links[big] == set()


def test_a_foreign_link_seen_under_an_anchor_is_its_next_holders(engine) -> None:
    """The first holder is out of scope; the anchor stands in the cloud, linked into our group by somebody else."""
    before = user(4, mS_DS_ConsistencyGuid=SAME, sAMAccountName="")
    engine.source.add(before)
    engine.run()
    anchor, big = engine.anchor(before), engine.anchor(group(101))
    cloud = engine.cloud
    cloud.objects[anchor] = Held("User", {})
    cloud.links[big].add(anchor)
    cloud._clock += 1
    cloud._log[anchor] = cloud._log[big] = cloud._link_log[big, anchor] = cloud._clock
    engine.source.add(user(5, mS_DS_ConsistencyGuid=SAME))
    cloud.calls.clear()
    report, _ = engine.run()
    assert report.holds == {"NotOurs": 1}
    assert [links(obj) for obj in engine.sent] == [[("REMOVE", anchor)]]
    assert anchor not in cloud.links[big]


def test_members_of_a_foreign_group_seen_under_an_anchor_are_possible_for_its_next_holder(synced) -> None:
    former, synced.group = synced.group, 77
    hand_over(synced.store.database, {former: 77, synced.one: 78})
    assert synced.bounds == ([], [synced.two, 78])
    synced.group = former
    assert synced.bounds == ([], [])
