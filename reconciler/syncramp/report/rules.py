"""Rules as a table for people, and as one document for machines: the built-in ones, and those of a document."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from syncramp.expr.types import Name
from syncramp.model.values import Kind
from syncramp.rules.listing import BuiltIn, Row
from syncramp.rules.settable import settable
from syncramp.spec.types import Rule

BUILT_IN = "built-in"
_HEAD = ("precedence", "attribute", "type", "values", "from", "how")


def rules_lines(built_in: Iterable[BuiltIn], own: Sequence[Rule] | None) -> Iterator[str]:
    """Rules as text.

    :param own: the document's rules for these kinds; None without a document.
    """
    for rules in built_in:
        mine = [rule for rule in own or () if rule.kind is rules.kind]
        yield f"{rules.kind.value}: who is left out"
        yield from _table([(_rank(rule), f"rule {rule.name}", _condition(rule)) for rule in mine if rule.excludes])
        yield from _table([(BUILT_IN, rule.reason, rule.when) for rule in rules.exclusions])
        yield ""
        yield f"{rules.kind.value}: attributes"
        flows = [row for rule in mine for row in _own_rows(rule)]
        yield from _table([_HEAD, *flows, *(_row(row) for row in rules.rows)])
        yield ""


def rules_document(built_in: Iterable[BuiltIn], own: Sequence[Rule] | None) -> dict[str, Any]:
    """The same as plain data; member ``rules`` only with a document."""
    found: dict[str, Any] = {"builtIn": [_plain(rules) for rules in built_in]}
    return found if own is None else {"rules": [_plain_own(rule) for rule in own], **found}


def rules_yaml(document: dict[str, Any]) -> str:
    """As YAML."""
    import yaml

    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text.rstrip("\n")


def rules_json(document: dict[str, Any]) -> str:
    """As JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(row: Row) -> tuple[str, ...]:
    how = row.how + (f", where {row.needs} has a value" if row.needs else "")
    how += f"; or {row.otherwise}" if row.otherwise else ""
    return BUILT_IN, row.wire, row.type.value, _number(row), row.attribute or "-", how


def _number(row: Row | Name) -> str:
    return "several" if row.multi else "one"


def _own_rows(rule: Rule) -> Iterator[tuple[str, ...]]:
    for wire, expression in sorted(rule.sets.items()):
        yield _rank(rule), wire, *_form(rule.kind, wire), f"rule {rule.name}", f"{expression}{_suffix(rule)}"
    for wire in sorted(rule.clears):
        yield _rank(rule), wire, *_form(rule.kind, wire), f"rule {rule.name}", f"cleared{_suffix(rule)}"


def _form(kind: Kind, wire: str) -> tuple[str, str]:
    known = settable(kind, wire)
    return known.type.value, _number(known)


def _rank(rule: Rule) -> str:
    return str(rule.precedence)


def _condition(rule: Rule) -> str:
    found = rule.when or "always"
    return f"{found}, in source {rule.source}" if rule.source else found


def _suffix(rule: Rule) -> str:
    return f", when {_condition(rule)}" if rule.when or rule.source else ""


def _plain(rules: BuiltIn) -> dict[str, Any]:
    return {
        "kind": rules.kind.value,
        "exclude": [{"reason": rule.reason, "when": rule.when} for rule in rules.exclusions],
        "attributes": [_plain_row(row) for row in rules.rows],
    }


def _plain_row(row: Row) -> dict[str, Any]:
    found = {
        "name": row.wire,
        "type": row.type.value,
        "multiValued": row.multi,
        "from": row.attribute,
        "how": row.how,
        "needs": row.needs,
        "otherwise": row.otherwise,
    }
    return {name: value for name, value in found.items() if value != ""}


def _plain_own(rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": rule.name,
        "precedence": rule.precedence,
        "kind": rule.kind.value,
        "source": rule.source,
        "when": rule.when,
        "exclude": {} if rule.excludes else None,
        "set": dict(rule.sets) or None,
        "clear": list(rule.clears) or None,
    }
    return {name: value for name, value in found.items() if value is not None}
