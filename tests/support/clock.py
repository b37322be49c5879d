"""A clock that stands still until a test moves it."""

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds, as ``time.time`` or ``time.monotonic`` gives them."""

    now: float

    def __call__(self) -> float:
        return self.now
