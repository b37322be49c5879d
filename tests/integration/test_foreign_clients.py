"""Clients that share no code with the product, on bare sockets, in front of the simulator.

What they send is legal and differs from what the product sends: in the records, the prefixes, the way over HTTP.
"""

import socket
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest

from support import foreign_messages as m
from support.build import CLIENT, TENANT
from support.console import ROOT
from support.foreign import LITERAL, STYLES, Style, X, hoisted, written
from support.foreign_client import PATH, TYPE, Heard, Line, line
from syncramp.simulator.server import LARGEST, Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    settings = TenantSettings(TENANT, visibility_delay=0.0, writes_per_five_minutes=0)
    with running_simulator(make_simulator(settings, client_id=CLIENT)) as running:
        yield running


@pytest.fixture
def wire(simulator: Simulator) -> Iterator[Line]:
    with line(simulator.host, simulator.certificates.ca) as made:
        yield made


def ask(wire: Line, simulator: Simulator, operation: str, body: X, style: Style = LITERAL) -> Heard:
    return wire.post(written(m.request(operation, body, simulator.issuer.access_token()), style))


def company(simulator: Simulator, style: Style = LITERAL) -> bytes:
    return written(m.request("GetCompanyConfiguration", m.company(), simulator.issuer.access_token()), style)


def told_tenant(heard: Heard) -> str:
    assert heard.status == 200
    return heard.message.at("GetCompanyConfigurationResult/TenantId").text


def fault_of(heard: Heard) -> str:
    assert heard.status == 500
    assert heard.message.local == "Fault"
    return heard.message.at("Reason/Text").text


@pytest.mark.parametrize(
    "module", sorted((ROOT / "tests" / "support").glob("foreign*.py")), ids=lambda path: path.name
)
def test_these_peers_share_no_code_with_the_product(module: Path) -> None:
    assert "syncramp" not in module.read_text(encoding="utf-8")


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


def test_calls_without_the_headers_of_published_clients_are_served_and_counted(simulator: Simulator) -> None:
    counted = simulator.tenant.journal.count("missing headers").get("client-request-id", 0)
    with line(simulator.host, simulator.certificates.ca) as wire:
        assert told_tenant(wire.post(company(simulator))) == TENANT
        assert told_tenant(wire.post(company(simulator), headers={"client-request-id": str(uuid4())})) == TENANT
    assert simulator.tenant.journal.count("missing headers")["client-request-id"] == counted + 1


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_walk_through_the_operations_in_every_form_of_the_bytes(
    wire: Line, simulator: Simulator, style: Style
) -> None:
    user, group = (f"{kind}-{uuid4().hex}" for kind in "UG")
    values = {"SourceAnchor": user, "displayName": "Zoë 鈴木", "accountEnabled": True, "countryCode": 276}
    person = m.sync_object("User", "Set", {**values, "onPremiseSecurityIdentifier": bytes(range(28)), "title": None})
    team = m.sync_object("Group", "Set", {"SourceAnchor": group, "member": m.members([(user, 2, 1)])})
    heard = ask(wire, simulator, "ProvisionAzureADSyncObjects2", m.provision([person, team]), style)
    assert heard.status == 200, fault_of(heard)
    results = heard.message.all("AzureADSyncObjectResult")
    assert [result.at("ResultCode").text for result in results] == ["Success", "Success"], results
    kept = simulator.tenant.attributes(user)
    assert kept is not None
    assert {name.lower(): value for name, value in kept.items()} == {
        "displayname": "Zoë 鈴木",
        "accountenabled": True,
        "countrycode": 276,
        "onpremisesecurityidentifier": bytes(range(28)),
    }
    assert simulator.tenant.members(group) == {user}

    page = ask(wire, simulator, "ReadBackAzureADSyncObjects2", m.read_back(None, full=True), style)
    cookie = page.message.all("OutputCookie")[0]
    more = ask(wire, simulator, "ReadBackAzureADSyncObjects2", m.read_back(b64decode(cookie.text), full=False), style)
    assert more.status == 200
    assert ask(wire, simulator, "FinalizeExport", m.finalize(2, 2), style).status == 200
    assert simulator.tenant.finalized() == (2, 2)
    assert told_tenant(ask(wire, simulator, "GetCompanyConfiguration", m.company(), style)) == TENANT


