"""What a check without any connection cannot know of a document: told with each verdict, so that nobody relies on it.

The estimated cost of the CRD's rules is not among it: that is a matter of the CRD, not of a document.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from syncramp.check.values import items, members
from syncramp.rules.catalogue import well_known
from syncramp.source.filter import FilterError, parse

_REFERENCES = ("secretRef", "secretKeyRef", "configMapKeyRef")
_TENANT = "the tenant (sign-in, verified domains, the attribute of its anchors)"
_CLUSTER = "other SyncConfigs of the cluster"
_BEFORE = "what must not change (--old)"


def unchecked(data: Any, *, compared: bool) -> list[str]:
    """What nobody looked at, as nouns.

    :param data: a document with its defaults; a part of a wrong type is not there.
    :param compared: it was compared with the document before.
    """
    spec = members(members(data).get("spec"))
    told = [*_named(spec), *_sources(spec), _TENANT, _CLUSTER]
    return told if compared else [*told, _BEFORE]


def _named(spec: Mapping[str, Any]) -> Iterator[str]:
    """Without their names: somebody may have written a secret in the place of one."""
    if _refers(spec):
        yield "Secrets and ConfigMaps"


def _refers(value: Any) -> bool:
    parts = members(value)
    return any(name in parts for name in _REFERENCES) or any(
        _refers(part) for part in (*parts.values(), *(item for _, item in items("", value)))
    )


def _sources(spec: Mapping[str, Any]) -> Iterator[str]:
    sources = [members(source) for _, source in items("", spec.get("sources"))]
    for way, noun in (("ldap", "the directories"), ("ldif", "the LDIF files")):
        if any(source.get(way) is not None for source in sources):
            yield noun
    if any(
        members(scope).get("group") is not None for source in sources for _, scope in items("", source.get("scope"))
    ):
        yield "the pilot groups"
    if attributes := sorted(set(_attributes(spec, sources)), key=str.lower):
        yield f"whether the directories have {', '.join(attributes)}"
    if members(spec.get("identity")).get("writeBackAnchor") is True:
        yield "the right to write mS-DS-ConsistencyGuid"


def _attributes(spec: Mapping[str, Any], sources: list[Mapping[str, Any]]) -> Iterator[str]:
    """Attributes that a document names and that not every directory has."""
    anchor = members(spec.get("identity")).get("sourceAnchor")
    if isinstance(anchor, str) and anchor not in ("mS-DS-ConsistencyGuid", "objectGUID"):
        yield anchor
    declared = (members(item).get("name") for _, item in items("", spec.get("attributes")))
    yield from (name for name in declared if isinstance(name, str))
    for source in sources:
        for _, scope in items("", source.get("scope")):
            yield from (name for name in _filtered(members(scope).get("filter")) if well_known(name) is None)


def _filtered(text: Any) -> frozenset[str]:
    try:
        return frozenset(parse(text).attributes) if isinstance(text, str) else frozenset()
    except FilterError:
        return frozenset()
