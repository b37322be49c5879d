"""Both versions of the operations in both roles, both forms of values, and what a tenant says of itself."""

from uuid import UUID, uuid4

import pytest

from syncramp.endpoint import contract, soap
from syncramp.endpoint.contract import ContractError
from syncramp.endpoint.nbfx import Node, decode
from syncramp.endpoint.nbfx import writer as w
from syncramp.model.wire import (
    AnchorType,
    Capabilities,
    Company,
    LinkOperation,
    Operation,
    ReferenceChange,
    Result,
    SyncObject,
)

TOKEN = soap.SyncToken("bearer", "2.6.92.0", UUID(int=7))
TO = "https://127.0.0.1/provisioningservice.svc"
GROUP = SyncObject("Group", Operation.SET, {"SourceAnchor": "AAAA", "member": ("BBBB", "CCCC")})
USER = SyncObject(
    "User",
    Operation.SET,
    {
        "SourceAnchor": "0",
        "countryCode": 1,
        "accountEnabled": True,
        "mail": None,
        "photo": b"12345",
        "title": "日本語",
    },
)


def received(operation: str, body: bytes, **options) -> contract.Request:
    return contract.parse_request(soap.request(operation, body, TOKEN, TO, **options))


@pytest.mark.parametrize("values", ["typed", "text"])
@pytest.mark.parametrize("operation", [contract.PROVISION, contract.PROVISION_V1])
def test_an_export_of_either_version_is_read_as_it_was_sent(operation, values) -> None:
    request = received(operation, contract.provision([GROUP, USER], operation, values), values=values)
    assert (request.operation, contract.parse_sync_objects(request.body)) == (operation, [GROUP, USER])
    assert request.message_id == UUID(int=7)


@pytest.mark.parametrize("values", ["typed", "text"])
@pytest.mark.parametrize("operation", [contract.READ_BACK, contract.READ_BACK_V1])
@pytest.mark.parametrize("cookie", [None, b"opaque"])
def test_a_read_back_of_either_version_asks_for_all_or_for_what_changed(operation, values, cookie) -> None:
    request = received(operation, contract.read_back(cookie, operation, values), values=values)
    asked = contract.parse_read_back_request(request.body)
    assert asked == contract.ReadBackRequest(cookie, full=cookie is None, licenses=True)


@pytest.mark.parametrize("values", ["typed", "text"])
def test_the_first_version_shows_members_as_a_list_and_the_second_takes_one_for_additions(values) -> None:
    cloud = "User_00112233-4455-6677-8899-aabbccddeeff"
    shown = SyncObject("Group", Operation.SET, {"SourceAnchor": "AAAA", "Member": ("BBBB", cloud)})
    v1, v2 = contract.READ_BACK_V1, contract.READ_BACK
    first = contract.read_back_response([shown, USER], b"c", True, uuid4(), operation=v1, values=values)
    answer = contract.open_answer(v1, first)
    page = contract.read_read_back(answer, operation=v1)
    assert (list(page.objects), page.cookie, page.more) == ([shown, USER], b"c", True)
    second = contract.read_back_response([shown], b"c", True, uuid4(), operation=v2, values=values)
    (group,) = contract.read_read_back(contract.open_answer(v2, second)).objects
    assert group.values["Member"] == (
        ReferenceChange("BBBB", LinkOperation.ADD, AnchorType.SOURCE),
        ReferenceChange(cloud, LinkOperation.ADD, AnchorType.CLOUD),
    )


@pytest.mark.parametrize("values", ["typed", "text"])
@pytest.mark.parametrize("operation", [contract.PROVISION, contract.PROVISION_V1])
def test_results_of_either_version_are_matched(operation, values) -> None:
    result = contract.SyncResult("User", "Success", "Add", "0", "User_1", result_error_description="1")
    data = contract.provision_response([result], uuid4(), operation, values)
    (outcome,) = contract.read_outcomes(contract.open_answer(operation, data), [USER], operation)
    assert (outcome.result, outcome.description, outcome.code) == (Result.APPLIED, "1", "0")
    assert (outcome.operation, outcome.cloud_anchor) == ("Add", "User_1")


def test_the_answer_of_another_operation_is_refused() -> None:
    data = contract.finalize_response(uuid4())
    with pytest.raises(ContractError, match="FinalizeExportResponse, not Capabilities"):
        contract.open_answer(contract.CAPABILITIES, data)


def records(node: Node) -> list[str]:
    return [part for child in node.walk() for part in child.parts if isinstance(part, str)]


