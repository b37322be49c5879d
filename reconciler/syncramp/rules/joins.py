"""By what entries of several sources are recognised as one person.

A join of the document gives an entry a key, and entries that share a key of one join belong together: the ``mail``
attribute, the anchor, the SID of an account and the SID that its mailbox in another forest names
(msExchMasterAccountSid), ``employeeID``. Keys are 64-bit hashes: among 300,000 entries two different ones agree by
accident once in 400 million directories.

msExchMasterAccountSid counts only where it is the SID of a domain's account (S-1-5-21-...). Shared and resource
mailboxes name SELF (S-1-5-10) there: they are nobody's account, and not one person.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b

from syncramp.model.facts import Entry
from syncramp.spec.types import Join, JoinBy

MASTER_SID = "msexchmasteraccountsid"
_DOMAIN_SID = b"\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00"
"""Of a SID of five numbers behind its revision: authority 5 (NT), and 21 as the first number."""
_ATTRIBUTES = {
    JoinBy.MAIL: ("mail",),
    JoinBy.SOURCE_ANCHOR: (),
    JoinBy.OBJECT_SID: ("objectsid", MASTER_SID),
    JoinBy.EMPLOYEE_ID: ("employeeid",),
}


class JoinKeys:
    """The keys of the entries of one source.

    :param joins: those of the document, in its order.
    :param anchor: the anchor of an entry of the source.
    """

    def __init__(self, joins: Sequence[Join], anchor: Callable[[Entry], str]) -> None:
        self._joins = joins
        self._anchor = anchor
        self.wanted = frozenset(name for join in joins for name in ("mail", *_ATTRIBUTES[join.by]))
        """Attributes to read from the directory, in lower case; none without joins."""
        self.identity = repr([(sorted(join.kinds), join.by.value) for join in joins]) if joins else ""
        """Equal where the keys are made in the same way."""

    def of(self, entry: Entry) -> frozenset[int]:
        """Signed 64-bit numbers; none where no join has a value."""
        return frozenset(self.named(entry))

    def named(self, entry: Entry) -> dict[int, str]:
        """The keys, each with what it is made of, for people."""
        return {
            _hash(place, text): join.by.value
            for place, join in enumerate(self._joins)
            if entry.kind in join.kinds
            for text in self._texts(join, entry)
        }

    def _texts(self, join: Join, entry: Entry) -> Iterator[bytes]:
        if join.by is JoinBy.SOURCE_ANCHOR:
            yield self._anchor(entry).encode()
            return
        for name in _ATTRIBUTES[join.by]:
            for value in entry.attributes.get(name, ())[:1]:
                if name == MASTER_SID and not value[1:].startswith(_DOMAIN_SID):
                    continue
                text = value if join.by is JoinBy.OBJECT_SID else _folded(value)
                if text:
                    yield text


def _folded(value: bytes) -> bytes:
    """Addresses and employee numbers are compared as directories compare them: without case, without outer spaces."""
    return value.decode(errors="surrogateescape").strip().lower().encode(errors="surrogateescape")


def _hash(place: int, text: bytes) -> int:
    made = blake2b(text, digest_size=8, salt=bytes([place])).digest()
    return int.from_bytes(made, "big", signed=True)
