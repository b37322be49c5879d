"""What tests of adoptions ask for."""

from itertools import count as counting

from support.engine import Engine, crashing
from support.model import Crash
from syncramp.model.adoption import Findings
from syncramp.model.holds import Hold


def killed_at(engine: Engine, fatal: int) -> bool:
    """An adoption that is killed around a transaction, if it has so many; whether it was."""
    moments = counting()
    try:
        with crashing(lambda: next(moments) == fatal):
            engine.adopt()
    except Crash:
        return True
    return False


def numbers(findings: Findings) -> dict[str, int]:
    """Finding -> how many."""
    return {name: sum(kinds.values()) for name, kinds in findings.counts.items()}


def held(engine: Engine, hold: Hold) -> int:
    """Changes that the next run holds for one reason."""
    return engine.run()[0].holds.get(hold.value, 0)
