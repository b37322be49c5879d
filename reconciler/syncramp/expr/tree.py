"""An expression as a tree of nodes, read from the bytes of a checked CEL expression.

The library serialises what it parsed and checked as ``cel.expr.CheckedExpr`` in a ``google.protobuf.Any`` (cel-spec,
proto/cel/expr/checked.proto and syntax.proto; the numbers of the fields are from there). Macros arrive expanded into
folds, and every node knows where it stands in the text.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from syncramp.expr.protobuf import Fields, fields, number, numbers, signed, text


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; None is CEL's null. Floating and unsigned numbers have a kind of their own."""

    at: int
    value: str | bytes | bool | int | None
    kind: str = ""
    """``double`` or ``uint`` for the numbers that are not offered."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A variable, or the variable of a loop."""

    at: int
    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """``operand.field``, or ``has(operand.field)``."""

    at: int
    operand: "Node"
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator, with the overloads that its types allow."""

    at: int
    function: str
    arguments: tuple["Node", ...]
    """With the target of a method in front."""
    overloads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """``[a, ?b]``."""

    at: int
    items: tuple["Node", ...]
    optional: frozenset[int]
    """Places of the items that stand behind a ``?``."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """``{k: v}``, or a message of protocol buffers, ``name{field: v}``, whose fields have no key."""

    at: int
    message: str
    entries: tuple[tuple["Node | None", "Node", bool], ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """What a macro becomes: a loop over a list that carries a result along."""

    at: int
    variable: str
    range: "Node"
    accumulator: str
    initial: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


Node = Constant | Identifier | Select | Call | ListOf | MapOf | Fold


def read(serialized: bytes) -> Node:
    """The tree of a serialised expression."""
    checked = fields(fields(serialized)[2][0])
    overloads = {}
    for entry in map(fields, checked.get(2, ())):
        reference = fields(entry[2][0])
        overloads[number(entry, 1)] = tuple(str(raw, "utf-8") for raw in reference.get(3, ()))
    source = fields(checked[5][0])
    positions = {number(entry, 1): number(entry, 2) for entry in map(fields, source.get(4, ()))}
    return _Reader(overloads, positions).node(checked[4][0])


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below one."""
    match node:
        case Select():
            return (node.operand,)
        case Call():
            return node.arguments
        case ListOf():
            return node.items
        case MapOf():
            return tuple(part for key, value, _ in node.entries for part in (key, value) if part is not None)
        case Fold():
            return (node.range, node.initial, node.condition, node.step, node.result)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, from the top."""
    yield node
    for child in children(node):
        yield from walk(child)


@dataclass(frozen=True, slots=True)
class _Reader:
    overloads: dict[int, tuple[str, ...]]
    positions: dict[int, int]

    def node(self, raw: bytes) -> Node:
        found = fields(raw)
        id_ = number(found, 2)
        at = self.positions.get(id_, 0)
        if 3 in found:
            return _constant(at, fields(found[3][0]))
        if 4 in found:
            return Identifier(at, text(fields(found[4][0]), 1).removeprefix("."))
        if 5 in found:
            part = fields(found[5][0])
            return Select(at, self.node(part[1][0]), text(part, 2), bool(number(part, 3)))
        if 6 in found:
            part = fields(found[6][0])
            arguments = (*part.get(1, ()), *part.get(3, ()))
            return Call(at, text(part, 2), tuple(map(self.node, arguments)), self.overloads.get(id_, ()))
        if 7 in found:
            part = fields(found[7][0])
            return ListOf(at, tuple(map(self.node, part.get(1, ()))), frozenset(numbers(part, 2)))
        if 8 in found:
            part = fields(found[8][0])
            return MapOf(at, text(part, 1), tuple(map(self._entry, part.get(2, ()))))
        return self._fold(at, fields(found[9][0]))

    def _entry(self, raw: bytes) -> tuple[Node | None, Node, bool]:
        part = fields(raw)
        key = self.node(part[3][0]) if 3 in part else None
        return key, self.node(part[4][0]), bool(number(part, 5))

    def _fold(self, at: int, part: Fields) -> Fold:
        # 1 variable, 2 range, 3 accumulator, 4 its first value, 5 condition, 6 step, 7 result
        source, initial, condition, step, result = (self.node(part[field][0]) for field in (2, 4, 5, 6, 7))
        return Fold(at, text(part, 1), source, text(part, 3), initial, condition, step, result)


def _constant(at: int, part: Fields) -> Constant:
    if 2 in part:
        return Constant(at, bool(number(part, 2)))
    if 3 in part:
        return Constant(at, signed(number(part, 3)))
    if 4 in part or 5 in part:
        return Constant(at, 0, "uint" if 4 in part else "double")
    if 6 in part:
        return Constant(at, text(part, 6))
    return Constant(at, part[7][0] if 7 in part else None)
