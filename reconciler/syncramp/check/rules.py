"""Own rules: names of attributes and sources, expressions with their place, and rules that can never act."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from syncramp.check.expressions import expression_findings
from syncramp.check.findings import Finding
from syncramp.check.values import below, items, members, show, sound
from syncramp.expr.environment import Environment
from syncramp.expr.types import Want
from syncramp.model.values import Kind
from syncramp.rules.catalogue import well_known
from syncramp.rules.secrets import is_secret
from syncramp.rules.settable import NotSettable, clearable, settable
from syncramp.rules.view import environment
from syncramp.spec.structure import attribute_of, rule_of
from syncramp.spec.types import DeclaredAttribute, Rule
from syncramp.words import closest

Placed = tuple[str, Rule]
"""Where a rule stands, and itself."""


def own_rule_findings(data: Mapping[str, Any], refused: Collection[str]) -> Iterator[Finding]:
    """What is wrong with ``spec.attributes`` and ``spec.rules``.

    :param data: a document with its defaults.
    :param refused: paths that the schema has refused; what stands around them is not judged.
    """
    spec = data.get("spec")
    if not isinstance(spec, dict):
        return
    declared = [
        (path, attribute_of(body)) for path, body in sound("spec.attributes", spec.get("attributes"), refused)
    ]
    rules = [(path, rule_of(body)) for path, body in sound("spec.rules", spec.get("rules"), refused)]
    scopes = {body["name"]: _kinds(body) for _, body in sound("spec.sources", spec.get("sources"), refused)}
    names = [name for _, body in items("", spec.get("sources")) if isinstance(name := members(body).get("name"), str)]
    yield from _declarations(declared)
    environments: dict[Kind, Environment] = {}
    for path, rule in rules:
        if rule.kind not in environments:
            environments[rule.kind] = environment(rule.kind, [one for _, one in declared])
        yield from _texts(path, rule, environments[rule.kind])
        yield from _source(path, rule, names)
    yield from _idle(rules, scopes)


def unsaid(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Attributes that a rule sets to null: an API server drops them without a word.

    :param data: a document as it was written.
    """
    for path, rule in items("spec.rules", members(data.get("spec")).get("rules")):
        for wire, text in members(members(rule).get("set")).items():
            if text is None:
                remedy = "write an expression, or name the attribute below clear"
                yield Finding(below(f"{path}.set", wire), "has no expression, and would be dropped", remedy)


def _kinds(source: Mapping[str, Any]) -> frozenset[Kind]:
    return frozenset(Kind(kind) for scope in source["scope"] for kind in scope["kinds"])


def _declarations(declared: Iterable[tuple[str, DeclaredAttribute]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, own in declared:
        low, place = own.name.lower(), f"{path}.name"
        if is_secret(low):
            yield Finding(place, "holds secrets, which no rule may read", "remove it", show(place, own.name))
        elif known := well_known(low):
            number = "any number of values" if known.multi else "one value"
            reason = f"is known already: {known.name}, {known.type.value}, {number}"
            yield Finding(place, reason, "remove it", show(place, own.name))
        elif low in seen:
            yield Finding(place, "is the name of an attribute above", "remove one of them", show(place, own.name))
        seen.add(low)


def _texts(path: str, rule: Rule, names: Environment) -> Iterator[Finding]:
    """Attributes that a rule names as its targets, and its expressions."""
    if rule.when is not None:
        yield from expression_findings(f"{path}.when", rule.when, names, Want.CONDITION)
    for wire, text in rule.sets.items():
        place = below(f"{path}.set", wire)
        try:
            wants = settable(rule.kind, wire)
        except NotSettable as error:
            yield Finding(place, str(error), error.remedy)
        else:
            yield from expression_findings(place, text, names, wants)
    for number, wire in enumerate(rule.clears):
        try:
            clearable(rule.kind, wire)
        except NotSettable as error:
            place = f"{path}.clear[{number}]"
            yield Finding(place, str(error), error.remedy, show(place, wire))


def _source(path: str, rule: Rule, names: Sequence[str]) -> Iterator[Finding]:
    if rule.source is None or rule.source in names:
        return
    near = closest(rule.source, names)
    remedy = f"did you mean {near}?" if near else f"write one of {', '.join(names)}, or remove the field"
    yield Finding(f"{path}.source", "no source of the document has this name", remedy, show(path, rule.source))


def _idle(rules: Sequence[Placed], scopes: Mapping[str, Collection[Kind]]) -> Iterator[Finding]:
    """Rules that can never act: whoever wrote one expects something else of it."""
    for path, rule in rules:
        theirs = [kinds for name, kinds in scopes.items() if rule.source in (None, name)]
        if theirs and not any(rule.kind in kinds for kinds in theirs):
            reason = f"can never act: no scope of its sources names the kind {rule.kind.value}"
            yield Finding(path, reason, "add the kind to a scope, or remove the rule")
        elif rule.when is not None and rule.when.strip() == "false":
            yield Finding(f"{path}.when", "can never act: it is always false", "remove the rule")
        elif other := next((one.name for _, one in rules if _leaves_nothing(one, rule)), ""):
            reason = f"can never act: rule {other} decides all of it before, and always"
            yield Finding(path, reason, f"remove one of them, or say when for {other}")


def _leaves_nothing(one: Rule, other: Rule) -> bool:
    """A rule decides everything that another one could, for all of its entries."""
    if one is other or one.when is not None or one.kind is not other.kind or one.source not in (None, other.source):
        return False
    if one.excludes:
        return not other.excludes or one.precedence < other.precedence
    decided = {*other.sets, *other.clears}
    return not other.excludes and one.precedence < other.precedence and decided <= set(one.clears)
