"""Who may run now: so many runs at once in the whole operator, and a line for the rest, first come, first served.

A document asks for its turn each time it is looked at, and tells on its status which place it has. Whoever gives its
turn back wakes those who come next. Nobody is served twice while another waits: who asks again stands at the end.
"""

from collections.abc import Callable


class Queue:
    """The turns; used from one event loop only."""

    def __init__(self, limit: int, wake: Callable[[str], None]) -> None:
        """:param limit: runs at once.
        :param wake: called with the key of a document whose turn it is.
        """
        self._limit = limit
        self._wake = wake
        self._running: set[str] = set()
        self._line: dict[str, None] = {}  # as an ordered set

    @property
    def running(self) -> int:
        """Documents that have their turn."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """Documents in the line."""
        return len(self._line)

    def ask(self, key: str) -> int:
        """Ask for a turn: 0 if it is there, else the place in the line, from 1."""
        if key in self._running:
            return 0
        self._line.setdefault(key)
        place = list(self._line).index(key)
        free = self._limit - len(self._running)
        if place >= free:
            return place - max(free, 0) + 1
        self.hold(key)
        return 0

    def hold(self, key: str) -> None:
        """Take a turn without asking: its run goes on since before this operator was there."""
        self._line.pop(key, None)
        self._running.add(key)

    def end(self, key: str) -> None:
        """Give the turn back, if it was there; a place in the line stays."""
        if key in self._running:
            self._running.discard(key)
            self._call()

    def withdraw(self, key: str) -> None:
        """Stand in the line no more; a turn stays. Who cannot take its turn must not keep it from those behind."""
        if key in self._line:
            del self._line[key]
            self._call()

    def leave(self, key: str) -> None:
        """Give the turn back, and stand in the line no more."""
        if key in self._running or key in self._line:
            self._running.discard(key)
            self._line.pop(key, None)
            self._call()

    def _call(self) -> None:
        for other in list(self._line)[: max(self._limit - len(self._running), 0)]:
            self._wake(other)
