"""Of several entries of one person it is settled for each attribute who is asked first, and who never is."""

import pytest

from support.build import SCOPE, SID, user
from syncramp.rules.precedence import Part, Precedence
from syncramp.rules.ruleset import Ruleset
from syncramp.spec.types import SourceAnchor

RULES = Ruleset((SCOPE,), SourceAnchor.CONSISTENCY_GUID, "corp")
LEFT, MAILBOX, ACCOUNT = 0, 1, 2
"""A disabled account, a disabled one with a mailbox, and the enabled one; in the order of their sources."""


@pytest.fixture
def precedence() -> Precedence:
    entries = (
        user(1, objectSid=SID, userAccountControl="514"),
        user(2, objectSid=SID, userAccountControl="514", msExchRecipientTypeDetails="1"),
        user(3, objectSid=SID),
    )
    return Precedence([Part(one, RULES.decide(one), place) for place, one in enumerate(entries)])


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("userPrincipalName", [ACCOUNT]),
        ("usageLocation", [ACCOUNT, LEFT, MAILBOX]),
        ("displayName", [MAILBOX, LEFT, ACCOUNT]),
        ("extensionAttribute7", [MAILBOX, LEFT, ACCOUNT]),
        ("targetAddress", [MAILBOX, LEFT, ACCOUNT]),
        ("employeeId", [LEFT, MAILBOX, ACCOUNT]),
    ],
)
def test_who_is_asked_first_depends_on_what_an_attribute_is_for(
    precedence: Precedence, name: str, asked: list[int]
) -> None:
    assert [part.source for part in precedence.of(name)] == asked
