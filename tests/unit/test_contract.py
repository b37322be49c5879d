"""The operations, both roles: what a client writes a server reads, byte for byte as .NET writes it."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.vectors import VECTORS
from support.wire_values import objects
from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract.values import ContractError
from syncramp.endpoint.nbfx import NbfxError, decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import (
    AnchorType,
    Company,
    LinkOperation,
    Operation,
    ReferenceChange,
    Result,
    SyncObject,
)

TOKEN = soap.SyncToken("eyJhbGciOi.secret.signature", "2.6.92.0", UUID(int=7))
TO = "https://adminwebservice.microsoftonline.com/provisioningservice.svc"


def body_of(name: str) -> bytes:
    """The bytes below ``s:Body`` of a vector (its headers are reduced to the action)."""
    data = VECTORS[name]
    return data[data.index(b"\x56\x0e") + 2 : -2]


def test_an_export_request_is_written_byte_for_byte_as_dot_net_writes_it() -> None:
    changes = (
        ReferenceChange("AQEBAQEBAQEBAQEBAQEBAQ=="),
        ReferenceChange("User_00112233-4455-6677-8899-aabbccddeeff", LinkOperation.REMOVE, AnchorType.CLOUD),
    )
    obj = SyncObject(
        "Group",
        Operation.SET,
        {
            "SourceAnchor": "AAAAAAAAAAAAAAAAAAAAAA==",
            "displayName": "Example",
            "securityEnabled": True,
            "countryCode": 250,
            "mail": None,
            "onPremiseSecurityIdentifier": b"\x01\x02\x03\x04",
            "proxyAddresses": ("SMTP:a@example.org", "smtp:b@example.org"),
            "userCertificate": (b"\x09\x08\x07",),
            "member": changes,
        },
    )
    name = (
        "ProvisionAzureADSyncObjects2 request with member delta (DataContractSerializer), headers reduced to Action"
    )
    assert contract.provision([obj]) == body_of(name)


def test_a_configuration_request_is_written_byte_for_byte_as_dot_net_writes_it() -> None:
    name = "GetCompanyConfiguration request (typed False record), headers reduced to Action"
    assert contract.get_company_configuration() == body_of(name)


def test_a_result_message_is_written_byte_for_byte_as_dot_net_writes_it() -> None:
    results = [
        contract.SyncResult(
            "Group",
            "Success",
            "Set",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "Group_00112233-4455-6677-8899-aabbccddeeff",
        ),
        contract.SyncResult(
            "User",
            "Failure",
            "Delete",
            "AQEBAQEBAQEBAQEBAQEBAQ==",
            result_error_code="114",
            result_error_description="simulated description",
        ),
    ]
    answer = contract.provision_response(results, UUID(int=1))
    ours = answer[answer.index(b"\x56\x0e") + 2 : -2]
    # .NET wrote the error code as text in this vector: a string "0" is a ZeroText record in both
    assert ours == body_of("ProvisionAzureADSyncObjects2 response, one success and one failure")


def test_the_header_holds_the_children_of_the_token_in_ordinal_order() -> None:
    request = contract.parse_request(soap.request("FinalizeExport", contract.finalize_export(12, 11), TOKEN, TO))
    assert tuple(request.token) == soap.TOKEN_CHILDREN
    assert request.token["BearerToken"] == TOKEN.bearer
    assert request.token["DirSyncBuildNumber"] == "2.6.92.0"
    assert (request.operation, request.message_id, request.to) == ("FinalizeExport", UUID(int=7), TO)
    assert contract.parse_finalize(request.body) == (12, 11)


def test_the_token_is_in_no_representation() -> None:
    assert "secret" not in repr(TOKEN)
    request = contract.parse_request(soap.request("FinalizeExport", contract.finalize_export(1, 1), TOKEN, TO))
    assert "secret" not in repr(request)


def test_an_action_that_is_not_that_of_the_body_is_refused() -> None:
    with pytest.raises(ContractError, match="action"):
        contract.parse_request(soap.request("Capabilities", contract.finalize_export(1, 1), TOKEN, TO))


def test_a_message_that_is_no_envelope_is_refused() -> None:
    with pytest.raises(NbfxError, match="SOAP 1.2"):
        soap.open_envelope(bytes.fromhex("40016101"))


@given(st.lists(objects, max_size=4))
def test_whatever_objects_a_client_sends_the_server_reads_the_same(sent) -> None:
    request = contract.parse_request(soap.request(contract.PROVISION, contract.provision(sent), TOKEN, TO))
    received = contract.parse_sync_objects(request.body)
    assert received == sent
    for ours, theirs in zip(sent, received, strict=True):
        assert [type(value) for value in ours.values.values()] == [type(v) for v in theirs.values.values()]


def _lists_no_anchors(obj: SyncObject) -> bool:
    """A list of anchors as ``member`` is read as the changes it stands for."""
    members = (value for name, value in obj.values.items() if name.lower() == "member")
    return not any(isinstance(value, tuple) and value and isinstance(value[0], str) for value in members)


PAGES = st.lists(objects.filter(_lists_no_anchors), max_size=4)


@given(PAGES, st.one_of(st.none(), st.binary(min_size=1, max_size=50)), st.booleans())
def test_whatever_page_a_server_sends_the_client_reads_the_same(sent, cookie, more) -> None:
    answer = soap.open_envelope(contract.read_back_response(sent, cookie, more, uuid4())).body
    page = contract.read_read_back(answer)
    assert (list(page.objects), page.cookie, page.more) == (sent, cookie, more)


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("Cookie", "More"), ["Cookie", "More", "ResultObjects"]),
        (("OutputCookie", "MoreObjectsExist"), ["MoreObjectsExist", "OutputCookie", "ResultObjects"]),
        (("SyncCookie", "HasMore"), ["HasMore", "ResultObjects", "SyncCookie"]),
        (("Watermark", "SomeMore"), ["ResultObjects", "SomeMore", "Watermark"]),
    ],
)
def test_a_page_has_its_members_in_ordinal_order_because_dotnet_drops_others(names, order) -> None:
    data = contract.read_back_response([], b"cookie", False, uuid4(), names)
    (result,) = soap.open_envelope(data).body.children
    assert [node.name for node in result.children] == order


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"d:long", b"d:date", {"hired": "250"}),  # a type of XML Schema we never send
        (b"d:long", b"e:long", {"hired": "250"}),  # a prefix that was not declared
        (b"\x08d:string", b"\x08c:string", {"mail": "a@b"}),
        (b"c:ArrayOfstring", b"c:ArrayOfnumber", {"phones": ("30", "31")}),
    ],
)
def test_a_value_of_an_unknown_type_does_not_stop_the_read_back(old, new, expected) -> None:
    sent = SyncObject(
        "User", Operation.SET, {"SourceAnchor": "AAAA", "hired": 250, "mail": "a@b", "phones": ("30", "31")}
    )
    data = contract.read_back_response([sent], b"cookie", False, uuid4())
    first, _, rest = data.partition(b"mail") if b"string" in old else (b"", b"", data)
    changed = first + (b"mail" if first else b"") + rest.replace(old, new, 1)
    assert changed != data
    (obj,) = contract.read_read_back(soap.open_envelope(changed).body).objects
    assert obj.values == {**sent.values, **expected}


def test_members_in_an_unknown_form_are_not_told_and_an_anchor_in_one_is_refused() -> None:
    group = SyncObject("Group", Operation.SET, {"SourceAnchor": "AAAA", "member": (ReferenceChange("BBBB"),)})
    data = contract.read_back_response([group], b"cookie", False, uuid4())
    (obj,) = contract.read_read_back(soap.open_envelope(data.replace(b"ChangeColl", b"ChangeList")).body).objects
    assert obj.values == {"SourceAnchor": "AAAA", "member": None}
    with pytest.raises(ContractError, match="SourceAnchor: unknown type"):
        contract.read_read_back(soap.open_envelope(data.replace(b"d:string", b"d:strong")).body)


def test_a_cookie_travels_as_bytes_and_none_asks_for_everything() -> None:
    for cookie in (None, b"\x00\x01opaque\xff"):
        request = contract.parse_request(soap.request(contract.READ_BACK, contract.read_back(cookie), TOKEN, TO))
        assert contract.parse_read_back_request(request.body).cookie == cookie
        full = request.body.child("isFullSync")
        assert full is not None and full.text == ("true" if cookie is None else "false")


def test_a_company_comes_back_with_everything_it_had() -> None:
    company = Company(
        "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8",
        "Contoso",
        True,
        "mS-DS-ConsistencyGuid",
        12_000,
        "PT30M",
        500,
        24,
        "SERVER1",
        "2.6.92.0",
        "1651564e-7ce4-4d99-88be-0a65050d8dc3",
        41016,
        ("ObjectWriteback", "PasswordWriteback", "More"),
        True,
        "EnabledForPercentage",
        10,
        True,
        "OU=Groups,DC=example",
        "OU=People,DC=example",
    )
    answer = soap.open_envelope(contract.company_response(company, uuid4())).body
    assert contract.read_company(answer) == company


def outcome_of(*results: contract.SyncResult, sent: int = 1):
    objs = [SyncObject("User", Operation.SET, {"SourceAnchor": f"A{number}"}) for number in range(sent)]
    answer = soap.open_envelope(contract.provision_response(results, uuid4())).body
    return contract.read_outcomes(answer, objs)


def test_success_with_a_description_is_applied_with_a_warning() -> None:
    result = contract.SyncResult("User", "Success", "Add", "A0", "User_1", result_error_description="modified")
    (outcome,) = outcome_of(result)
    assert outcome.result is Result.APPLIED
    assert (outcome.description, outcome.operation, outcome.cloud_anchor) == ("modified", "Add", "User_1")


def test_everything_but_success_is_refused_with_its_reason() -> None:
    for code in ("Failure", "Retry", ""):
        (outcome,) = outcome_of(
            contract.SyncResult("User", code, "Set", "A0", result_error_code="x", result_error_description="why")
        )
        assert (outcome.result, outcome.code, outcome.description) == (Result.REFUSED, "x", "why")


def test_results_are_matched_by_anchor_whatever_their_order_and_a_missing_one_is_unknown() -> None:
    results = [
        contract.SyncResult("User", "Failure", "Set", "A2"),
        contract.SyncResult("User", "Success", "Set", "A0"),
    ]
    outcomes = outcome_of(*results, sent=3)
    assert [outcome.result for outcome in outcomes] == [Result.APPLIED, Result.UNKNOWN, Result.REFUSED]


def test_results_without_anchors_are_matched_by_position_only_when_all_are_there() -> None:
    anonymous = [contract.SyncResult("User", code, "Set") for code in ("Success", "Failure")]
    assert [o.result for o in outcome_of(*anonymous, sent=2)] == [Result.APPLIED, Result.REFUSED]
    assert [o.result for o in outcome_of(*anonymous, sent=3)] == [Result.UNKNOWN] * 3


def test_faults_are_read_whatever_their_namespace() -> None:
    fault = contract.read_fault(soap.open_envelope(VECTORS["Redirect fault"]).body)
    assert fault and fault.redirect == "https://region.example/provisioningservice.svc"
    busy = soap.open_envelope(contract.fault_response(contract.BUSY_TEXT, contract.BUSY, relates_to=UUID(int=9))).body
    fault = contract.read_fault(busy)
    assert fault and (fault.code, fault.text) == ("81", contract.BUSY_TEXT)
    assert fault.tracking_id == str(UUID(int=9))
    assert contract.read_fault(soap.open_envelope(contract.finalize_response(uuid4())).body) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.replace(b"d:string", b"d:strong"), "unknown type d:strong"),
        (lambda data: data.replace(b"d:string", b"e:string"), "prefix 'e'"),
        (lambda data: data.replace(b"displayName", b"SourceAncho"), None),
        (lambda data: data.replace(b"SyncObjectType", b"SyncObjectKind"), "in this order"),
        (lambda data: data.replace(b"\x03Set", b"\x03Sit"), "Sit"),
        (lambda data: data.replace(b"\x03Key", b"\x03Kay"), "Key and Value"),
    ],
)
def test_the_server_is_as_strict_as_dot_net(change, message) -> None:
    obj = SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA", "displayName": "Ada"})
    data = change(soap.request(contract.PROVISION, contract.provision([obj]), TOKEN, TO))
    if message is None:
        assert list(contract.parse_sync_objects(contract.parse_request(data).body)[0].values) != list(obj.values)
        return
    with pytest.raises(ContractError, match=message):
        contract.parse_sync_objects(contract.parse_request(data).body)


def test_a_key_that_stands_twice_is_refused() -> None:
    obj = SyncObject("User", Operation.SET, {"mail": "a", "mall": "b"})
    data = soap.request(contract.PROVISION, contract.provision([obj]), TOKEN, TO).replace(b"mall", b"mail")
    with pytest.raises(ContractError, match="stands twice"):
        contract.parse_sync_objects(contract.parse_request(data).body)


def test_a_value_may_come_in_any_record_that_holds_its_lexical_form() -> None:
    obj = SyncObject("User", Operation.SET, {"countryCode": 250, "accountEnabled": True, "photo": b"abc"})
    data = soap.request(contract.PROVISION, contract.provision([obj]), TOKEN, TO)
    data = data.replace(w.integer(250), w.content("250")).replace(w.binary(b"abc"), w.content("YWJj"))
    data = data.replace(b"XMLSchema" + w.boolean(True), b"XMLSchema" + w.content("true"))
    assert contract.parse_sync_objects(contract.parse_request(data).body) == [obj]
    with pytest.raises(ContractError, match="no boolean"):
        bad = data.replace(w.content("true"), w.content("True"))
        contract.parse_sync_objects(contract.parse_request(bad).body)


def test_the_vector_of_a_request_is_read_by_the_server() -> None:
    data = VECTORS[
        "ProvisionAzureADSyncObjects2 request with member delta (DataContractSerializer), headers reduced to Action"
    ]
    body = soap.open_envelope(data).body
    (obj,) = contract.parse_sync_objects(body)
    assert obj.links == 2 and obj.values["countryCode"] == 250 and obj.values["mail"] is None
    assert decode(data).child("Header") is not None
