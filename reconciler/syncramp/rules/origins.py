"""Where an attribute of an object comes from, in words: for people who ask about one entry, and for what
expressions may name. No run decides by it."""

from dataclasses import dataclass
from functools import cache

from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.rules import values
from syncramp.rules.flows import FLOWS, REFERENCES, Flow
from syncramp.rules.values import Convert

WORDS: dict[Convert, str] = {
    values.text: "as it is",
    values.trimmed: "trimmed",
    values.cut: "trimmed, 448 characters",
    values.one_cut: "one value, trimmed, 448 characters",
    values.texts: "all values",
    values.all_trimmed: "all values, trimmed",
    values.binaries: "all values, bytes",
    values.binary: "bytes",
    values.integer: "number",
    values.long: "number of 64 bits",
    values.boolean: "true or false",
    values.guid_text: "GUID as text",
    values.filetime: "time, whole seconds",
    values.enabled: "true unless 0x2 is set",
    values.security_enabled: "true if 0x80000000 is set",
}
"""What each conversion does, as ``docs/attributes.md`` says it."""
REFERENCE = "the anchor of its target"
_PLACE = {
    "onPremisesDistinguishedName": "the DN of the entry",
    "dnsDomainName": "the DNS name of the DC parts of its DN",
}
_NAMELESS = {"displayName": "cn, because it has no displayName"}
_UNCONTROLLED = {
    "accountEnabled": "enabled, because it has no userAccountControl; disabled where that cannot be read"
}
STAND_INS = {
    Kind.USER: {
        **_PLACE,
        **_NAMELESS,
        "userPrincipalName": "sAMAccountName at the domain of its DN, because it has no userPrincipalName",
        **_UNCONTROLLED,
    },
    Kind.GROUP: {**_PLACE, **_NAMELESS, "securityEnabled": "false, because it has no groupType"},
    Kind.CONTACT: {**_NAMELESS, "alias": "cn, because it has no mailNickname"},
    Kind.DEVICE: {**_NAMELESS, **_UNCONTROLLED, "deviceTrustType": "always ServerAd"},
}
"""What follows from the place of an entry, and what stands in for a value that it does not have."""


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
    given = entry.attributes.get(flow.attribute.lower(), ()) if flow else ()
    stand_ins = STAND_INS[entry.kind]
    if flow and (given or wire not in stand_ins):
        return Origin(flow.attribute, given, words(flow))
    return Origin("", (), stand_ins.get(wire, ""))


def source_of(kind: Kind, wire: str) -> str:
    """The directory attribute of a wire attribute, in lower case; empty where no built-in rule makes it of one."""
    flow = _flows(kind).get(wire)
    return flow.attribute.lower() if flow else ""


def words(flow: Flow) -> str:
    """What becomes of a value on its way."""
    return REFERENCE if flow in _REFERENCES else WORDS[flow.convert]


def references(kind: Kind) -> dict[str, str]:
    """Wire name of a single reference -> the directory attribute that names its target, in lower case."""
    return {flow.wire: flow.attribute.lower() for flow in REFERENCES[kind]}


@cache
def _flows(kind: Kind) -> dict[str, Flow]:
    return {flow.wire: flow for flow in (*FLOWS[kind], *REFERENCES[kind])}


_REFERENCES = frozenset(flow for flows in REFERENCES.values() for flow in flows)
