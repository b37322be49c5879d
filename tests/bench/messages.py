"""What is measured: users with twenty attributes each and one group with many references; the same as text XML."""

from base64 import b64encode
from hashlib import blake2b
from typing import Any

from lxml import etree

from syncramp.endpoint.contract.values import ARR, CHANGES, N06, PAIR, XSD
from syncramp.endpoint.soap import N01, XSI
from syncramp.model.wire import Operation, ReferenceChange, SyncObject

ADD = (2, 1)
"""``referenceTypeInt`` and ``operationInt`` of a member to add by its source anchor."""


def anchor(number: int) -> str:
    """A source anchor: 16 bytes in base64."""
    return b64encode(blake2b(number.to_bytes(8), digest_size=16).digest()).decode()


def user(number: int) -> SyncObject:
    """A user with twenty attributes."""
    name = f"Person{number:05}"
    values = {
        "SourceAnchor": anchor(number),
        "accountEnabled": number % 10 != 0,
        "city": "Zürich" if number % 4 else "Bern",
        "company": "Contoso",
        "countryCode": 756,
        "department": f"Department {number % 40}",
        "displayName": f"{name} Example",
        "employeeId": str(100_000 + number),
        "facsimileTelephoneNumber": f"+41 44 000 {number % 100:02}",
        "givenName": name,
        "mail": f"{name.lower()}@example.org",
        "mailNickname": name.lower(),
        "mobile": f"+41 79 {number % 1000:03} {number % 100:02} 00",
        "onPremiseSecurityIdentifier": b"\x01\x05\0\0\0\0\0\x05\x15\0\0\0" + number.to_bytes(16),
        "onPremisesSamAccountName": name.lower()[:20],
        "proxyAddresses": (f"SMTP:{name.lower()}@example.org", f"smtp:p{number}@example.org"),
        "surname": "Example",
        "telephoneNumber": f"+41 44 {number % 1000:03} 00 00",
        "title": "Engineer" if number % 3 else "Manager",
        "userPrincipalName": f"{name.lower()}@example.org",
    }
    return SyncObject("User", Operation.SET, values)


def objects(users: int, references: int) -> list[SyncObject]:
    """The users, and a group that gets so many references."""
    members = tuple(ReferenceChange(anchor(number)) for number in range(references))
    group = SyncObject("Group", Operation.SET, {"SourceAnchor": anchor(10**9), "member": members})
    return [*map(user, range(users)), group]


def tree(sent: list[SyncObject]) -> "etree._Element":
    """The body of an export as elements of lxml."""
    root = etree.Element(f"{{{N01}}}ProvisionAzureADSyncObjects2", nsmap={None: N01})
    request = etree.SubElement(root, f"{{{N01}}}syncRequest", nsmap={"b": N06, "i": XSI})
    listed = etree.SubElement(request, f"{{{N06}}}SyncObjects")
    for obj in sent:
        _object(listed, obj)
    return root


def _object(listed: "etree._Element", obj: SyncObject) -> None:
    element = etree.SubElement(listed, f"{{{N06}}}AzureADSyncObject")
    pairs = etree.SubElement(element, f"{{{N06}}}PropertyValues", nsmap={"c": ARR})
    for key, value in obj.values.items():
        pair = etree.SubElement(pairs, f"{{{ARR}}}{PAIR}")
        etree.SubElement(pair, f"{{{ARR}}}Key").text = key
        _value(pair, value)
    etree.SubElement(element, f"{{{N06}}}SyncObjectType").text = obj.kind
    etree.SubElement(element, f"{{{N06}}}SyncOperation").text = obj.operation.value


def _value(pair: "etree._Element", value: Any) -> None:
    declared = {} if isinstance(value, tuple) else {"d": XSD}
    node = etree.SubElement(pair, f"{{{ARR}}}Value", nsmap=declared)
    match value:
        case bool():
            kind, node.text = "d:boolean", str(value).lower()
        case int():
            kind, node.text = "d:long", str(value)
        case bytes():
            kind, node.text = "d:base64Binary", b64encode(value).decode()
        case str():
            kind, node.text = "d:string", value
        case (ReferenceChange(), *_):
            kind = CHANGES
            _changes(node, value)
        case _:
            kind = "c:ArrayOfstring"
            for item in value:
                etree.SubElement(node, f"{{{ARR}}}string").text = item
    node.set(f"{{{XSI}}}type", kind)


def _changes(node: "etree._Element", changes: tuple[ReferenceChange, ...]) -> None:
    listed = etree.SubElement(node, f"{{{N01}}}referenceChanges")
    by, operation = map(str, ADD)
    for change in changes:
        element = etree.SubElement(listed, f"{{{N01}}}SyncReferenceChange")
        reference = etree.SubElement(element, f"{{{N01}}}Reference")
        etree.SubElement(reference, f"{{{N01}}}Anchor").text = change.anchor
        etree.SubElement(reference, f"{{{N01}}}referenceTypeInt").text = by
        etree.SubElement(element, f"{{{N01}}}operationInt").text = operation
