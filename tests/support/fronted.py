"""The product's client in front of a foreign service, and what such a service answers when nothing is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from support import foreign_messages as m
from support.build import CLIENT, TENANT
from support.foreign import LITERAL, Seen, Style, X
from support.foreign_server import Answering, Foreign, Manner, foreign
from support.ldap_certificates import Certificates, issue
from syncramp.endpoint.client import V2Endpoint
from syncramp.model.wire import Operation, SyncObject
from syncramp.spec.references import KeyRef
from syncramp.spec.sign_in import ClientSecretAuth
from syncramp.spec.types import (
    Cloud,
    EndpointOverrides,
    Target,
    WriteBudget,
)

PEM = issue("127.0.0.1")
COOKIE = bytes(range(5))


class Secrets:
    """The two that a target names."""

    def __init__(self, pem: Certificates) -> None:
        self._values = {("ca", "ca.crt"): pem.ca, ("app", "secret"): b"a-made-up-client-secret"}

    def read(self, name: str, key: str) -> bytes:
        return self._values[name, key]


@contextmanager
def served(
    answering: Answering, style: Style = LITERAL, *manners: Manner, **overrides: Any
) -> Iterator[tuple[V2Endpoint, Foreign]]:
    """The product's client in front of a service of that style."""
    with foreign(answering, PEM, style, *manners) as service:
        settings: dict[str, Any] = {"host": service.host, "authority": f"https://{service.host}"}
        settings |= {"ca": KeyRef("ca", "ca.crt"), "visibility_delay": timedelta()} | overrides
        auth = ClientSecretAuth(CLIENT, KeyRef("app", "secret"))
        target = Target(Cloud.COMMERCIAL, TENANT, auth, EndpointOverrides(**settings), WriteBudget(1_000_000, 100))
        client = V2Endpoint(target, Secrets(PEM), busy_first=0.001)
        try:
            yield client, service
        finally:
            client.close()


def message_id(request: Seen) -> str:
    return request.at("Header/MessageID").text


def company(**changed: Any) -> list[X]:
    """The members of GetCompanyConfigurationResult."""
    prevention = [
        X("DeletionPrevention", "EnabledForCount"),
        X("ThresholdCount", 250),
        X("ThresholdPercentage", 0),
    ]
    dirsync = [
        X("AnchorAttribute", "mS-DS-ConsistencyGuid"),
        X("ClientVersion", "2.6.92.0"),
        X("CurrentExport", [X("DirSyncClientMachineName", "SERVER1"), X("TotalConnectorSpaceObjects", 24)]),
        X("IsTrackingChanges", False),
        X("PreventAccidentalDeletion", prevention),
        X("Writeback", [X("UnifiedGroupContainer", None, {"i:nil": True})]),
    ]
    return [
        X("AllowedFeatures", "ObjectWriteback PasswordWriteback"),
        X("DirSyncConfiguration", dirsync),
        X("DirSyncFeatures", changed.get("features", 41016)),
        X("DisplayName", changed.get("name", "Contoso 株式会社")),
        X("IsDirSyncing", True),
        X("MaxLinksSupportedAcrossBatchInProvision2", 15000),
        X("SynchronizationInterval", "PT30M"),
        X("TenantId", TENANT),
    ]


def result(anchor: str, code: str = "Success", **changed: Any) -> X:
    """One AzureADSyncObjectResult."""
    fields = {
        "CloudAnchor": "User_64c6616b-f961-4882-a03e-9209d01711aa",
        "ErrorDetails": None,
        "ObjectType": "User",
        "ResultCode": code,
        "ResultErrorCode": "0",
        "ResultErrorDescription": None,
        "SourceAnchor": anchor,
        "SyncOperation": "Add",
    }
    nil = {"i:nil": True}
    listed = [X(f"b:{name}", value, {} if value is not None else nil) for name, value in (fields | changed).items()]
    return X("b:AzureADSyncObjectResult", listed)


B = {"b": m.N06, "i": m.XSI}
ANNA = {"CloudAnchor": "User_1", "SourceAnchor": "A==", "DisplayName": "Änna", "AccountEnabled": True, "Size": 7}
TEAM = {
    "CloudAnchor": "Group_2",
    "SourceAnchor": "G==",
    "Sid": bytes(range(28)),
    "ProxyAddresses": ["SMTP:a@example.org", "smtp:b@example.org"],
    "Member": m.members([("A==", 2, 1), ("User_9", 1, 2)]),
}


def shown(more: str = "MoreObjectsExist", cookie: str = "OutputCookie", end: bool = False) -> list[X]:
    """The members of a page of the read-back."""
    objects = [m.sync_object("User", "Set", ANNA), m.sync_object("Group", "Set", TEAM)]
    return [X(f"b:{more}", end), X(f"b:{cookie}", COOKIE), X("b:ResultObjects", objects)]


def well(operation: str, request: Seen) -> X:
    """What a service answers when nothing is wrong."""
    related = message_id(request)
    match operation:
        case "GetCompanyConfiguration":
            return m.answer(operation, company(), related, {"i": m.XSI})
        case "ProvisionAzureADSyncObjects2":
            anchors = [value.text for pair in request.all("KeyValueOfstringanyType") if (value := _anchor(pair))]
            return m.answer(operation, [X("b:SyncObjectResults", [result(anchor) for anchor in anchors])], related, B)
        case "ReadBackAzureADSyncObjects2":
            return m.answer(operation, shown(), related, B)
        case _:
            return m.answer(operation, [], related, {})


def _anchor(pair: Seen) -> Seen | None:
    return pair.at("Value") if pair.at("Key").text == "SourceAnchor" else None


def people(*anchors: str) -> list[SyncObject]:
    return [SyncObject("User", Operation.SET, {"SourceAnchor": anchor, "displayName": "x"}) for anchor in anchors]
