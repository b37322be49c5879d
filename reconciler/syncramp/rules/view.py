"""What an expression sees: names and types for the checker, and the values of one entry for the evaluation.

``entry`` has the attributes of the directory, ``object`` those of the cloud object as the built-in rules made it, and
``source`` is the name of the source. A value is converted when an expression names it: a value that is white space
alone is none, as for the built-in rules, and one that cannot be read fails the expression that names it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from syncramp.expr.environment import Environment, Expression
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Name, Values
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Type, Value
from syncramp.rules.catalogue import DIRECTORY, WIRE
from syncramp.rules.flows import FLOWS
from syncramp.rules.origins import STAND_INS
from syncramp.rules.secrets import is_secret
from syncramp.rules.values import Raw, boolean, number, text, texts
from syncramp.source.canonical import LINKS
from syncramp.spec.types import DeclaredAttribute

_SINGLE: Mapping[Type, Callable[[Raw], Value | None]] = {
    Type.STRING: text,
    Type.REFERENCE: text,
    Type.BOOLEAN: boolean,
    Type.INTEGER: number,
    Type.BINARY: lambda raw: raw[0] or None,
}
_SEVERAL: Mapping[Type, Callable[[Raw], Any]] = {
    Type.STRING: texts,
    Type.REFERENCE: texts,
    Type.BOOLEAN: lambda raw: tuple(boolean((value,)) for value in raw),
    Type.INTEGER: lambda raw: tuple(number((value,)) for value in raw),
    Type.BINARY: lambda raw: tuple(raw),
}


def directory_names(declared: Iterable[DeclaredAttribute]) -> dict[str, Name]:
    """The attributes of ``entry``: those that are known, and those that the document declares; without ``member``,
    whose values travel as changes, and without secrets."""
    names = {
        name: Name(found.type, found.multi)
        for name, found in DIRECTORY.items()
        if name.lower() != LINKS and not is_secret(name)
    }
    return names | {own.name: Name(own.type, own.multi) for own in declared}


def object_names(kind: Kind) -> dict[str, Name]:
    """The attributes of ``object``: those that the built-in rules make; no references, which are no anchors yet."""
    made = sorted({flow.wire for flow in FLOWS[kind]} | STAND_INS[kind].keys())
    return {name: Name(WIRE[kind][name].type, WIRE[kind][name].multi) for name in made}


def environment(kind: Kind, declared: Iterable[DeclaredAttribute]) -> Environment:
    """What expressions of rules for a kind may name."""
    return Environment({"entry": directory_names(declared), "object": object_names(kind), "source": Type.STRING})


class Seen(NamedTuple):
    """One entry, as expressions see it."""

    entry: Entry
    made: Mapping[str, Value]
    """The object's attributes as the built-in rules made them."""
    unread: Mapping[str, str]
    """Those of them that cannot be read."""
    source: str


class Asked:
    """A compiled expression that knows how to read what it names.

    :param names: the attributes of ``entry``.
    """

    def __init__(self, expression: Expression, names: Mapping[str, Name]) -> None:
        self._expression = expression
        entry = sorted(expression.names.get("entry", ()))
        self._entry = [(name, name.lower(), _converter(names[name])) for name in entry]
        self._object = sorted(expression.names.get("object", ()))
        self.wanted = frozenset(low for _, low, _ in self._entry)
        """Attributes of the directory, in lower case."""

    def of(self, seen: Seen) -> Any:
        """The result for an entry.

        :raises EvaluationFailed: there is none; with its reason.
        """
        values: Values = {"entry": self._read(seen.entry), "object": self._made(seen), "source": seen.source}
        return self._expression.evaluate(values)

    def _read(self, entry: Entry) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, low, convert in self._entry:
            raw = entry.attributes.get(low)
            if raw:
                try:
                    value = convert(raw)
                except ValueError as error:
                    raise EvaluationFailed(f"entry.{name} cannot be read: {error}") from error
                if value is not None:
                    found[name] = value
        return found

    def _made(self, seen: Seen) -> dict[str, Any]:
        for name in self._object:
            if seen.unread.get(name):  # without a word: it does not exist there, and what stands in counts
                raise EvaluationFailed(f"object.{name} cannot be read")
        return {name: seen.made[name] for name in self._object if name in seen.made}


def _converter(name: Name) -> Callable[[Raw], Any]:
    return (_SEVERAL if name.multi else _SINGLE)[name.type]
