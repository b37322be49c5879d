"""Exports and answers as trees, made from objects without the codec: what any peer may write in any form."""

from collections.abc import Sequence
from typing import Any

from support.records import Tree
from syncramp.model.wire import ReferenceChange, SyncObject

S12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSD = "http://www.w3.org/2001/XMLSchema"
N01 = "http://schemas.microsoft.com/online/aws/change/2010/01"
N06 = "http://schemas.microsoft.com/online/aws/change/2014/06"
ARR = "http://schemas.microsoft.com/2003/10/Serialization/Arrays"
TOKEN = "urn:microsoft.online.administrativeservice"
GUID = "00112233-4455-6677-8899-aabbccddeeff"


def envelope(operation: str, body: Tree) -> Tree:
    """A message with its headers."""
    bearer = Tree((N01, "BearerToken"), ["bearer"])
    tracking = Tree((N01, "TrackingId"), [GUID])
    header = Tree(
        (S12, "Header"),
        [
            Tree((WSA, "Action"), [f"{N01}/IProvisioningWebService/{operation}"], {(S12, "mustUnderstand"): "1"}),
            Tree((TOKEN, "SyncToken"), [bearer, tracking]),
            Tree((WSA, "MessageID"), [f"urn:uuid:{GUID}"]),
        ],
    )
    return Tree((S12, "Envelope"), [header, Tree((S12, "Body"), [body])])


def export(operation: str, objects: Sequence[SyncObject]) -> Tree:
    """The request of an export."""
    listed = Tree((N06, "SyncObjects"), [_object(obj) for obj in objects])
    return envelope(operation, Tree((N01, operation), [Tree((N01, "syncRequest"), [listed])]))


def page(operation: str, objects: Sequence[SyncObject], cookie: bytes, more: bool) -> Tree:
    """An answer of the read-back."""
    result = Tree(
        (N01, f"{operation}Result"),
        [
            Tree((N06, "MoreObjectsExist"), [str(more).lower()]),
            Tree((N06, "OutputCookie"), [cookie]),
            Tree((N06, "ResultObjects"), [_object(obj) for obj in objects]),
        ],
    )
    return envelope(f"{operation}Response", Tree((N01, f"{operation}Response"), [result]))


def answers(operation: str, results: Sequence[Sequence[tuple[str, str | Tree]]]) -> Tree:
    """The answer of an export.

    :param results: the members of each, in any order, by name; an element in place of a text stands in the member.
    """
    listed = [
        Tree((N06, "AzureADSyncObjectResult"), [Tree((N06, name), [content]) for name, content in members])
        for members in results
    ]
    result = Tree((N01, f"{operation}Result"), [Tree((N06, "SyncObjectResults"), listed)])
    return envelope(f"{operation}Response", Tree((N01, f"{operation}Response"), [result]))


def _object(obj: SyncObject) -> Tree:
    pairs = [
        Tree((ARR, "KeyValueOfstringanyType"), [Tree((ARR, "Key"), [key]), _value(value)])
        for key, value in obj.values.items()
    ]
    members = [
        Tree((N06, "PropertyValues"), pairs),
        Tree((N06, "SyncObjectType"), [obj.kind]),
        Tree((N06, "SyncOperation"), [obj.operation.value]),
    ]
    return Tree((N06, "AzureADSyncObject"), members)


def _value(value: Any) -> Tree:
    name = (ARR, "Value")
    kind, content = _content(value)
    if kind is None:
        return Tree(name, [], {(XSI, "nil"): "true"})
    return Tree(name, content, {(XSI, "type"): kind})


def _content(value: Any) -> tuple[tuple[str, str] | None, list[Any]]:
    match value:
        case None:
            return None, []
        case str():
            return (XSD, "string"), [value]
        case bool():
            return (XSD, "boolean"), [str(value).lower()]
        case int():
            return (XSD, "long"), [str(value)]
        case bytes():
            return (XSD, "base64Binary"), [value]
        case (ReferenceChange(), *_):
            return (N01, "SyncReferenceChangeCollection"), [
                Tree((N01, "referenceChanges"), list(map(_change, value)))
            ]
        case (bytes(), *_):
            return (ARR, "ArrayOfbase64Binary"), [Tree((ARR, "base64Binary"), [item]) for item in value]
        case _:
            return (ARR, "ArrayOfstring"), [Tree((ARR, "string"), [item]) for item in value]


def _change(change: ReferenceChange) -> Tree:
    by = Tree((N01, "referenceTypeInt"), [str(int(change.by))])
    reference = Tree((N01, "Reference"), [Tree((N01, "Anchor"), [change.anchor]), by])
    operation = Tree((N01, "operationInt"), [str(int(change.operation))])
    return Tree((N01, "SyncReferenceChange"), [reference, operation])
