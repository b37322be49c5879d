"""What a document says of who is synchronised, as text that is kept, and as rules again.

A departure is judged by the document before, too: would the same entry have stayed under it? So what decides that is
kept with the store: the scopes of a source, its own rules with the attributes they declare, and the anchor. How
entries are joined and merged, and which domains are verified, leaves nobody out.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from syncramp.expr.errors import ExpressionError
from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Type
from syncramp.rules.own import OwnRules
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import DeclaredAttribute, Rule, Scope


def text_of(rules: Ruleset) -> str:
    """The rules of a source as text; the same rules give the same text."""
    own = rules.own
    said = {
        "source": rules.source,
        "anchor": rules.source_anchor,
        "binary": rules.binary_anchor,
        "scopes": [_scope(scope) for scope in rules.scopes],
        "rules": [_rule(rule) for rule in own.rules] if own else [],
        "declared": [[one.name, one.type.value, one.multi] for one in own.declared] if own else [],
    }
    return json.dumps(said, sort_keys=True)


def _scope(scope: Scope) -> list[Any]:
    """As earlier releases wrote it, and what it says beside that."""
    said = [scope.dn, sorted(scope.kinds), scope.filter]
    more = [str(scope.guid) if scope.guid else None, list(scope.exclude), scope.group]
    return said if more == [None, [], None] else [*said, *more]


def _scope_from(
    dn: str,
    kinds: Sequence[str],
    filter_: str | None,
    guid: str | None = None,
    exclude: Sequence[str] = (),
    group: str | None = None,
) -> Scope:
    return Scope(dn, frozenset(map(Kind, kinds)), filter_, UUID(guid) if guid else None, tuple(exclude), group)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "precedence": rule.precedence,
        "kind": rule.kind.value,
        "when": rule.when,
        "excludes": rule.excludes,
        "sets": dict(rule.sets),
        "clears": list(rule.clears),
    }


def rules_from(text: str) -> Ruleset:
    """The rules again, as far as they decide who is synchronised.

    :param text: as :func:`text_of` made it.
    :raises syncramp.expr.errors.ExpressionError: an expression that this release does not take any more.
    """
    said: Mapping[str, Any] = json.loads(text)
    scopes = [_scope_from(*scope) for scope in said["scopes"]]
    declared = [DeclaredAttribute(name, Type(type_), multi) for name, type_, multi in said["declared"]]
    rules = [Rule(**{**one, "kind": Kind(one["kind"]), "clears": tuple(one["clears"])}) for one in said["rules"]]
    own = OwnRules(rules, declared, said["source"]) if rules else None
    return Ruleset(scopes, said["anchor"], said["source"], own, binary_anchor=said["binary"])


class Before:
    """The documents before, for the entries of one source.

    :param texts: the rules that they had, of this source and of others that changed: an entry may have been read by
        another source.
    :param now: the rules that the source has now.
    :param settle: tells rules where their scopes are.
    """

    def __init__(self, texts: Sequence[str], now: Ruleset, settle: Callable[[Ruleset], None]) -> None:
        self._texts = texts
        self._now = now
        self._settle = settle
        self._rules: list[Ruleset | None] | None = None

    def kept(self, entry: Entry) -> bool:
        """The entry, as it is now, would be synchronised under one of them.

        What cannot be told counts as yes: rules that this release does not take, or that ask for attributes which
        nobody reads any more.
        """
        if self._rules is None:
            self._rules = [_made(text) for text in self._texts]
            for rules in filter(None, self._rules):
                self._settle(rules)
        return any(self._kept_by(rules, entry) for rules in self._rules)

    def _kept_by(self, rules: Ruleset | None, entry: Entry) -> bool:
        if rules is None:
            return True
        if not rules.holds_place(entry):
            return False
        decision = rules.decide(entry)
        return decision.part is not None or decision.undecided or not rules.deciding <= self._now.wanted


def _made(text: str) -> Ruleset | None:
    try:
        return rules_from(text)
    except ExpressionError:
        return None
