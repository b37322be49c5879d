"""The scopes of a source: which of its entries a document asks for.

Where a scope is and who is in its pilot group stands in the directory (``places``). Of a scope that was not found
nobody can tell who is in it: who may be stays as it is.
"""

from collections.abc import Sequence

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules.places import Place, document_place, named_group
from syncramp.source import dn
from syncramp.source.filter import parse
from syncramp.spec.types import Scope

OUTSIDE = "outside every scope"

_Reason = str


def bad_scope(entry: Entry, scopes: Sequence["ScopeTest"]) -> _Reason:
    """Why no scope holds the entry; empty when one does."""
    for scope in scopes:
        if entry.kind in scope.kinds and scope.holds_place(entry) and scope.matches(entry) and scope.chooses(entry):
            return ""
    below = [scope for scope in scopes if scope.lies_below(entry)]
    if not below:
        return OUTSIDE
    taken = [scope for scope in below if scope.holds_place(entry)]
    if not taken:
        return f"its scope leaves out what lies below {below[0].excluded_by(entry)}"
    kind = [scope for scope in taken if entry.kind in scope.kinds]
    if not kind:
        return f"its scope does not name the kind {entry.kind.value}"
    matching = [scope for scope in kind if scope.matches(entry)]
    if matching:
        return f"not a direct member of the pilot group {matching[0].group} of its scope"
    return "it does not match the filter of its scope"


def lost_scope(entry: Entry, scopes: Sequence["ScopeTest"]) -> _Reason:
    """Why nobody can tell whether a scope holds an entry that none holds for sure; empty when that can be told."""
    for scope in scopes:
        place = scope.place
        if place.lost and entry.kind in scope.kinds and (place.no_base or scope.holds_place(entry)):
            return place.lost
    return ""


class ScopeTest:
    """One scope, ready to be asked.

    :param place: where it is; None: where the document says, as far as that can be told without the directory.
    """

    def __init__(self, scope: Scope, place: Place | None = None) -> None:
        self.place = place or document_place(scope)
        self.kinds = scope.kinds
        self.filter = parse(scope.filter) if scope.filter else None
        self.group = named_group(scope.group) if scope.group is not None else None
        """What the document calls its pilot group."""

    def takes_all(self, kind: Kind) -> bool:
        """Whether it holds an entry of this kind is told by the entry's name alone."""
        return kind in self.kinds and self.filter is None and self.group is None and not self.place.no_base

    def holds_name(self, name: str) -> bool:
        """Who has this DN is at or below the scope's base, and in no subtree that is left out."""
        excluded = self.place.excluded
        below = dn.lies_below(name, self.place.base)
        return below and not (excluded and any(dn.lies_below(name, other) for other in excluded))

    def lies_below(self, entry: Entry) -> bool:
        """The entry is at or below the scope's base."""
        return not self.place.no_base and dn.lies_below(entry.dn, self.place.base)

    def excluded_by(self, entry: Entry) -> str:
        """The DN that leaves the entry out; empty if none does."""
        return next((name for name in self.place.excluded if dn.lies_below(entry.dn, name)), "")

    def holds_place(self, entry: Entry) -> bool:
        """The entry is at or below the scope's base, and in no subtree that is left out."""
        return self.lies_below(entry) and not (self.place.excluded and self.excluded_by(entry))

    def matches(self, entry: Entry) -> bool:
        """The scope's filter, if it has one, holds for the entry."""
        return self.filter is None or self.filter.matches(entry.attributes)

    def chooses(self, entry: Entry) -> bool:
        """The entry is a direct member of the scope's pilot group, if it has one."""
        return self.group is None or (self.place.members is not None and entry.guid in self.place.members)
