"""What a result of a directory means for who wrote to it: done, later, less at once, not this value, not at all.

Results are numbers of RFC 4511 4.1.9; Active Directory puts a Windows error in front of its text (MS-ADTS
3.1.1.3.1.9).
"""

import re
from enum import Enum, auto

from syncramp.endpoint.causes import DIRECTORY_CAUSES
from syncramp.errors import AccessDenied, CallTooLarge, SourceUnavailable, SyncrampError
from syncramp.model.wire import Outcome, Result
from syncramp.source.ldap.faults import RIGHTS, told
from syncramp.source.ldap.messages import Done

ADDED_AGAIN = frozenset({20, 68})
"""attributeOrValueExists; entryAlreadyExists of a link."""
TAKEN = 68
GONE = 32
REMEDY = "give the account that writes its rights in the container (docs/writeback-rights.md)"

NAMES = {
    1: "operationsError",
    10: "referral",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    19: "constraintViolation",
    20: "attributeOrValueExists",
    21: "invalidAttributeSyntax",
    32: "noSuchObject",
    34: "invalidDNSyntax",
    50: "insufficientAccessRights",
    53: "unwillingToPerform",
    64: "namingViolation",
    65: "objectClassViolation",
    66: "notAllowedOnNonLeaf",
    67: "notAllowedOnRDN",
    68: "entryAlreadyExists",
    69: "objectClassModsProhibited",
    71: "affectsMultipleDSAs",
    8: "strongerAuthRequired",
    13: "confidentialityRequired",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    11: "adminLimitExceeded",
    51: "busy",
    52: "unavailable",
}
"""Those that a change can have, as RFC 4511 calls them."""
OTHER = "other"
KNOWN = frozenset(cause.name for cause in DIRECTORY_CAUSES)
DENIED = frozenset(NAMES[code] for code in RIGHTS)
"""Names of results that the account has no rights for."""

_LARGE = frozenset({3, 4, 11})
_BUSY = frozenset({51, 52})
_BUSY_TEXTS = frozenset({0x200E, 0x200F, 0x217D})
"""ERROR_DS_BUSY, ERROR_DS_UNAVAILABLE and ERROR_DS_OUT_OF_VERSION_STORE (MS-ERREF 2.2), which also come with other
results than busy."""
_VALUES = frozenset({16, 19, 20, 21, 32, 53, 68})
_WINDOWS = re.compile(r"([0-9A-Fa-f]{8}):")
_NO_VALUE = 16
_NOT_IN_GROUP = 0x561
"""ERROR_MEMBER_NOT_IN_ALIAS."""
_SAMBA_NOT_IN_GROUP = "doesn't exist for target GUID"


class Family(Enum):
    """What to do about a result."""

    DONE = auto()
    BUSY = auto()
    """It goes again after a while."""
    LARGE = auto()
    """It goes again in parts."""
    DENIED = auto()
    REFUSED = auto()


def family_of(done: Done) -> Family:
    """What to do about a result, whatever was asked for."""
    if done.code == 0:
        return Family.DONE
    if done.code in _BUSY or windows_error(done) in _BUSY_TEXTS:
        return Family.BUSY
    if done.code in _LARGE:
        return Family.LARGE
    return Family.DENIED if done.code in RIGHTS else Family.REFUSED


def of_a_value(done: Done) -> bool:
    """One of several values may be the reason: the others are taken without it."""
    return done.code in _VALUES


def is_so_already(done: Done, *, adds: bool) -> bool:
    """A single member is there already, or not there any more, as it was asked for."""
    if adds:
        return done.code in ADDED_AGAIN
    return done.code == _NO_VALUE or windows_error(done) == _NOT_IN_GROUP or _SAMBA_NOT_IN_GROUP in done.text


def windows_error(done: Done) -> int | None:
    """The Windows error in front of the text; None where there is none."""
    found = _WINDOWS.match(done.text)
    return int(found[1], 16) if found else None


def name_of(code: int) -> str:
    """A result by its name; those that no change should have are ``other``."""
    return "success" if code == 0 else NAMES.get(code, OTHER)


def refused(done: Done, doing: str) -> Outcome:
    """The outcome of what was refused by itself.

    :param doing: what was not done, as a clause.
    """
    name = name_of(done.code)
    return Outcome(Result.REFUSED, name if name in KNOWN else OTHER, f"{doing} was refused ({described(done)})")


def denied(server: str, outcome: Outcome) -> AccessDenied:
    """The error of an account that may write nothing.

    :param outcome: of the last object that was refused.
    """
    return AccessDenied(f"nothing that was tried is permitted: {outcome.description}", where=server, remedy=REMEDY)


def described(done: Done) -> str:
    """A result with its number and what the server says about it."""
    return f"{name_of(done.code)}, code {done.code}{told(done.text)}"


def failure(done: Done, server: str, doing: str) -> SyncrampError:
    """The error of a result that is nobody's fault among the objects."""
    said = described(done)
    if family_of(done) is Family.LARGE:
        return CallTooLarge(f"{doing} was more than the directory takes at once ({said})", where=server)
    return SourceUnavailable(
        f"{doing} was put off ({said})",
        where=server,
        remedy="the domain controller is overloaded; the next run tries",
    )
