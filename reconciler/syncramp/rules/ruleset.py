"""The default rules of one source: is an entry synchronised, under which anchor, and with which attributes.

``anchors`` says which anchor an entry has.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.anchors import AnchorRule, NoAnchor
from syncramp.rules.flows import FLOWS, REFERENCES, Flow
from syncramp.rules.scope import OUTSIDE, USED, ScopeTest, bad_scope, excluded, unreadable
from syncramp.rules.types import Decision, DirectoryObject
from syncramp.rules.values import Convert
from syncramp.spec.types import Scope, SourceAnchor

RULES_VERSION = 1
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
        self._flows = {kind: _by_attribute((*FLOWS[kind], *REFERENCES[kind])) for kind in Kind}
        self.wanted = self._wanted()
        """Attributes to read from the directory, in lower case."""
        self.digest = self._digest(scopes, source_anchor)
        """16 bytes; when they change, every entry must be synchronised again."""

    def _wanted(self) -> frozenset[str]:
        flows = {attribute for kind in FLOWS.values() for _, attribute, _ in kind}
        references = {attribute for kind in REFERENCES.values() for _, attribute, _ in kind}
        filters = {name for scope in self._scopes if scope.filter for name in scope.filter.attributes}
        return frozenset(
            flows
            | references
            | filters
            | USED
            | {SourceAnchor.CONSISTENCY_GUID.lower(), self._anchor.attribute, "member"}
        )

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
        return not (bad_scope(entry, self._scopes) or unreadable(entry) or excluded(entry))

    def undecided(self, entry: Entry) -> bool:
        """The entry cannot be judged, and stays what it is."""
        return bool(unreadable(entry)) and not bad_scope(entry, self._scopes)

    def decide(self, entry: Entry) -> Decision:
        """The object an entry should be in the cloud, or why there is none."""
        if reason := bad_scope(entry, self._scopes):
            return Decision(None, f"{reason} of source {self._source}" if reason == OUTSIDE else reason)
        if reason := unreadable(entry):
            values, _ = _flow(entry, self._flows[entry.kind])
            return Decision(None, reason, undecided=True, disabled=values.get("accountEnabled") is False)
        if reason := excluded(entry):
            return Decision(None, reason)
        attributes, unread = _flow(entry, self._flows[entry.kind])
        named = {wire: str(attributes.pop(wire)) for wire, _, _ in REFERENCES[entry.kind] if wire in attributes}
        _derive(entry, attributes)
        if entry.kind is Kind.USER and "useraccountcontrol" not in entry.attributes:
            unread["accountEnabled"] = "useraccountcontrol: it is missing" if "objectsid" in entry.attributes else ""
        anchor, anchorless = self._anchor_of(entry)
        made = DirectoryObject(entry.kind, anchor, attributes, named, frozenset(unread))
        return Decision(made, "", tuple(filter(None, unread.values())), anchorless=anchorless)


_Flows = Mapping[str, Sequence[tuple[str, Convert]]]


def _by_attribute(flows: Sequence[Flow]) -> _Flows:
    """Wire names and conversions by directory attribute: an entry has 20 of the 60 that flow."""
    found: dict[str, list[tuple[str, Convert]]] = {}
    for wire, name, convert in flows:
        found.setdefault(name, []).append((wire, convert))
    return found


def _flow(entry: Entry, flows: _Flows) -> tuple[dict[str, Value], dict[str, str]]:
    """Values by wire name, and what is wrong with those that cannot be read."""
    attributes: dict[str, Value] = {}
    unread: dict[str, str] = {}
    for name, raw in entry.attributes.items():
        for wire, convert in flows.get(name, ()) if raw else ():
            try:
                value = convert(raw)
            except (ValueError, OverflowError) as error:
                unread[wire] = f"{name}: {error}"
                continue
            if value is not None:
                attributes[wire] = value
    return attributes, unread


def _derive(entry: Entry, attributes: dict[str, Value]) -> None:
    """What follows from the place and the kind of an entry, and what stands in for a value that is not there."""
    if entry.kind is Kind.CONTACT:
        return
    attributes["onPremisesDistinguishedName"] = entry.dn
    domain = domain_of(entry.dn)
    if domain:
        attributes["dnsDomainName"] = domain
    if entry.kind is Kind.USER:
        # OpenLDAP has no userAccountControl: an account is enabled. In AD, where every account has it, it could not
        # be read: somebody new comes disabled, and everybody else keeps what is known of them.
        attributes.setdefault("accountEnabled", not entry.attributes.keys() & {"objectsid", "useraccountcontrol"})
        if domain:  # Microsoft's rule: without a userPrincipalName, the account name at its domain
            account = str(attributes.get("onPremisesSamAccountName", ""))
            attributes.setdefault("userPrincipalName", f"{account}@{domain}")
    else:
        attributes.setdefault("displayName", attributes.get("commonName", entry.dn))
        attributes.setdefault("securityEnabled", False)


def domain_of(dn: str) -> str:
    """The DNS name in the DC components of a canonical DN; empty without any."""
    parts = dn.split(",DC=")
    first = [parts[0][3:]] if parts[0].startswith("DC=") else []
    return ".".join([*first, *parts[1:]]).lower()
