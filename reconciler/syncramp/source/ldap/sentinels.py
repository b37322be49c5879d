"""Sentinels: a few entries that are looked up again when everything else was read.

Whoever may not see an entry or an attribute any more gets an answer without it, and nothing says that it is less than
before. So some entries that were seen are asked for by GUID, with the attributes that they had: one search of the
whole naming context. What it means is judged elsewhere, with what the read itself told.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from syncramp.model.facts import Fact, Looked, Proof
from syncramp.source.canonical import NEEDED, guid_of, in_other_words
from syncramp.source.ldap.messages import Found, Reference
from syncramp.source.ranges import describe

UNSEEN_FEWEST = 5
"""So many sentinels must have had an attribute before it counts that none shows it: one may lose it by itself."""

_MADE = "distinguishedname"
"""It is made of the DN, whether the directory has such an attribute or not."""


class Searches(Protocol):
    """The part of a session that a look needs."""

    def pages(self, base: str, filter_: str, attributes: Sequence[str]) -> Iterator[Found | Reference]:
        """Read a subtree page by page."""


def watched(
    facts: Iterable[Fact],
    session: Searches,
    partition: str,
    sentinels: Mapping[bytes, frozenset[str]],
    *,
    active_directory: bool,
) -> Iterator[Fact]:
    """The same facts, with a look at the sentinels in the proof.

    :param sentinels: as ``Known.sentinels``.
    :raises SyncrampError: as of the session.
    """
    for fact in facts:
        if isinstance(fact, Proof) and fact.complete and sentinels:
            looked = _look(session, partition, sentinels, active_directory=active_directory)
            fact = replace(fact, looked=replace(looked, vanished=looked.vanished - fact.missed))
        yield fact


def _look(
    session: Searches, partition: str, sentinels: Mapping[bytes, frozenset[str]], *, active_directory: bool
) -> Looked:
    asked = sorted(frozenset().union(*sentinels.values()).union(NEEDED))
    named = {_by_object_guid(guid) for guid in sentinels}
    if not active_directory:  # some of these have an objectGUID of their own
        named |= {_by_entry_uuid(guid) for guid in sentinels}
    filter_ = f"(|{''.join(sorted(named))})"
    shown = dict(_shown(found) for found in session.pages(partition, filter_, asked) if isinstance(found, Found))
    had = [name for guid in sentinels.keys() & shown.keys() for name in sentinels[guid] - {_MADE}]
    seen = frozenset().union(*(shown[guid] for guid in sentinels.keys() & shown.keys()))
    missed = {name for name in frozenset(had) - seen if had.count(name) >= UNSEEN_FEWEST}
    return Looked(len(sentinels), frozenset(sentinels.keys() - shown.keys()), frozenset(missed))


def _shown(found: Found) -> tuple[bytes, frozenset[str]]:
    """The GUID of an entry, empty if it shows none, and the names of its attributes."""
    values: dict[str, Sequence[bytes]] = {}
    for spelled, given in found.values.items():
        description = describe(spelled)
        if description is not None and not description.foreign and (given or description.range is not None):
            values[description.name] = given
    return guid_of(values), frozenset(values) | in_other_words(values)


def _by_object_guid(guid: bytes) -> str:
    escaped = "".join(f"\\{byte:02x}" for byte in guid)
    return f"(objectGUID={escaped})"


def _by_entry_uuid(guid: bytes) -> str:
    return f"(entryUUID={UUID(bytes_le=guid)})"