def published(operation: str) -> dict[str, str]:
    """The HTTP headers of published clients, AADInternals and its Python port: V1's application, an empty name."""
    return {
        "User-Agent": "",
        "client-request-id": str(uuid4()),
        "x-ms-aadmsods-clientversion": "8.0",
        "x-ms-aadmsods-dirsyncbuildnumber": "2.4.21.0",
        "x-ms-aadmsods-fimbuildnumber": "2.4.21.0",
        "x-ms-aadmsods-tenantid": TENANT,
        "x-ms-aadmsods-appid": m.V1_APPLICATION,
        "x-ms-aadmsods-apiaction": operation,
    }


@pytest.mark.parametrize("style", [STYLES["guessed types"], Style(dictionary=True, guessing=True)])
def test_published_clients_are_served(wire: Line, simulator: Simulator, style: Style) -> None:
    """One object in a call with ``Set``, a member by anchors without prefixes, everything read without a cookie."""

    def call(operation: str, content: X) -> Heard:
        tree = m.request(operation, content, simulator.issuer.access_token())
        return wire.post(written(tree, style), headers=published(operation))

    export, anchor, team = "ProvisionAzureADSyncObjects2", f"{uuid4().hex[:22]}==", f"{uuid4().hex[:22]}=="
    made = call(export, m.provision([m.sync_object("User", "Set", {"SourceAnchor": anchor, "ThumbnailPhoto": b"x"})]))
    (result,) = made.message.all("AzureADSyncObjectResult")
    assert [child.local for child in result.children] == [
        "CloudAnchor",
        "ErrorDetails",
        "ObjectType",
        "ResultCode",
        "ResultErrorCode",
        "ResultErrorDescription",
        "SourceAnchor",
        "SyncOperation",
    ]
    assert (result.at("ResultCode").text, result.at("SyncOperation").text) == ("Success", "Add")
    cloud = result.at("CloudAnchor").text
    call(export, m.provision([m.sync_object("Group", "Set", {"SourceAnchor": team, "SecurityEnabled": True})]))
    for by, name in ((2, anchor), (1, cloud)):
        change = {"SourceAnchor": team, "member": m.members([(name, by, 1)])}
        heard = call(export, m.provision([m.sync_object("Group", "Set", change)]))
        assert heard.message.all("ResultCode")[0].text == "Success"
    assert simulator.tenant.members(team) == {anchor}

    everything = call("ReadBackAzureADSyncObjects2", m.read_back(None, full=False))
    keys = {
        (pair.at("Key").text, pair.at("Value").text) for pair in everything.message.all("KeyValueOfstringanyType")
    }
    assert {("SourceAnchor", anchor), ("CloudAnchor", cloud)} <= keys

    gone = call(export, m.provision([m.sync_object("User", "Delete", {"CloudAnchor": cloud})]))
    assert gone.message.all("ResultCode")[0].text == "Success"
    assert simulator.tenant.attributes(anchor) is None


def test_answers_force_a_client_to_know_the_records_of_wcf(wire: Line, simulator: Simulator) -> None:
    """Prefixes as in published samples, names of SOAP from the dictionary, literal bodies, typed records."""
    heard = ask(wire, simulator, "GetCompanyConfiguration", m.company())
    header, body = heard.envelope.at("Header"), heard.message
    assert [heard.envelope.name, header.name, header.at("Action").name] == ["s:Envelope", "s:Header", "a:Action"]
    assert not any(node.literal for node in (heard.envelope, header, header.at("Action"), header.at("RelatesTo")))
    assert header.at("RelatesTo").records == [0xAC]
    assert body.literal and body.name == "GetCompanyConfigurationResponse"
    result = body.at("GetCompanyConfigurationResult")
    assert result.at("IsDirSyncing").records in ([0x84], [0x86])
    assert result.at("DirSyncFeatures").records == [0x8C]
    assert all(child.namespace == m.N01 for child in result.children)

    ask(wire, simulator, "ProvisionAzureADSyncObjects2", m.provision([m.sync_object("User", "Set", RECORDS)]))
    page = ask(wire, simulator, "ReadBackAzureADSyncObjects2", m.read_back(None, full=True)).message
    assert {node.name for node in page.all("AzureADSyncObject")} == {"b:AzureADSyncObject"}
    pairs = {pair.at("Key").text: pair for pair in page.all("KeyValueOfstringanyType")}
    value = {key: pairs[key].at("Value") for key in ("OnPremiseSecurityIdentifier", "CountryCode", "OtherMobile")}
    assert pairs["CountryCode"].name == "c:KeyValueOfstringanyType"
    assert value["OnPremiseSecurityIdentifier"].records == [0x9E, 0x9E], "three bytes, and two"
    assert value["OnPremiseSecurityIdentifier"].attributes == {"i:type": "d:base64Binary"}
    assert value["CountryCode"].records == [0x8A] and value["OtherMobile"].attributes == {"i:type": "c:ArrayOfstring"}


