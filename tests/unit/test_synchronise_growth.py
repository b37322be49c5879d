"""How often a synchronise asks the store: for a page of entries as often as for one, joined or not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.build import user, user_dn
from support.engine import Engine
from support.joined import other, two_forests
from support.statements import noted
from syncramp.cycle import walk as run_module
from syncramp.cycle.job import Job
from syncramp.cycle.phases import Phase
from syncramp.cycle.synchronise import synchronise
from syncramp.model.report import RunReport


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine], int]:
    """Runs once, without sending; tells how many statements the synchronise makes."""
    made: list[str] = []

    def counted(job: Job, report: RunReport, phase: Phase) -> None:
        with noted(made):
            synchronise(job, report, phase)

    def run(engine: Engine) -> int:
        made.clear()
        engine.run(sends=False)
        assert made
        return len(made)

    monkeypatch.setattr(run_module, "synchronise", counted)
    return run


def _forests(path: Path, people: range, *, joined: bool) -> Engine:
    engine = two_forests(path)
    for number in people:
        shared = {"employeeID": str(number)} if joined else {}
        engine.sources[0].add(user(number, manager=user_dn(number - 1), **shared))
        engine.sources[1].add(other(number, manager=user_dn(number - 1), **shared))
    return engine


@pytest.mark.parametrize("joined", [False, True])
def test_many_people_cost_as_many_statements_as_few(
    tmp_path: Path, statements: Callable[[Engine], int], joined: bool
) -> None:
    few = statements(_forests(tmp_path / "few.db", range(10, 20), joined=joined))
    many = statements(_forests(tmp_path / "many.db", range(10, 110), joined=joined))
    assert many == few
