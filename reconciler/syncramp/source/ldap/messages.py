"""The messages that answer a search (RFC 4511 4.5.2 and 4.13) or a change (4.6 to 4.9), and the controls of these and
of requests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncramp.model.facts import Entry
from syncramp.model.rows import row

SEARCHED = 0x65
"""The tag of SearchResultDone."""


@dataclass(frozen=True, slots=True)
class Control:
    """A control of a request or of an answer (RFC 4511 4.1.11)."""

    oid: str
    value: bytes | None = None
    critical: bool = True
    """A server that does not know it must refuse the request."""


@row
class Found:
    """One entry of an answer, or several that became facts."""

    dn: bytes
    """As the server spells it."""
    values: Mapping[str, Sequence[bytes]]
    """By attribute description, as the server spells it."""
    controls: Sequence[Control] = ()
    facts: Sequence[Entry] = ()
    """Made of it already, where its search asked for that (``persons``): it has no DN and no values then, and may
    stand for several."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A part of the tree stands elsewhere."""

    urls: Sequence[str]


@dataclass(frozen=True, slots=True)
class Intermediate:
    """A message of an extension, which says by its name what its value means."""

    oid: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """The last message of a search, and the only one that answers a change."""

    code: int
    """The result; 0 is success."""
    text: str
    """What the server says about it."""
    referrals: Sequence[str] = ()
    controls: Sequence[Control] = ()
    tag: int = SEARCHED
    """Which request it answers."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a server tells unasked (RFC 4511 4.4)."""

    oid: str
    code: int
    text: str


DISCONNECTION = "1.3.6.1.4.1.1466.20036"
"""The notice that the server ends the connection (RFC 4511 4.4.1)."""

Message = Found | Reference | Intermediate | Done
