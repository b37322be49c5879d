"""Whom links name is asked for one by one, and read all at once where that costs less."""

from unittest.mock import patch

import pytest

from support.build import user
from support.engine import Engine
from support.statements import noted
from syncramp.store import identities
from syncramp.store.identities import Identities, ids_of

PEOPLE = range(1, 9)


@pytest.fixture
def engine(tmp_path) -> Engine:
    made = Engine(tmp_path / "state.db")
    made.source.add(*map(user, PEOPLE))
    made.settle()
    return made


@pytest.mark.parametrize(("few", "most", "reads"), [(1_000, 400_000, 0), (3, 400_000, 1), (3, 7, 0)])
def test_whoever_is_named_has_the_same_id_however_it_is_found(
    engine: Engine, few: int, most: int, reads: int
) -> None:
    anchors, made = [engine.anchor(user(number)) for number in PEOPLE], list[str]()
    with engine.store() as store, patch.object(identities, "FEW", few), patch.object(identities, "MOST", most):
        known = ids_of(store.database, anchors)
        named = Identities(store.database)
        with noted(made):
            found = [named.of([[anchor], [anchor, "nobody"]]) for anchor in anchors]
    assert [each.get(anchor) for each, anchor in zip(found, anchors, strict=True)] == [known[one] for one in anchors]
    assert all(each.get("nobody") is None for each in found)
    assert sum("IS NOT NULL" in statement for statement in made) == reads
    assert sum(" IN (" in statement or " = ANY" in statement for statement in made) == (1 if reads else 8)


def test_nobody_counts_the_objects_for_a_few_links(engine: Engine) -> None:
    made = list[str]()
    with engine.store() as store, noted(made):
        Identities(store.database).of([[engine.anchor(user(1))]])
    assert made and not any("COUNT" in statement for statement in made)
