"""Where an attribute of an object comes from, in words: for people who ask about one entry. No run uses it."""

from dataclasses import dataclass
from functools import cache

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules import values
from syncramp.rules.catalogue import DIRECTORY
from syncramp.rules.flows import FLOWS, REFERENCES
from syncramp.rules.values import Convert

WORDS: dict[Convert, str] = {
    values.text: "text",
    values.texts: "all values",
    values.certificates: "all values, up to 15",
    values.binary: "bytes",
    values.integer: "number",
    values.guid_text: "GUID as text",
    values.filetime: "time, whole seconds",
    values.enabled: "true unless 0x2 is set",
    values.security_enabled: "true if 0x80000000 is set",
}
"""What each conversion does, as ``docs/rules.md`` says it."""
REFERENCE = "the anchor of its target"
_PLACE = {
    "onPremisesDistinguishedName": "the DN of the entry",
    "dnsDomainName": "the DNS name of the DC parts of its DN",
}
STAND_INS = {
    Kind.USER: {
        **_PLACE,
        "userPrincipalName": "sAMAccountName at the domain of its DN, because it has no userPrincipalName",
        "accountEnabled": "it has no userAccountControl: enabled, but disabled where that cannot be read",
    },
    Kind.GROUP: {
        **_PLACE,
        "displayName": "cn, because it has no displayName",
        "securityEnabled": "false, because it has no groupType",
    },
    Kind.CONTACT: {},
}
"""What follows from the place of an entry, and what stands in for a value that it does not have."""

_USUAL = {name.lower(): name for name in DIRECTORY}


@dataclass(frozen=True, slots=True)
class Origin:
    """How the built-in rules make one attribute of an entry."""

    attribute: str
    """The directory attribute, by its usual spelling; empty where it is made of something else."""
    given: tuple[bytes, ...]
    """What the directory has there."""
    how: str


def origin(wire: str, entry: Entry) -> Origin:
    """The built-in rule for a wire attribute of an entry.

    :param wire: a name that the service knows; one that no rule makes has an origin without words.
    """
    flow = _flows(entry.kind).get(wire)
    given = entry.attributes.get(flow[0], ()) if flow else ()
    stand_ins = STAND_INS[entry.kind]
    if flow and (given or wire not in stand_ins):
        return Origin(_USUAL.get(flow[0], flow[0]), given, flow[1])
    return Origin("", (), stand_ins.get(wire, ""))


def references(kind: Kind) -> dict[str, str]:
    """Wire name of a single reference -> the directory attribute that names its target."""
    return {wire: attribute for wire, attribute, _ in REFERENCES[kind]}


@cache
def _flows(kind: Kind) -> dict[str, tuple[str, str]]:
    found = {wire: (attribute, WORDS[convert]) for wire, attribute, convert in FLOWS[kind]}
    return found | {wire: (attribute, REFERENCE) for wire, attribute in references(kind).items()}
