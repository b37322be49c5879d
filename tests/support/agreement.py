"""The one oracle of the codec: whatever the bytes, a value or WireError, and the same by every way."""

from collections.abc import Callable
from typing import Any

from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract.client import result_list
from syncramp.endpoint.contract.objects import Listing, Results
from syncramp.endpoint.contract.pages import list_objects
from syncramp.endpoint.contract.streamed import stream_answer, stream_export
from syncramp.endpoint.nbfx import WireError, decode
from syncramp.model.wire import Operation, SyncObject

SENT = [SyncObject("User", Operation.SET, {"SourceAnchor": f"A{number}"}) for number in range(3)]
ANSWERS: dict[str, Callable[[contract.Answer], Any]] = {
    contract.GET_COMPANY: contract.read_company,
    contract.CAPABILITIES: contract.read_capabilities,
    contract.READ_BACK: contract.read_read_back,
    contract.READ_BACK_V1: lambda answer: contract.read_read_back(answer, operation=contract.READ_BACK_V1),
    contract.PROVISION: lambda answer: contract.read_outcomes(answer, SENT),
    contract.PROVISION_V1: lambda answer: contract.read_outcomes(answer, SENT, contract.PROVISION_V1),
}
PARSERS = (
    contract.parse_sync_objects,
    contract.parse_read_back_request,
    contract.parse_finalize,
    contract.parse_features,
)


def agree(data: bytes) -> bool:
    """A stream gives what the general reader gives, or nothing.

    :returns: it gave something.
    """
    answers = [_same_answer(operation, data) for operation in ANSWERS if operation.encode() in data]
    return any([_same_export(data), *answers])


def _same_export(data: bytes) -> bool:
    streamed = stream_export(data)
    if streamed is None:
        return False
    ours, theirs = streamed[0], soap.open_envelope(data)
    assert same(contract.parse_sync_objects(theirs.body), streamed[1])
    assert (ours.action, ours.message_id, ours.to) == (theirs.action, theirs.message_id, theirs.to)
    assert repr(ours.token) == repr(theirs.token)
    assert ours.body.name == theirs.body.name
    return True


def _same_answer(operation: str, data: bytes) -> bool:
    streamed = stream_answer(operation, data)
    if streamed is None:
        return False
    body = soap.open_envelope(data).body
    assert contract.read_fault(body) is None
    if isinstance(streamed, Results):
        assert streamed.items == result_list(body, operation)
    else:
        assert isinstance(streamed, Listing)
        general = list_objects(body, operation)
        assert same(general.objects, list(streamed.objects))
        assert [(m.name, m.parts) for m in general.members] == [(m.name, m.parts) for m in streamed.members]
    return True


def same(ours: Any, theirs: Any) -> bool:
    """Equal, and of the same types: True is not 1."""
    return bool(ours == theirs) and repr(ours) == repr(theirs)


def read_every_way(data: bytes) -> int:
    """Read a message as everything it could be.

    :returns: how many ways took it.
    :raises Exception: one that is no WireError.
    """
    taken = _taken(lambda: [node.text for node in decode(data).walk()])
    taken += _taken(lambda: contract.read_fault(soap.open_envelope(data).body))
    for operation, read in ANSWERS.items():
        if operation.encode() not in data:
            continue  # names of operations are in no dictionary
        taken += _taken(lambda operation=operation, read=read: _answer(operation, read, data))
    body: list[Any] = []
    if _taken(lambda: body.append(contract.parse_request(data).body)):
        taken += 1 + sum(_taken(lambda parse=parse: parse(body[0])) for parse in PARSERS)
    return taken


def _answer(operation: str, read: Callable[[contract.Answer], Any], data: bytes) -> None:
    answer = contract.open_answer(operation, data)
    if not isinstance(answer, contract.Fault):
        read(answer)


def _taken(read: Callable[[], Any]) -> bool:
    try:
        read()
    except WireError:
        return False
    return True
