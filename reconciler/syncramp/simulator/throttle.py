"""The tenant's write limit: so many objects in any five minutes."""

from collections import deque

WINDOW = 300.0
"""Seconds."""


class WriteLimit:
    """A sliding window.

    :param most: writes in the window; 0 means no limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: deque[tuple[float, int]] = deque()
        self._sum = 0

    def take(self, count: int, now: float) -> bool:
        """Take ``count`` writes if all of them fit, or none.

        :param now: seconds, never less than before.
        """
        if not self._most:
            return True
        while self._taken and self._taken[0][0] <= now - WINDOW:
            self._sum -= self._taken.popleft()[1]
        if self._sum + count > self._most:
            return False
        self._taken.append((now, count))
        self._sum += count
        return True
