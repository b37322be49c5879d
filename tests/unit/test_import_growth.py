"""How often an import asks the store: for a page of entries and of groups as often as for a few."""

from pathlib import Path

import pytest

from support.build import group, user, user_dn
from support.statements import noted
from syncramp.model.facts import Entry, Links, Proof
from syncramp.source import dn
from syncramp.store.store import Store

AS_GROUP = 100_000
"""Numbers of groups begin here, so that no person has one."""


def _facts(people: int, groups: int) -> list[Entry | Links | Proof]:
    facts: list[Entry | Links | Proof] = [user(number) for number in range(people)]
    for number in range(AS_GROUP, AS_GROUP + groups):
        told = group(number)
        facts += [told, Links(told.guid, "member", (user_dn(number % people),), final=True)]
    return [*facts, Proof("all", True, people + groups, None)]


def _statements(path: Path, people: int, groups: int) -> tuple[list[str], list[str]]:
    """Of a first import, and of one that finds nothing new."""
    store = Store(path, dn.key)
    source = store.staging.source_id("corp")
    made: tuple[list[str], list[str]] = [], []
    for statements in made:
        with noted(statements):
            store.staging.stage(source, "all", _facts(people, groups))
            assert store.staging.resolve() == 0
    store.close()
    return made


@pytest.mark.parametrize("again", [0, 1])
def test_many_groups_cost_as_many_statements_as_few(tmp_path: Path, again: int) -> None:
    few = _statements(tmp_path / "few.db", 20, 10)[again]
    many = _statements(tmp_path / "many.db", 20, 200)[again]
    assert len(many) == len(few)


def test_a_page_of_newcomers_is_written_with_as_few_statements_as_rows_fit_into_one(tmp_path: Path) -> None:
    few = _statements(tmp_path / "few.db", 10, 1)[0]
    many = _statements(tmp_path / "many.db", 900, 1)[0]
    assert len(many) - len(few) <= 3  # 250 rows with one; a server takes all of them
