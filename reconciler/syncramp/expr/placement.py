"""Where ``noValue()``, ``leave()`` and ``clear()`` may stand: where the result of the whole expression is made."""

from collections.abc import Iterator

from syncramp.expr.functions import SPECIALS
from syncramp.expr.refusals import Refused
from syncramp.expr.tree import Call, MapOf, Node, walk
from syncramp.expr.types import Name, Special, Want

RESULTS = {"_?_:_": (1, 2), "orValue": (1,), "choose": (1, 2)}
"""Function -> the arguments that may become its result."""


def misplaced(tree: Node, wants: Name | Want) -> None:
    """Look for a special result where it cannot be one.

    :raises Refused: there is one.
    """
    results = {id(node) for node in _results(tree)}
    for node in walk(tree):
        if not isinstance(node, Call) or node.function not in SPECIALS:
            continue
        if id(node) not in results:
            raise Refused(node.at, f"{node.function}() is a result, not a value to go on with")
        empty = isinstance(wants, Name) or (
            wants is not Want.CONDITION and SPECIALS[node.function] is Special.NO_VALUE
        )
        if isinstance(wants, Want) and not empty:
            raise Refused(node.at, f"a {wants.value} cannot be {node.function}()")


def _results(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, Call):
        for place in RESULTS.get(node.function, ()):
            yield from _results(node.arguments[place])
    elif isinstance(node, MapOf):
        for _, value, _ in node.entries:
            yield from _results(value)
