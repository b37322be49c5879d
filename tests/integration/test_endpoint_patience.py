"""A busy service: how long the client waits for it, and what is known of the call when it gives up."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from support.service import Service, Step, fault, serving
from syncramp.endpoint import contract
from syncramp.endpoint.client import V2Endpoint
from syncramp.endpoint.faults import Busy, seconds_of
from syncramp.errors import AnswerLost, EndpointUnavailable, FenceLost, Stopped, SyncrampError
from syncramp.model.measures import Traffic
from syncramp.model.wire import Operation, Result, SyncObject

ONE = [SyncObject("User", Operation.SET, {"SourceAnchor": "AAAA", "displayName": "Ada"})]
GATEWAY, SERVICE = Step(503, "text/html", b"later"), fault(contract.BUSY_TEXT, contract.BUSY)


@contextmanager
def endpoint(service: Service, tmp_path, **options) -> Iterator[V2Endpoint]:
    made = V2Endpoint(service.target(), service.secrets(tmp_path), busy_first=0.001, **options)
    try:
        yield made
    finally:
        made.close()


def test_a_busy_service_is_waited_for_and_the_batch_goes_again_unchanged(tmp_path) -> None:
    busy = fault(contract.BUSY_TEXT, contract.BUSY)
    notes: list[str] = []
    with (
        serving(busy, Step(503, "text/plain", b"later"), busy) as service,
        endpoint(service, tmp_path, note=notes.append) as client,
    ):
        (outcome,) = client.provision(ONE)
    assert outcome.result is Result.APPLIED
    sent = [contract.parse_sync_objects(request.body) for request in service.requests]
    assert sent == [ONE] * 4
    assert len([text for text in notes if text.startswith("the service is busy")]) == 3
    assert len([text for text in notes if text.startswith("the service pushes back: 50%")]) == 1


def test_every_request_and_every_plea_for_patience_is_counted(tmp_path) -> None:
    with (
        serving(SERVICE, GATEWAY, Step(429, "text/plain", b"later")) as service,
        endpoint(service, tmp_path) as client,
    ):
        client.provision(ONE)
        first, mine = client.traffic(), client.put_off()
        client.provision(ONE)
        assert client.traffic() == Traffic(1, 0, 0.0)
    assert (first.calls, first.throttled, mine) == (4, 3, 3)
    assert first.longest > 0.0


def test_what_a_service_put_off_in_vain_is_counted_too(tmp_path) -> None:
    with serving(*[SERVICE] * 3) as service, endpoint(service, tmp_path, stop=_Stops()) as client:
        with pytest.raises(Stopped):
            client.provision(ONE)
        assert (client.traffic().throttled, client.put_off()) == (2, 2)


class _Waits(threading.Event):
    """A stop that nobody asks for, and for how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout or 0.0)
        return super().wait(0)


class _Stops(threading.Event):
    """A run that is stopped while it waits."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


class _Fence:
    """The tenant is ours for so many looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def __call__(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise FenceLost("the tenant is not ours any more")


@pytest.mark.parametrize("first", [SERVICE, fault("the token is not accepted")], ids=["busy", "token"])
def test_no_try_of_a_call_leaves_once_the_tenant_is_not_ours_any_more(tmp_path, first) -> None:
    with serving(first, SERVICE, SERVICE) as service, endpoint(service, tmp_path, look=_Fence(2)) as client:
        with pytest.raises(FenceLost):
            client.provision(ONE)
        assert len(service.requests) == 2


def test_a_call_that_a_gateway_may_have_passed_on_is_in_doubt_although_the_tenant_was_lost_then(tmp_path) -> None:
    with serving(GATEWAY) as service, endpoint(service, tmp_path, look=_Fence(1)) as client:
        with pytest.raises(AnswerLost, match="not ours any more"):
            client.provision(ONE)


def test_whoever_reads_needs_no_right_to_write(tmp_path) -> None:
    with serving() as service, endpoint(service, tmp_path, look=_Fence(0)) as client:
        client.company()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ["7", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "", "4000000000"])
def test_a_busy_service_is_waited_for_as_long_as_it_asks(tmp_path, status, asked) -> None:
    waits = _Waits()
    step = Step(status, "text/plain", b"later", headers={"Retry-After": asked})
    with serving(step) as service, endpoint(service, tmp_path, stop=waits) as client:
        assert client.provision(ONE)[0].result is Result.APPLIED
    (pause,) = waits.seconds
    assert pause == {"7": 7.0, "4000000000": 3600.0}.get(asked, pytest.approx(0.0, abs=0.003))


