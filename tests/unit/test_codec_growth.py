"""Work and memory grow with the length of a message and no faster, however it is made.

Work is counted in lines of the codec that run, memory in bytes that are allocated; a message of twice the length may
take a little more than twice of both.
"""

import struct
import tracemalloc
from collections.abc import Callable
from uuid import UUID

import pytest

from support.records import int31
from support.steps import Steps
from syncramp.endpoint import contract, soap
from syncramp.endpoint.nbfx import Node, WireError, decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.node import OUTERMOST
from syncramp.endpoint.nbfx.runs import take_run
from syncramp.model.wire import LinkOperation, Operation, ReferenceChange, SyncObject

TOKEN = soap.SyncToken("bearer", "2.6.92.0", UUID(int=7))


def numbered(form: str, count: int) -> bytes:
    return b"".join(bytes.fromhex(form) + struct.pack("<H", number | 0x8080 ^ 0x8080) for number in range(count))


def names(before: bytes, count: int, behind: bytes) -> bytes:
    """Something with a name of its own, often."""
    return b"".join(before + w.string(f"n{number:05}") + behind for number in range(count))


def export(count: int, value: Callable[[int], object], length: int = 1) -> bytes:
    values = {f"key{number:05}": value(number) for number in range(count // length)}
    obj = SyncObject("Group", Operation.SET, values)  # type: ignore[arg-type]
    return soap.request(contract.PROVISION, contract.provision([obj]), TOKEN, "to")


def group(count: int, change: Callable[[int], ReferenceChange]) -> bytes:
    return export(1, lambda _: tuple(change(number) for number in range(count)))


SHAPES: dict[str, Callable[[int], bytes]] = {
    "attributes": lambda n: b"\x40\x01r" + names(b"\x04", n, b"\x82") + b"\x01",
    "namespaces": lambda n: b"\x40\x01r" + names(b"\x09", n, b"\x01x") + b"\x01",
    "namespaces below namespaces": lambda n: (
        b"\x40\x01r" + names(b"\x09", n, b"\x01x") + names(b"\x40\x01c\x09", n, b"\x01y\x01") + b"\x01"
    ),
    "siblings": lambda n: b"\x40\x01r" + b"\x40\x01c\x01" * n + b"\x01",
    "names": lambda n: b"\x40\x01r" + names(b"\x40", n, b"\x01") + b"\x01",
    "texts": lambda n: b"\x40\x01r" + b"\x98\x01x" * n + b"\x01",
    "bytes": lambda n: b"\x40\x01r" + b"\x9e\x01x" * n + b"\x01",
    "texts and bytes": lambda n: b"\x40\x01r" + b"\x9e\x01x\x98\x01x" * n + b"\x01",
    "a list": lambda n: b"\x40\x01r\xa4" + b"\x98\x01x" * n + b"\xa6\x01",
    "an array": lambda n: b"\x40\x01r\x03\x40\x01c\x01\xb5" + int31(n) + bytes(n) + b"\x01",
    "arrays": lambda n: b"\x40\x01r" + b"\x03\x40\x01c\x01\xb5\x01\x01" * n + b"\x01",
    "comments": lambda n: b"\x02\x01x" * n + b"\x40\x01r\x01",
    "a long text": lambda n: b"\x40\x01r\x9d" + struct.pack("<i", 10 * n) + b"x" * (10 * n),
    "nested elements": lambda n: b"\x40\x01r" + (b"\x40\x01c" * 60 + b"\x01" * 60) * (n // 60) + b"\x01",
    "members of one length": lambda n: group(n, lambda i: ReferenceChange(f"anchor{i:06}")),
    "members of any length": lambda n: group(n, lambda i: ReferenceChange("anchor" * (i % 3) + str(i))),
    "runs of members": lambda n: group(n, lambda i: ReferenceChange("anchor" if i % 40 else "one")),
    "members of two operations": lambda n: group(n, lambda i: ReferenceChange("anchor", LinkOperation(i % 2 + 1))),
    "keys": lambda n: export(n, str),
    "kinds": lambda n: soap.request(
        contract.PROVISION,
        contract.provision([SyncObject(f"Kind{i}", Operation.SET, {"SourceAnchor": "A"}) for i in range(n // 4)]),
        TOKEN,
        "to",
    ),
    "lists of one length": lambda n: export(n, lambda i: ("aaaa",) * 20, 20),
    "lists of any length": lambda n: export(n, lambda i: ("aaaa", "b") * 10, 20),
    "numbers": lambda n: export(n, lambda i: i),
    "strings of digits": lambda n: contract_number(b"1" * n),
}


def contract_number(digits: bytes) -> bytes:
    text = b"\x9d" + struct.pack("<i", len(digits)) + digits
    body = (
        w.element("", contract.SET_FEATURES) + w.xmlns("", soap.N01) + w.element("", "dirsyncFeatures") + text + w.END
    )
    return soap.request(contract.SET_FEATURES, body, TOKEN, "to")


def read(data: bytes) -> object:
    """As any message, and as a request."""
    found: list[object] = [[node.text for node in decode(data).walk()]]
    try:
        body = contract.parse_request(data).body
        found.append(
            contract.parse_sync_objects(body) if body.name == contract.PROVISION else contract.parse_features(body)
        )
    except WireError:
        pass
    return found


def cost(data: bytes) -> tuple[int, int]:
    """Lines and bytes."""
    steps = Steps()
    steps.run(lambda: read(data))
    tracemalloc.start()
    kept = read(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return steps.count, peak


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_message_takes_about_twice_the_work_and_the_memory(shape) -> None:
    few, many = (cost(SHAPES[shape](count)) for count in (400, 800))
    assert many[0] < 2.3 * few[0] + 2_000
    assert many[1] < 2.6 * few[1] + 40_000


def test_texts_are_collected_and_never_copied() -> None:
    node = Node("", "n", OUTERMOST)
    for part in ("a", "b"):
        node.put(part)
    collected = node.parts
    node.put("c")
    assert node.parts is collected and node.text == "abc"


def test_no_memory_is_taken_for_what_is_only_promised() -> None:
    for promise in (b"\x40\x01n\xa3\xff\xff\xff\x7f", b"\x40\x01n\x9d\xff\xff\xff\x7f", b"\x40\xff\xff\xff\xff\x07",
                    b"\x40\x01n\x03\x40\x01c\x01\x8f\xff\xff\xff\xff\x07"):  # fmt: skip
        tracemalloc.start()
        with pytest.raises(WireError):
            decode(promise)
        assert tracemalloc.get_traced_memory()[1] < 100_000
        tracemalloc.stop()


def test_a_run_that_is_tried_in_vain_costs_no_more_than_what_it_took() -> None:
    head, steps = b"\x40\x01c", Steps()
    data = (head + b"\x99\x02ab") * 1_000 + (head + b"\x99\x02a\xff") * 1_000
    texts, at = steps.run(lambda: take_run(data, 0, head, b""))
    assert 980 <= len(texts) <= 1_000 and at == len(texts) * 7
    assert steps.count < 300
