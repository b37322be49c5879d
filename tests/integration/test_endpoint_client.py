"""The client of the V2 endpoint over real TLS: what it sends, and what it concludes from each kind of answer."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from support.ldap_certificates import issue
from support.service import COMPANY, SECRET, Secrets, Service, Step, fault, serving
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.faults import TokenRefused
from syncramp.errors import (
    AccessDenied,
    AnswerLost,
    CredentialsRefused,
    EndpointUnavailable,
    InputRefused,
    ServiceRefused,
    SyncrampError,
    UntrustedServer,
)
from syncramp.model.wire import Operation, ReferenceChange, Result, SyncObject
from syncramp.simulator.certificates import make_application
from syncramp.spec.sign_in import CertificateAuth
from syncramp.spec.types import (
    WriteBudget,
)

ONE = [SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA", "displayName": "Ada"})]
HTML = Step(200, "text/html; charset=utf-8", b"<html>Sign in to the proxy</html>")


@contextmanager
def endpoint(service: Service, tmp_path, **options) -> Iterator[V2Endpoint]:
    made = V2Endpoint(options.pop("target", service.target()), service.secrets(tmp_path), busy_first=0.001, **options)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(autouse=True)
def _a_proxy_that_leads_nowhere(monkeypatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def test_a_whole_conversation_carries_the_token_and_the_headers_of_the_service(tmp_path) -> None:
    with serving() as service, endpoint(service, tmp_path) as client:
        assert client.company() == COMPANY
        (page,) = client.read_back(None)
        assert (page.cookie, page.more) == (b"cookie", False)
        (outcome,) = client.provision(ONE)
        assert outcome.result is Result.APPLIED
        client.finalize(1, 1)
    assert [request.operation for request in service.requests] == [
        contract.GET_COMPANY,
        contract.READ_BACK,
        contract.PROVISION,
        contract.FINALIZE,
    ]
    assert {request.token["BearerToken"] for request in service.requests} == {"token-1"}
    headers = service.headers[2]
    assert headers["content-type"] == "application/soap+msbin1"
    assert headers["x-ms-aadmsods-apiaction"] == "Provision2"
    assert headers["x-ms-aadmsods-dirsyncbuildnumber"] == service.requests[2].token["DirSyncBuildNumber"]
    assert headers["client-request-id"] == str(service.requests[2].message_id)
    assert "authorization" not in headers


def test_a_token_is_asked_for_the_synchronisation_service(tmp_path) -> None:
    with serving() as service, endpoint(service, tmp_path) as client:
        client.company()
        client.company()
    (form,) = service.token_requests
    assert form["scope"] == ["6bf85cfa-ac8a-4be5-b5de-425a0d0dc016/.default"]
    assert form["client_secret"] == [SECRET], "the newline at the end of a mounted Secret is no part of it"


def test_a_read_back_is_paged_until_its_end_is_marked(tmp_path) -> None:
    def page(number: int, more: bool | None) -> Step:
        objs = [SyncObject("User", Operation.SET, {"SourceAnchor": f"A{number}"})]
        return Step(body=contract.read_back_response(objs, b"c%d" % number, more, _ID))

    with serving(page(1, True), page(2, True), page(3, False)) as service, endpoint(service, tmp_path) as client:
        pages = list(client.read_back(None))
    assert [obj.values["SourceAnchor"] for found in pages for obj in found.objects] == ["A1", "A2", "A3"]
    cookies = [contract.parse_read_back_request(request.body).cookie for request in service.requests]
    assert cookies == [None, b"c1", b"c2"]


def test_a_read_back_that_never_moves_on_is_refused(tmp_path) -> None:
    stuck = Step(body=contract.read_back_response([], b"c", True, _ID))
    with serving(stuck, stuck) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(ServiceRefused, match="no new cookie"):
            list(client.read_back(None))


def test_a_read_back_that_goes_round_in_a_circle_is_refused(tmp_path) -> None:
    one, other = (Step(body=contract.read_back_response(ONE, cookie, True, _ID)) for cookie in (b"1", b"2"))
    with serving(one, other, one) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(ServiceRefused, match="no new cookie"):
            list(client.read_back(None))
    assert len(service.requests) == 3


def test_a_read_back_of_empty_pages_without_end_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("syncramp.endpoint.client.EMPTY_PAGES", 3)
    shown = [[], [], ONE, [], [], [], []]
    steps = [Step(body=contract.read_back_response(o, b"%d" % n, True, _ID)) for n, o in enumerate(shown)]
    with serving(*steps) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(ServiceRefused, match="comes to no end"):
            list(client.read_back(None))
    assert len(service.requests) == 6


@pytest.mark.parametrize("step", [Step(silent=True), Step(cut=True), Step(500, "text/html", b"<html>oops</html>")])
def test_a_read_that_breaks_is_asked_again(tmp_path, step) -> None:
    with serving(step, step) as service, endpoint(service, tmp_path) as client:
        assert client.company() == COMPANY
    assert len(service.requests) == 3


def test_a_read_that_stays_broken_is_unavailable(tmp_path) -> None:
    with serving(*[Step(silent=True)] * 9) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(EndpointUnavailable, match="broke"):
            client.company()


@pytest.mark.parametrize(
    "step",
    [
        Step(silent=True),
        Step(cut=True),
        Step(500, "", b""),
        Step(500, "text/html", b"<html>oops</html>"),
        HTML,
        Step(200, body=b"\x56\x02garbage"),
        Step(200, body=contract.finalize_response(__import__("uuid").UUID(int=1))),
    ],
    ids=["silent", "cut", "empty 500", "html 500", "html 200", "garbage", "another answer"],
)
def test_an_export_without_a_readable_answer_is_in_doubt_and_not_repeated(tmp_path, step) -> None:
    with serving(step) as service, endpoint(service, tmp_path) as client, pytest.raises(AnswerLost) as caught:
        client.provision(ONE)
    assert len(service.requests) == 1
    assert service.host in caught.value.where


def test_an_answer_may_come_compressed_by_http_and_a_broken_one_is_lost(tmp_path) -> None:
    body = contract.read_back_response(ONE, b"c", False, _ID)
    packed = [gzip.compress(body), gzip.compress(body)[:-12], b"not gzip"]
    steps = [Step(body=data, headers={"Content-Encoding": "gzip"}) for data in packed]
    with serving(steps[0]) as service, endpoint(service, tmp_path) as client:
        (page,) = client.read_back(None)
    assert (list(page.objects), page.cookie) == (ONE, b"c")
    for step in steps[1:]:
        with serving(step) as service, endpoint(service, tmp_path) as client, pytest.raises(AnswerLost):
            client.provision(ONE)


def test_a_page_of_html_is_told_as_such(tmp_path) -> None:
    with serving(*[HTML] * 9) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(SyncrampError, match="proxy or a gateway"):
            client.company()


def test_a_fault_with_status_200_is_a_fault(tmp_path) -> None:
    step = replace(fault("Something else is wrong.", "90"), status=200)
    with serving(step) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(AnswerLost, match="Something else is wrong.*code 90"):
            client.provision(ONE)


def test_a_fault_that_blames_the_message_proves_that_nothing_was_processed(tmp_path) -> None:
    step = Step(500, body=contract.fault_response("The message could not be read.", sender=True))
    with serving(step) as service, endpoint(service, tmp_path) as client, pytest.raises(ServiceRefused):
        client.provision(ONE)


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (contract.ACCESS_DENIED_TEXT, AccessDenied, "ADSynchronization.ReadWrite.All"),
        (f"{contract.ACCESS_DENIED_TEXT} Tracking Id: 1-2", AccessDenied, "ADSynchronization.ReadWrite.All"),
        (contract.NOT_ACTIVATED_TEXT, ServiceRefused, "onPremisesSyncEnabled"),
    ],
)
def test_a_refusal_says_what_to_do(tmp_path, text, error, words) -> None:
    steps = [fault(text)] * 2
    with serving(*steps) as service, endpoint(service, tmp_path) as client, pytest.raises(error) as caught:
        client.company()
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["The security token has expired.", contract.ACCESS_DENIED_TEXT])
def test_a_token_that_is_not_accepted_is_renewed_once(tmp_path, text) -> None:
    refused = fault(text)
    with serving(refused) as service, endpoint(service, tmp_path) as client:
        assert client.company() == COMPANY
    assert [request.token["BearerToken"] for request in service.requests] == ["token-1", "token-2"]
    with serving(refused, refused) as service, endpoint(service, tmp_path) as client:
        with pytest.raises((TokenRefused, AccessDenied)):
            client.company()


def test_an_untrusted_certificate_is_told_with_the_field_that_mends_it(tmp_path) -> None:
    with serving() as service:
        secrets = Secrets({("ca", "ca.crt"): issue("127.0.0.1").ca, ("app", "secret"): b"x"})
        client = V2Endpoint(service.target(), secrets, busy_first=0.001)
        with pytest.raises(UntrustedServer, match=r"spec\.target\.endpoint\.ca") as caught:
            client.company()
        client.close()
    assert caught.value.reason == "UntrustedServer"


def test_a_certificate_for_another_host_is_not_accepted(tmp_path) -> None:
    with serving(certificates=issue("somewhere.example")) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(UntrustedServer):
            client.company()


def test_an_unknown_host_and_a_closed_port_are_unavailable_and_nothing_is_in_doubt(tmp_path) -> None:
    with serving() as service:
        for host in ("localhost:1", "no-such-host.invalid"):
            with endpoint(service, tmp_path, target=service.target(host=host)) as client:
                with pytest.raises(EndpointUnavailable, match="no connection"):
                    client.provision(ONE)
        with endpoint(service, tmp_path, target=service.target(authority="https://localhost:1")) as client:
            with pytest.raises(EndpointUnavailable, match="no connection"):
                client.provision(ONE)


def test_refused_credentials_are_told_without_the_secret(tmp_path) -> None:
    with serving() as service:
        service.refuse_token = "AADSTS7000215: Invalid client secret provided."
        with endpoint(service, tmp_path) as client, pytest.raises(CredentialsRefused) as caught:
            client.company()
    assert "AADSTS7000215" in str(caught.value)
    assert SECRET not in repr(caught.value) + str(caught.value)


def test_a_key_that_is_none_is_refused_by_the_name_of_its_secret(tmp_path) -> None:
    with serving() as service:
        target = replace(service.target(), auth=CertificateAuth("c", "entra-sync"))
        values = {
            ("ca", "ca.crt"): service.certificates.ca,
            ("entra-sync", "tls.key"): b"x",
            ("entra-sync", "tls.crt"): b"y",
        }
        client = V2Endpoint(target, Secrets(values))
        with pytest.raises(InputRefused, match="Secret entra-sync"):
            client.company()
        client.close()


def test_an_application_signs_in_with_its_certificate(tmp_path) -> None:
    application = make_application("c")
    with serving() as service:
        target = replace(service.target(), auth=CertificateAuth("c", "entra-sync"))
        values = {
            ("ca", "ca.crt"): service.certificates.ca,
            ("entra-sync", "tls.key"): application.key,
            ("entra-sync", "tls.crt"): application.certificate,
        }
        client = V2Endpoint(target, Secrets(values))
        assert client.company() == COMPANY
        client.close()
    assert "client_assertion" in service.token_requests[0]


def test_a_ca_that_is_none_is_refused_by_its_field(tmp_path) -> None:
    with serving() as service:
        secrets = Secrets({("ca", "ca.crt"): b"no certificate", ("app", "secret"): b"x"})
        with pytest.raises(InputRefused, match=r"spec\.target\.endpoint\.ca"):
            V2Endpoint(service.target(), secrets)


def test_more_links_than_the_tenant_allows_are_never_sent(tmp_path) -> None:
    changes = tuple(ReferenceChange(str(number)) for number in range(15_001))
    too_many = [SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "member": changes})]
    with serving() as service, endpoint(service, tmp_path) as client, pytest.raises(ValueError, match="15001"):
        client.provision(too_many)
    assert not service.requests


def test_a_stop_ends_waiting_for_the_budget(tmp_path) -> None:
    stop = threading.Event()
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        stop.set()

    with serving() as service:
        target = replace(service.target(), writes=WriteBudget(2, 50))
        with endpoint(service, tmp_path, target=target, stop=stop, note=note) as client:
            assert client.reserve(1, 0, wait=False)
            assert not client.reserve(1, 0, wait=False)
            client.spend(1, 0)
            assert notes == []
            assert not client.reserve(1, 0, wait=True)
    assert "(1 writes, 75,000 links in five minutes) is spent" in notes[0]


_ID = __import__("uuid").UUID(int=3)
