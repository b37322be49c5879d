"""The default rules of one source: is an entry synchronised, under which anchor, and with which attributes.

``anchors`` says which anchor an entry has.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

from syncramp.model.facts import Entry
from syncramp.rules import mapping
from syncramp.rules.anchors import AnchorRule, NoAnchor
from syncramp.rules.exclusions import USED, excluded, linked_mailbox, unreadable
from syncramp.rules.scope import OUTSIDE, ScopeTest, bad_scope
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.spec.types import Scope, SourceAnchor

RULES_VERSION = 2
"""Raised by every change of a default rule: all entries are synchronised again."""


class Ruleset:
    """The rules of one source.

    :param scopes: what of the source is synchronised.
    :param source_anchor: the attribute that holds the anchor of users.
    :param source: the name of the source, for reasons.
    """

    def __init__(self, scopes: Sequence[Scope], source_anchor: str, source: str) -> None:
        self._scopes = [ScopeTest(scope) for scope in scopes]
        self._anchor = AnchorRule(source_anchor)
        self._source = source
        self.wanted = self._wanted()
        """Attributes to read from the directory, in lower case."""
        self.digest = self._digest(scopes, source_anchor)
        """16 bytes; when they change, every entry must be synchronised again."""

    def _wanted(self) -> frozenset[str]:
        filters = {name for scope in self._scopes if scope.filter for name in scope.filter.attributes}
        anchors = {SourceAnchor.CONSISTENCY_GUID.lower(), self._anchor.attribute}
        return frozenset(mapping.READ | filters | USED | anchors | {"member"})

    @staticmethod
    def _digest(scopes: Sequence[Scope], source_anchor: str) -> bytes:
        parts = [(scope.dn, sorted(scope.kinds), scope.filter or "") for scope in scopes]
        return blake2b(repr((RULES_VERSION, str(source_anchor), parts)).encode(), digest_size=16).digest()

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
        return not (bad_scope(entry, self._scopes) or unreadable(entry) or excluded(entry) or linked_mailbox(entry))

    def undecided(self, entry: Entry) -> bool:
        """The entry cannot be judged, and stays what it is."""
        return bool(unreadable(entry)) and not bad_scope(entry, self._scopes)

    def decide(self, entry: Entry) -> Decision:
        """The object an entry should be in the cloud, or why there is none."""
        if reason := bad_scope(entry, self._scopes):
            return Decision(None, f"{reason} of source {self._source}" if reason == OUTSIDE else reason)
        if reason := unreadable(entry):
            return Decision(None, reason, undecided=True, disabled=mapping.disabled(entry))
        if reason := excluded(entry):
            return Decision(None, reason)
        attributes, references, wrong = mapping.values_of(entry)
        anchor, anchorless = self._anchor_of(entry)
        made = DirectoryObject(entry.kind, anchor, attributes, references, frozenset(wrong))
        if reason := linked_mailbox(entry):
            attributes.pop("userPrincipalName", None)
            return Decision(None, reason, partial=replace(made, anchor=""))
        return Decision(made, "", tuple(filter(None, wrong.values())), anchorless=anchorless)
