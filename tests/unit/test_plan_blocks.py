"""A plan that counts new objects by what is read of them is the one that looks at each of them, whatever is there."""

import random
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
from pyroaring import BitMap

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from syncramp.model.circumstances import Circumstances
from syncramp.model.plan import Change
from syncramp.plan.changes import changes, in_blocks
from syncramp.plan.creates import Creates
from syncramp.store import snapshot
from syncramp.store.states import Page
from syncramp.store.store import Store

PEOPLE = range(1, 60)


def engine_of(path: Path) -> Engine:
    engine = Engine(path, sources=[ListSource()])
    engine.source.add(group(101), *(user(number, manager=user_dn(number // 2)) for number in PEOPLE))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    return engine


def flat(store: Store, around: Circumstances) -> Iterator[Change]:
    for change in in_blocks(store.snapshot(), around):
        if isinstance(change, Creates):
            yield from map(change.change, range(len(change.ids)))
        else:
            yield change


@pytest.mark.parametrize("few", [0, 5_000])
@pytest.mark.parametrize("known", [0, 10, 50])
def test_of_new_and_of_known_objects_both_say_the_same(tmp_path: Path, few: int, known: int) -> None:
    """They differ in the store: some are new, some have another title, some leave, and one is held."""
    luck, engine = random.Random(known), engine_of(tmp_path / "state.db")
    everybody = dict(engine.source.entries)
    for number in luck.sample(PEOPLE, len(PEOPLE) - known):
        engine.source.entries.pop(guid(number))
    engine.run()
    engine.source.entries.update(everybody)
    for number in luck.sample(PEOPLE, 8):
        engine.source.entries.pop(guid(number))
    for number in luck.sample(PEOPLE, 8):
        engine.source.add(user(number, title="Boss"))
    engine.run(sends=False)
    around = Circumstances(under_way=BitMap([3, 40]))
    with engine.store() as store, patch.multiple(snapshot, FEW=few, PAGE=7):
        found = list(flat(store, around))
        assert found == list(changes(store.snapshot(), around))
    assert len(found) > 10


def test_of_new_objects_no_narrow_row_is_read(tmp_path: Path) -> None:
    engine = engine_of(tmp_path / "state.db")
    engine.run(sends=False)
    with engine.store() as store, patch.object(snapshot, "FEW", 0):
        pages: list[Page] = list(store.snapshot().differing_pages())
        assert sum(len(page.heads) for page in pages) == len(PEOPLE) + 1
        assert not any("rows" in vars(page) for page in pages)
