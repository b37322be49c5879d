"""Tasks read side by side: nothing is lost, nothing waits for its neighbour, and no thread outlives its block."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.model import Crash
from syncramp.cycle.readers import DEPTH, Ask, End, Question, Readers, Task, reading


def _go_on() -> None:
    """Nobody stops it."""


def _nothing() -> None:
    """Nothing waits for a server."""


def _of(items: list[int], pause: float = 0.0) -> Task[int]:
    def task(ask: Ask) -> Iterator[int]:
        for item in items:
            time.sleep(pause)
            yield item

    return task


def _all(tasks: list[Task[Any]], at_once: int = 4) -> dict[int, list[Any]]:
    """What came of each task, without its end; a question is answered."""
    found: dict[int, list[Any]] = {number: [] for number in range(len(tasks))}
    with reading(tasks, _nothing, at_once) as readers:
        for number, told in readers.told(_go_on):
            if isinstance(told, Question):
                told.answer()
            else:
                found[number].append(told)
    assert all(isinstance(items[-1], End) for items in found.values())
    return found


@given(st.lists(st.lists(st.integers(), max_size=9), max_size=6), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_every_item_comes_once_and_in_the_order_of_its_task(items: list[list[int]], at_once: int) -> None:
    found = _all([_of(each) for each in items], at_once)
    assert [found[number][:-1] for number in range(len(items))] == items


def test_the_error_of_one_task_is_its_own() -> None:
    def breaking(ask: Ask) -> Iterator[int]:
        yield 1
        raise ConnectionError

    found = _all([breaking, _of([2, 3])])
    assert found[0][0] == 1 and isinstance(found[0][1].error, ConnectionError)
    assert found[1][:-1] == [2, 3] and found[1][-1].error is None


def test_whatever_kills_a_task_is_told_and_nobody_waits_for_it_for_ever() -> None:
    def dying(ask: Ask) -> Iterator[int]:
        raise Crash
        yield 1

    assert isinstance(_all([dying])[0][0].error, Crash)


def test_a_question_is_answered_in_the_thread_of_the_taker_after_all_that_was_said_before() -> None:
    here, taken = threading.get_ident(), list[int]()

    def asking(ask: Ask) -> Iterator[int]:
        yield 1
        yield 2
        yield ask(lambda: (threading.get_ident() == here, list(taken)))

    with reading([asking], _nothing) as readers:
        told = []
        for _, item in readers.told(_go_on):
            if isinstance(item, Question):
                item.answer()
            elif isinstance(item, int):
                taken.append(item)
            else:
                told.append(item)
    assert told[0] == (True, [1, 2])


def test_no_more_tasks_are_under_way_than_may_be() -> None:
    under_way, most, lock = 0, 0, threading.Lock()

    def task(ask: Ask) -> Iterator[int]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        yield 1
        with lock:
            under_way -= 1

    _all([task] * 7, at_once=3)
    assert most == 3


def test_a_reader_waits_for_a_slow_taker_so_memory_is_bounded() -> None:
    made = []

    def endless(ask: Ask) -> Iterator[int]:
        for item in range(1000):
            made.append(item)
            yield item

    with reading([endless], _nothing) as readers:
        told = readers.told(_go_on)
        for expected in range(20):
            _until(lambda expected=expected: len(made) == expected + DEPTH + 1)
            assert next(told) == (0, expected)
    assert len(made) <= 20 + DEPTH + 1


def test_two_tasks_go_on_side_by_side() -> None:
    """Each waits for a word of the other one; one after the other they would wait for ever."""
    first, second = threading.Event(), threading.Event()

    def task(mine: threading.Event, other: threading.Event) -> Task[int]:
        def read(ask: Ask) -> Iterator[int]:
            mine.set()
            assert other.wait(30)
            yield 1

        return read

    assert [found[0] for found in _all([task(first, second), task(second, first)]).values()] == [1, 1]


@pytest.mark.parametrize("place", ["at a full queue", "for a server", "for an answer"])
def test_a_stop_wakes_a_reader_that_waits(place: str) -> None:
    server, threads = threading.Event(), threading.active_count()

    def task(ask: Ask) -> Iterator[int]:
        yield 0
        if place == "for a server":
            assert server.wait(30)
            raise ConnectionError
        if place == "for an answer":
            ask(_nothing)
        yield from range(100)

    with pytest.raises(InterruptedError), reading([task] * 3, server.set) as readers:
        for _ in readers.told(_go_on):
            raise InterruptedError
    assert threading.active_count() == threads


def test_a_stop_is_seen_while_nothing_comes() -> None:
    server, looks = threading.Event(), []

    def silent(ask: Ask) -> Iterator[int]:
        server.wait(30)
        yield 1

    def look() -> None:
        looks.append(None)
        if len(looks) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError), reading([silent], server.set) as readers:
        list(readers.told(look))


def _until(holds: Callable[[], bool]) -> None:
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_nobody_is_woken_when_all_tasks_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that was woken reads no more, and its parts are read after it was asked for them."""
    work, woken = Readers.work, []

    def slowly(readers: Readers[int]) -> None:
        work(readers)
        time.sleep(0.3)

    monkeypatch.setattr(Readers, "work", slowly)
    with reading([_of([1])], lambda: woken.append(None)) as readers:
        assert len(list(readers.told(_go_on))) == 2
    assert not woken
