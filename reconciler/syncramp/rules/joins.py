"""By what entries of several sources are recognised as one person.

A join of the document gives an entry a key, and entries that share a key of one join belong together: the ``mail``
attribute, the anchor, the SID of an account and the SID that its mailbox in another forest names
(msExchMasterAccountSid), ``employeeID``. Keys are 64-bit hashes: among 300,000 entries two different ones agree by
accident once in 400 million directories.

msExchMasterAccountSid counts only where it is the SID of a domain's account (S-1-5-21-...). Shared and resource
mailboxes name SELF (S-1-5-10) there: they are nobody's account, and not one person.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b

from syncramp.expr.environment import Environment
from syncramp.expr.errors import EvaluationFailed
from syncramp.expr.types import Want
from syncramp.model.facts import Entry
from syncramp.model.values import Type
from syncramp.rules.view import Asked, Seen, directory_names
from syncramp.spec.types import DeclaredAttribute, Join, JoinBy

MASTER_SID = "msexchmasteraccountsid"
_DOMAIN_SID = b"\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00"
"""Of a SID of five numbers behind its revision: authority 5 (NT), and 21 as the first number."""
_ATTRIBUTES: Mapping[JoinBy | None, Sequence[str]] = {
    JoinBy.MAIL: ("mail",),
    JoinBy.SOURCE_ANCHOR: (),
    JoinBy.OBJECT_SID: ("objectsid", MASTER_SID),
    JoinBy.EMPLOYEE_ID: ("employeeid",),
}


class JoinKeys:
    """The keys of the entries of one source.

    :param joins: those of the document, in its order.
    :param anchor: the anchor of an entry of the source.
    :param source: the name of the source.
    :param declared: attributes that the document declares.
    :raises syncramp.expr.errors.ExpressionError: an expression does not compile; ``check`` tells that with its place.
    """

    def __init__(
        self,
        joins: Sequence[Join],
        anchor: Callable[[Entry], str],
        source: str = "",
        declared: Sequence[DeclaredAttribute] = (),
    ) -> None:
        self._joins = joins
        self._anchor = anchor
        self._source = source
        self._asked = _compiled(joins, declared)
        asked = {name for one in self._asked.values() for name in one.wanted}
        named = {name for join in joins for name in ("mail", *_ATTRIBUTES.get(join.by, ()))}
        self.wanted = frozenset(named | asked)
        """Attributes to read from the directory, in lower case; none without joins."""
        told = [(sorted(join.kinds), join.by, join.expression) for join in joins]
        self.identity = repr((told, sorted((own.name, own.type.value, own.multi) for own in declared)))
        """Equal where the keys are made in the same way."""

    def of(self, entry: Entry) -> frozenset[int]:
        """Signed 64-bit numbers; none where no join has a value.

        :raises EvaluationFailed: an expression has no result for the entry.
        """
        return frozenset(
            _hash(place, text) for place, join in self._joining(entry) for text in self._texts(join, entry)
        )

    def named(self, entry: Entry) -> dict[int, str]:
        """The keys, each with what it is made of, for people; an expression without a result gives none."""
        named: dict[int, str] = {}
        for place, join in self._joining(entry):
            name = join.by.value if join.by else "expression"
            with suppress(EvaluationFailed):
                named.update((_hash(place, text), name) for text in self._texts(join, entry))
        return named

    def _joining(self, entry: Entry) -> Iterator[tuple[int, Join]]:
        """The joins for an entry of its kind, with their places in the document."""
        return ((place, join) for place, join in enumerate(self._joins) if entry.kind in join.kinds)

    def _texts(self, join: Join, entry: Entry) -> Iterator[bytes]:
        if join.by is JoinBy.SOURCE_ANCHOR:
            if anchor := self._anchor(entry):
                yield anchor.encode()
            return
        if asked := self._asked.get(join):
            made = asked.of(Seen(entry, {}, {}, self._source))
            if isinstance(made, str):
                yield made.encode()
        for name in _ATTRIBUTES.get(join.by, ()):
            for value in entry.attributes.get(name, ())[:1]:
                if name == MASTER_SID and not value[1:].startswith(_DOMAIN_SID):
                    continue
                text = value if join.by is JoinBy.OBJECT_SID else _folded(value)
                if text:
                    yield text


def environment(declared: Sequence[DeclaredAttribute]) -> Environment:
    """What the expression of a join may name: the entry and its source."""
    return Environment({"entry": directory_names(declared), "source": Type.STRING})


def _compiled(joins: Sequence[Join], declared: Sequence[DeclaredAttribute]) -> dict[Join, Asked]:
    """The expressions; without any, nothing is loaded."""
    if not any(join.expression for join in joins):
        return {}
    names, entry = environment(declared), directory_names(declared)
    return {join: Asked(names.compile(join.expression, Want.KEY), entry) for join in joins if join.expression}


def _folded(value: bytes) -> bytes:
    """Addresses and employee numbers are compared as directories compare them: without case, without outer spaces."""
    return value.decode(errors="surrogateescape").strip().lower().encode(errors="surrogateescape")


def _hash(place: int, text: bytes) -> int:
    made = blake2b(text, digest_size=8, salt=bytes([place])).digest()
    return int.from_bytes(made, "big", signed=True)
