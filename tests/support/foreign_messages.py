"""Requests and answers of the service as trees, in the shapes that published clients send and read.

Names, namespaces and order are written out here once more, because what the product's own code has may be wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from support.foreign import Content, X

S12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
N01 = "http://schemas.microsoft.com/online/aws/change/2010/01"
N06 = "http://schemas.microsoft.com/online/aws/change/2014/06"
NTOK = "urn:microsoft.online.administrativeservice"
ARR = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
NCS = "http://schemas.datacontract.org/2004/07/Microsoft.Online.Coexistence.Schema"
V1_APPLICATION = "1651564e-7ce4-4d99-88be-0a65050d8dc3"
BUILD = "2.6.92.0"


def sync_token(bearer: str, tracking: UUID, application: str = V1_APPLICATION, build: str = BUILD) -> list[X]:
    """The children of SyncToken in their order."""
    values = {
        "ApplicationId": application,
        "BearerToken": bearer,
        "ClientVersion": "8.0",
        "DirSyncBuildNumber": build,
        "FIMBuildNumber": build,
        "IsInstalledOnDC": "False",
        "IssueDateTime": "0001-01-01T00:00:00",
        "LanguageId": "en-US",
        "LiveToken": None,
        "ProtocolVersion": "2.0",
        "RichCoexistenceEnabled": "False",
        "TrackingId": str(tracking),
    }
    return [X(name, value, declares={"": N01}) for name, value in values.items()]


def envelope(
    operation: str,
    body: X,
    token: Sequence[X],
    tracking: UUID,
    *,
    message_id: Content = None,
    to: str = "https://127.0.0.1/provisioningservice.svc",
    bare: bool = False,
) -> X:
    """A request.

    :param message_id: other than the tracking id.
    :param bare: without MessageID, ReplyTo and To, which one published client leaves out.
    """
    must = {"s:mustUnderstand": "1"}
    header = [
        X("a:Action", f"{N01}/IProvisioningWebService/{operation}", must),
        X("SyncToken", token, {"s:role": NTOK}, {"": NTOK, "i": XSI}),
    ]
    if not bare:
        header += [
            X("a:MessageID", message_id or tracking),
            X("a:ReplyTo", [X("a:Address", ANONYMOUS)]),
            X("a:To", to, must),
        ]
    return X("s:Envelope", [X("s:Header", header), X("s:Body", [body])], declares={"s": S12, "a": WSA})


def request(operation: str, body: X, bearer: str, **options: Any) -> X:
    """A request with a token of its own id."""
    tracking = uuid4()
    return envelope(operation, body, sync_token(bearer, tracking), tracking, **options)


def company() -> X:
    """The body of GetCompanyConfiguration."""
    return X("GetCompanyConfiguration", [X("includeLicenseInformation", False)], declares={"": N01})


def read_back(cookie: bytes | None, *, full: bool, operation: str = "ReadBackAzureADSyncObjects2") -> X:
    """The body of a read-back."""
    nil = X("inputCookie", None, {"i:nil": True}, {"i": XSI})
    members = [
        X("includeLicenseInformation", True),
        nil if cookie is None else X("inputCookie", cookie),
        X("isFullSync", full),
    ]
    return X(operation, members, declares={"": N01})


def provision(objects: Iterable[X], operation: str = "ProvisionAzureADSyncObjects2") -> X:
    """The body of an export."""
    listed = X("b:SyncObjects", list(objects))
    return X(operation, [X("syncRequest", [listed], {}, {"b": N06, "i": XSI})], declares={"": N01})


def finalize(exported: int, applied: int) -> X:
    """The body of FinalizeExport."""
    return X(
        "FinalizeExport", [X("totalExported", exported), X("successfulExportCount", applied)], declares={"": N01}
    )


def sync_object(kind: str, operation: str, values: Mapping[str, Any]) -> X:
    """An ``AzureADSyncObject``; a value is text, boolean, number, bytes, a list of text, None, or a ready element."""
    pairs = [X("c:KeyValueOfstringanyType", [X("c:Key", key), _value(value)]) for key, value in values.items()]
    return X(
        "b:AzureADSyncObject",
        [
            X("b:PropertyValues", pairs, declares={"c": ARR}),
            X("b:SyncObjectType", kind),
            X("b:SyncOperation", operation),
        ],
    )


def _value(value: Any) -> X:
    match value:
        case X():
            return value
        case None:
            return X("c:Value", None, {"i:nil": True})
        case list():
            return X("c:Value", [X("c:string", item) for item in value], {"i:type": "c:ArrayOfstring"})
        case bool():
            kind = "d:boolean"
        case int():
            kind = "d:long"
        case bytes():
            kind = "d:base64Binary"
        case _:
            kind = "d:string"
    return X("c:Value", value, {"i:type": kind}, {"d": XSD})


def members(changes: Iterable[tuple[str, int, int]]) -> X:
    """A ``SyncReferenceChangeCollection``: anchors, 1 for cloud and 2 for source ones, 1 to add and 2 to remove."""
    listed = [
        X(
            "SyncReferenceChange",
            [
                X("Reference", [X("Anchor", anchor), X("referenceTypeInt", by)]),
                X("operationInt", operation),
            ],
        )
        for anchor, by, operation in changes
    ]
    return X("c:Value", [X("referenceChanges", listed)], {"i:type": "SyncReferenceChangeCollection"})


def answer(operation: str, result: Sequence[X], relates_to: str, declares: Mapping[str, str]) -> X:
    """An answer with a result."""
    body = X(
        f"{operation}Response", [X(f"{operation}Result", result, {}, declares)] if result else None, {}, {"": N01}
    )
    return _answered(f"{N01}/IProvisioningWebService/{operation}Response", body, relates_to)


def fault(
    text: str, code: str = "", detail: X | None = None, relates_to: str = "", blamed: Sequence[str] = ("s:Receiver",)
) -> X:
    """A SOAP fault, with a code in an AdminWebServiceFault or another detail.

    :param blamed: the code, and perhaps a subcode.
    """
    told = [X("ErrorCode", code), X("ErrorDescription", text), X("ServerName", "elsewhere"), X("TrackingId", None)]
    detail = detail or (X("AdminWebServiceFault", told, {}, {"": NCS, "i": XSI}) if code else None)
    members = [
        X("s:Code", [X("s:Value", blamed[0]), *(X("s:Subcode", [X("s:Value", name)]) for name in blamed[1:])]),
        X("s:Reason", [X("s:Text", text, {"xml:lang": "en-US"})]),
        *([X("s:Detail", [detail])] if detail else []),
    ]
    return _answered(f"{WSA}/soap/fault", X("s:Fault", members), relates_to)


def _answered(action: str, body: X, relates_to: str) -> X:
    header = [X("a:Action", action, {"s:mustUnderstand": "1"})]
    if relates_to:
        header.append(X("a:RelatesTo", UUID(relates_to.removeprefix("urn:uuid:"))))
    return X("s:Envelope", [X("s:Header", header), X("s:Body", [body])], declares={"s": S12, "a": WSA})
