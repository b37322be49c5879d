"""The line of those who may run."""

from hypothesis import given
from hypothesis import strategies as st

from syncramp_operator.actors.queue import Queue

NAMES = "abcdefgh"
STEPS = st.lists(st.tuples(st.sampled_from(["ask", "hold", "end", "leave"]), st.sampled_from(NAMES)), max_size=80)


def _queue(limit: int) -> tuple[Queue, list[str]]:
    woken: list[str] = []
    return Queue(limit, woken.append), woken


def test_so_many_run_at_once_and_the_others_are_told_their_place() -> None:
    queue, _ = _queue(2)
    assert [queue.ask(name) for name in "abcd"] == [0, 0, 1, 2]
    assert [queue.ask(name) for name in "dcba"] == [2, 1, 0, 0]
    assert (queue.running, queue.waiting) == (2, 2)


def test_a_turn_that_is_given_back_wakes_who_came_first() -> None:
    queue, woken = _queue(1)
    assert [queue.ask(name) for name in "abc"] == [0, 1, 2]
    queue.end("a")
    assert woken == ["b"]
    assert [queue.ask(name) for name in "cb"] == [1, 0]


def test_who_was_served_and_asks_again_stands_at_the_end() -> None:
    queue, _ = _queue(1)
    for name in "ab":
        queue.ask(name)
    queue.end("a")
    assert queue.ask("a") == 1, "the turn is another one's"
    assert queue.ask("b") == 0


def test_who_leaves_the_line_lets_the_others_move_up() -> None:
    queue, woken = _queue(1)
    for name in "abc":
        queue.ask(name)
    queue.leave("b")
    assert woken == []
    assert queue.ask("c") == 1
    queue.end("b")
    assert queue.running == 1


def test_what_runs_already_counts_though_it_never_asked() -> None:
    queue, woken = _queue(1)
    queue.hold("a")
    queue.hold("b")
    assert queue.ask("c") == 1
    queue.end("a")
    assert woken == []
    queue.end("b")
    assert woken == ["c"]


@given(st.integers(1, 3), STEPS)
def test_no_more_run_than_may_and_nobody_is_overtaken(limit: int, steps: list[tuple[str, str]]) -> None:
    queue, woken = _queue(limit)
    line: list[str] = []
    running: set[str] = set()
    for verb, name in steps:
        woken.clear()
        before = len(running)
        if verb == "ask":
            place = queue.ask(name)
            if name not in running and name not in line:
                line.append(name)
            if place == 0 and name not in running:
                assert line.index(name) < limit - before, "somebody was overtaken"
                line.remove(name)
                running.add(name)
                assert len(running) <= limit
            elif place:
                assert place == line.index(name) - max(limit - before, 0) + 1
        elif verb == "hold":
            queue.hold(name)
            line = [one for one in line if one != name]
            running.add(name)
        else:
            getattr(queue, verb)(name)
            running.discard(name)
            line = [one for one in line if one != name or verb == "end"]
            free = max(limit - len(running), 0)
            assert woken in ([], line[:free])
            assert woken or len(running) == before or not line[:free], "a turn is free and nobody was told"
        assert (queue.running, queue.waiting) == (len(running), len(line))


def test_who_cannot_take_its_turn_lets_the_others_pass_and_keeps_a_turn_it_has() -> None:
    queue, woken = _queue(1)
    queue.ask("running")
    queue.ask("stuck")
    queue.ask("behind")
    queue.withdraw("running")
    assert queue.running == 1
    queue.withdraw("stuck")
    queue.end("running")
    assert woken == ["behind"]
    assert queue.ask("behind") == 0