RECORDS = {
    "SourceAnchor": "records",
    "onPremiseSecurityIdentifier": bytes(range(5)),
    "countryCode": 276,
    "otherMobile": ["1"],
}


def test_prefixes_may_be_declared_on_the_envelope(wire: Line, simulator: Simulator) -> None:
    values = {"SourceAnchor": "hoisted", "displayName": "x", "mail": None, "otherMobile": ["1", "2"]}
    tree = m.request(
        "ProvisionAzureADSyncObjects2",
        m.provision([m.sync_object("User", "Set", values)]),
        simulator.issuer.access_token(),
    )
    heard = wire.post(written(hoisted(tree)))
    assert heard.status == 200
    assert (simulator.tenant.attributes("hoisted") or {}).get("OtherMobile") == ("1", "2")


@pytest.mark.parametrize("place", [0, 5, 10])
def test_children_of_the_token_in_another_order_are_refused(wire: Line, simulator: Simulator, place: int) -> None:
    tracking = uuid4()
    children = m.sync_token(simulator.issuer.access_token(), tracking)
    children[place], children[place + 1] = children[place + 1], children[place]
    heard = wire.post(written(m.envelope("GetCompanyConfiguration", m.company(), children, tracking)))
    assert "in this order" in fault_of(heard)


def test_children_of_the_token_in_another_namespace_are_refused(wire: Line, simulator: Simulator) -> None:
    tracking = uuid4()
    children = [X(x.name, x.content) for x in m.sync_token(simulator.issuer.access_token(), tracking)]
    heard = wire.post(written(m.envelope("GetCompanyConfiguration", m.company(), children, tracking)))
    assert "belong to" in fault_of(heard)


def test_an_action_that_is_not_that_of_the_body_is_refused(wire: Line, simulator: Simulator) -> None:
    assert "action" in fault_of(ask(wire, simulator, "FinalizeExport", m.company()))


def test_a_tracking_id_that_is_no_guid_is_refused(wire: Line, simulator: Simulator) -> None:
    tracking = uuid4()
    children = m.sync_token(simulator.issuer.access_token(), tracking)
    children[-1] = X("TrackingId", "not a guid", declares={"": m.N01})
    assert "GUID" in fault_of(
        wire.post(written(m.envelope("GetCompanyConfiguration", m.company(), children, tracking)))
    )


def test_a_message_id_of_its_own_is_accepted_and_related_to(wire: Line, simulator: Simulator) -> None:
    """WCF gives every message an id of its own unless a client sets it."""
    own = UUID(int=7)
    tree = m.request("GetCompanyConfiguration", m.company(), simulator.issuer.access_token(), message_id=own)
    heard = wire.post(written(tree))
    assert told_tenant(heard) == TENANT
    assert heard.envelope.at("Header/RelatesTo").text == f"urn:uuid:{own}"


def test_a_header_without_message_id_reply_to_and_to_is_accepted(wire: Line, simulator: Simulator) -> None:
    tree = m.request("GetCompanyConfiguration", m.company(), simulator.issuer.access_token(), bare=True)
    assert told_tenant(wire.post(written(tree))) == TENANT


def test_a_token_with_the_word_bearer_in_front_is_refused(wire: Line, simulator: Simulator) -> None:
    tree = m.request("GetCompanyConfiguration", m.company(), f"Bearer {simulator.issuer.access_token()}")
    assert "denied" in fault_of(wire.post(written(tree)))


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
            wire.send(piece)
            wire.socket.settimeout(0.05)
            try:
                heard = wire.socket.recv(65536)
            except OSError:  # it waits for more, or has hung up
                continue
            assert heard == b"" or heard[9:10] == b"4" or TYPE.encode() in heard, heard
    with line(simulator.host, simulator.certificates.ca) as wire:
        assert told_tenant(wire.post(company(simulator))) == TENANT
    assert capfd.readouterr().err == ""
    assert caplog.text == ""
