"""Systems outside that do not answer, or break: leavers wait for nobody, and no run ends of it."""

import threading
import time
from collections.abc import Iterator

import pytest

from support.engine import Engine
from syncramp.cycle import outside
from syncramp.errors import ServiceRefused
from syncramp.model.measures import Asked, Told

ABOUT = {"small": Asked("sync/contoso", "small", 1, 4, 20, 1)}


class Silent:
    """It takes a question and never says anything, until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.asked = 0

    def ask(self, about: Asked) -> Told:
        self.asked += 1
        self.over.wait(60)
        return Told(0.0)


class Broken:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def ask(self, about: Asked) -> Told:
        raise self.error


class Quick:
    def ask(self, about: Asked) -> Told:
        return Told(1.0)


@pytest.fixture
def silent() -> Iterator[Silent]:
    made = Silent()
    yield made
    made.over.set()


def told(tmp_path, metrics) -> dict[str, Told]:
    engine = Engine(tmp_path / "state.db")
    engine.outside = {("small", name): metric for name, metric in metrics.items()}
    with engine.store() as store:
        return outside.ask(engine.job(store), ABOUT)["small"]


def test_nobody_is_waited_for_longer_than_all_questions_may_take(tmp_path, silent, monkeypatch) -> None:
    monkeypatch.setattr(outside, "LONGEST", 0.2)
    many = {f"silent{number}": silent for number in range(outside.AT_ONCE + 4)}
    began = time.monotonic()
    answers = told(tmp_path, many | {"behind": Quick()})
    assert time.monotonic() - began < 30, "each of them would wait a minute"
    assert all(one.failed and "no answer" in one.why for one in answers.values())
    assert silent.asked == outside.AT_ONCE, "those behind them were not even asked"


def test_an_answer_counts_although_another_one_does_not_come(tmp_path, silent, monkeypatch) -> None:
    monkeypatch.setattr(outside, "LONGEST", 1.0)
    answers = told(tmp_path, {"silent": silent, **{f"quick{number}": Quick() for number in range(20)}})
    assert answers.pop("silent").failed
    assert set(answers.values()) == {Told(1.0)} and len(answers) == 20


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ServiceRefused("the API server does not let us read it", where="Secret desk"), "the API server does not"),
        (KeyError("s3cret"), "it could not be asked (KeyError)"),
    ],
)
def test_a_question_that_breaks_is_no_end_of_a_run(tmp_path, error, why) -> None:
    answer = told(tmp_path, {"broken": Broken(error)})["broken"]
    assert answer.failed and answer.value is None
    assert why in answer.why and "s3cret" not in answer.why
