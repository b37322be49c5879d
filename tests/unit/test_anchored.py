"""The anchors of members are asked for some at a time, and read all at once where that costs less."""

from unittest.mock import patch

import pytest
from pyroaring import BitMap

from support.build import user
from support.engine import Engine
from support.statements import noted
from syncramp.model.wire import LinkOperation
from syncramp.store import anchored
from syncramp.store.anchored import Anchored

PEOPLE = range(1, 9)


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db")
    made.source.add(*map(user, PEOPLE))
    made.settle()
    return made


def pairs(known: Anchored, ids: BitMap) -> list[tuple[int, str]]:
    return [pair for page, anchors in known.pages(ids) for pair in zip(page, anchors, strict=True)]


@pytest.mark.parametrize(
    ("few", "most", "reads"), [(1_000, 1_000_000, 0), (3, 1_000_000, 1), (3, 7, 0)], ids=["few", "many", "too many"]
)
def test_a_member_has_the_same_anchor_however_it_is_found(engine: Engine, few: int, most: int, reads: int) -> None:
    made = list[str]()
    with engine.store() as store, patch.object(anchored, "FEW", few), patch.object(anchored, "MOST", most):
        rows = dict(store.database.all("SELECT id, anchor FROM objects"))
        known = Anchored(store.database)
        with noted(made):
            found = [pairs(known, BitMap([identity])) for identity in rows]
    assert sorted(rows.values()) == sorted(engine.anchor(user(number)) for number in PEOPLE)
    assert found == [[pair] for pair in rows.items()]
    assert sum("ORDER BY id" in statement for statement in made) == reads


@pytest.mark.parametrize("page", [1, 3, 1_000])
def test_whoever_is_no_object_or_has_no_anchor_is_told_as_the_store_has_it(engine: Engine, page: int) -> None:
    with engine.store() as store, patch.object(anchored, "PAGE", page):
        ids = BitMap(store.database.numbers("SELECT id FROM objects"))
        few = Anchored(store.database)
        store.database.run("UPDATE objects SET anchor = ? WHERE id = ?", ("Ä Ω😀", ids[1]))
        store.database.run("UPDATE objects SET anchor = NULL WHERE id = ?", (ids[2],))
        store.database.run("DELETE FROM objects WHERE id = ?", (ids[4],))
        asked = [ids, ids | BitMap([max(ids) + 1, max(ids) + 70]), BitMap([ids[1]]), BitMap([ids[4]]), BitMap()]
        expected = [pairs(few, one) for one in asked]
        with patch.object(anchored, "FEW", 0):
            many = Anchored(store.database)
            assert [pairs(many, one) for one in asked] == expected
    assert dict(expected[0])[ids[1]] == "Ä Ω😀"
    assert dict(expected[0])[ids[2]] is None
    assert ids[4] not in dict(expected[0])


def test_nobody_counts_the_objects_for_a_few_members(engine: Engine) -> None:
    made = list[str]()
    with engine.store() as store:
        snapshot = store.snapshot()
        with noted(made):
            changes = list(snapshot.references_to(snapshot.desired, LinkOperation.ADD))
    assert [change.anchor for change in changes] == [engine.anchor(user(number)) for number in PEOPLE]
    assert len(made) == 1


def test_what_was_read_of_all_is_read_again_after_it_was_let_go(engine: Engine) -> None:
    made = list[str]()
    with engine.store() as store, patch.object(anchored, "FEW", 0):
        snapshot = store.snapshot()
        with noted(made):
            before = list(snapshot.anchors(snapshot.desired))
            snapshot.forget_anchors()
            assert list(snapshot.anchors(snapshot.desired)) == before
    assert sum("ORDER BY id" in statement for statement in made) == 2
