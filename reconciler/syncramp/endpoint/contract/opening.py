"""The bytes of an answer become what a client works with: in one stream where they have the usual form."""

from syncramp.endpoint.contract.faults import Fault, read_fault
from syncramp.endpoint.contract.objects import Answer
from syncramp.endpoint.contract.operations import answer_of
from syncramp.endpoint.contract.scalars import ContractError
from syncramp.endpoint.contract.streamed import stream_answer
from syncramp.endpoint.soap import open_envelope


def open_answer(operation: str, data: bytes) -> Answer | Fault:
    """The answer of an operation, or a fault.

    :raises NbfxError: it is not legal binary XML.
    :raises ContractError: it is the answer of something else.
    """
    if (streamed := stream_answer(operation, data)) is not None:
        return streamed
    body = open_envelope(data).body
    if fault := read_fault(body):
        return fault
    if body.name != answer_of(operation):
        raise ContractError(f"the answer is {body.name}, not {answer_of(operation)}")
    return body
