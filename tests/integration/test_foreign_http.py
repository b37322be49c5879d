"""Clients on bare sockets in front of the simulator: what HTTP and TLS allow, and what does not harm it."""

import socket
from random import Random
from uuid import uuid4

import pytest

from support.build import TENANT
from support.foreign_client import PATH, TYPE, Line, line
from support.wired import company, fault_of, told_tenant
from syncramp.simulator.server import LARGEST, Simulator


def test_a_browser_gets_a_text(wire: Line) -> None:
    wire.send(wire.head("GET", PATH, {"Accept-Encoding": "gzip, br"}))
    heard = wire.hear()
    assert (heard.status, heard.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert b"simulated V2 endpoint" in heard.body
    assert "content-encoding" not in heard.headers


@pytest.mark.parametrize("path", ["/ProvisioningService.svc", "/PROVISIONINGSERVICE.SVC", f"{PATH}?singleWsdl"])
def test_the_case_of_the_path_does_not_matter(wire: Line, simulator: Simulator, path: str) -> None:
    assert told_tenant(wire.post(company(simulator), path=path)) == TENANT
    wire.send(wire.head("GET", path, {}))
    assert wire.hear().status == 200


def test_another_path_is_not_found_and_another_method_not_allowed(wire: Line, simulator: Simulator) -> None:
    assert wire.post(company(simulator), path="/provisioningservice.svcx").status == 404
    assert wire.post(company(simulator), path="/provisioningserviceXsvc").status == 404
    wire.send(wire.head("PUT", PATH, {"Content-Length": "0"}))
    assert wire.hear().status == 405


@pytest.mark.parametrize(
    "kind",
    [
        TYPE,
        f"{TYPE}; charset=utf-8",
        f'{TYPE};action="http://example.org/x"',
        f'{TYPE} ; charset="utf-8"; x=y',
        "Application/SOAP+MSBIN1",
    ],
)
def test_a_content_type_may_have_parameters_and_any_case(wire: Line, simulator: Simulator, kind: str) -> None:
    assert told_tenant(wire.post(company(simulator), kind=kind)) == TENANT


@pytest.mark.parametrize(
    "kind", ["application/soap+msbinsession1", "text/xml", "application/soap+msbin1+gzip", "", "x"]
)
def test_another_content_type_is_refused_and_the_connection_stays(
    wire: Line, simulator: Simulator, kind: str
) -> None:
    heard = wire.post(company(simulator), kind=kind)
    assert heard.status == 415
    assert TYPE.encode() in heard.body
    assert told_tenant(wire.post(company(simulator))) == TENANT


def test_a_compressed_body_is_refused_and_not_opened(wire: Line, simulator: Simulator) -> None:
    assert wire.post(company(simulator), headers={"Content-Encoding": "gzip"}).status == 415
    assert told_tenant(wire.post(company(simulator), headers={"Content-Encoding": "identity"})) == TENANT


def test_header_names_of_any_case_are_understood(wire: Line, simulator: Simulator) -> None:
    body = company(simulator)
    head = f"POST {PATH} HTTP/1.1\r\nHOST: x\r\ncontent-TYPE: {TYPE}\r\nCONTENT-length: {len(body)}\r\n\r\n"
    wire.send(head.encode() + body)
    assert told_tenant(wire.hear()) == TENANT


def test_the_expectation_of_a_100_is_answered_before_the_body_is_sent(wire: Line, simulator: Simulator) -> None:
    body = company(simulator)
    told = {"Content-Type": TYPE, "Content-Length": str(len(body)), "Expect": "100-continue"}
    wire.send(wire.head("POST", PATH, told))
    assert wire.socket.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(body)
    assert told_tenant(wire.hear()) == TENANT


def test_a_client_that_does_not_wait_for_the_100_is_served_too(wire: Line, simulator: Simulator) -> None:
    heard = wire.post(company(simulator), headers={"Expect": "100-continue"})
    assert heard.informed == (100,)
    assert told_tenant(heard) == TENANT


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_body_may_come_in_chunks(wire: Line, simulator: Simulator, size: int) -> None:
    body = company(simulator)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    assert told_tenant(wire.chunked(pieces)) == TENANT
    assert told_tenant(wire.chunked(pieces, {"Expect": "100-continue"})) == TENANT


def test_a_request_may_come_one_byte_at_a_time(wire: Line, simulator: Simulator) -> None:
    body = company(simulator)
    whole = wire.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(len(body))}) + body
    for place in range(len(whole)):
        wire.send(whole[place : place + 1])
    assert told_tenant(wire.hear()) == TENANT


