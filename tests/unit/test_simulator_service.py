"""The simulated service takes bytes and answers bytes: what it checks, and what it serves besides export."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from support import foreign_messages as m
from support.foreign import Seen, written
from support.foreign_reader import seen
from support.simulator import group, put
from syncramp.endpoint import contract, soap
from syncramp.endpoint.nbfx import Node
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import ReferenceChange, Result
from syncramp.simulator.behaviour import Behaviour, Form, build_numbers
from syncramp.simulator.server import Simulator, make_simulator
from syncramp.simulator.settings import TenantSettings

TO = "https://127.0.0.1/provisioningservice.svc"
BUILD = "2.6.92.0"


@pytest.fixture
def simulator() -> Simulator:
    return make_simulator(
        TenantSettings(
            bad_cookie="Start again, please.", cookie_member="Cookie", more_member="More", visibility_delay=0
        )
    )


def ask(simulator: Simulator, operation: str, body: bytes) -> Node:
    token = soap.SyncToken(simulator.issuer.access_token(), BUILD, uuid4())
    answer = simulator.service.answer(soap.request(operation, body, token, TO))
    return soap.open_envelope(answer.body).body


def call(operation: str, *members: bytes) -> bytes:
    return b"".join((w.element("", operation), w.xmlns("", soap.N01), *members, w.END))


def company(simulator: Simulator):
    return contract.read_company(ask(simulator, contract.GET_COMPANY, contract.get_company_configuration()))


def test_capabilities_are_a_text_that_is_an_xml_document(simulator) -> None:
    body = ask(simulator, contract.CAPABILITIES, call(contract.CAPABILITIES))
    result = body.child("CapabilitiesResult")
    assert result is not None and result.text.startswith("<ServiceCapability>")


def test_features_are_kept_and_a_bit_that_was_set_stays_set(simulator) -> None:
    before = company(simulator).features
    mask = w.element("", "dirsyncFeatures") + w.integer(1024)
    ask(simulator, contract.SET_FEATURES, call(contract.SET_FEATURES, mask))
    assert company(simulator).features == before | 1024


def test_a_mask_that_is_no_number_is_a_fault(simulator) -> None:
    mask = w.element("", "dirsyncFeatures") + w.content("many")
    fault = contract.read_fault(ask(simulator, contract.SET_FEATURES, call(contract.SET_FEATURES, mask)))
    assert fault is not None and fault.sender and "dirsyncFeatures" in fault.text


def test_the_client_that_finalized_last_is_told(simulator) -> None:
    assert company(simulator).client_version is None
    ask(simulator, contract.FINALIZE, contract.finalize_export(3, 2))
    told = company(simulator)
    assert told.client_version == BUILD and told.client_application == soap.V2_APPLICATION
    assert simulator.tenant.finalized() == (3, 2)


def test_the_members_of_the_read_back_are_named_as_the_settings_say(simulator) -> None:
    body = ask(simulator, contract.READ_BACK, contract.read_back(None))
    result = body.child("ReadBackAzureADSyncObjects2Result")
    assert result is not None and {"Cookie", "More"} <= {node.name for node in result.children}
    page = contract.read_read_back(body)
    assert page.cookie and page.more is False


def test_a_cookie_of_another_tenant_is_a_fault_with_the_text_of_the_settings(simulator) -> None:
    fault = contract.read_fault(ask(simulator, contract.READ_BACK, contract.read_back(b"of somebody else")))
    assert fault is not None and fault.text == "Start again, please."


def test_an_operation_nobody_knows_is_a_fault(simulator) -> None:
    fault = contract.read_fault(ask(simulator, "GetDeviceConfiguration", call("GetDeviceConfiguration")))
    assert fault is not None and fault.sender and "Action 'GetDeviceConfiguration' cannot be processed" in fault.text


def test_both_versions_serve_one_tenant(simulator) -> None:
    people = [put("a", displayName="A"), put("b"), put("g", "Group")]
    ask(simulator, contract.PROVISION, contract.provision([*people, group("g", ["a"])]))
    listed = put("g", "Group", member=("b",))
    answer = ask(simulator, contract.PROVISION_V1, contract.provision([listed], contract.PROVISION_V1))
    (outcome,) = contract.read_outcomes(answer, [listed], contract.PROVISION_V1)
    assert outcome.result is Result.APPLIED
    assert simulator.tenant.members("g") == {"b"}
    body = ask(simulator, contract.READ_BACK_V1, contract.read_back(None, contract.READ_BACK_V1))
    page = contract.read_read_back(body, operation=contract.READ_BACK_V1)
    old = {obj.values["SourceAnchor"]: obj for obj in page.objects}
    assert (old["g"].values["Member"], old["a"].values["City"]) == (("b",), None)
    new = contract.read_read_back(ask(simulator, contract.READ_BACK, contract.read_back(None))).objects
    shown = {obj.values.get("SourceAnchor"): obj for obj in new}
    assert shown["g"].values["Member"] == (ReferenceChange("b"),)
    assert "City" not in shown["a"].values


def test_the_company_tells_what_clients_need(simulator) -> None:
    told = company(simulator)
    assert (told.deletion_prevention, told.delete_threshold, told.delete_percentage) == ("EnabledForCount", 500, 0)
    assert (told.interval, told.tracking_changes) == ("PT30M", False)
    assert told.allowed_features == ("ObjectWriteback", "PasswordWriteback")


@pytest.mark.parametrize(
    ("build", "numbers"),
    [("2.5.79.0", (2, 5, 79, 0)), ("3", (3,)), ("", ()), ("2.x", ()), ("²", ()), ("9" * 5000, ()), ("1..2", ())],
)
def test_a_build_is_numbers_and_anything_else_is_older_than_any(build: str, numbers: tuple[int, ...]) -> None:
    assert build_numbers(build) == numbers


def test_a_build_of_strange_digits_is_refused_like_an_old_one() -> None:
    made = make_simulator(behaviour=Behaviour("2.5.79.0"))
    for build in ("²", "9" * 5000, "2.5.78.9"):
        token = soap.SyncToken(made.issuer.access_token(), build, uuid4())
        body = soap.request(contract.GET_COMPANY, contract.get_company_configuration(), token, TO)
        fault = contract.read_fault(soap.open_envelope(made.service.answer(body).body).body)
        assert fault is not None and "accepts 2.5.79.0" in fault.text


def test_values_of_answers_can_all_be_text() -> None:
    made = make_simulator(behaviour=Behaviour(values=Form.TEXT))
    for operation, content in (
        ("ReadBackAzureADSyncObjects2", m.read_back(None, full=True)),
        ("GetCompanyConfiguration", m.company()),
    ):
        data = written(m.request(operation, content, made.issuer.access_token()))
        body = seen(made.service.answer(data).body).at("Body")
        assert {record for record in _records(body) if record not in (0x98, 0x9A)} == set()
    assert company(made) == company(make_simulator())


def test_ids_and_durations_can_be_records_too_and_are_read_the_same() -> None:
    made = make_simulator(behaviour=Behaviour(values=Form.RECORDS))
    data = written(m.request("GetCompanyConfiguration", m.company(), made.issuer.access_token()))
    result = seen(made.service.answer(data).body).at("Body").children[0]
    kinds = {child.name: set(child.records) for child in result.children[0].children}
    assert (kinds["TenantId"], kinds["SynchronizationInterval"], kinds["IsDirSyncing"]) == ({0xB0}, {0xAE}, {0x86})
    assert company(made) == company(make_simulator())


def _records(node: Seen) -> Iterator[int]:
    yield from node.records
    for child in node.children:
        yield from _records(child)
