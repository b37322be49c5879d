"""Requests of peers that were written by somebody else: what .NET's stack takes, the server role takes."""

from uuid import UUID

import pytest

from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract import ContractError
from syncramp.endpoint.nbfx import writer as w
from syncramp.endpoint.nbfx.dictionary import IDS

ACTION = soap.action_of(contract.CAPABILITIES)
BODY = w.element("x", contract.CAPABILITIES) + w.xmlns("x", soap.N01) + w.END
VALUES = {
    "ApplicationId": w.content(soap.V1_APPLICATION),
    "BearerToken": w.content("bearer"),
    "ClientVersion": w.content("8.0"),
    "DirSyncBuildNumber": w.content("2.5.0.0"),
    "FIMBuildNumber": w.content("2.5.0.0"),
    "IsInstalledOnDC": b"\x85",
    "IssueDateTime": b"\x97" + bytes(8),
    "LanguageId": w.content("en-US"),
    "LiveToken": w.END,
    "ProtocolVersion": b"\x91\x00\x00\x00\x40",
    "RichCoexistenceEnabled": w.content("False"),
    "TrackingId": b"\xb1" + UUID(int=7).bytes_le,
}


def element(prefix: str, name: str, *content: bytes) -> bytes:
    return w.element(prefix, name) + b"".join(content)


def token(values: dict[str, bytes]) -> bytes:
    """A SyncToken with prefixes instead of default namespaces."""
    children = [element("n", name, value) for name, value in values.items()]
    return element("t", "SyncToken", w.xmlns("n", soap.N01), w.xmlns("t", soap.NTOK), *children, w.END)


def message(*headers: bytes, body: bytes = BODY) -> bytes:
    """An envelope with prefixes of our own and without a single dictionary string."""
    head = w.element("env", "Envelope") + w.xmlns("addr", soap.WSA) + w.xmlns("env", soap.S12)
    return b"".join((head, w.element("env", "Header"), *headers, w.END, w.element("env", "Body"), body, w.END, w.END))


def test_a_message_of_literal_strings_with_any_prefixes_and_guessed_types_is_taken() -> None:
    request = contract.parse_request(
        message(
            element("addr", "To", w.content("https://host/")),
            element("addr", "MessageID", b"\xad", UUID(int=9).bytes_le),
            token(VALUES),
            element("env", "Unknown", w.content("anything")),
            element("addr", "Action", w.attribute("env", "mustUnderstand", b"\x86"), w.content(ACTION)),
        )
    )
    assert (request.operation, request.to, request.message_id) == ("Capabilities", "https://host/", UUID(int=9))
    assert request.token["IssueDateTime"] == "0001-01-01T00:00:00"
    assert request.token["IsInstalledOnDC"] == "false"
    assert request.token["TrackingId"] == str(UUID(int=7))
    assert request.token["ProtocolVersion"] == "2"


def test_dictionary_strings_are_taken_where_dot_net_would_write_literal_ones() -> None:
    kind = bytes([0x0C + ord("i") - ord("a")]) + w.int31(IDS["nil"]) + b"\x86"
    instance = b"\x0b\x01i" + w.int31(IDS[soap.XSI])
    body = b"".join(
        (
            w.element("", contract.READ_BACK),
            w.xmlns("", soap.N01),
            element("", "inputCookie", kind, instance, w.END),
            element("", "isFullSync", b"\x86", w.END),
            w.END,
        )
    )
    action = element("addr", "Action", w.content(soap.action_of(contract.READ_BACK)))
    asked = contract.parse_read_back_request(contract.parse_request(message(action, token(VALUES), body=body)).body)
    assert asked == contract.ReadBackRequest(None, full=True, licenses=False)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"", ""),
        (element("addr", "MessageID", w.content(f"urn:uuid:{UUID(int=9)}")), UUID(int=9)),
        (element("addr", "MessageID", w.content("http://peer/1")), "http://peer/1"),
        (
            element("addr", "MessageID", w.content(f"urn:uuid:{UUID(int=175)}".upper())),
            f"URN:UUID:{UUID(int=175)}".upper(),
        ),
    ],
)
def test_an_answer_relates_to_the_message_id_as_it_was_sent_if_there_was_one(sent, told) -> None:
    action = element("addr", "Action", w.content(ACTION))
    request = contract.parse_request(message(action, sent, token(VALUES)))
    assert request.message_id == told
    for values in ("typed", "text"):
        answer = soap.open_envelope(contract.finalize_response(request.message_id, values))
        assert answer.relates_to == (f"urn:uuid:{told}" if isinstance(told, UUID) else told)


def with_token(values: dict[str, bytes]) -> bytes:
    return message(element("addr", "Action", w.content(ACTION)), token(values))


def test_children_of_the_token_that_are_missing_are_empty_and_unknown_ones_are_passed_over() -> None:
    values = {"BearerToken": VALUES["BearerToken"], "Extra": w.END, "LanguageId": VALUES["LanguageId"]}
    request = contract.parse_request(with_token(values))
    assert {name: value for name, value in request.token.items() if value} == {
        "BearerToken": "bearer",
        "LanguageId": "en-US",
    }
    assert tuple(request.token) == soap.TOKEN_CHILDREN


def test_a_token_that_dot_net_would_not_read_as_it_was_meant_is_refused_with_the_reason() -> None:
    swapped = {"LanguageId": VALUES["LanguageId"], "BearerToken": VALUES["BearerToken"]}
    with pytest.raises(ContractError, match="SyncToken must hold ApplicationId, BearerToken"):
        contract.parse_request(with_token(swapped))
    twice = token(VALUES).replace(element("n", "LiveToken", w.END), element("n", "LanguageId", w.content("de-DE")))
    with pytest.raises(ContractError, match="each once"):
        contract.parse_request(message(element("addr", "Action", w.content(ACTION)), twice))
    strange = token(VALUES).replace(soap.N01.encode(), soap.N01.encode()[:-1] + b"2")
    with pytest.raises(ContractError, match="belong to"):
        contract.parse_request(message(element("addr", "Action", w.content(ACTION)), strange))
    with pytest.raises(ContractError, match="TrackingId must be a GUID"):
        contract.parse_request(with_token({**VALUES, "TrackingId": w.content("seven")}))
    with pytest.raises(ContractError, match="SyncToken is missing"):
        contract.parse_request(message(element("addr", "Action", w.content(ACTION))))


def test_headers_of_other_namespaces_are_not_taken_for_those_of_the_addressing() -> None:
    action = element("addr", "Action", w.content(ACTION))
    other = element("env", "To", w.content("elsewhere"))
    request = contract.parse_request(message(action, element("addr", "To", w.content("here")), other, token(VALUES)))
    assert request.to == "here"
