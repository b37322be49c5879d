"""Accounts by their name (``uid``), for groups that name their members so.

A directory may hold hundreds of thousands of accounts, and groups may come before them. So 24 bytes are kept of each:
a hash of the name, and the GUID.
"""

from __future__ import annotations  # array[int] is for the type checker: at run time it cannot be subscripted

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b

from syncramp.model.facts import Remark
from syncramp.model.values import Kind

UNKNOWN = "memberUid that no account of the source has"
AMBIGUOUS = "memberUid that several accounts of the source have"
_GUID = 16


class Uids:
    """The accounts of one source, as far as they were read."""

    def __init__(self) -> None:
        self._hashes = array("Q")
        self._guids = bytearray()
        self._order: list[int] | None = None

    def add(self, uids: Iterable[bytes], guid: bytes) -> None:
        """An account and its names."""
        for uid in uids:
            self._hashes.append(_hash(uid))
            self._guids += guid
            self._order = None

    def find(self, uid: bytes) -> set[bytes]:
        """GUIDs of the accounts with a name."""
        if self._order is None:
            self._order = sorted(range(len(self._hashes)), key=self._hashes.__getitem__)
        wanted, order = _hash(uid), self._order
        place, found = bisect_left(order, wanted, key=self._hashes.__getitem__), set[bytes]()
        while place < len(order) and self._hashes[order[place]] == wanted:
            found.add(bytes(self._guids[order[place] * _GUID : (order[place] + 1) * _GUID]))
            place += 1
        return found

    def members(self, dn: str, uids: Iterable[bytes]) -> tuple[list[bytes], list[Remark]]:
        """GUIDs of the members that a group names, and what is to be said of names that name nobody, or several.

        :param dn: of the group, canonical.
        """
        found, remarks = set[bytes](), []
        for uid in sorted(set(uids)):
            accounts = self.find(uid)
            if len(accounts) == 1:
                found |= accounts
            else:
                named = uid.decode(errors="replace")
                remarks.append(Remark(Kind.GROUP, dn, AMBIGUOUS if accounts else UNKNOWN, f"memberUid {named}"))
        return sorted(found), remarks


def _hash(uid: bytes) -> int:
    """Of a name, whatever its case: ``uid`` is compared without it (RFC 4519 2.39)."""
    return int.from_bytes(blake2b(uid.strip().lower(), digest_size=8).digest(), "big")
