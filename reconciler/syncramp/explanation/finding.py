"""Whom somebody means: by DN in any spelling, objectGUID, source anchor, or a name in any case.

What has the form of a DN, a GUID or an anchor is looked for as that first; the names come last, because they mean
looking through everything. Where nothing is found, entries like it are named.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

from syncramp.model.explanation import Brief, Finding
from syncramp.model.values import Attributes, Value
from syncramp.source import dn
from syncramp.store.lookup import Lookup, Row

NAMES = {
    "userprincipalname": "userPrincipalName",
    "mail": "mail",
    "proxyaddresses": "proxyAddresses",
    "samaccountname": "sAMAccountName",
    "userPrincipalName": "userPrincipalName",
    "proxyAddresses": "proxyAddresses",
    "onPremisesSamAccountName": "sAMAccountName",
}
"""Attributes that people know somebody by: of a directory entry (in lower case) and of its object."""
NEAR = 5
"""Entries that are named when nothing was found."""

_FIRST = re.compile(r"(?:[^\\,]|\\.)+,")
"""The first RDN of a canonical DN with its comma."""

_Hits = Mapping[int, str]
"""Id -> what of it is as it was asked for."""


def find(lookup: Lookup, asked: str) -> Finding:
    """Everybody who may be meant, or else who is like it.

    :param asked: a DN, an objectGUID, a source anchor or a cloud anchor, a userPrincipalName, an address or an
        account name.
    """
    asked = asked.strip()
    looked_for: list[str] = []
    near: _Hits = {}
    for noun, search in _searches(lookup, asked):
        looked_for.append(noun)
        hits, near = search()
        if hits:
            return Finding(asked, tuple(looked_for), found=briefs(lookup, hits))
    return Finding(asked, tuple(looked_for), near=briefs(lookup, _first(near)), foreign=lookup.foreign(asked))


def briefs(lookup: Lookup, hits: _Hits) -> tuple[Brief, ...]:
    """Entries as they are listed; those that are in their directory first."""
    found = [_brief(row, hits[row.staged.id]) for row in lookup.rows(list(hits))]
    return tuple(sorted(found, key=lambda each: (each.absent, each.dn)))


def _brief(row: Row, by: str) -> Brief:
    staged = row.staged
    return Brief(staged.id, row.source, staged.entry.kind, staged.entry.dn, staged.absent, row.present, by)


def _searches(lookup: Lookup, asked: str) -> Iterator[tuple[str, Callable[[], tuple[_Hits, _Hits]]]]:
    """As what it may be looked for, and how: that gives who it is, and who is like it."""
    if (guid := _guid(asked)) is not None:
        yield "objectGUID", lambda: (dict.fromkeys(lookup.by_guid(guid), "objectGUID"), {})
    if "@" not in asked:
        yield "anchor", lambda: (_by_anchor(lookup, asked), {})
    if (name := _dn(asked)) is not None:
        yield "distinguished name", lambda: _by_dn(lookup, name)
    else:
        nouns = dict.fromkeys(NAMES.values())
        yield ", ".join(nouns), lambda: _by_name(lookup, asked)


def _guid(asked: str) -> bytes | None:
    """The bytes of a GUID as the store has them: in Active Directory's order."""
    try:
        return UUID(asked).bytes_le
    except ValueError:
        return None


def _dn(asked: str) -> str | None:
    try:
        return dn.canonical(asked) if "=" in asked.rstrip("=") else None
    except dn.DnError:
        return None


def _by_dn(lookup: Lookup, name: str) -> tuple[_Hits, _Hits]:
    wanted = dn.fold(name)
    found = lookup.by_dn(dn.key(dn.canonical(name))).items()
    if hits := {identity: "distinguished name" for identity, known in found if dn.fold(known) == wanted}:
        return hits, {}
    first = _FIRST.match(name)
    return {}, dict.fromkeys(lookup.like(first[0]) if first else (), "the same name elsewhere")


def _by_anchor(lookup: Lookup, asked: str) -> _Hits:
    """The object that has the anchor, or the entry whose objectGUID it is the base64 of."""
    if found := lookup.by_anchor(asked):
        return dict.fromkeys(found, "anchor")
    try:
        guid = b64decode(asked, validate=True)
    except (Error, ValueError):
        return {}
    return dict.fromkeys(lookup.by_guid(guid), "objectGUID") if len(guid) == 16 else {}


def _by_name(lookup: Lookup, asked: str) -> tuple[_Hits, _Hits]:
    """Who has the name, and who has the same one at another domain, or one that begins so."""
    wanted = _plain(asked)
    start = wanted.partition("@")[0] + "@" * ("@" in wanted)
    hits: dict[int, str] = {}
    near: dict[int, str] = {}
    for identity, attributes in lookup.holding(start) if start.strip("@") else ():
        if by := _named(attributes, lambda value: value == wanted):
            hits.setdefault(identity, by)
        elif by := _named(attributes, lambda value: value.startswith(start)):
            near.setdefault(identity, by)
    return hits, near


def _named(attributes: Attributes, is_it: Callable[[str], bool]) -> str:
    """The attribute by which it is known, if one of its names is the one."""
    for name, noun in NAMES.items():
        for value in _texts(attributes.get(name)):
            if is_it(_plain(value)):
                return noun
    return ""


def _texts(value: Value | None) -> Iterator[str]:
    for each in value if isinstance(value, tuple) else (value,):
        if isinstance(each, bytes):
            yield each.decode(errors="replace")
        elif isinstance(each, str):
            yield each


def _plain(name: str) -> str:
    """A name as it is compared: without case, and without the ``smtp:`` of an address."""
    return dn.lower(name).removeprefix("smtp:")


def _first(hits: _Hits) -> _Hits:
    return {identity: hits[identity] for identity in sorted(hits)[:NEAR]}
