"""What the text of a fault proves: only words about the call itself, never those of .NET about something else."""

import pytest

from syncramp.endpoint.contract import BUSY, Fault
from syncramp.endpoint.faults import Busy, TokenRefused, Unserved, from_fault, no_answer
from syncramp.errors import (
    AnswerLost,
    CallFailed,
    CallTimedOut,
    CallTooLarge,
    ClientVersionRefused,
    EndpointUnavailable,
    SyncrampError,
)

QUOTA = (
    "The maximum message size quota for incoming messages (65536) has been exceeded. To increase the quota, use the "
    "MaxReceivedMessageSize property on the appropriate binding element."
)
STRING = (
    "The formatter threw an exception while trying to deserialize the message: the maximum string content length "
    "quota (8192) has been exceeded while reading XML data."
)


def _told(text: str, code: str = "", *, sender: bool = False) -> SyncrampError:
    return from_fault(Fault(text, code, sender=sender), "host")


@pytest.mark.parametrize(
    "text",
    [
        "Object reference not set to an instance of an object.",
        "Value was either too large or too small for an Int32.",
        "Could not load file or assembly 'X, Version=1.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089'.",
        "Could not upgrade 'X, Version=1.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089'.",
        "Unexpected token '<' at position 0.",
        "The cancellation token was signalled.",
        QUOTA,
        STRING,
    ],
)
def test_a_fault_from_within_the_service_proves_nothing(text) -> None:
    assert type(_told(text)) is CallFailed


@pytest.mark.parametrize("text", [QUOTA, STRING])
def test_a_quota_on_our_message_makes_the_call_too_large(text) -> None:
    assert type(_told(text, sender=True)) is CallTooLarge


@pytest.mark.parametrize(
    "text",
    [
        "The request is too large.",
        "The message was too large for the service",
        "The request has 31 objects; 30 are allowed.",
        "The request has 15,001 links; 15,000 are allowed.",
        "Too many objects in one batch",
    ],
)
def test_words_about_the_size_of_the_call_make_it_too_large(text) -> None:
    assert type(_told(text)) is CallTooLarge


@pytest.mark.parametrize(
    ("text", "code", "error"),
    [
        ("The security token has expired.", "", TokenRefused),
        ("Authentication failed", "", TokenRefused),
        ("This version of the client is no longer supported.", "", ClientVersionRefused),
        ("anything", BUSY, Busy),
        ("The operation has timed out.", "", CallTimedOut),
        ("The sky is falling.", "", CallFailed),
    ],
)
def test_each_fault_is_told_as_what_it_proves(text, code, error) -> None:
    assert type(_told(text, code)) is error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, AnswerLost),
        (302, AnswerLost),
        (403, EndpointUnavailable),
        (408, CallTimedOut),
        (413, CallTooLarge),
        (429, Unserved),
        (500, AnswerLost),
        (502, AnswerLost),
        (503, Unserved),
        (504, CallTimedOut),
    ],
)
def test_each_status_of_a_proxy_is_told_as_what_it_proves(status, error) -> None:
    assert type(no_answer(status, "text/html", "host", sent=True)) is error
