"""Whole messages that are read without making elements of what they list; None where that is not possible.

The envelope's header and everything small are read generally. Either the whole message has the form that is foreseen,
to its last byte, or nothing of it is used.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from syncramp.collector import collector_paused
from syncramp.endpoint.contract.objects import Answer, Listing, Results, SyncResult, observer
from syncramp.endpoint.contract.openings import open_result
from syncramp.endpoint.contract.operations import (
    PROVISION,
    PROVISION_V1,
    READ_BACK,
    READ_BACK_V1,
)
from syncramp.endpoint.contract.results import ResultStream
from syncramp.endpoint.contract.stream import ObjectStream
from syncramp.endpoint.contract.tags import END, Surprise, Tags
from syncramp.endpoint.contract.values import N06, read_value
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx.node import Scope
from syncramp.endpoint.nbfx.reader import Reader
from syncramp.endpoint.soap import N01, Envelope, open_start
from syncramp.model.wire import Listed, SyncObject

Read = TypeVar("Read")
_IN_RESULT = 4
"""Elements around a member of a result: Envelope, Body, the answer, the result."""


def stream_answer(operation: str, data: bytes) -> Answer | None:
    """The answer of a read-back or of an export."""
    if operation in (READ_BACK, READ_BACK_V1):
        return _attempted(lambda: _Message(data).listing(operation))
    if operation in (PROVISION, PROVISION_V1):
        return _attempted(lambda: _Message(data).results(operation))
    return None


def stream_export(data: bytes) -> tuple[Envelope, list[SyncObject]] | None:
    """The request of an export: its envelope, whose body has no content, and its objects."""
    return _attempted(lambda: _Message(data).export())


def _attempted(read: Callable[[], Read]) -> Read | None:
    with collector_paused(), suppress(ValueError, IndexError):  # Surprise and WireError are ValueErrors
        return read()
    return None


class _Message:
    """One message, read from its beginning to its end."""

    def __init__(self, data: bytes) -> None:
        self._reader = Reader(data)
        self._tags = Tags(data, self._reader)
        self._data = data

    def export(self) -> tuple[Envelope, list[SyncObject]]:
        envelope, at = open_start(self._reader)
        body = envelope.body
        if body.name not in (PROVISION, PROVISION_V1):
            raise Surprise
        request, at = self._tags.start(at, body.scope, "syncRequest")
        listed, at = self._tags.start(at, request.scope, "SyncObjects")
        if request.namespace != N01 or listed.namespace != N06:
            raise Surprise
        stream = ObjectStream(self._data, self._reader, read_value, members_as_changes=False)
        objects, at = stream.objects(at, listed.scope)
        self._finish(self._tags.end(at))
        return envelope, list(Listed(objects))

    def listing(self, operation: str) -> Listing:
        as_changes = operation == READ_BACK
        stream = ObjectStream(self._data, self._reader, observer(as_changes), members_as_changes=as_changes)
        found, members = self._result(operation, "ResultObjects", stream.objects)
        return Listing(Listed(found), members)

    def results(self, operation: str) -> Results:
        return Results(self._result(operation, "SyncObjectResults", self._list_results)[0])

    def _result(
        self, operation: str, name: str, read: Callable[[int, Scope], tuple[list[Read], int]]
    ) -> tuple[list[Read], list[Node]]:
        """The list of this name in the result of an operation, and the members beside it."""
        result, at = open_result(operation, self._tags)
        found: list[Read] | None = None
        members: list[Node] = []
        while self._data[at] != END:
            node, after = self._reader.element(at, result.scope)
            if node.name == name:
                if found is not None:
                    raise Surprise
                found, at = read(after, node.scope)
            else:
                node, at = self._reader.tree(at, result.scope, _IN_RESULT)
                members.append(node)
        if found is None:
            raise Surprise
        self._finish(at + 1)
        return found, members

    def _list_results(self, at: int, scope: Scope) -> tuple[list[SyncResult], int]:
        return ResultStream(self._tags, scope, _IN_RESULT + 1).results(at)

    def _finish(self, at: int) -> None:
        """The ends of the operation, of Body and of Envelope, and nothing behind them."""
        if self._data[at:] != bytes((END, END, END)):
            raise Surprise
