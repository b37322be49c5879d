"""The scopes of a source: which of its entries a document asks for."""

from collections.abc import Sequence

from syncramp.model.facts import Entry
from syncramp.source import dn
from syncramp.source.filter import parse
from syncramp.spec.types import Scope

OUTSIDE = "outside every scope"

_Reason = str


def bad_scope(entry: Entry, scopes: Sequence["ScopeTest"]) -> _Reason:
    """Why no scope holds the entry; empty when one does."""
    for scope in scopes:
        if entry.kind in scope.kinds and scope.holds_place(entry) and scope.matches(entry):
            return ""
    below = [scope for scope in scopes if scope.holds_place(entry)]
    if not below:
        return OUTSIDE
    if not any(entry.kind in scope.kinds for scope in below):
        return f"its scope does not name the kind {entry.kind.value}"
    return "it does not match the filter of its scope"


class ScopeTest:
    """One scope, ready to be asked."""

    def __init__(self, scope: Scope) -> None:
        self.base = dn.canonical(scope.dn)
        self.kinds = scope.kinds
        self.filter = parse(scope.filter) if scope.filter else None

    def holds_place(self, entry: Entry) -> bool:
        """The entry is at or below the scope's DN."""
        return dn.lies_below(entry.dn, self.base)

    def matches(self, entry: Entry) -> bool:
        """The scope's filter, if it has one, holds for the entry."""
        return self.filter is None or self.filter.matches(entry.attributes)
