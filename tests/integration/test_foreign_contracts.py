"""What a client on .NET's own stack needs beside the values: faults it can tell, members that fit their types."""

from uuid import UUID

import pytest

from support import foreign_messages as m
from support.foreign import X, written
from support.foreign_client import Heard, Line
from support.wired import ask, fault_of
from syncramp.endpoint import contract
from syncramp.simulator.server import Simulator, make_simulator, running_simulator

ACTIONS = f"{m.N01}/IProvisioningWebService"
DISPATCHER = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher/fault"


def action_of(heard: Heard) -> str:
    return heard.envelope.at("Header/Action").text


def test_a_fault_of_the_service_is_told_by_its_detail(wire: Line, simulator: Simulator) -> None:
    """AADInternals throws for an ErrorDescription and for nothing else; WCF looks for the action and the detail."""
    cookie = ask(wire, simulator, "ReadBackAzureADSyncObjects2", m.read_back(b"mine", full=False))
    denied = wire.post(written(m.request("GetCompanyConfiguration", m.company(), "no token")))
    for operation, heard in (("ReadBackAzureADSyncObjects2", cookie), ("GetCompanyConfiguration", denied)):
        assert action_of(heard) == f"{ACTIONS}/{operation}AdminWebServiceFaultFault"
        detail = heard.message.at("Detail/AdminWebServiceFault")
        names = ["ErrorCode", "ErrorDescription", "ServerName", "TrackingId"]
        assert [(child.local, child.namespace) for child in detail.children] == [(name, m.NCS) for name in names]
        assert detail.at("ErrorDescription").text == fault_of(heard)
        assert detail.at("ErrorCode").attributes == {"i:nil": "true"}, "no public number is known"
        assert UUID(detail.at("TrackingId").text)


def test_a_redirect_is_told_by_its_detail() -> None:
    with running_simulator(make_simulator(redirects=1)) as made:
        wire = Line(made.host, made.certificates.ca)
        heard = ask(wire, made, "FinalizeExport", m.finalize(0, 0))
        wire.close()
        assert action_of(heard) == f"{ACTIONS}/FinalizeExportBindingRedirectionFaultFault"
        assert str(made.ports[1]) in heard.message.at("Detail/BindingRedirectionFault/Url").text


@pytest.mark.parametrize(
    ("operation", "body", "action"),
    [
        ("GetDeviceConfiguration", X("GetDeviceConfiguration", declares={"": m.N01}), f"{m.WSA}/fault"),
        ("FinalizeExport", X("FinalizeExport", declares={"": m.N01}), DISPATCHER),
    ],
)
def test_a_fault_of_the_framework_has_no_detail(
    wire: Line, simulator: Simulator, operation: str, body: X, action: str
) -> None:
    heard = ask(wire, simulator, operation, body)
    assert fault_of(heard) and action_of(heard) == action
    assert not heard.message.all("Detail")


def test_the_application_of_a_client_that_never_was_is_a_guid_too() -> None:
    """.NET reads no empty text as a GUID."""
    with running_simulator(make_simulator()) as made:
        wire = Line(made.host, made.certificates.ca)
        heard = ask(wire, made, "GetCompanyConfiguration", m.company())
        wire.close()
        assert UUID(heard.message.all("ApplicationVersion")[0].text) == UUID(int=0)
        assert (
            contract.read_company(contract.open_answer(contract.GET_COMPANY, heard.body)).client_application is None
        )
