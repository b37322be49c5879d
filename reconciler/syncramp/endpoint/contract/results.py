"""The results of an export, straight from the bytes: all but two anchors is the same for nearly every object.

A result is read record by record once. From then on what stands before, between and behind its anchors is recognised
by its bytes, in this message or a later one, where the same prefixes are in force, and says what it said; where its
anchors have the lengths of the ones before, the lengths are among these bytes. A result with anything else than texts
in its members is read as a tree.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from syncramp.endpoint.contract.objects import FIELDS, SyncResult, read_result
from syncramp.endpoint.contract.tags import END, REMEMBERED, Surprise, Tags
from syncramp.endpoint.nbfx import NbfxError
from syncramp.endpoint.nbfx.node import Scope, text_of
from syncramp.endpoint.nbfx.runs import TEXT

RESULT: Final = "AzureADSyncObjectResult"
_OWN: Final = ("CloudAnchor", "SourceAnchor")
"""Members with a text of each object's own."""


LONGEST: Final = 1024
"""Bytes of a piece that is kept, and of prefixes for which some are: nothing is to grow with what a peer sends."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_BOTH: Final = [FIELDS[name] for name in _OWN]
_FIELDS: Final = (
    "object_type",
    "result_code",
    "sync_operation",
    "result_error_code",
    "result_error_description",
    "error_details",
)
"""The others in the order in which they are given."""


class _Piece:
    """Bytes up to a text that is each object's own, or up to the end of a result."""

    __slots__ = ("before", "followers", "names", "raw", "size", "values")

    def __init__(
        self,
        raw: bytes,
        before: "tuple[bytes, ...]" = (),
        names: Sequence[str] = (),
        values: Mapping[str, str] = _NOTHING,
    ) -> None:
        self.raw = raw
        self.before = before
        """The pieces in front of it."""
        self.size = len(raw)
        self.followers: list[_Piece] = []
        """What was seen to come behind the text."""
        self.names = names
        self.values = values
        """Of the last one: the fields whose texts came between the pieces, and the others with what they say."""


class ResultStream:
    """The results of one message.

    :param scope: of their list.
    """

    def __init__(self, tags: Tags, scope: Scope, depth: int) -> None:
        self._tags = tags
        self._scope = scope
        self._depth = depth
        prefixes = scope.prefixes()
        small = sum(map(len, (*prefixes, *prefixes.values()))) <= LONGEST
        self._root = _root_of(frozenset(prefixes.items())) if small else _Piece(b"")

    def results(self, at: int) -> tuple[list[SyncResult], int]:
        """The results in the list, and the offset behind its end.

        :raises Surprise: there is something else in it.
        """
        data, results = self._tags.data, []
        while data[at] != END:
            if known := self._recognised(at):
                found, at = known
                results += found
            else:
                result, at = self._learned(at) or self._read(at)
                results.append(result)
        return results, at + 1

    def _recognised(self, at: int) -> tuple[list[SyncResult], int] | None:
        """A result of which every piece was seen before, and those behind it that differ in nothing but anchors."""
        data, piece = self._tags.data, self._root
        texts: list[str] = []
        lengths = b""
        while True:
            for follower in piece.followers:
                if data.startswith(follower.raw, at):
                    break
            else:
                return None
            piece, at = follower, at + follower.size
            if piece.values:
                return self._alike(piece, texts, lengths, at)
            begin = at + 1
            lengths += data[at:begin]
            at = begin + data[at]
            texts.append(data[begin:at].decode())

    def _alike(self, last: _Piece, texts: list[str], lengths: bytes, at: int) -> tuple[list[SyncResult], int]:
        """A result that ends with this piece, and those behind it whose anchors have the same lengths.

        :param texts: the anchors of the first one.
        :param at: behind it.
        """
        if last.names != _BOTH:
            return [SyncResult(**last.values, **dict(zip(last.names, texts, strict=True)))], at
        data, third = self._tags.data, last.raw
        first, second = (piece + lengths[place : place + 1] for place, piece in enumerate(last.before))
        before, between, behind, one, other = len(first), len(second), len(third), *lengths
        found = [(texts[0], texts[1])]
        while data.startswith(first, at):
            begin = at + before
            end = begin + one
            start = end + between
            at_end = start + other
            if not (data.startswith(second, end) and data.startswith(third, at_end)):
                break
            found.append((data[begin:end].decode(), data[start:at_end].decode()))
            at = at_end + behind
        given = [last.values[field] for field in _FIELDS]
        kind, code, operation, *errors = given
        return [SyncResult(kind, code, operation, source, cloud, *errors) for cloud, source in found], at

    def _learned(self, at: int) -> tuple[SyncResult, int] | None:
        """A result whose members hold texts alone, each told once; its pieces are known from now on."""
        data = self._tags.data
        values: dict[str, str] = {}
        piece, names = self._root, []
        node, end = self._tags.start(at, self._scope, RESULT)
        while data[end] != END:
            try:
                member, content = self._tags.reader.element(end, node.scope)
                parts, end = self._tags.reader.texts(content)
            except NbfxError:
                return None
            if member.name in values:
                return None
            values[member.name] = text_of(parts)
            if member.name in _OWN and data[content] == TEXT:
                piece = _after(piece, data[at : content + 1])
                names.append(FIELDS[member.name])
                at = end
        told = {field: values.get(name, "") for name, field in FIELDS.items()}
        _after(piece, data[at : end + 1], names, {field: text for field, text in told.items() if field not in names})
        return SyncResult(**told), end + 1

    def _read(self, at: int) -> tuple[SyncResult, int]:
        node, at = self._tags.reader.tree(at, self._scope, self._depth)
        if node.name != RESULT:
            raise Surprise
        return read_result(node), at


@lru_cache(maxsize=16)
def _root_of(prefixes: frozenset[tuple[str, str]]) -> _Piece:
    """What is known of results where these prefixes are in force; threads share it."""
    return _Piece(b"")


def _after(piece: _Piece, raw: bytes, names: Sequence[str] = (), values: Mapping[str, str] = _NOTHING) -> _Piece:
    """The piece with these bytes that follows another one; what is long is not kept."""
    for known in piece.followers:
        if known.raw == raw:
            return known
    found = _Piece(raw, (*piece.before, piece.raw) if piece.raw else (), names, values)
    if len(raw) <= LONGEST:
        piece.followers.insert(0, found)
        del piece.followers[REMEMBERED:]
    return found
