"""How answers begin: an envelope, and elements around what an operation lists. They begin alike but for the id of the
request that they answer, so an opening that was read once is recognised by its bytes.
"""

from typing import Final, NamedTuple
from uuid import UUID

from syncramp.endpoint.contract.operations import answer_of, result_of
from syncramp.endpoint.contract.tags import Surprise, Tags
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.soap import message_id_of, open_start

LONGEST: Final = 4096
"""Bytes of an opening that is kept; one of each operation is."""
_ID: Final = 16
_RECORDS: Final = (b"\xac", b"\xad")
"""Of an id that is no text ([MC-NBFX] 2.2.3.24)."""


class _Opening(NamedTuple):
    """The bytes before and behind the id, and what they open."""

    before: bytes
    behind: bytes
    result: Node


_known: dict[str, _Opening] = {}


def open_result(operation: str, tags: Tags) -> tuple[Node, int]:
    """The element that holds what an operation came to, without its members, and the offset of the first one.

    :raises Surprise: it is the answer of something else.
    :raises NbfxError: it is not legal binary XML, or not of the usual form.
    """
    data, known = tags.data, _known.get(operation)
    if known and data.startswith(known.before):
        at = len(known.before) + _ID
        if data.startswith(known.behind, at):
            return known.result, at + len(known.behind)
    envelope, at = open_start(tags.reader)
    if envelope.body.name != answer_of(operation):
        raise Surprise
    result, at = tags.start(at, envelope.body.scope, result_of(operation))
    if at <= LONGEST and isinstance(answered := message_id_of(envelope.relates_to), UUID):
        before, _, behind = data[:at].partition(answered.bytes_le)
        if before[-1:] in _RECORDS and behind and answered.bytes_le not in behind and not _spelled(data[:at]):
            _known[operation] = _Opening(before, behind, result)
    return result, at


def _spelled(opening: bytes) -> bool:
    """An id may stand there as a text, so the bytes that look like one may be something else."""
    return b"urn:uuid:" in opening or "urn:uuid:".encode("utf-16-le") in opening
