"""Entries as the rules take them."""

from collections.abc import Sequence
from typing import Any

from syncramp.model.desire import Staged
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.store.database import Database
from syncramp.store.packing import unpack

_KINDS = {kind.value: kind for kind in Kind}
_ENTRIES = "SELECT id, source, guid, kind, dn, attrs, absent FROM entries WHERE id IN ({})"


def staged(row: Sequence[Any]) -> Staged:
    """A row that begins with these columns as an entry."""
    identity, source, guid, kind, dn, attributes, absent = row[:7]
    return Staged(identity, source, Entry(guid, _KINDS[kind], dn, unpack(attributes)), absent)  # type: ignore[arg-type]


def entries(database: Database, ids: Sequence[int]) -> dict[int, Staged]:
    """Entries by id, in the order of their ids."""
    return {row[0]: staged(row) for row in sorted(database.among(_ENTRIES, ids), key=lambda row: row[0])}
