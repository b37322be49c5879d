"""Services that share no code with the product, on bare sockets, in front of its client.

What they answer is legal and differs from what the simulator answers: in the records, the prefixes, the members, and
the way over HTTP.
"""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from support import foreign_messages as m
from support.build import TENANT
from support.foreign import LITERAL, STYLES, Seen, Style, X
from support.foreign_server import Manner
from support.fronted import ANNA, COOKIE, B, message_id, people, result, served, shown, well
from syncramp.endpoint.client import V2Endpoint
from syncramp.errors import AnswerLost, EndpointUnavailable
from syncramp.model.wire import AnchorType, LinkOperation, Operation, ReferenceChange, Result, SyncObject

HTTP = {
    "a length": Manner(),
    "chunks": Manner(framing="chunked"),
    "the end of the connection": Manner(framing="close"),
    "HTTP/1.0": Manner(framing="close", version="1.0"),
    "one byte at a time": Manner(at_a_time=1),
    "capital headers": Manner(upper=True),
    "more headers": Manner(headers=(("Server", "Microsoft-IIS/10.0"), ("X-Powered-By", "ASP.NET"), ("Date", "then"))),
    "a content type with parameters": Manner(kind='Application/SOAP+MSBIN1; charset="utf-8"'),
    "an interim answer": Manner(informs=True),
    "status 202": Manner(status=202),
}


def walked(client: V2Endpoint) -> None:
    """Every operation, and all of what was answered."""
    told = client.company()
    assert (told.tenant_id, told.display_name, told.syncing) == (TENANT, "Contoso 株式会社", True)
    assert (told.features, told.max_links, told.delete_threshold, told.known_objects) == (41016, 15000, 250, 24)
    assert told.allowed_features == ("ObjectWriteback", "PasswordWriteback")
    (page,) = client.read_back(None)
    assert (page.cookie, page.more) == (COOKIE, False)
    anna, team = page.objects
    assert (anna.kind, anna.operation, dict(anna.values)) == ("User", Operation.SET, ANNA)
    assert team.values["Sid"] == bytes(range(28))
    assert team.values["ProxyAddresses"] == ("SMTP:a@example.org", "smtp:b@example.org")
    assert team.values["Member"] == (
        ReferenceChange("A==", LinkOperation.ADD, AnchorType.SOURCE),
        ReferenceChange("User_9", LinkOperation.REMOVE, AnchorType.CLOUD),
    )
    outcomes = client.provision(people("one", "two"))
    assert [outcome.result for outcome in outcomes] == [Result.APPLIED] * 2
    assert outcomes[0].cloud_anchor == "User_64c6616b-f961-4882-a03e-9209d01711aa"
    client.finalize(2, 2)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_answers_are_understood_in_every_form_of_the_bytes(style: Style) -> None:
    with served(well, style) as (client, service):
        walked(client)
        assert len(service.requests) == 4


@pytest.mark.parametrize("manner", HTTP.values(), ids=HTTP)
def test_answers_are_understood_however_http_brings_them(manner: Manner) -> None:
    with served(well, LITERAL, *[manner] * 4) as (client, _):
        walked(client)


def test_what_the_client_sends_is_what_others_can_read() -> None:
    with served(well) as (client, service):
        changes = (ReferenceChange("A=="), ReferenceChange("User_9", LinkOperation.REMOVE, AnchorType.CLOUD))
        values = {
            "SourceAnchor": "G==",
            "displayName": "Ä 株",
            "mail": None,
            "securityEnabled": True,
            "member": changes,
        }
        client.provision([SyncObject("Group", Operation.SET, values)])
    (request,) = service.requests
    header = request.at("Header")
    assert [child.local for child in header.children] == ["Action", "SyncToken", "MessageID", "ReplyTo", "To"]
    token = header.at("SyncToken")
    assert [child.local for child in token.children] == [x.name for x in m.sync_token("", m.UUID(int=0))]
    assert {child.namespace for child in token.children} == {m.N01}
    assert token.at("BearerToken").text == "a-token"
    tracking = token.at("TrackingId").text
    assert message_id(request) == f"urn:uuid:{tracking}"
    assert service.heads[0]["client-request-id"] == tracking
    assert header.at("To").text == f"https://{service.host}/provisioningservice.svc"
    (pairs,) = request.all("PropertyValues")
    told = {pair.at("Key").text: pair.at("Value") for pair in pairs.children}
    assert [told[name].text for name in ("SourceAnchor", "displayName", "securityEnabled")] == ["G==", "Ä 株", "true"]
    assert told["mail"].attributes == {"i:nil": "true"}
    assert told["member"].attributes == {"i:type": "SyncReferenceChangeCollection"}
    assert [(change.at("Reference/Anchor").text, change.at("operationInt").text) for change in
            told["member"].all("SyncReferenceChange")] == [("A==", "1"), ("User_9", "2")]  # fmt: skip
    assert {change.namespace for change in told["member"].all("Anchor")} == {m.N01}


