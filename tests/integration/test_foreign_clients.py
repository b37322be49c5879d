"""Clients that share no code with the product, on bare sockets, in front of the simulator.

What they send is legal and differs from what the product sends: in the records, the prefixes, the way over HTTP.
"""

import json
import struct
from base64 import b64decode
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from support import foreign_messages as m
from support.build import TENANT
from support.console import ROOT
from support.foreign import STYLES, Style, X, hoisted, written
from support.foreign_client import Heard, Line
from support.wired import ask, fault_of, told_tenant
from syncramp.simulator.server import Simulator


@pytest.mark.parametrize(
    "module", sorted((ROOT / "tests" / "support").glob("foreign*.py")), ids=lambda path: path.name
)
def test_these_peers_share_no_code_with_the_product(module: Path) -> None:
    assert "syncramp" not in module.read_text(encoding="utf-8")


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


REPLAYED = json.loads((ROOT / "tests" / "data" / "published_requests.json").read_text(encoding="utf-8"))["requests"]


def test_the_bytes_of_a_published_client_are_served_one_after_the_other(wire: Line, simulator: Simulator) -> None:
    """Text in UTF-16, GUIDs guessed, white space between elements: as python-wcfbin converts its XML."""
    one, team = "AAECAwQFBgcICQoLDA0ODw==", "EBESExQVFhcYGRobHB0eHw=="
    held: list[set[str]] = []
    for told in REPLAYED:
        heard = wire.post(_signed(bytes.fromhex(told["hex"]), simulator.issuer.access_token()))
        assert heard.status == 200, (told["name"], fault_of(heard))
        assert heard.message.local == f"{told['operation']}Response"
        assert heard.envelope.at("Header/RelatesTo").text == "urn:uuid:00112233-4455-6677-8899-aabbccddeeff"
        for code in heard.message.all("ResultCode"):
            assert code.text == "Success", told["name"]
        held.append(simulator.tenant.members(team))
        if told["name"] == "user":
            kept = simulator.tenant.attributes(one) or {}
            assert (kept["DisplayName"], kept["EmployeeId"], kept["Surname"]) == ("Zoë 鈴木", "0012", "true")
            assert kept["UserCertificate"] == (b"MIID",) and kept["CountryCode"] == 276
    assert len(REPLAYED) == 10 and {one} in held and held[-2:] == [set(), set()]
    assert simulator.tenant.attributes(one) is None


def _signed(message: bytes, token: str) -> bytes:
    """A recorded request with a token of ours in place of ``TOKEN``."""
    mark = b"\xb7\x0a" + "TOKEN".encode("utf-16-le")
    assert message.count(mark) == 1
    wide = token.encode("utf-16-le")
    return message.replace(mark, struct.pack("<BH", 0xB9, len(wide)) + wide)


def test_answers_force_a_client_to_know_the_records_of_wcf(wire: Line, simulator: Simulator) -> None:
    """Prefixes as in published samples, names of SOAP from the dictionary, literal bodies, typed records."""
    heard = ask(wire, simulator, "GetCompanyConfiguration", m.company())
    header, body = heard.envelope.at("Header"), heard.message
    assert [heard.envelope.name, header.name, header.at("Action").name] == ["s:Envelope", "s:Header", "a:Action"]
    assert not any(node.literal for node in (heard.envelope, header, header.at("Action"), header.at("RelatesTo")))
    assert header.at("RelatesTo").records == [0xAC]
    assert body.literal and body.name == "GetCompanyConfigurationResponse"
    result = body.at("GetCompanyConfigurationResult")
    assert len(result.at("AllowedFeatures").records) == 3
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


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_v1_replaces_the_members_of_a_group_by_a_list(wire: Line, simulator: Simulator, style: Style) -> None:
    """As the Python port of AADInternals sends it: every member each time, one object in a call."""

    def export(kind: str, **values: Any) -> str:
        tree = m.provision([m.sync_object(kind, "Set", values)], "ProvisionAzureADSyncObjects")
        heard = ask(wire, simulator, "ProvisionAzureADSyncObjects", tree, style)
        assert heard.status == 200, fault_of(heard)
        assert heard.message.name == "ProvisionAzureADSyncObjectsResponse"
        return heard.message.all("ResultCode")[0].text

    one, two, team = (f"{uuid4().hex[:22]}==" for _ in range(3))
    assert [export("User", SourceAnchor=anchor, displayName="x") for anchor in (one, two)] == ["Success"] * 2
    for members in ([one, two], [two], []):
        assert export("Group", SourceAnchor=team, displayName="Team", member=members) == "Success"
        assert simulator.tenant.members(team) == set(members)
    tree = m.read_back(None, full=True, operation="ReadBackAzureADSyncObjects")
    shown = ask(wire, simulator, "ReadBackAzureADSyncObjects", tree, style).message
    assert shown.name == "ReadBackAzureADSyncObjectsResponse"
    nil = [pair for pair in shown.all("KeyValueOfstringanyType") if "i:nil" in pair.at("Value").attributes]
    assert nil, "V1 shows empty attributes too"


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
