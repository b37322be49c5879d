"""The default attribute flow of one entry: what it has becomes what its object has.

An entry is asked for the attributes it has, not for those a flow might want: most have a dozen of two hundred. How
these flow is found once for all entries that have the same ones (``_Shape``), and texts, which most of them are, are
read all together. An entry with a text that cannot be read, or that is none, is read attribute by attribute.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from syncramp.model.facts import Entry
from syncramp.model.values import Kind, Value
from syncramp.rules.certificates import registrations
from syncramp.rules.flows import FLOWS, MAIL_ENABLED, REFERENCES
from syncramp.rules.values import Convert, text, trimmed

READ = frozenset(
    flow.attribute.lower() for table in (FLOWS, REFERENCES) for flows in table.values() for flow in flows
)
"""Attributes to read from the directory, in lower case."""

_Table = Mapping[str, tuple[str, Convert]]
"""Directory attribute in lower case -> wire name and conversion."""
_Way = tuple[str, str, Convert]
"""The same as one: the attribute's name in the directory, that on the wire, and how it is converted."""


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


class _Shape(NamedTuple):
    """How the attributes of an entry flow; of all entries of a kind that have the same ones."""

    texts: tuple[str, ...]
    """Those that become text as it is."""
    trimmed: tuple[str, ...]
    """Those that become text without white space around it."""
    wires: tuple[str, ...]
    """What both are called on the wire, in this order."""
    others: tuple[_Way, ...]
    flows: tuple[_Way, ...]
    """All of them."""
    references: tuple[str, ...]
    """Those on the wire that are references."""
    no_control: bool
    """An account that shows no userAccountControl."""


@lru_cache(maxsize=4096)
def _shape(kind: Kind, names: tuple[str, ...]) -> _Shape:
    table = _TABLES[kind, MAIL_ENABLED in names]
    flows = tuple((name, *table[name]) for name in names if name in table)
    texts = {name: wire for name, wire, convert in flows if convert is text}
    bare = {name: wire for name, wire, convert in flows if convert is trimmed}
    return _Shape(
        tuple(texts),
        tuple(bare),
        (*texts.values(), *bare.values()),
        tuple(flow for flow in flows if flow[0] not in texts and flow[0] not in bare),
        flows,
        tuple(wire for wire in _REFERENCES[kind] if wire in texts.values()),
        kind in _ACCOUNTS and "useraccountcontrol" not in names,
    )


def values_of(entry: Entry) -> tuple[dict[str, Value], dict[str, str], dict[str, str]]:
    """Attributes by wire name; references by wire name, as DNs; and what is wrong with those that cannot be told.

    The last is empty text where nothing is wrong and still nothing can be told.
    """
    shape = _shape(entry.kind, tuple(entry.attributes))
    attributes, wrong = _flow(entry, shape)
    references = {wire: str(attributes.pop(wire)) for wire in shape.references if wire in attributes}
    _DERIVE[entry.kind](entry, attributes)
    if shape.no_control:
        wrong["accountEnabled"] = "useraccountcontrol: it is missing" if "objectsid" in entry.attributes else ""
    return attributes, references, wrong


def disabled(entry: Entry) -> bool:
    """The entry is an account that its directory says is disabled, whatever else can be read of it."""
    attributes, _ = _flow(entry, _shape(entry.kind, tuple(entry.attributes)))
    return attributes.get("accountEnabled") is False


def domain_of(dn: str) -> str:
    """The DNS name in the DC components of a canonical DN; empty without any."""
    if dn.startswith("DC="):
        return _joined(f",{dn}")
    at = dn.find(",DC=")
    return _joined(dn[at:]) if at >= 0 else ""


@lru_cache(maxsize=256)
def _joined(components: str) -> str:
    """A DNS name of DC components, each after its comma; remembered, since all entries of a domain share it."""
    return ".".join(components.split(",DC=")[1:]).lower()


def _flow(entry: Entry, shape: _Shape) -> tuple[dict[str, Value], dict[str, str]]:
    """Values by wire name, and what is wrong with those that cannot be read."""
    texts = _texts(entry, shape)
    return _one_by_one(entry, shape.flows, {}) if texts is None else _one_by_one(entry, shape.others, texts)


def _texts(entry: Entry, shape: _Shape) -> dict[str, Value] | None:
    """All values that are one text, by wire name; None when one of them cannot be read, or is none."""
    of = entry.attributes.__getitem__
    try:
        texts = [raw[0].decode() for raw in map(of, shape.texts)]
        bare = [raw[0].decode().strip() for raw in map(of, shape.trimmed)]
    except (UnicodeDecodeError, IndexError):
        return None
    whole = all(bare) and all(map(str.strip, texts))
    return dict(zip(shape.wires, texts + bare, strict=True)) if whole else None


def _one_by_one(
    entry: Entry, flows: Sequence[_Way], attributes: dict[str, Value]
) -> tuple[dict[str, Value], dict[str, str]]:
    """The same, each converted by itself.

    :param attributes: what is there already.
    """
    wrong: dict[str, str] = {}
    for name, wire, convert in flows:
        raw = entry.attributes[name]
        if not raw:
            continue
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
    if "accountEnabled" not in attributes:
        attributes["accountEnabled"] = _without_control(entry)
    if (
        domain and "userPrincipalName" not in attributes
    ):  # without a userPrincipalName, the account name at its domain
        account = str(attributes.get("onPremisesSamAccountName", ""))
        attributes["userPrincipalName"] = f"{account}@{domain}"


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
