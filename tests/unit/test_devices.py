"""Computers that registered themselves become devices where a document asks for them; no computer becomes a user."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.build import BASE, SCOPE, SID, entry, guid, without
from support.computers import certificate, guid_text
from support.simulator import HandClock, one, put, quick_tenant
from syncramp.model.facts import Entry
from syncramp.model.values import Kind
from syncramp.model.wire import Operation
from syncramp.rules.ruleset import Ruleset
from syncramp.simulator.settings import Attributes
from syncramp.source.ldif import LdifSource
from syncramp.spec.types import Scope, SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")
GUID = guid_text(301)
NOT_REGISTERED = "a computer that is not registered"


def computer(*certificates: bytes, **attributes: str | bytes) -> Entry:
    values = {
        "cn": "PC7",
        "sAMAccountName": "PC7$",
        "userAccountControl": "4096",
        "objectSid": SID,
        "operatingSystem": "Windows 11 Enterprise",
        "operatingSystemVersion": "10.0 (26100)",
        "isCriticalSystemObject": "FALSE",
        **attributes,
    }
    made = entry(Kind.DEVICE, 301, f"CN=PC7,OU=Computers,{BASE}", values)
    given = {"usercertificate": tuple(sorted(certificates))} if certificates else {}
    return Entry(made.guid, made.kind, made.dn, {**made.attributes, **given})


REGISTERED = computer(certificate(GUID))


def reason(made: Entry) -> str:
    return RULES.decide(made).reason


@pytest.mark.parametrize("name", [GUID, GUID.upper(), f"{{{GUID}}}"])
def test_a_computer_with_a_certificate_of_its_registration_comes(name) -> None:
    assert reason(computer(certificate(name))) == ""


@pytest.mark.parametrize(
    "certificates", [(), (certificate("pc7.corp.example.com"),), (b"no certificate",), (certificate(f"x{GUID}"),)]
)
def test_a_computer_without_such_a_certificate_stays_out(certificates) -> None:
    assert reason(computer(*certificates)) == NOT_REGISTERED


@pytest.mark.parametrize("version", ["6.1 (7601)", "6.3 (9600)"])
def test_a_windows_before_version_10_stays_out(version) -> None:
    old = computer(certificate(GUID), operatingSystem="Windows Server 2012 R2", operatingSystemVersion=version)
    assert reason(old) == "a computer with a Windows before version 10"


def test_a_later_version_comes() -> None:
    assert reason(computer(certificate(GUID), operatingSystem="Windows 60", operatingSystemVersion="60.1")) == ""


def test_the_version_of_another_system_is_no_windows_version() -> None:
    assert reason(computer(certificate(GUID), operatingSystem="Linux", operatingSystemVersion="6.1")) == ""


def test_what_a_device_has_in_the_cloud() -> None:
    made = RULES.decide(computer(certificate(GUID), certificate("pc7.corp.example.com"))).object
    assert made is not None
    assert made.attributes == {
        "accountEnabled": True,
        "deviceId": guid(301),
        "deviceOSType": "Windows 11 Enterprise",
        "deviceOSVersion": "10.0 (26100)",
        "deviceTrustType": "ServerAd",
        "displayName": "PC7",
        "onPremiseSecurityIdentifier": SID,
        "userCertificate": (certificate(GUID),),
    }
    assert made.anchor == RULES.anchor(REGISTERED)


def test_a_disabled_computer_is_a_disabled_device() -> None:
    made = RULES.decide(computer(certificate(GUID), userAccountControl="4098")).object
    assert made is not None
    assert made.attributes["accountEnabled"] is False


def test_a_computer_whose_state_cannot_be_read_keeps_it_and_comes_disabled() -> None:
    decision = RULES.decide(without(REGISTERED, "useraccountcontrol"))
    assert decision.object is not None
    assert decision.object.attributes["accountEnabled"] is False
    assert "accountEnabled" in decision.object.unread
    assert decision.warnings == ("useraccountcontrol: it is missing",)


def test_devices_are_out_of_scopes_that_do_not_name_them() -> None:
    scope = Scope(BASE, frozenset({Kind.USER, Kind.GROUP, Kind.CONTACT}))
    decision = Ruleset((scope,), SourceAnchor.OBJECT_GUID, "corp").decide(REGISTERED)
    assert decision.reason == "its scope does not name the kind Device"


@given(st.binary(max_size=40), st.integers(0, 200), st.integers(0, 255))
@example(b"", 14, 0)  # a serial number of 0
def test_no_certificate_breaks_a_decision(raw, place, byte) -> None:
    whole = bytearray(certificate(GUID))
    whole[place % len(whole)] = byte
    for given_ in (raw, bytes(whole), bytes(whole[:place])):
        decision = RULES.decide(computer(given_))
        assert (decision.object is None) == bool(decision.reason)


@pytest.mark.parametrize("devices", [False, True])
def test_a_file_gives_its_computers_where_they_are_asked_for(tmp_path: Path, devices: bool) -> None:
    path = tmp_path / "corp.ldif"
    classes = "".join(f"objectClass: {name}\n" for name in ("top", "person", "user", "computer"))
    path.write_text(f"dn: CN=PC7,{BASE}\n{classes}objectGUID: {GUID}\ncn: PC7\n\n")
    facts = list(LdifSource("corp", path, 1, devices).read("file", frozenset({"cn"})))
    kinds = [fact.kind for fact in facts if isinstance(fact, Entry)]
    assert kinds == [Kind.DEVICE] * devices


def test_the_service_takes_a_device() -> None:
    made = RULES.decide(REGISTERED).object
    assert made is not None
    tenant = quick_tenant(HandClock(), attributes=Attributes.REFUSE)
    assert one(tenant, put(made.anchor, "Device", **made.attributes)).result_code == "Success"
    held = tenant.attributes(made.anchor)
    assert held is not None
    assert held["DeviceId"] == guid(301)


def test_a_device_comes_to_the_cloud_and_goes_when_it_is_not_registered_any_more(engine) -> None:
    engine.source.add(REGISTERED)
    engine.settle()
    assert engine.cloud.objects[engine.anchor(REGISTERED)].values["deviceTrustType"] == "ServerAd"
    engine.source.add(computer())
    engine.cloud.calls.clear()
    engine.settle()
    assert engine.anchor(REGISTERED) not in engine.cloud.objects
    deletes = [obj for call in engine.cloud.calls for obj in call if obj.operation is Operation.DELETE]
    assert [obj.kind for obj in deletes] == ["Device"]
