"""A large group of which only what changed is looked at has the members that it has where all are looked up."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from support.build import BASE, group, guid, user
from syncramp.model.facts import Fact, Gone, Proof
from syncramp.source import canonical, dn, spellings
from syncramp.store import spellings as spelled
from syncramp.store.packing import unpack_bitmap
from syncramp.store.store import Store

STAFF = guid(101)
DNS = [f"CN=N{number},{BASE}" for number in range(9)]


def _read(store: Store, facts: Sequence[Fact], members: Sequence[bytes] | None, *, delta: bool, by_keys: bool) -> Any:
    """What the group is after a read: its members, what names nobody, who is lost, and who is named."""
    source = store.staging.source_id("corp")
    known = store.staging.known(source, "all").spelled(STAFF, "member")
    links = canonical.links_from(STAFF, members or ())
    told = [] if members is None else [spellings.links(STAFF, members, known)] if by_keys else list(links)
    proof = Proof("all", True, len(facts), None, delta=delta, watermark=b"1", tracking="SyncRepl")
    store.staging.stage(source, "all", [*facts, *told, proof])
    store.staging.resolve()
    row = store.database.one("SELECT members, unresolved, lost, named FROM links")
    assert row is not None
    guids = dict(store.database.all("SELECT id, guid FROM entries"))
    found, unresolved, lost, named = row
    sets = [sorted(guids[one] for one in unpack_bitmap(each)) for each in (found, lost, named or b"")]
    return *sets, named is None, unresolved


def _became(random: Random, now: dict[int, str]) -> list[Fact]:
    """People come, leave and take names, also that of somebody who just left."""
    facts: list[Fact] = []
    for number in random.choices(range(1, 8), k=random.randint(0, 3)):
        if number in now and random.random() < 0.4:
            del now[number]
            facts.append(Gone(guid(number)))
        else:
            free = [name for name in DNS if name not in now.values()]
            now[number] = random.choice(DNS if random.random() < 0.2 else free)
            facts.append(replace(user(number), dn=now[number]))
    return facts


def _members(random: Random) -> list[bytes]:
    chosen = random.sample(DNS, random.randint(1, 8))
    return [name.replace("CN=", random.choice(("CN=", "cn="))).encode() for name in chosen]


@given(st.randoms(use_true_random=False), st.sampled_from((0, spelled.FEW)))
@settings(max_examples=20, deadline=None)
def test_what_changed_alone_comes_to_what_all_of_it_comes_to(random: Random, few: int) -> None:
    now = dict(enumerate(DNS[:5], 1))
    first: list[Fact] = [*(replace(user(number), dn=name) for number, name in now.items()), group(101)]
    reads: list[tuple[list[Fact], list[bytes] | None]] = [(first, _members(random))]
    reads.extend((_became(random, now), _members(random) if random.random() < 0.8 else None) for _ in range(10))
    with tempfile.TemporaryDirectory() as folder, patch.object(spelled, "FEW", few):
        paths = Path(folder) / "keys.db", Path(folder) / "all.db"
        with closing(Store(paths[0], dn.key)) as keys, closing(Store(paths[1], dn.key)) as everything:
            for place, (facts, members) in enumerate(reads):
                found = _read(keys, facts, members, delta=place > 0, by_keys=True)
                assert found == _read(everything, facts, members, delta=place > 0, by_keys=False)