def test_as_text_no_value_is_a_typed_record() -> None:
    data = soap.request(
        contract.PROVISION, contract.provision([USER], values="text"), TOKEN, TO, values="text"
    ) + contract.company_response(Company("t", "1", True), UUID(int=1), values="text")
    for typed in (
        w.integer(1),
        w.unique_id(UUID(int=7)),
        w.unique_id(UUID(int=1)),
        w.attribute("i", "nil", b"\x86"),
        b"accountEnabled" + w.boolean(True),
        w.binary(b"12345"),
        w.dictionary_text(soap.ANONYMOUS),
        w.soap_attribute("s", "mustUnderstand", b"\x82"),
        "日本語".encode("utf-16-le"),
    ):
        assert typed not in data
    assert w.FORMS["text"].content("1") == b"\x99\x011"


def test_as_text_and_typed_the_same_is_said() -> None:
    def said(values) -> list[str]:
        return records(decode(contract.company_response(COMPANY, UUID(int=1), values=values)))

    assert "".join(said("typed")) == "".join(said("text"))
    assert len(said("typed")) == len(said("text")) + 2  # the flags are three texts


COMPANY = Company(
    "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8",
    "Contoso",
    True,
    interval="PT30M",
    delete_threshold=0,
    known_objects=0,
    allowed_features=("ObjectWriteback", "PasswordWriteback"),
    deletion_prevention="Disabled",
    delete_percentage=0,
)


@pytest.mark.parametrize("values", ["typed", "text"])
def test_a_company_without_writeback_and_with_no_features_says_so(values) -> None:
    for features in ((), ("ObjectWriteback",), ("ObjectWriteback", "PasswordWriteback")):
        company = Company(
            "t", "Contoso", False, interval="PT1H", delete_threshold=0, known_objects=3,
            allowed_features=features, deletion_prevention="Disabled", delete_percentage=0,
        )  # fmt: skip
        answer = contract.open_answer(contract.GET_COMPANY, contract.company_response(company, None, values))
        assert contract.read_company(answer) == company


def capabilities(document: str) -> Capabilities:
    data = contract.capabilities_response(document, uuid4())
    return contract.read_capabilities(contract.open_answer(contract.CAPABILITIES, data))


APPLICATION = (
    "<ServiceCapability><MicrosoftOnline><Protocol><Application>{}<LatestProductVersion>3.2</LatestProductVersion>"
    "<MinimumProductVersion>1.0</MinimumProductVersion></Application></Protocol></MicrosoftOnline></ServiceCapability>"
)


@pytest.mark.parametrize(
    ("black_list", "blocked"),
    [
        ("", ()),
        (
            "<BlackList><ClientVersion>1.1</ClientVersion><ClientVersion>1.2</ClientVersion></BlackList>",
            ("1.1", "1.2"),
        ),
        ('<BlackList Enabled="false"><ClientVersion>1.1</ClientVersion></BlackList>', ()),
        ("<BlackList><Enabled>false</Enabled><ClientVersion>1.1</ClientVersion></BlackList>", ()),
        ("<BlackList><Enabled>true</Enabled><ClientVersion>1.1</ClientVersion></BlackList>", ("1.1",)),
    ],
)
def test_capabilities_are_read_from_the_document_in_the_answer(black_list, blocked) -> None:
    assert received(contract.CAPABILITIES, contract.capabilities()).operation == contract.CAPABILITIES
    assert capabilities(APPLICATION.format(black_list)) == Capabilities("3.2", "1.0", blocked)


@pytest.mark.parametrize("document", ["", "no xml", "<a>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_capabilities_that_are_no_plain_document_are_refused(document) -> None:
    with pytest.raises(ContractError, match="XML document"):
        capabilities(document)


@pytest.mark.parametrize("values", ["typed", "text"])
def test_a_feature_mask_travels_whole(values) -> None:
    request = received(contract.SET_FEATURES, contract.set_features(41016 | 1 << 30, values))
    assert contract.parse_features(request.body) == 41016 | 1 << 30


@pytest.mark.parametrize("text", ["", "many", "-1", "²", "1_000", "9" * 5000, "1" * 20, "1.0", "0x10"])
def test_what_is_no_count_is_refused_whatever_it_looks_like(text) -> None:
    body = b"".join(
        (w.element("", "SetCompanyDirsyncFeatures"), w.xmlns("", soap.N01), w.element("", "dirsyncFeatures"))
    )
    with pytest.raises(ContractError, match="dirsyncFeatures"):
        contract.parse_features(decode(body + w.content(text) + w.END))


def test_parameters_out_of_order_are_refused_because_dot_net_would_not_see_them() -> None:
    body = contract.finalize_export(3, 2)
    swapped = (
        body.replace(b"totalExported", b"?").replace(b"\x15successfulExportCount", b"\x0dtotalExported")
    ).replace(b"\x0d?", b"\x15successfulExportCount")
    assert len(swapped) == len(body)
    with pytest.raises(ContractError, match="in this order"):
        contract.parse_finalize(decode(swapped))
    other = body.replace(b"totalExported", b"totalImported")
    with pytest.raises(ContractError, match="totalExported must be a number"):
        contract.parse_finalize(decode(other))