def test_a_date_until_which_to_wait_is_understood() -> None:
    assert 50 < seconds_of(format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)) <= 60


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([SERVICE, SERVICE], Busy),
        ([GATEWAY, GATEWAY], AnswerLost),
        ([GATEWAY, SERVICE], AnswerLost),
        ([SERVICE, GATEWAY], AnswerLost),
    ],
)
def test_who_was_put_off_by_a_gateway_and_gives_up_does_not_know_what_became_of_the_call(
    tmp_path, monkeypatch, steps, error
) -> None:
    """Where nothing but the service itself said that it is busy, it was not processed."""
    monkeypatch.setattr("syncramp.endpoint.client.BUSY_TRIES", 2)
    with serving(*steps) as service, endpoint(service, tmp_path) as client, pytest.raises(SyncrampError) as raised:
        client.provision(ONE)
    assert type(raised.value) is error
    with serving(*steps) as service, endpoint(service, tmp_path) as client, pytest.raises(Busy):
        client.company()


@pytest.mark.parametrize(("step", "error"), [(SERVICE, EndpointUnavailable), (GATEWAY, AnswerLost)])
def test_a_call_that_is_not_taken_after_a_gateway_put_it_off_is_in_doubt(tmp_path, step, error) -> None:
    """The last try was not processed, but the one before it may have been."""
    refused = Step(415, "text/plain", b"no")
    with serving(step, refused) as service, endpoint(service, tmp_path) as client:
        with pytest.raises(error, match="HTTP 415") as raised:
            client.provision(ONE)
    assert type(raised.value) is error


@pytest.mark.parametrize(("step", "repeated"), [(SERVICE, False), (GATEWAY, True)])
def test_an_answer_after_a_gateway_put_the_call_off_says_that_it_may_be_the_second_one(
    tmp_path, step, repeated
) -> None:
    with serving(step) as service, endpoint(service, tmp_path) as client:
        (outcome,) = client.provision(ONE)
        (later,) = client.provision(ONE)
    assert (outcome.repeated, later.repeated) == (repeated, False)


def test_a_token_is_renewed_also_after_a_gateway_put_the_call_off(tmp_path) -> None:
    expired = fault("The security token has expired.")
    with serving(GATEWAY, expired) as service, endpoint(service, tmp_path) as client:
        (outcome,) = client.provision(ONE)
    assert outcome.result is Result.APPLIED and outcome.repeated
    assert len(service.token_requests) == 2


@pytest.mark.parametrize(("step", "error"), [(SERVICE, Stopped), (GATEWAY, AnswerLost)])
def test_a_stop_while_the_service_is_busy_leaves_in_doubt_what_a_gateway_put_off(tmp_path, step, error) -> None:
    stop = threading.Event()
    with (
        serving(step, step) as service,
        endpoint(service, tmp_path, stop=stop, note=lambda text: stop.set()) as client,
        pytest.raises(error),
    ):
        client.provision(ONE)


class _Clock:
    """The clock of the client, moved by a test."""

    def __init__(self, monkeypatch) -> None:
        self.now = 1000.0
        for module in ("client", "channel"):
            monkeypatch.setattr(f"syncramp.endpoint.{module}.time", self)

    def time(self) -> float:
        return self.now

    def move(self, *_: object) -> None:
        self.now += 1000.0


def test_no_request_leaves_after_the_patience_of_its_caller(tmp_path, monkeypatch) -> None:
    clock = _Clock(monkeypatch)
    busy = fault(contract.BUSY_TEXT, contract.BUSY)
    with serving(busy, busy) as service, endpoint(service, tmp_path, note=clock.move) as client:
        with pytest.raises(EndpointUnavailable, match="could not be sent in time"):
            client.provision(ONE, 900.0)
    assert len(service.requests) == 1


def test_no_request_leaves_after_the_patience_of_its_caller_because_the_token_took_so_long(
    tmp_path, monkeypatch
) -> None:
    clock = _Clock(monkeypatch)
    with serving(fault("The security token has expired.")) as service, endpoint(service, tmp_path) as client:
        original = client._channel.forget_token
        monkeypatch.setattr(client._channel, "forget_token", lambda: (original(), clock.move()))
        with pytest.raises(EndpointUnavailable, match="could not be sent in time"):
            client.provision(ONE, 900.0)
    assert len(service.requests) == 1


def test_a_pause_longer_than_the_patience_is_not_begun(tmp_path) -> None:
    stop = threading.Event()
    busy = fault(contract.BUSY_TEXT, contract.BUSY)
    with serving(busy) as service:
        client = V2Endpoint(
            service.target(),
            service.secrets(tmp_path),
            stop=stop,
            note=lambda text: stop.set(),  # a pause that begins ends the test
            busy_first=100.0,
        )
        with pytest.raises(Busy):
            client.provision(ONE, 60.0)
        client.close()
    assert len(service.requests) == 1
