"""Where the fuzzer begins: .NET's vectors, our own messages in both forms, and pieces that are worth inserting."""

from uuid import UUID

from support.vectors import VECTORS
from syncramp.endpoint import contract, soap
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import AnchorType, Company, LinkOperation, Operation, ReferenceChange, SyncObject

TOKEN = soap.SyncToken("bearer", "2.6.92.0", UUID(int=7))
GROUP = SyncObject(
    "Group",
    Operation.SET,
    {
        "SourceAnchor": "AAAA",
        "member": (
            *(ReferenceChange(f"anchor{number:02}") for number in range(18)),
            ReferenceChange("User_1", LinkOperation.REMOVE, AnchorType.CLOUD),
        ),
        "proxyAddresses": tuple(f"smtp:{number:02}" for number in range(18)),
        "countryCode": 250,
        "accountEnabled": True,
        "photo": b"12345",
        "userCertificate": (b"1", b"2345"),
        "mail": None,
        "title": "日本語",
    },
)
USER = SyncObject("User", Operation.DELETE, {"SourceAnchor": "BBBB", "displayName": "1"})
PIECES = (
    *(bytes((record,)) for record in range(0x80, 0xBE)),
    *(bytes((record,)) for record in (0x01, 0x02, 0x03, 0x08, 0x09, 0x0B, 0x2E, 0x40, 0x42, 0x5F, 0x60)),
    w.attribute("i", "nil", b"\x86"),
    w.attribute("i", "type", w.text("d:string")),
    w.xmlns("d", "http://www.w3.org/2001/XMLSchema"),
    w.xmlns("", "urn:x"),
    w.content("text"),
    w.text("text"),
    w.END * 3,
    b"\x03\x40\x01n\x01\x8b\x02\x01\x00\x02\x00",
    b"\xff\xff\xff\x7f",
    b"\xff\xff\xff\xff\x0f",
)


def messages() -> list[bytes]:
    """The first corpus."""
    found = list(VECTORS.values())
    for form in ("typed", "text"):
        found += _written(form)
    return found


def _written(form: w.Values) -> list[bytes]:
    company = Company("t", "Contoso", True, allowed_features=("A", "B"))
    result = contract.SyncResult("User", "Success", "Add", "A0", result_error_description="")
    bodies = {
        contract.PROVISION: contract.provision([GROUP, USER, USER], values=form),
        contract.PROVISION_V1: contract.provision([USER], contract.PROVISION_V1, form),
        contract.READ_BACK: contract.read_back(b"cookie", values=form),
        contract.SET_FEATURES: contract.set_features(8, form),
        contract.FINALIZE: contract.finalize_export(3, 2, form),
    }
    return [
        *(soap.request(operation, body, TOKEN, "to", form) for operation, body in bodies.items()),
        contract.read_back_response([GROUP, USER, USER], b"cookie", True, UUID(int=1), values=form),
        contract.read_back_response([USER], b"c", False, None, operation=contract.READ_BACK_V1, values=form),
        contract.provision_response([result, result], UUID(int=1), values=form),
        contract.company_response(company, UUID(int=1), form),
        contract.capabilities_response("<a><BlackList Enabled='true'/></a>", None, form),
        contract.fault_response("text", "81", relates_to=UUID(int=1), values=form),
    ]
