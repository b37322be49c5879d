"""A tree becomes nested Python functions, one for each node; calling the outermost one evaluates the expression.

The library evaluates too, but there every call of a Python function leaks its arguments (210 bytes for a short text),
and each result of null takes away a reference to Python's ``None`` until the process dies (cel-expr-python 0.1.3,
measured). Evaluated here, an expression reads the entry's mapping as it is, and what fails keeps its cause.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from syncramp.expr import access, operators
from syncramp.expr.access import Step
from syncramp.expr.choices import CHOICES, either
from syncramp.expr.folding import carried, collect, collecting, fold, local
from syncramp.expr.functions import OVERLOADS, SPECIALS
from syncramp.expr.library import matches
from syncramp.expr.refusals import Refused
from syncramp.expr.run import Run
from syncramp.expr.spelling import Spelled
from syncramp.expr.tree import Call, Constant, Fold, Identifier, ListOf, MapOf, Node, Select
from syncramp.expr.types import Optional

BINARY: Mapping[str, Callable[[object, object], object]] = {
    "_-_": operators.subtract,
    "_*_": operators.multiply,
    "_/_": operators.divide,
    "_%_": operators.modulo,
    "_==_": operators.equal,
    "_!=_": lambda left, right: not operators.equal(left, right),
    "@in": operators.contains,
    "_<_": operators.ordered("<", operator.lt),
    "_<=_": operators.ordered("<=", operator.le),
    "_>_": operators.ordered(">", operator.gt),
    "_>=_": operators.ordered(">=", operator.ge),
    "_[_]": operators.index,
    "_[?_]": operators.index_optional,
}
UNARY: Mapping[str, Callable[[object], object]] = {
    "-_": operators.negate,
    "!_": lambda value: not operators.truth(value),
}


@dataclass(slots=True)
class Compiler:
    """Makes steps of nodes, for one expression."""

    spelled: Spelled
    slots: int = 0
    names: dict[str, set[str]] = field(default_factory=dict)
    """Variable -> the attributes it is read for."""
    scope: dict[str, Step] = field(default_factory=dict)
    """The variables of the loops around."""

    def step(self, node: Node) -> Step:
        """The function that evaluates a node."""
        match node:
            case Constant():
                return self._constant(node)
            case Identifier():
                return self._identifier(node)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case MapOf():
                return self._map(node)
            case Fold():
                return self._fold(node)

    def _constant(self, node: Constant) -> Step:
        if node.kind:
            raise Refused(node.at, "numbers are whole numbers here", "write it without a point and without u")
        value = node.value
        return lambda _: value

    def _identifier(self, node: Identifier) -> Step:
        if node.name in self.scope:
            return self.scope[node.name]
        if node.name in self.spelled.plain:
            self.names.setdefault(node.name, set())
            return access.plain(node.name)
        if node.name in self.spelled.variables:
            raise Refused(node.at, f"{node.name} stands for all attributes", f"name one of them: {node.name}.mail")
        raise Refused(node.at, f"{node.name} is a type, and types are no values here")

    def _select(self, node: Select) -> Step:
        if self._is_variable(node.operand):
            return self._attribute(node.operand, node.field, access.present if node.test else access.required)
        holder, key = self.step(node.operand), node.field
        if node.test:
            return lambda run: operators.index_optional(holder(run), key).present
        return lambda run: operators.index(holder(run), key)

    def _is_variable(self, node: Node) -> bool:
        return isinstance(node, Identifier) and node.name not in self.scope and node.name in self.spelled.variables

    def _attribute(self, variable: Node, spelled: str, way: Callable[..., Step]) -> Step:
        assert isinstance(variable, Identifier)  # noqa: S101  # _is_variable said so
        name, kind = self.spelled.variables[variable.name][spelled]
        self.names.setdefault(variable.name, set()).add(name)
        return way(variable.name, name, kind)

    def _call(self, node: Call) -> Step:
        function, arguments = node.function, node.arguments
        if function == "_?._" and self._is_variable(arguments[0]):
            return self._attribute(arguments[0], str(_literal(arguments[1])), access.optional)
        if function in SPECIALS:
            special = SPECIALS[function]
            return lambda _: special
        steps = tuple(self.step(argument) for argument in arguments)
        if function == "matches" and isinstance(arguments[1], Constant):
            _check_pattern(arguments[1])
        if function in CHOICES:
            return CHOICES[function](*steps)
        if function == "_+_":
            one, other = steps
            return lambda run: run.take(operators.add(one(run), other(run)))
        if function in BINARY:
            return _two(BINARY[function], *steps)
        if function in UNARY:
            return _one(UNARY[function], *steps)
        overloads = [OVERLOADS[id_] for id_ in node.overloads if id_ in OVERLOADS]
        if not overloads:
            raise Refused(node.at, f"{function.strip('_@')} is not offered")
        return either(function, overloads, steps)

    def _list(self, node: ListOf) -> Step:
        steps = tuple(map(self.step, node.items))
        if not node.optional:
            return lambda run: run.take(tuple([step(run) for step in steps]))
        return _with_optional(steps, node.optional)

    def _map(self, node: MapOf) -> Step:
        if node.message:
            raise Refused(node.at, f"{node.message} is a type, and types are no values here")
        entries = []
        for key, value, optional in node.entries:
            if key is None or optional:
                raise Refused(node.at, "an entry of a map cannot be missing", "leave the ? away")
            entries.append((self.step(key), self.step(value)))
        return lambda run: operators.mapped([(key(run), value(run)) for key, value in entries])

    def _fold(self, node: Fold) -> Step:
        source = self.step(node.range)
        around = dict(self.scope)
        variable, accumulator = self.slots, self.slots + 1
        self.slots += 2
        initial = self.step(node.initial)
        self.scope[node.accumulator] = carried(accumulator)
        self.scope[node.variable] = local(variable)
        made = self._collect(node, source, variable)
        if made is None:
            condition, once = self.step(node.condition), self.step(node.step)
            del self.scope[node.variable]
            if node.variable in around:
                self.scope[node.variable] = around[node.variable]
            made = fold(source, (variable, accumulator), initial, condition, (once, self.step(node.result)))
        self.scope = around
        return made

    def _collect(self, node: Fold, source: Step, variable: int) -> Step | None:
        found = collecting(node)
        if found is None:
            return None
        condition, item = found
        return collect(source, variable, None if condition is None else self.step(condition), self.step(item))


def _check_pattern(node: Constant) -> None:
    try:
        matches("", str(node.value))
    except ValueError as error:
        raise Refused(node.at, str(error), "write it as RE2 does") from None


def _literal(node: Node) -> object:
    return node.value if isinstance(node, Constant) else None


def _two(work: Callable[[object, object], object], one: Step, other: Step) -> Step:
    return lambda run: work(one(run), other(run))


def _one(work: Callable[[object], object], one: Step) -> Step:
    return lambda run: work(one(run))


def _with_optional(steps: tuple[Step, ...], optional: frozenset[int]) -> Step:
    def step(run: Run) -> object:
        made = []
        for place, item in enumerate(steps):
            value = item(run)
            if place not in optional:
                made.append(value)
            elif isinstance(value, Optional) and value.present:
                made.append(value.value)
        return run.take(tuple(made))

    return step
