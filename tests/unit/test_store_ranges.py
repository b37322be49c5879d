"""Ids that follow each other are asked for as a range: it comes to the same as a list, and walks the table."""

import pkgutil
import re
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncramp import store as package
from syncramp.store.database import Database, opened, without_gap
from syncramp.store.sqlite import SqliteDatabase

_BY_RANGE = re.compile(r"\b(id|object) \{\}")


def _texts() -> dict[str, str]:
    """Statements of the store that take a list or a range, by module and name."""
    modules = [import_module(f"syncramp.store.{each.name}") for each in pkgutil.iter_modules(package.__path__)]
    return {
        f"{module.__name__}.{name}": text
        for module in modules
        for name, text in vars(module).items()
        if isinstance(text, str) and _BY_RANGE.search(text)
    }


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(opened(tmp_path / "state.db")) as made:
        yield made


_IDS = st.one_of(
    st.lists(st.integers(1, 60), unique=True, max_size=40),
    st.builds(lambda first, many: [*range(first, first + many)], st.integers(1, 40), st.integers(0, 40)),
)


@given(there=st.sets(st.integers(1, 60)), ids=_IDS, at_once=st.integers(1, 12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_list_and_a_range_come_to_the_same(
    database: Database, there: set[int], ids: list[int], at_once: int
) -> None:
    database.at_once = at_once
    database.run("DELETE FROM dirty")
    database.run_many("INSERT INTO dirty (id, cause) VALUES (?, ?)", [(one, one % 3) for one in there])
    listed = database.among("SELECT id, cause FROM dirty WHERE cause < ? AND id IN ({})", ids, (2,))
    either = database.among("SELECT id, cause FROM dirty WHERE cause < ? AND id {}", ids, (2,))
    assert sorted(map(tuple, either)) == sorted(map(tuple, listed))
    database.run_among("DELETE FROM dirty WHERE id {}", ids)
    assert {one for (one,) in database.all("SELECT id FROM dirty")} == there - {*ids}


@given(_IDS)
def test_a_range_is_what_ascends_one_by_one(ids: list[int]) -> None:
    assert without_gap(ids) == (ids != [] and ids == [*range(min(ids), max(ids) + 1)])


@pytest.mark.in_a_file("it reads what SQLite tells of its plans")
def test_a_range_is_asked_with_one_short_statement(tmp_path: Path) -> None:
    with closing(SqliteDatabase(tmp_path / "state.db")) as database:
        asked: list[tuple[str, int]] = []

        def note(cursor: object, sql: str, values: Any) -> bool:
            asked.append((sql, len(values)))
            return True

        database._connection.exec_trace = note
        database.among("SELECT id FROM dirty WHERE id {}", range(5, 1005))
        database.among("SELECT id FROM dirty WHERE id {}", [5, 7])
    assert asked == [
        ("SELECT id FROM dirty WHERE id BETWEEN ? AND ?", 2),
        ("SELECT id FROM dirty WHERE id IN (?,?)", 2),
    ]


@pytest.mark.in_a_file("it reads what SQLite tells of its plans")
def test_whatever_takes_a_range_walks_a_key_of_its_table(tmp_path: Path) -> None:
    walks = re.compile(r"PRIMARY KEY \((rowid|object)>\? AND (rowid|object)<\?\)$")
    asked = {name: text.format("BETWEEN ? AND ?") for name, text in _texts().items()}
    with closing(SqliteDatabase(tmp_path / "state.db")) as database:
        plans = {
            name: database.all(f"EXPLAIN QUERY PLAN {sql}", (1,) * sql.count("?"))[0][3]
            for name, sql in asked.items()
        }
    assert len(plans) > 10
    assert not {name: plan for name, plan in plans.items() if not walks.search(plan)}
