"""What is slow to come is read side by side: each task in a thread of its own, while the run's thread takes it in.

A task is a stream of items. Its thread puts them into a short queue of its own and waits where that is full, so what
is in memory is bounded, however much slower the taker is. The taker goes round the queues, one item from each, so
no task waits for another one's end. It alone touches the store: a reader that needs something of it asks (``ask``),
and is answered after all that it said before was taken.

Whatever ends the taker ends all threads: those that wait at a queue wake by themselves, those that wait for a server
are woken by ``wake``.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

AT_ONCE = 4
"""Tasks under way. Decoding is Python, which computes in one thread at a time, so more threads than servers that are
waited for gain nothing; and each one holds up to six pages."""
DEPTH = 4
"""Items in the queue of a task: enough for both sides to go on while the other is busy with one item."""
LOOK_EVERY = 0.1
"""Seconds after which a taker that waits looks whether it is to stop."""
PATIENCE = 30.0
"""Seconds until a reader is given up that nothing wakes: it resolves a name, and ends with the process at the
latest."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class End:
    """A task is over."""

    seconds: float
    """How long it took, its waiting included."""
    error: BaseException | None = None
    """What ended it before its time."""


@dataclass(slots=True)
class Question:
    """What a reader wants to know of the run's thread, which calls ``answer`` and writes down what comes."""

    call: Callable[[], Any]
    answered: bool = False
    value: Any = None

    def answer(self) -> None:
        """For the run's thread."""
        self.value = self.call()
        self.answered = True


class _Closed(BaseException):
    """Nobody takes any more."""


Ask = Callable[[Callable[[], Any]], Any]
"""Calls a function in the run's thread, and returns what it returned."""
Task = Callable[[Ask], Iterator[Item]]


@dataclass
class Readers(Generic[Item]):
    """Tasks under way; made by ``reading``."""

    tasks: Sequence[Task[Item]]
    _queues: list[deque[Item | Question | End]] = field(init=False)
    _moved: threading.Condition = field(default_factory=threading.Condition, init=False)
    _next: int = field(default=0, init=False)
    """The task that is begun next."""
    _turn: int = field(default=0, init=False)
    """The queue that is looked into next."""
    _closed: bool = field(default=False, init=False)
    over: bool = field(default=False, init=False)
    """All tasks have come to an end."""

    def __post_init__(self) -> None:
        self._queues = [deque() for _ in self.tasks]

    # --- the run's thread -------------------------------------------------------------------------------------------

    def told(self, look: Callable[[], None]) -> Iterator[tuple[int, Item | Question | End]]:
        """Items of all tasks, each with the number of its task, in turn; of each task an End at last.

        :param look: called again and again, also while nothing comes; raises what is to end it all.
        """
        left = len(self.tasks)
        while left:
            taken = self._take()
            look()
            if taken is not None:
                left -= isinstance(taken[1], End)
                yield taken
                if isinstance(taken[1], Question):
                    with self._moved:
                        self._moved.notify_all()
        self.over = True

    def _take(self) -> tuple[int, Item | Question | End] | None:
        with self._moved:
            if not any(self._queues):
                self._moved.wait(LOOK_EVERY)
            for place in range(len(self._queues)):
                number = (self._turn + place) % len(self._queues)
                if self._queues[number]:
                    self._turn = number + 1
                    self._moved.notify_all()
                    return number, self._queues[number].popleft()
            return None

    def close(self) -> None:
        """Nobody takes any more; each reader ends as soon as it is woken."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()

    # --- the threads of the readers ---------------------------------------------------------------------------------

    def work(self) -> None:
        """Do one task after the other, as long as there is one that nobody does."""
        while (number := self._begin()) is not None:
            try:
                self._read(number)
            except _Closed:
                return

    def _begin(self) -> int | None:
        with self._moved:
            if self._closed or self._next == len(self.tasks):
                return None
            self._next += 1
            return self._next - 1

    def _read(self, number: int) -> None:
        began, error = time.monotonic(), None  # type: float, BaseException | None
        try:
            for item in self.tasks[number](lambda call: self._ask(number, call)):
                self._put(number, item)
        except _Closed:
            raise
        except BaseException as raised:  # noqa: BLE001 - it is for the run's thread to judge
            error = raised
        self._put(number, End(time.monotonic() - began, error))

    def _put(self, number: int, item: Item | Question | End) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._closed or len(self._queues[number]) < DEPTH)
            self._go_on()
            self._queues[number].append(item)
            self._moved.notify_all()

    def _ask(self, number: int, call: Callable[[], Any]) -> Any:
        question = Question(call)
        self._put(number, question)
        with self._moved:
            self._moved.wait_for(lambda: self._closed or question.answered)
            self._go_on()
        return question.value

    def _go_on(self) -> None:
        if self._closed:
            raise _Closed


@contextmanager
def reading(tasks: Sequence[Task[Item]], wake: Callable[[], None], at_once: int = AT_ONCE) -> Iterator[Readers[Item]]:
    """Begin tasks; none of their threads outlives the block.

    :param wake: lets what waits for a server go on at once, with an error; it is called again until all have ended.
    """
    readers = Readers(tasks)
    names = (f"import-{number}" for number in range(min(at_once, len(tasks))))
    threads = [threading.Thread(target=readers.work, name=name, daemon=True) for name in names]
    for thread in threads:
        thread.start()
    try:
        yield readers
    finally:
        readers.close()
        until = time.monotonic() + PATIENCE
        while any(thread.is_alive() for thread in threads) and time.monotonic() < until:
            if not readers.over:
                wake()
            for thread in threads:
                thread.join(LOOK_EVERY)
