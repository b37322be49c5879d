"""Whatever happened before, a full synchronise finds what the incremental ones made, and nothing is sent."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.build import SID, group, guid, user, user_dn, without
from support.engine import Engine
from support.joined import FOREST, MAIL, NUMBER, two_forests
from support.unique import UniqueCloud
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.spec.types import Rule
from syncramp.store.packing import unpack

PEOPLE = range(1, 6)
RULES = (
    Rule("left-out", 1, Kind.USER, excludes=True, when="has(entry.title) && entry.title == 'Out'"),
    Rule("of-the-forest", 2, Kind.USER, "forest", sets={"department": "entry.title"}),
    Rule("kept", 3, Kind.USER, "corp", sets={"city": "has(entry.l) ? upper(entry.l) : leave()"}),
    Rule("unknown", 4, Kind.USER, excludes=True, when="entry.pager == '0'"),
)
"""The last one has no result where there is no pager."""


class Luck(random.Random):
    def entry(self, forest: int, person: int) -> Entry:
        """Somebody of whom anything may be wrong, or also somebody else's."""
        values: dict[str, Any] = {
            "mail": f"{self.choice('ABab')}@x.example",
            "employeeID": self.choice("123"),
            "title": self.choice(("Clerk", "Out", "Boss")),
            "l": self.choice(("Ulm", "Bonn")),
            "pager": "1",
            "userPrincipalName": f"{self.choice('abc')}{self.choice(('', ' '))}@x.example",
            "proxyAddresses": [
                f"SMTP:{self.choice('abcd')}@x.example",
                f"smtp:{self.choice(('e', 'f', 'g h'))}@x.example",
            ],
            "userAccountControl": self.choice(("512", "514")),
            "msExchRecipientTypeDetails": self.choice(("1", "1", "2")),
            "manager": dn_of(self.randrange(2), self.choice(PEOPLE)),
        }
        kept = {name: value for name, value in values.items() if name == "pager" or self.random() < 0.5}
        made = user(
            number_of(forest, person), ("People", "Forest")[forest], objectSid=SID + bytes([person]) * 16, **kept
        )
        return without(made, self.choice(("samaccountname", "pager"))) if self.random() < 0.15 else made


def number_of(forest: int, person: int) -> int:
    return forest * FOREST + person


def dn_of(forest: int, person: int) -> str:
    return user_dn(number_of(forest, person), ("People", "Forest")[forest])


def change(engine: Engine, luck: Luck) -> None:
    """Some entries, what can be read, and now and then the document."""
    for _ in range(luck.randrange(4)):
        forest, person = luck.randrange(2), luck.choice(PEOPLE)
        engine.sources[forest].entries.pop(guid(number_of(forest, person)), None)
        if luck.random() < 0.75:
            engine.sources[forest].add(luck.entry(forest, person))
    for source, number in zip(engine.sources, (101, FOREST + 101), strict=True):
        source.complete = luck.random() < 0.85
        source.members[guid(number)] = [dn_of(*one) for one in ((0, 1), (1, 2), (1, 3)) if luck.random() < 0.7]
    if luck.random() < 0.3:
        engine.config = replace(
            engine.config, rules=luck.sample(RULES, 2), joins=luck.choice(((MAIL, NUMBER), (NUMBER, MAIL), ()))
        )


def everything(engine: Engine) -> dict[str, Any]:
    """Objects that should be in the cloud, and whatever is kept of why."""
    with engine.store() as store:
        rows = store.database.all(
            "SELECT o.id, o.anchor, o.kind, o.hold, p.desired FROM objects o JOIN payload p ON p.id = o.id "
            "WHERE o.digest IS NOT NULL"
        )
        found: dict[str, Any] = {anchor: (kind, hold, unpack(desired)) for _, anchor, kind, hold, desired in rows}
        alive = {identity for identity, *_ in rows}
        for table in ("violations", "contested", "uniques", "joined"):
            lines = store.database.all(f"SELECT * FROM {table}")
            found[table] = {tuple(line) for line in lines if line[table == "joined"] in alive}
        found["members"] = {one.anchor: set(one.desired) for one in store.snapshot().memberships()}
    return found


@pytest.mark.parametrize("seed", range(16))
def test_a_full_synchronise_finds_what_the_incremental_ones_made(tmp_path: Path, seed: int) -> None:
    luck, engine = Luck(seed), two_forests(tmp_path / "state.db")
    engine.cloud = UniqueCloud()
    engine.sources[1].add(group(FOREST + 101))
    for _ in range(7):
        change(engine, luck)
        engine.run()
        assert not engine.cloud.collisions
    for source in engine.sources:
        source.complete = True
    for _ in range(5):
        engine.run()
    before, calls = everything(engine), len(engine.cloud.calls)
    with engine.store() as store:
        store.database.run("UPDATE sources SET rules = NULL")
    engine.run()
    assert everything(engine) == before
    assert len(engine.cloud.calls) == calls