def test_requests_may_be_sent_without_waiting_for_answers(wire: Line, simulator: Simulator) -> None:
    body = company(simulator)
    head = wire.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(len(body))})
    wire.send((head + body) * 5)
    assert [told_tenant(wire.hear()) for _ in range(5)] == [TENANT] * 5


def test_http_1_0_ends_the_connection_unless_it_asks_for_more(simulator: Simulator) -> None:
    with line(simulator.host, simulator.certificates.ca) as wire:
        heard = wire.post(company(simulator), version="1.0", headers={"Connection": "keep-alive"})
        assert told_tenant(heard) == TENANT and heard.headers["connection"] == "keep-alive"
        assert told_tenant(wire.post(company(simulator), version="1.0")) == TENANT
        assert wire.rest() == b""


def test_many_connections_are_served_side_by_side(simulator: Simulator) -> None:
    lines = [Line(simulator.host, simulator.certificates.ca) for _ in range(40)]
    body = company(simulator)
    for made in lines:
        made.send(made.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(len(body))}) + body[:50])
    for made in reversed(lines):
        made.send(body[50:])
    assert [told_tenant(made.hear()) for made in lines] == [TENANT] * 40
    for made in lines:
        made.close()


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(wire: Line) -> None:
    wire.send(wire.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(LARGEST + 1)}))
    heard = wire.hear()
    assert (heard.status, str(LARGEST).encode() in heard.body) == (413, True)


def test_chunks_without_an_end_are_refused_at_the_limit(wire: Line) -> None:
    wire.send(wire.head("POST", PATH, {"Content-Type": TYPE, "Transfer-Encoding": "chunked"}))
    for _ in range((LARGEST >> 20) + 1):
        wire.send(b"100000\r\n" + bytes(1 << 20) + b"\r\n")
    assert wire.hear().status == 413


def test_a_body_that_is_no_message_is_a_fault_that_blames_the_sender(wire: Line) -> None:
    for body in (b"", b"<s:Envelope/>", b"\x56\x02", bytes(range(256))):
        heard = wire.post(body)
        assert fault_of(heard).startswith("The message could not be read: ")
        assert heard.message.at("Code/Value").text == "s:Sender"
        assert heard.message.at("Code/Subcode/Value").text == "a:DeserializationFailed"


def test_calls_without_the_headers_of_published_clients_are_served_and_counted(simulator: Simulator) -> None:
    counted = simulator.tenant.journal.count("missing headers").get("client-request-id", 0)
    with line(simulator.host, simulator.certificates.ca) as wire:
        assert told_tenant(wire.post(company(simulator))) == TENANT
        assert told_tenant(wire.post(company(simulator), headers={"client-request-id": str(uuid4())})) == TENANT
    assert simulator.tenant.journal.count("missing headers")["client-request-id"] == counted + 1


def test_a_client_that_speaks_no_tls_or_no_http_harms_nobody(
    simulator: Simulator, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    random = Random(5)
    address = simulator.host.split(":")
    for _ in range(10):
        with socket.create_connection((address[0], int(address[1]))) as plain:
            plain.sendall(random.randbytes(random.randrange(1, 2000)))
    whole = b"POST " + PATH.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Type: " + TYPE.encode() + b"\r\n"
    pieces = [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        whole + b"Content-Length: -1\r\n\r\n",
        whole + b"Content-Length: x\r\n\r\n",
        whole + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        whole + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        whole + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefgh\r\n",
        whole + b"Transfer-Encoding: gzip\r\n\r\nabc",
        whole + b"Content-Length: 10\r\n\r\nabc",
        whole + b"A: " + b"x" * 100_000 + b"\r\n\r\n",
        whole + b"\x00: x\r\n\r\n",
        *(whole + b"Content-Length: 40\r\n\r\n" + random.randbytes(40) for _ in range(20)),
        *(random.randbytes(random.randrange(1, 300)) + b"\r\n\r\n" for _ in range(20)),
    ]
    for piece in pieces:
        with line(simulator.host, simulator.certificates.ca) as wire:
            try:
                wire.send(piece)  # a long one may be refused before its end
                wire.socket.settimeout(0.05)
                heard = wire.socket.recv(65536)
            except OSError:  # it waits for more, or has hung up
                continue
            assert heard == b"" or heard[9:10] == b"4" or TYPE.encode() in heard, heard
    with line(simulator.host, simulator.certificates.ca) as wire:
        assert told_tenant(wire.post(company(simulator))) == TENANT
    assert capfd.readouterr().err == ""
    assert caplog.text == ""
