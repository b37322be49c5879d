"""What a test makes go wrong in the API double; from any thread."""

import threading
from dataclasses import dataclass, field


@dataclass
class Fault:
    """Calls that go wrong."""

    code: int
    """The answer; 0: the connection is closed without one."""
    verb: str = ""
    """Empty: any."""
    resource: str = ""
    """With its subresource; empty: any."""
    user: str = ""
    times: int = 1
    """How many calls; less than 0: all, until it is mended."""
    after: bool = False
    """Whether the call is done all the same, and only its answer is lost."""


@dataclass
class Faults:
    """All of them, and how late and how slow the server is."""

    skew: float = 0.0
    """Seconds by which the server's clock is ahead."""
    delay: float = 0.0
    """Seconds that every answer takes."""
    _list: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, code: int = 500, times: int = 1, **which: str) -> Fault:
        """Let the next calls fail."""
        return self._add(Fault(code, times=times, **which))  # type: ignore[arg-type]

    def lose(self, times: int = 1, **which: str) -> Fault:
        """Let the next calls be done, and their answers be lost."""
        return self._add(Fault(0, times=times, after=True, **which))  # type: ignore[arg-type]

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._list.clear()
        self.delay = 0.0

    def of(self, user: str, verb: str, resource: str) -> Fault | None:
        """What becomes of this call; it is counted."""
        with self._lock:
            for fault in self._list:
                wanted = ((fault.user, user), (fault.verb, verb), (fault.resource, resource))
                if fault.times and all(mine in ("", theirs) for mine, theirs in wanted):
                    fault.times -= 1
                    return fault
        return None

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._list.append(fault)
        return fault