def test_members_nobody_knows_are_passed_over() -> None:
    def more(operation: str, request: Seen) -> X:
        answer = well(operation, request)
        return _grown(answer)

    with served(more) as (client, _):
        walked(client)


def _grown(x: X) -> X:
    """The tree with members of a later release in front of and behind those of each element of the body."""
    if not isinstance(x.content, list):
        return x
    content = [_grown(child) for child in x.content]
    if x.name.rpartition(":")[2].endswith(("Result", "DirSyncConfiguration", "AzureADSyncObject")):
        later = [X("Zzz", [X("Deep", "1"), X("Deeper", [X("Deepest", True)])]), X("Ȃn", 5)]
        content = [X("Aaa", None, {"i:nil": True}), X("Aab", 7), *content, *later]
    return replace(x, content=content)


def test_results_in_another_order_are_matched_by_their_anchors() -> None:
    def turned(operation: str, request: Seen) -> X:
        told = [result("two", "Failure", ResultErrorCode="114", ResultErrorDescription="no"), result("one")]
        return m.answer(operation, [X("b:SyncObjectResults", told)], message_id(request), B)

    with served(turned) as (client, _):
        one, two = client.provision(people("one", "two"))
        assert (one.result, two.result, two.code, two.description) == (Result.APPLIED, Result.REFUSED, "114", "no")


def test_an_object_without_a_result_is_in_doubt() -> None:
    def partly(operation: str, request: Seen) -> X:
        return m.answer(operation, [X("b:SyncObjectResults", [result("two")])], message_id(request), B)

    with served(partly) as (client, _):
        assert [outcome.result for outcome in client.provision(people("one", "two"))] == [
            Result.UNKNOWN,
            Result.APPLIED,
        ]


@pytest.mark.parametrize(
    ("more", "cookie", "end"),
    [
        ("HasMoreObjects", "SyncCookie", False),
        ("IsLastPage", "NextCookie", True),
        ("ReadComplete", "CookieOut", True),
        ("PartialResult", "outputcookie", False),
    ],
)
def test_the_end_of_the_read_back_is_recognised_by_other_names(more: str, cookie: str, end: bool) -> None:
    def named(operation: str, request: Seen) -> X:
        return m.answer(operation, shown(more, cookie, end), message_id(request), B)

    for style in (LITERAL, Style(typed=False), Style(folded=False, pieces=1)):
        with served(named, style) as (client, _):
            (page,) = client.read_back(None)
            assert (page.cookie, page.more, len(page.objects)) == (COOKIE, False, 2)


def test_a_read_back_without_a_sign_of_its_end_is_not_complete() -> None:
    def silent(operation: str, request: Seen) -> X:
        return m.answer(operation, shown()[2:], message_id(request), B)

    with served(silent) as (client, _):
        (page,) = client.read_back(None)
        assert (page.cookie, page.more) == (None, None)


@pytest.mark.parametrize("content", [None, []])
def test_a_page_may_have_no_objects(content: Sequence[X] | None) -> None:
    def empty(operation: str, request: Seen) -> X:
        nil = {"i:nil": True} if content is None else {}
        told = [*shown()[:2], X("b:ResultObjects", content, nil)]
        return m.answer(operation, told, message_id(request), B)

    with served(empty) as (client, _):
        (page,) = client.read_back(None)
        assert (list(page.objects), page.more) == ([], False)


def test_members_that_are_listed_instead_of_changed_are_members() -> None:
    def listed(operation: str, request: Seen) -> X:
        team = m.sync_object("Group", "Set", {"SourceAnchor": "G==", "Member": ["A==", "B=="]})
        told = [*shown()[:2], X("b:ResultObjects", [team])]
        return m.answer(operation, told, message_id(request), B)

    for style in (LITERAL, Style(guessing=True), Style(folded=False)):
        with served(listed, style) as (client, _):
            (page,) = client.read_back(None)
            assert page.objects[0].values["Member"] in (
                ("A==", "B=="),
                (ReferenceChange("A=="), ReferenceChange("B==")),
            )


def test_a_page_of_a_proxy_and_a_wrong_answer_are_no_answers() -> None:
    with served(well, LITERAL, *[Manner(kind="text/html")] * 9) as (client, _):
        with pytest.raises(EndpointUnavailable, match="proxy"):
            client.company()

    def crossed(operation: str, request: Seen) -> X:
        return m.answer("FinalizeExport", [], message_id(request), {})

    with served(crossed) as (client, _):
        with pytest.raises(AnswerLost, match="FinalizeExportResponse"):
            client.provision(people("one"))


def test_connections_are_kept_and_used_again() -> None:
    with served(well) as (client, service):
        for _ in range(5):
            client.company()
        assert (len(service.requests), service.connections) == (5, 2), "one for tokens, one for calls"
