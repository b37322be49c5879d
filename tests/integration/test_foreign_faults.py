"""Faults of services that share no code with the product: in every form, with any status, and what they prove."""

from collections.abc import Sequence

import pytest

from support import foreign_messages as m
from support.build import TENANT
from support.foreign import LITERAL, STYLES, Seen, Style, X
from support.foreign_server import Manner
from support.fronted import people, served, well
from syncramp.errors import AccessDenied, AnswerLost, CredentialsRefused, ServiceRefused


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_fault_is_a_fault_whatever_the_status(style: Style, status: int) -> None:
    def denied(operation: str, request: Seen) -> X:
        return m.fault("Access to Azure Active Directory has been denied. Contact Technical Support.")

    with served(denied, style, Manner(status)) as (client, _):
        with pytest.raises(AccessDenied, match="has been denied"):
            client.company()


@pytest.mark.parametrize("status", [200, 500, 503])
def test_a_busy_service_is_asked_again(status: int) -> None:
    def busy_first(operation: str, request: Seen) -> X:
        first = len(service.requests) == 1
        return (
            m.fault("Windows Azure Active Directory is currently busy.", "81") if first else well(operation, request)
        )

    with served(busy_first, LITERAL, Manner(status)) as (client, service):
        assert client.company().tenant_id == TENANT
        assert len(service.requests) == 2


def test_of_several_languages_the_english_one_is_understood() -> None:
    def denied(operation: str, request: Seen) -> X:
        told = m.fault("Access to Azure Active Directory has been denied. Tracking Id: 1.")
        assert isinstance(told.content, list)
        reason = told.content[1].content[0].content[1]
        reason.content[:] = [
            X("s:Text", "Der Zugriff ist verboten.", {"xml:lang": "de-DE"}),
            *reason.content,
            X("s:Text", "アクセスできません。", {"xml:lang": "ja-JP"}),
        ]
        return told

    with served(denied) as (client, _):
        with pytest.raises(AccessDenied, match="has been denied"):
            client.company()


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_nobody_knows_leaves_an_export_in_doubt(status: int) -> None:
    def strange(operation: str, request: Seen) -> X:
        return m.fault("Something else.", "1234")

    with served(strange, STYLES["dictionary strings"], Manner(status)) as (client, service):
        with pytest.raises(AnswerLost, match="Something else"):
            client.provision(people("one"))
        assert len(service.requests) == 1, "it is not sent twice"


BEFORE = [("s:Sender", "a:ActionNotSupported"), ("s:Sender", "x:DeserializationFailed"), ("s:MustUnderstand",)]


@pytest.mark.parametrize("blamed", [("s:Sender",), ("s:Sender", "x:Anything"), ("s:Receiver",), *BEFORE])
@pytest.mark.parametrize("code", ["", "1234"])
def test_only_a_fault_from_before_the_service_proves_that_nothing_was_done(blamed: Sequence[str], code: str) -> None:
    """WCF's own faults have a subcode; ``Sender`` alone is what it gives to any fault that names no code."""

    def strange(operation: str, request: Seen) -> X:
        return m.fault("Something else.", code, blamed=blamed)

    with served(strange) as (client, _):
        with pytest.raises(ServiceRefused if blamed in BEFORE else AnswerLost, match="Something else"):
            client.provision(people("one"))


def test_a_token_that_is_not_accepted_is_renewed_once() -> None:
    def expired(operation: str, request: Seen) -> X:
        return m.fault("The security token has expired.")

    with served(expired) as (client, service):
        with pytest.raises(CredentialsRefused):
            client.company()
        assert len(service.requests) == 2


@pytest.mark.parametrize("namespace", [m.NCS, m.N01, "urn:anything"])
@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_redirect_is_recognised_in_any_namespace_and_form(style: Style, namespace: str) -> None:
    def redirect(operation: str, request: Seen) -> X:
        detail = X("BindingRedirectionFault", [X("Url", "https://elsewhere.example/x.svc")], {}, {"": namespace})
        return m.fault("Go away.", detail=detail)

    with served(redirect, style, Manner(500)) as (client, service):
        with pytest.raises(ServiceRefused, match=r"elsewhere\.example"):
            client.company()
        assert len(service.requests) == 1
