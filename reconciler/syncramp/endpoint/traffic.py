"""What goes over the wire, counted: requests, those that the service put off, and for how long it did so.

Threads share it. A piece of throttling begins with the first answer that asks for patience and ends when no call
waits any more because of one.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from syncramp.model.measures import Traffic
from syncramp.model.stretch import Stretch


class TrafficCounter:
    """The traffic of one endpoint.

    :param clock: seconds; pieces are told in them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._calls = 0
        self._pushes = 0
        self._stretch = Stretch()

    def sent(self) -> None:
        """One more request."""
        with self._lock:
            self._calls += 1

    @contextmanager
    def patience(self) -> Iterator[Callable[[], None]]:
        """One call with its repetitions; what the block is given is called at each answer that asks for patience."""
        waits = False

        def pushed() -> None:
            nonlocal waits
            self._mine.pushes = self.put_off() + 1
            with self._lock:
                self._pushes += 1
                if not waits:
                    self._stretch.begin(self._clock())
            waits = True

        try:
            yield pushed
        finally:
            if waits:
                with self._lock:
                    self._stretch.end(self._clock())

    def put_off(self) -> int:
        """Answers that asked this thread for patience so far."""
        return int(getattr(self._mine, "pushes", 0))

    def taken(self) -> Traffic:
        """What there was since it was asked last."""
        with self._lock:
            now = self._clock()
            told = Traffic(self._calls, self._pushes, self._stretch.longest(now))
            self._calls = self._pushes = 0
            self._stretch.forget(now)
        return told
