"""How long something goes on that may go on several times at once: the time in which it does so at all."""


class Stretch:
    """Beginnings and ends; pure, its caller brings the time in seconds."""

    def __init__(self) -> None:
        self._open = 0
        self._since = 0.0
        self._total = 0.0
        self._longest = 0.0

    def begin(self, now: float) -> None:
        """Once more."""
        if not self._open:
            self._since = now
        self._open += 1

    def end(self, now: float) -> None:
        """Once less."""
        self._open -= 1
        if not self._open:
            self._total += now - self._since
            self._longest = max(self._longest, now - self._since)

    def total(self, now: float) -> float:
        """Seconds of all pieces, the one under way included."""
        return self._total + self._under_way(now)

    def longest(self, now: float) -> float:
        """Seconds of the longest piece."""
        return max(self._longest, self._under_way(now))

    def forget(self, now: float) -> None:
        """What was until now does not count any more; what is under way begins at this moment."""
        self._since, self._total, self._longest = now, 0.0, 0.0

    def _under_way(self, now: float) -> float:
        return now - self._since if self._open else 0.0
