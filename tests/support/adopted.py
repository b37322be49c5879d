"""What tests of adoptions ask for."""

from support.engine import Engine
from syncramp.model.adoption import Findings
from syncramp.model.holds import Hold


def numbers(findings: Findings) -> dict[str, int]:
    """Finding -> how many."""
    return {name: sum(kinds.values()) for name, kinds in findings.counts.items()}


def held(engine: Engine, hold: Hold) -> int:
    """Changes that the next run holds for one reason."""
    return engine.run()[0].holds.get(hold.value, 0)
