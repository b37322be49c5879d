"""All rules of one source: is an entry synchronised, under which anchor, and with which attributes.

The rules are asked in this order, and the first that leaves an entry out ends it: the scopes of the document
(``scope``), what cannot be judged and what Microsoft leaves out (``exclusions``), the built-in flow (``mapping``) and
the anchor (``anchors``), and at last the document's own rules (``own``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b

from syncramp.model.facts import Entry
from syncramp.model.seams import Whereabouts
from syncramp.model.values import Kind
from syncramp.rules import mapping, primary_group
from syncramp.rules.anchors import AnchorRule, NoAnchor
from syncramp.rules.exclusions import USED, excluded, linked_mailbox, unreadable
from syncramp.rules.joins import JoinKeys
from syncramp.rules.own import OwnRules
from syncramp.rules.places import Place, place_of
from syncramp.rules.plain import PlainUsers
from syncramp.rules.precedence import USED as MERGED_BY
from syncramp.rules.scope import OUTSIDE, ScopeTest, bad_scope, lost_scope
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.rules.validation import validated
from syncramp.spec.types import DeclaredAttribute, Join, Merge, Scope, SourceAnchor

RULES_VERSION = 2
"""Raised by every change of a default rule: all entries are synchronised again, and the plan tells what follows."""
_NOTHING = frozenset[str]()


class Ruleset:
    """The rules of one source.

    :param scopes: what of the source is synchronised.
    :param source_anchor: the attribute that holds the anchor of users.
    :param source: the name of the source, for reasons.
    :param own: the document's rules for it; None where there are none.
    :param binary_anchor: the document declares that ``source_anchor`` holds bytes.
    :param verified: domains of the tenant in small letters; empty: not known.
    :param joins: how its entries are joined with those of other sources.
    :param among: the names of all sources, in the order of the document.
    :param declared: attributes that the document declares, for the expressions of joins.
    :param merges: how joined entries add up to lists.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        source_anchor: str,
        source: str,
        own: OwnRules | None = None,
        *,
        binary_anchor: bool = False,
        verified: frozenset[str] = frozenset(),
        joins: Sequence[Join] = (),
        among: Sequence[str] = (),
        declared: Sequence[DeclaredAttribute] = (),
        merges: Mapping[str, Merge] | None = None,
    ) -> None:
        self.scopes = tuple(scopes)
        self.source_anchor, self.binary_anchor = source_anchor, binary_anchor
        self.source, self.own = source, own
        self._scopes = [ScopeTest(scope) for scope in scopes]
        self._anchor = AnchorRule(source_anchor, binary=binary_anchor)
        self._verified = verified
        self.keys = JoinKeys(joins, self.anchor, source, declared)
        """By what its entries are joined."""
        self.wanted = self._wanted()
        """Attributes to read from the directory, in lower case."""
        self.deciding = self._deciding()
        """Those of them by which the document itself leaves entries out."""
        anchor = f"{source_anchor};binary" if binary_anchor else source_anchor
        together = (self.keys.identity, *among, repr(sorted((merges or {}).items()))) if joins else ()
        self.digest = self._digest(scopes, anchor, together)
        """16 bytes for what the document says; when they change, every entry must be synchronised again."""
        self.version = RULES_VERSION
        """Of the built-in rules: the same."""
        self.asked = self._asked()
        """A digest of what the source is asked for; when it changes, what changed since then is not enough."""

    def _wanted(self) -> frozenset[str]:
        filters = {name for scope in self._scopes if scope.filter for name in scope.filter.attributes}
        own = self.own.wanted if self.own else frozenset()
        anchors = {SourceAnchor.CONSISTENCY_GUID.lower(), self._anchor.attribute}
        joins = self.keys.wanted | MERGED_BY if self.keys.wanted else frozenset()
        always = {"member", primary_group.ATTRIBUTE}
        return frozenset(mapping.READ | filters | own | USED | anchors | joins | always)

    def _deciding(self) -> frozenset[str]:
        filters = {name for scope in self._scopes if scope.filter for name in scope.filter.attributes}
        excludes = self.own is not None and any(map(self.own.may_exclude, Kind))
        return frozenset(filters | (self.own.wanted if self.own and excludes else frozenset()))

    @property
    def places(self) -> Sequence[Place]:
        """Where its scopes are, in their order."""
        return [scope.place for scope in self._scopes]

    @property
    def tests(self) -> Sequence[ScopeTest]:
        """Its scopes, ready to be asked."""
        return self._scopes

    def settle(self, directory: Whereabouts) -> None:
        """Look up where its scopes are, and who is in their pilot groups; from now on entries are judged by that.

        :param directory: what the source was seen to hold.
        """
        self._scopes = [ScopeTest(scope, place_of(scope, directory)) for scope in self.scopes]

    def holds_place(self, entry: Entry) -> bool:
        """The entry is at or below the base of a scope, or may be."""
        return any(scope.holds_place(entry) or scope.place.no_base for scope in self._scopes)

    def _asked(self) -> str:
        places = sorted((scope.dn, sorted(scope.kinds)) for scope in self.scopes)
        asked = self.version, sorted(self.wanted), places
        return blake2b(repr(asked).encode(), digest_size=16).hexdigest()

    def _digest(self, scopes: Sequence[Scope], source_anchor: str, joins: Sequence[str]) -> bytes:
        parts = [(scope.dn, sorted(scope.kinds), scope.filter or "", *_more(scope)) for scope in scopes]
        own = self.own.identity if self.own else ""
        said = (str(source_anchor), parts, own, sorted(self._verified), *joins)
        return blake2b(repr(said).encode(), digest_size=16).digest()

    def anchor(self, entry: Entry) -> str:
        """The source anchor of an entry, as it stands on the wire; empty if it has none."""
        return self._anchor_of(entry)[0]

    def _anchor_of(self, entry: Entry) -> tuple[str, str]:
        """The anchor, or why there is none."""
        try:
            return self._anchor.anchor(entry), ""
        except NoAnchor as reason:
            return "", str(reason)

    def in_scope(self, entry: Entry) -> bool:
        """The entry is synchronised; cheaper than the whole decision."""
        if bad_scope(entry, self._scopes) or unreadable(entry) or excluded(entry) or linked_mailbox(entry):
            return False
        return not self._may_exclude(entry) or self.decide(entry).object is not None

    def undecided(self, entry: Entry) -> bool:
        """The entry cannot be judged, and stays what it is."""
        if bad_scope(entry, self._scopes):
            return bool(lost_scope(entry, self._scopes))
        return bool(unreadable(entry)) or (self._may_exclude(entry) and self.decide(entry).undecided)

    def _may_exclude(self, entry: Entry) -> bool:
        return self.own is not None and self.own.may_exclude(entry.kind)

    def plain_users(self) -> PlainUsers | None:
        """Those of its users of whom nothing needs to be asked; None: the document asks something of everybody."""
        if self.own is not None and self.own.concerns(Kind.USER):
            return None
        return PlainUsers(self._scopes, self._anchor, self._verified)

    def validated(self, made: DirectoryObject) -> DirectoryObject:
        """An object as all rules made it, without what the service would not take."""
        return validated(made, self._verified)

    def decide(self, entry: Entry) -> Decision:
        """The object an entry should be in the cloud, or why there is none."""
        if reason := bad_scope(entry, self._scopes):
            if lost := lost_scope(entry, self._scopes):
                return Decision(None, lost, undecided=True, disabled=mapping.disabled(entry), stalled=True)
            return Decision(None, f"{reason} of source {self.source}" if reason == OUTSIDE else reason)
        if reason := unreadable(entry):
            return Decision(None, reason, undecided=True, disabled=mapping.disabled(entry))
        if reason := excluded(entry):
            return Decision(None, reason)
        attributes, references, wrong = mapping.values_of(entry)
        anchor, anchorless = self._anchor_of(entry)
        unread = frozenset(wrong) if wrong else _NOTHING
        made = DirectoryObject(entry.kind, anchor, attributes, references, unread)
        if reason := linked_mailbox(entry):
            attributes.pop("userPrincipalName", None)
            part = self._with_own(entry, Decision(replace(made, anchor="")), wrong)
            return part if part.object is None else Decision(None, reason, partial=part.object)
        warnings = tuple(filter(None, wrong.values())) if wrong else ()
        decision = Decision(made, "", warnings, anchorless=anchorless)
        return self._with_own(entry, decision, wrong)

    def _with_own(self, entry: Entry, decision: Decision, wrong: Mapping[str, str]) -> Decision:
        return decision if self.own is None else self.own.applied(entry, decision, wrong)


def _more(scope: Scope) -> tuple[object, ...]:
    """What a scope says beside what every scope says; nothing, where it says no more."""
    said = (str(scope.guid), scope.exclude, scope.group)
    return said if (scope.guid, scope.exclude, scope.group) != (None, (), None) else ()
