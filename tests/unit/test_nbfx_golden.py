"""What .NET's own writer wrote, written again byte for byte; and the pieces of messages that are known from it."""

from uuid import UUID

import pytest

from support.vectors import VECTORS
from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract.faults import NCS
from syncramp.endpoint.nbfx import decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import Company

GUID = UUID("00112233-4455-6677-8899-aabbccddeeff")
READ_ONLY = {"datetime utc", "int array"}
"""Records that no member of the service's contracts is written in."""
ELSEWHERE = {name for name in VECTORS if name.startswith(("Get", "Provision"))}
"""Written again in test_contract.py."""
N = w.element("", "n")
WRITTEN = {
    "literal element+text": w.element("", "a") + w.content("hi"),
    "empty element": w.element("", "a") + w.END,
    "empty string text": w.element("", "a") + w.content(""),
    "default ns": w.element("", "isFullSync") + w.xmlns("", "urn:x") + w.boolean(True),
    "prefix+attr nil": w.element("b", "CloudAnchor")
    + w.attribute("i", "nil", w.text("true"))
    + w.xmlns("b", "urn:x")
    + w.xmlns("i", soap.XSI)
    + w.END,
    **{name: N + w.integer(int(name[4:])) for name in VECTORS if name.startswith("int ") and name != "int array"},
    "bytes": N + w.binary(b"\1\2\3\4\5"),
    "uniqueid": N + w.unique_id(GUID),
    "guid": N + w.guid(str(GUID)),
    "timespan 30m": N + w.duration("PT30M"),
    "str 200": N + w.content("x" * 200),
    "long name": w.element("", "n" * 130) + w.END,
    "utf8": N + w.content("é中😀"),
    "mixed": w.element("", "r") + w.text("x") + w.element("", "c") + w.END + w.content("y"),
    "envelope with dictionary": b"".join(
        (
            soap.response(soap.action_of("Capabilities"), b"", None).partition(w.END + w.soap_element("s", "Body"))[
                0
            ],
            w.soap_element("a", "MessageID") + w.unique_id(GUID),
            w.soap_element("a", "ReplyTo")
            + w.soap_element("a", "Address")
            + w.dictionary_text(soap.ANONYMOUS)
            + w.END,
            w.soap_element("a", "To") + w.soap_attribute("s", "mustUnderstand", w.text("1")),
            w.content("https://adminwebservice.microsoftonline.com/provisioningservice.svc"),
            w.END,
            w.soap_element("s", "Body") + contract.capabilities() + w.END * 2,
        )
    ),
    "Redirect fault": contract.redirect_response("https://region.example/provisioningservice.svc")
    .replace(w.string(NCS), w.string(soap.N01))
    .replace(w.content("The tenant is served by another host."), w.content("Redirect")),
}


def test_every_vector_is_written_again_or_said_to_be_for_reading_only() -> None:
    assert set(VECTORS) == set(WRITTEN) | READ_ONLY | ELSEWHERE


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_what_dot_net_wrote_is_written_byte_for_byte(name) -> None:
    assert WRITTEN[name].hex() == VECTORS[name].hex()


def sized(text: str) -> bytes:
    return bytes((len(text),)) + text.encode()


def test_a_request_is_made_of_the_bytes_that_dot_net_writes() -> None:
    token = soap.SyncToken("jwt", "2.6.92.0", GUID)
    data = soap.request("FinalizeExport", contract.finalize_export(12, 300), token, "https://h/")
    action = f"{soap.N01}/IProvisioningWebService/FinalizeExport"
    values = (
        token.application_id, "jwt", "8.0", "2.6.92.0", "2.6.92.0", "False", "0001-01-01T00:00:00", "en-US", "",
        "2.0", "False", str(GUID),
    )  # fmt: skip
    children = b"".join(
        b"\x40" + sized(name) + b"\x08" + sized(soap.N01) + (b"\x99" + sized(value) if value else b"\x01")
        for name, value in zip(soap.TOKEN_CHILDREN, values, strict=True)
    )
    expected = (
        b"\x56\x02\x0b\x01s\x04\x0b\x01a\x06"  # Envelope with both namespaces from the dictionary
        b"\x56\x08"
        b"\x44\x0a\x1e\x00\x82\x99" + sized(action) + b"\x40\x09SyncToken\x1e\x8a\x01\x98" + sized(soap.NTOK)
        + b"\x08" + sized(soap.NTOK) + b"\x09\x01i" + sized(soap.XSI) + children + b"\x01"
        + b"\x44\x1a\xad" + GUID.bytes_le
        + b"\x44\x2c\x44\x2a\xab\x14\x01"
        + b"\x44\x0c\x1e\x00\x82\x99" + sized("https://h/") + b"\x01"
        + b"\x56\x0e\x40" + sized("FinalizeExport") + b"\x08" + sized(soap.N01)
        + b"\x40" + sized("totalExported") + b"\x89\x0c"
        + b"\x40" + sized("successfulExportCount") + b"\x8b\x2c\x01" + b"\x01\x01\x01"
    )  # fmt: skip
    assert data.hex() == expected.hex()


def test_an_answer_relates_to_its_request_and_splits_what_dot_net_splits() -> None:
    company = Company("t", "Contoso", True, allowed_features=("ObjectWriteback", "PasswordWriteback"))
    data = contract.company_response(company, GUID)
    assert b"\x44\x12\xad" + GUID.bytes_le + b"\x01\x56\x0e" in data
    assert b"\x98\x0fObjectWriteback\x98\x01 \x99\x11PasswordWriteback" in data
    page = contract.read_back_response([], bytes(5), True, GUID)
    assert b"OutputCookie\x9e\x03\0\0\0\x9f\x02\0\0" in page
    assert w.binary(bytes(70_000))[:5] == b"\xa2" + (69_999).to_bytes(4, "little")


def test_attributes_may_stand_before_the_namespaces_they_need() -> None:
    node = decode(
        bytes.fromhex("5e0172" + "1e0082" + "09017308" + "75726e3a6e733a73"[:16] + "090161" + "0575726e3a61" + "01")
    )
    assert (node.namespace, node.name) == ("urn:a", "r")
    assert dict(node.attributes) == {("urn:ns:s"[:8], "mustUnderstand"): "1"}
