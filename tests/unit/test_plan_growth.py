"""What a plan asks the store for: as often for many objects as for few, and no values that nobody looks at."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.build import group, guid, user, user_dn
from support.engine import Engine
from support.statements import noted
from syncramp.cycle import walk as run_module
from syncramp.model.plan import Plan

make_plan = run_module.make_plan
Planned = Callable[[Engine], tuple[Plan, list[str]]]


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> Planned:
    """Runs once, without sending; gives the plan and the statements that it took to make it."""
    made: list[str] = []

    def listening(*given: Any) -> Plan:
        with noted(made):
            return make_plan(*given)

    def run(engine: Engine) -> tuple[Plan, list[str]]:
        made.clear()
        _, plan = engine.run(sends=False)
        return plan, [re.sub(r"\?(,\s*\?)+|-?\d{10,}", "?", statement) for statement in made]  # a lock of each store

    monkeypatch.setattr(run_module, "make_plan", listening)
    return run


def _people(path: Path, count: int) -> Engine:
    engine = Engine(path)
    for number in range(10, 10 + count):
        engine.source.add(user(number))
    engine.source.add(group(1))
    engine.source.members[guid(1)] = [user_dn(number) for number in range(10, 10 + count)]
    return engine


def _reading(statements: list[str], table: str) -> list[str]:
    asked = re.compile(rf"FROM {table} WHERE id (IN|= ANY)")  # the latter in a server
    return [statement for statement in statements if asked.search(statement)]


def test_many_new_people_cost_as_many_statements_as_few_and_their_values_are_not_read(
    tmp_path: Path, planned: Planned
) -> None:
    plan, few = planned(_people(tmp_path / "few.db", 10))
    assert plan.counts["Create"] == {"Group": 1, "User": 10}
    plan, many = planned(_people(tmp_path / "many.db", 200))
    assert plan.counts["Create"] == {"Group": 1, "User": 200}
    assert sorted(many) == sorted(few)
    assert _reading(many, "entries") and not _reading(many, "payload")


def test_with_nothing_to_do_nobody_is_read_whoever_was_not_read_completely(tmp_path: Path, planned: Planned) -> None:
    engine = _people(tmp_path / "state.db", 20)
    engine.run()
    engine.source.complete = False
    plan, statements = planned(engine)
    assert plan.empty and plan.around.incomplete
    assert not _reading(statements, "payload") and not _reading(statements, "entries")


def test_of_many_who_cannot_be_judged_only_those_are_read_who_have_what_somebody_wants(
    tmp_path: Path, planned: Planned
) -> None:
    engine = _people(tmp_path / "state.db", 20)
    engine.run()
    engine.source.complete = False
    engine.source.add(user(1000))
    plan, statements = planned(engine)
    assert plan.counts == {"Create": {"User": 1}} and plan.around.incomplete
    assert not _reading(statements, "payload")


@pytest.mark.parametrize("complete", [True, False])
def test_who_claims_a_value_that_is_given_up_is_found_without_reading_everybody(
    tmp_path: Path, planned: Planned, complete: bool
) -> None:
    reads = []
    for count in (10, 600):
        engine = _people(tmp_path / f"{count}.db", 20)
        engine.run()
        engine.source.add(user(12, userPrincipalName="renamed@corp.example.com"))
        for number in range(1000, 1000 + count):
            engine.source.add(user(number))
        engine.source.add(user(1005, userPrincipalName="user12@corp.example.com"))
        engine.source.complete = complete
        plan, statements = planned(engine)
        assert [owner.dn for owner in plan.around.releasing.values()] == [user_dn(12)]
        assert plan.counts == {"Create": {"User": count}, "Update": {"User": 1}}
        reads.append(_reading(statements, "payload"))
    assert reads[0] == reads[1] != []


def test_a_run_looks_at_how_all_stands_once_and_again_when_it_sends(tmp_path: Path) -> None:
    engine = _people(tmp_path / "state.db", 20)
    looks, everybody = [], ["SELECT object, target FROM refs", "SELECT id FROM objects WHERE kind = 'Group'"]
    for _ in range(3):
        made: list[str] = []
        with noted(made):
            report, _ = engine.run()
        assert not set(everybody) & set(made)
        looks.append(sum("MIN(id) FROM objects" in statement for statement in made))
    assert report.settled and looks == [2, 1, 1], "for the plan, and for what became of it"
