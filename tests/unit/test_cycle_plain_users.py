"""A synchronise that takes users whole leaves the store as one that asks the rules about each of them."""

import random
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from support.build import BASE, group, guid, user, user_dn
from support.engine import Engine
from support.model import ListSource
from support.unique import UniqueCloud
from syncramp.cycle.plain import Plain
from syncramp.model.facts import Entry
from syncramp.model.report import RunReport
from syncramp.rules import plain
from syncramp.store import contest, objects
from syncramp.store.objects import Objects

TABLES = {
    "objects": "id, source, anchor, kind, digest, acked, doubt, cause, hold, unread, origin, confirmed",
    "payload": "id, desired, acked",
    "refs": "*",
    "uniques": "*",
    "unresolved": "*",
    "violations": "*",
    "contested": "*",
    "stirred": "*",
    "dirty": "*",
}
PEOPLE = range(1, 40)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "ENOUGH", 1)
    monkeypatch.setattr(objects, "PAGE", 4)


class Luck(random.Random):
    def entry(self, number: int) -> Entry:
        values: dict[str, Any] = {
            "mail": f"{self.choice('abcdefgh')}@x.example",
            "title": self.choice(("Clerk", " Boss", "Núñez", "x" * 200)),
            "userPrincipalName": f"user{number}{self.choice(('', '', '', ' '))}@x.example",
            "proxyAddresses": [f"SMTP:u{number}@x.example", f"smtp:{self.choice('abcdefgh')}@x.example"],
            "mS-DS-ConsistencyGuid": guid(self.choice(PEOPLE) if self.random() < 0.1 else number + 500),
            "manager": user_dn(self.randrange(45), self.choice(("People", "People", "Left"))),
            "userAccountControl": self.choice(("512", "514")),
            "isCriticalSystemObject": "TRUE",
        }
        kept = {name: value for name, value in values.items() if self.random() < 0.6}
        if self.random() < 0.9:
            kept.pop("isCriticalSystemObject", None)
        return user(number, self.choice(("People", "People", "People", "Left")), **kept)

    def change(self, source: ListSource, numbers: range) -> None:
        for number in numbers:
            source.entries.pop(guid(number), None)
            if self.random() < 0.9:
                source.add(self.entry(number))


def engine_of(path: Path) -> Engine:
    engine = Engine(path, sources=[ListSource()])
    engine.cloud = UniqueCloud()
    engine.source.add(group(101))
    engine.source.members[guid(101)] = [user_dn(number) for number in PEOPLE]
    return engine


def tables(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with engine.store() as store:
        return {
            table: sorted(map(repr, map(tuple, store.database.all(f"SELECT {columns} FROM {table}"))))
            for table, columns in TABLES.items()
        }


def walk(engine: Engine, seed: int) -> list[Any]:
    """Everybody comes, then some change, and more come; a run in between sends nothing."""
    luck, found = Luck(seed), []
    luck.change(engine.source, PEOPLE)
    for numbers, sends in ((range(0), False), (range(5, 25), True), (range(30, 60), True), (range(0), True)):
        luck.change(engine.source, numbers)
        report = RunReport()
        engine.run(sends=sends, report=report)
        found += [tables(engine), report.skipped, report.violations, report.warnings]
    return found


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_the_store_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, indexed: bool) -> None:
    if not indexed:  # as in a first synchronise of many
        monkeypatch.setattr(contest, "MANY", 1)
        monkeypatch.setattr("syncramp.store.anchors.MANY", 1)
    taken: list[int] = []
    real = Plain.take

    def counted(self: Plain, page: Any) -> Any:
        fresh = real(self, page)
        taken.append(len(fresh))
        return fresh

    with patch.object(Plain, "take", counted):
        whole = walk(engine_of(tmp_path / "whole.db"), seed)
    assert sum(taken) > len(PEOPLE) // 4
    monkeypatch.setattr(plain, "ENOUGH", 10**6)
    assert whole == walk(engine_of(tmp_path / "each.db"), seed)


def test_a_synchronise_that_was_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    engine, luck = engine_of(tmp_path / "killed.db"), Luck(1)
    luck.change(engine.source, PEOPLE)
    real, pages = Objects._come, []

    def dying(self: Objects, fresh: Any) -> None:
        real(self, fresh)
        pages.append(len(fresh))
        if len(pages) % 3 == 0:
            raise KeyboardInterrupt

    with patch.object(Objects, "_come", dying):
        for _ in range(4):
            with pytest.raises(KeyboardInterrupt):
                engine.run(sends=False)
    assert sum(pages)
    engine.run(sends=False)
    other, luck = engine_of(tmp_path / "whole.db"), Luck(1)
    luck.change(other.source, PEOPLE)
    other.run(sends=False)
    assert tables(engine) == tables(other)


def test_a_user_whose_manager_is_out_of_scope_is_left_to_the_rules(tmp_path: Path) -> None:
    engine = engine_of(tmp_path / "state.db")
    engine.source.add(*(user(number) for number in PEOPLE), user(90, manager=f"CN=Nobody,{BASE}"))
    engine.run()
    with engine.store() as store:
        assert len(store.database.all("SELECT * FROM unresolved")) == 1
