"""Questions to a simulator over a bare socket, and what to look for in the answers."""

from support import foreign_messages as m
from support.foreign import LITERAL, Style, X, written
from support.foreign_client import Heard, Line
from syncramp.simulator.server import Simulator


def ask(wire: Line, simulator: Simulator, operation: str, body: X, style: Style = LITERAL) -> Heard:
    return wire.post(written(m.request(operation, body, simulator.issuer.access_token()), style))


def company(simulator: Simulator, style: Style = LITERAL) -> bytes:
    return written(m.request("GetCompanyConfiguration", m.company(), simulator.issuer.access_token()), style)


def told_tenant(heard: Heard) -> str:
    assert heard.status == 200
    return heard.message.at("GetCompanyConfigurationResult/TenantId").text


def fault_of(heard: Heard) -> str:
    assert heard.status == 500
    assert heard.message.local == "Fault"
    return heard.message.at("Reason/Text").text
