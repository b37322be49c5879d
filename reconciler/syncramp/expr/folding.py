"""Loops: ``all``, ``exists``, ``exists_one``, ``map`` and ``filter``, as the parser writes them out.

``filter`` and ``map`` add one item to a list in each step. They are recognised, because a list that is copied in each
step would take the square of the time.
"""

from syncramp.expr.access import Step
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.operators import truth, word
from syncramp.expr.run import Run
from syncramp.expr.tree import Call, Constant, Fold, Identifier, ListOf, Node


def collecting(node: Fold) -> tuple[Node | None, Node] | None:
    """The condition (if any) and the item of a fold that collects a list; None when it does something else."""
    empty = ListOf(node.initial.at, (), frozenset())
    if node.initial != empty or node.condition != Constant(node.condition.at, True):
        return None
    if node.result != Identifier(node.result.at, node.accumulator):
        return None
    step, condition = node.step, None
    if isinstance(step, Call) and step.function == "_?_:_":
        condition, step, kept = step.arguments
        if kept != Identifier(kept.at, node.accumulator):
            return None
    if isinstance(step, Call) and step.function == "_+_":
        carried, item = step.arguments
        alone = isinstance(item, ListOf) and len(item.items) == 1 and not item.optional
        if alone and carried == Identifier(carried.at, node.accumulator):
            return condition, item.items[0]  # type: ignore[union-attr]  # `alone` says so
    return None


def collect(source: Step, slot: int, condition: Step | None, item: Step) -> Step:
    """``filter`` and ``map``: the items of those that fit."""

    def step(run: Run) -> object:
        made = []
        local = run.local
        for value in _items(source(run)):
            run.step()
            local[slot] = value
            if condition is None or truth(condition(run)):
                made.append(item(run))
        return run.take(tuple(made))

    return step


def fold(source: Step, slots: tuple[int, int], initial: Step, condition: Step, steps: tuple[Step, Step]) -> Step:
    """Any other loop.

    :param slots: where the variable and what is carried along stand.
    :param steps: the step, and the result after the last one.

    A step that fails carries its error along, and the next one may absorb it: ``exists`` is true when any item is.
    """
    variable, accumulator = slots
    once, result = steps

    def step(run: Run) -> object:
        local = run.local
        local[accumulator] = initial(run)
        for value in _items(source(run)):
            if condition(run) is False:
                break
            run.step()
            local[variable] = value
            try:
                local[accumulator] = once(run)
            except EvaluationFailed as error:
                local[accumulator] = error
        return result(run)

    return step


def carried(slot: int) -> Step:
    """What a loop carries along, or the error in its place."""

    def step(run: Run) -> object:
        value = run.local[slot]
        if isinstance(value, EvaluationFailed):
            raise value
        return value

    return step


def local(slot: int) -> Step:
    """The variable of a loop."""

    def step(run: Run) -> object:
        return run.local[slot]

    return step


def _items(value: object) -> tuple[object, ...]:
    if type(value) is tuple:
        return value
    if type(value) is dict:
        return tuple(value)
    raise EvaluationFailed(f"a loop goes over a list or a map, not over {word(value)}")
