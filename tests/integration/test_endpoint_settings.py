"""Settings of what is not certain about the service: each changes what is sent, or what is concluded."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from support.service import COMPANY, Service, Step, serving
from syncramp.cycle.job import Pace
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.errors import AnswerLost
from syncramp.model.wire import Operation, ReadBackPage, ReferenceChange, SyncObject
from syncramp.spec.types import EndpointOverrides, ReadBackNames, Values

ID = UUID(int=3)
ONE = [SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA"})]


@contextmanager
def endpoint(service: Service, tmp_path, **settings) -> Iterator[V2Endpoint]:
    made = V2Endpoint(service.target(**settings), service.secrets(tmp_path), busy_first=0.001)
    try:
        yield made
    finally:
        made.close()


def test_the_application_is_named_as_the_document_says(tmp_path) -> None:
    named = "1651564e-7ce4-4d99-88be-0a65050d8dc3"
    with serving() as service:
        for settings in ({}, {"application_id": named}):
            with endpoint(service, tmp_path, **settings) as client:
                client.company()
    told = [request.token["ApplicationId"] for request in service.requests]
    assert told == ["6eb59a73-39b2-4c23-a70f-e2e3ce8965b1", named]


@pytest.mark.parametrize(("ours", "told"), [(None, 100), (60, 60), (200, 100)])
def test_links_of_a_call_can_only_be_lowered(tmp_path, ours, told) -> None:
    step = Step(body=contract.company_response(replace(COMPANY, max_links=100), ID))
    with serving(step) as service, endpoint(service, tmp_path, links_per_call=ours) as client:
        assert client.company().max_links == told
        changes = tuple(ReferenceChange(str(number)) for number in range(told + 1))
        with pytest.raises(ValueError, match=f"allows {told}"):
            client.provision([SyncObject("Group", Operation.SET, {"SourceAnchor": "G", "member": changes})])


def _page(service_names: tuple[str, str], settings: ReadBackNames, tmp_path, *, more: bool) -> ReadBackPage:
    step = Step(body=contract.read_back_response([], b"cookie", more, ID, service_names))
    with serving(step) as service, endpoint(service, tmp_path, read_back=settings) as client:
        return next(client.read_back(None))


@pytest.mark.parametrize(
    ("names", "settings", "cookie", "more"),
    [
        (("Watermark", "HasNext"), ReadBackNames(), None, None),
        (("Watermark", "HasNext"), ReadBackNames("Watermark", "HasNext"), b"cookie", True),
        (("Watermark", "IsLastPage"), ReadBackNames("Watermark", "IsLastPage"), b"cookie", False),
        (("OutputCookie", "MoreObjectsExist"), ReadBackNames(), b"cookie", True),
        (("OutputCookie", "MoreObjectsExist"), ReadBackNames("Watermark", "HasNext"), None, None),
        (("OutputCookie", "MoreIncomplete"), ReadBackNames(), b"cookie", True),
        (("OutputCookie", "SyncComplete"), ReadBackNames(), b"cookie", False),
    ],
)
def test_members_of_the_read_back_count_by_the_names_of_the_document_or_by_their_form(
    tmp_path, names, settings, cookie, more
) -> None:
    page = _page(names, settings, tmp_path, more=True)
    assert (page.cookie, page.more) == (cookie, more)
    if more is not None:
        assert _page(names, settings, tmp_path, more=False).more is not more


def test_an_answer_is_waited_for_as_long_as_the_document_says(tmp_path) -> None:
    answered = threading.Event()
    with serving(Step(held=answered)) as service:
        with endpoint(service, tmp_path, call_timeout=timedelta(seconds=0.2)) as client:
            with pytest.raises(AnswerLost):
                client.provision(ONE)
        answered.set()


@pytest.mark.parametrize(("minutes", "deadline"), [(1, 600.0), (10, 600.0), (60, 3600.0)])
def test_a_longer_time_out_moves_the_deadline_of_a_call_and_a_shorter_one_does_not(minutes, deadline) -> None:
    settings = EndpointOverrides(call_timeout=timedelta(minutes=minutes), objects_per_call=7)
    assert Pace.of(settings) == replace(Pace(), objects_per_call=7, call_timeout=deadline)


def test_values_are_sent_typed_or_as_text(tmp_path) -> None:
    photo = b"no txt"  # a multiple of three is one record
    objects = [SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA", "accountEnabled": False, "photo": photo})]
    with serving() as service:
        for form in Values:
            with endpoint(service, tmp_path, values=form) as client:
                client.provision(objects)
    typed, text = service.bodies
    assert photo in typed and b64encode(photo) not in typed
    assert photo not in text and b64encode(photo) in text and b"false" in text
    assert b"urn:uuid:" in text and b"urn:uuid:" not in typed
    assert [contract.parse_sync_objects(request.body) for request in service.requests] == [objects, objects]
