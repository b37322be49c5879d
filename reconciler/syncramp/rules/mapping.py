"""The default attribute flow of one entry: what it has becomes what its object has.

An entry is asked for the attributes it has, not for those a flow might want: most have a dozen of two hundred.
"""

from collections.abc import Mapping
from contextlib import suppress

from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.certificates import registrations
from syncramp.rules.flows import FLOWS, MAIL_ENABLED, REFERENCES
from syncramp.rules.values import Convert, text

READ = frozenset(
    flow.attribute.lower() for table in (FLOWS, REFERENCES) for flows in table.values() for flow in flows
)
"""Attributes to read from the directory, in lower case."""

_Table = Mapping[str, tuple[str, Convert]]
"""Directory attribute in lower case -> wire name and conversion."""


def _table(kind: Kind, *, mail_enabled: bool) -> _Table:
    return {
        flow.attribute.lower(): (flow.wire, flow.convert)
        for flow in (*FLOWS[kind], *REFERENCES[kind])
        if mail_enabled or flow.needs != MAIL_ENABLED
    }


_TABLES = {(kind, known): _table(kind, mail_enabled=known) for kind in FLOWS for known in (False, True)}
"""By kind, for entries with and without ``mailNickname``."""
_ACCOUNTS = frozenset({Kind.USER, Kind.DEVICE})
_REFERENCES = {kind: [flow.wire for flow in flows] for kind, flows in REFERENCES.items()}


def values_of(entry: Entry) -> tuple[dict[str, Value], dict[str, str], dict[str, str]]:
    """Attributes by wire name; references by wire name, as DNs; and what is wrong with those that cannot be told.

    The last is empty text where nothing is wrong and still nothing can be told.
    """
    attributes, wrong = _flow(entry, _TABLES[entry.kind, MAIL_ENABLED in entry.attributes])
    references = {wire: str(attributes.pop(wire)) for wire in _REFERENCES[entry.kind] if wire in attributes}
    _DERIVE[entry.kind](entry, attributes)
    if entry.kind in _ACCOUNTS and "useraccountcontrol" not in entry.attributes:
        wrong["accountEnabled"] = "useraccountcontrol: it is missing" if "objectsid" in entry.attributes else ""
    return attributes, references, wrong


def disabled(entry: Entry) -> bool:
    """The entry is an account that its directory says is disabled, whatever else can be read of it."""
    attributes, _ = _flow(entry, _TABLES[entry.kind, False])
    return attributes.get("accountEnabled") is False


def domain_of(dn: str) -> str:
    """The DNS name in the DC components of a canonical DN; empty without any."""
    parts = dn.split(",DC=")
    first = [parts[0][3:]] if parts[0].startswith("DC=") else []
    return ".".join([*first, *parts[1:]]).lower()


def _flow(entry: Entry, flows: _Table) -> tuple[dict[str, Value], dict[str, str]]:
    """Values by wire name, and what is wrong with those that cannot be read."""
    attributes: dict[str, Value] = {}
    wrong: dict[str, str] = {}
    for name, raw in entry.attributes.items():
        flow = flows.get(name)
        if flow is None or not raw:
            continue
        wire, convert = flow
        try:
            value = convert(raw)
        except (ValueError, OverflowError) as error:
            wrong[wire] = f"{name}: {error}"
            continue
        if value is not None:
            attributes[wire] = value
    return attributes, wrong


def _user(entry: Entry, attributes: dict[str, Value]) -> None:
    domain = _place(entry, attributes)
    _stand_in(entry, attributes, "displayName")
    attributes.setdefault("accountEnabled", _without_control(entry))
    if domain:  # without a userPrincipalName, the account name at its domain
        account = str(attributes.get("onPremisesSamAccountName", ""))
        attributes.setdefault("userPrincipalName", f"{account}@{domain}")


def _group(entry: Entry, attributes: dict[str, Value]) -> None:
    _place(entry, attributes)
    _stand_in(entry, attributes, "displayName")
    attributes.setdefault("displayName", entry.dn)
    attributes.setdefault("securityEnabled", False)


def _contact(entry: Entry, attributes: dict[str, Value]) -> None:
    _stand_in(entry, attributes, "displayName")
    _stand_in(entry, attributes, "alias")


def _device(entry: Entry, attributes: dict[str, Value]) -> None:
    _stand_in(entry, attributes, "displayName")
    attributes.setdefault("accountEnabled", _without_control(entry))
    attributes["deviceTrustType"] = "ServerAd"
    attributes["userCertificate"] = registrations(entry)


_DERIVE = {Kind.USER: _user, Kind.GROUP: _group, Kind.CONTACT: _contact, Kind.DEVICE: _device}
"""What follows from the place and the kind of an entry, and what stands in for a value that is not there."""


def _place(entry: Entry, attributes: dict[str, Value]) -> str:
    """The place of an entry in its directory; returns its domain."""
    attributes["onPremisesDistinguishedName"] = entry.dn
    domain = domain_of(entry.dn)
    if domain:
        attributes["dnsDomainName"] = domain
    return domain


def _without_control(entry: Entry) -> bool:
    """Whether an account is enabled that shows no userAccountControl.

    OpenLDAP has none: it is enabled. In AD, where every account has one, it could not be read: somebody new comes
    disabled, and everybody else keeps what is known of them.
    """
    return not entry.attributes.keys() & {"objectsid", "useraccountcontrol"}


def _stand_in(entry: Entry, attributes: dict[str, Value], wire: str) -> None:
    """The common name, where a name is missing."""
    if wire not in attributes and (name := entry.attributes.get("cn")) is not None:
        with suppress(UnicodeDecodeError):
            if value := text(name):
                attributes[wire] = value
