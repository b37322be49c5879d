"""Explanations of an engine's store, as a person would ask for them."""

from collections.abc import Sequence

from support.engine import Engine
from syncramp.explanation.gathering import explain
from syncramp.model.explanation import Answer, AttributeTold, Explanation, GroupTold
from syncramp.report.explanation import explanation_lines


def asked(engine: Engine, who: str, *, now: float = 0.0, everyone: bool = False) -> Answer:
    """The answer to a question."""
    rules = {spec.name: engine.rules(spec.name) for spec in engine.config.sources}
    with engine.store() as store:
        return explain(store, engine.config, rules, who, now, everyone=everyone)


def explained(engine: Engine, who: str, *, now: float = 0.0, everyone: bool = False) -> Explanation:
    """The explanation of the one who is meant."""
    told = asked(engine, who, now=now, everyone=everyone).explanation
    assert told is not None
    return told


def lines(engine: Engine, who: str) -> Sequence[str]:
    """What a person reads."""
    return list(explanation_lines(asked(engine, who)))


def attribute(told: Explanation, name: str) -> AttributeTold:
    """One attribute of an explanation."""
    (found,) = (each for each in told.attributes if each.name == name)
    return found


def the_group(told: Explanation) -> GroupTold:
    """The one group of an explanation."""
    (found,) = told.groups
    return found
