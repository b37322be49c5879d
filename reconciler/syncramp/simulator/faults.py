"""Faults by script: which calls go wrong, and how.

A script is a list of rules. Each rule counts the calls of its operation and acts on some of them: by their number, by
chance, or both; the first rule that acts on a call decides. Chance comes from a seed and from the number of the call,
so a script does the same in every run in which the calls come in the same order. A rule may have its time: it neither
counts nor acts before and after it.

``spoiled`` makes the answer of a call that goes wrong; what it cannot say in bytes (a reset, silence) it says as an
``Ending``, and the server does it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto
from random import Random

from syncramp.endpoint import contract
from syncramp.endpoint.contract import Request, fault_response
from syncramp.endpoint.soap import CONTENT_TYPE
from syncramp.simulator.issuer import EXPIRED_TEXT

GRAPH = "GraphGroups"
"""What a request to Microsoft Graph is called."""
PAGE = "<html><head><title>Proxy</title></head><body>Please sign in to the proxy.</body></html>\n"


class Kind(StrEnum):
    """What becomes of a call."""

    SLOW = "slow"
    """Answered, but late."""
    UNAVAILABLE = "unavailable"
    """HTTP 503."""
    BUSY = "busy"
    """Fault 81."""
    FAULT = "fault"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 (a name)
    RESET = "reset"
    """The connection is reset."""
    PROXY = "proxy"
    """A page of HTML in place of an answer."""
    TRUNCATED = "truncated"
    """Half of the message, as a whole HTTP answer."""
    CUT = "cut"
    """Half of what HTTP promised, then the end of the connection."""
    HALF_CLOSED = "half-closed"
    """The server ends its side of the connection before it answers, and goes on reading."""
    REDIRECT = "redirect"
    """A fault that sends the client on."""
    STALL = "stall"
    """Nothing for a while, then the end of the connection."""


class Ending(Enum):
    """How an answer reaches the client."""

    WHOLE = auto()
    RESET = auto()
    CUT = auto()
    HALF_CLOSED = auto()
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP."""

    status: int
    body: bytes
    operation: str = ""
    """What was processed; empty when the tenant saw nothing of the call."""
    content_type: str = CONTENT_TYPE
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    """To wait before it is sent."""
    ending: Ending = Ending.WHOLE


@dataclass(frozen=True, slots=True)
class Calls:
    """Numbers of calls, from 1."""

    first: int = 1
    last: int | None = None
    every: int = 1

    @classmethod
    def at(cls, number: int) -> "Calls":
        """One call."""
        return cls(number, number)

    def __contains__(self, number: int) -> bool:
        return self.first <= number and (self.last is None or number <= self.last) and number % self.every == 0


@dataclass(frozen=True, slots=True)
class Rule:
    """Some calls go wrong in one way."""

    kind: Kind
    operation: str = ""
    """Its full name; empty: any."""
    calls: Calls = Calls()
    rate: float = 1.0
    """The part of these calls that goes wrong."""
    after: float = 0.0
    """Seconds since the simulator started; it begins to act."""
    until: float = math.inf
    """The same; it acts no more."""
    seconds: float = 0.0
    """Of ``SLOW`` and ``STALL``."""
    factor: float = 1.0
    """Of ``SLOW``: so many times what the latency model says."""
    status: int | None = None
    """HTTP status of faults (500) and of the proxy's page (200)."""
    code: str = ""
    text: str = "Something is wrong."
    retry_after: int | None = None
    """Seconds, a header of ``UNAVAILABLE``."""
    to: str = ""
    """Of ``REDIRECT``; empty: where the call came to, a loop."""
    processed: bool = False
    """The tenant processes the call all the same."""


ALWAYS_PROCESSED = frozenset({Kind.SLOW, Kind.TRUNCATED, Kind.CUT})
"""They need the good answer."""


@dataclass
class Script:
    """Rules, and how many calls each of them has seen."""

    rules: Sequence[Rule] = ()
    seed: int = 0
    _seen: dict[int, int] = field(default_factory=dict, init=False, repr=False)

    def next(self, operation: str, age: float = 0.0) -> Rule | None:
        """What goes wrong with the next call of an operation; None: nothing.

        :param age: seconds since the simulator started.
        """
        acting = None
        for place, rule in enumerate(self.rules):
            if rule.operation not in ("", operation) or not rule.after <= age < rule.until:
                continue
            number = self._seen[place] = self._seen.get(place, 0) + 1
            if acting is None and number in rule.calls and self._falls(place, number, rule.rate):
                acting = rule
        return acting

    def _falls(self, place: int, number: int, rate: float) -> bool:
        return rate >= 1.0 or Random(f"{self.seed}/{place}/{number}").random() < rate  # noqa: S311 (made to repeat)


def spoiled(rule: Rule, good: Answer | None, request: Request) -> Answer:
    """The answer of a call that goes wrong.

    :param good: what the tenant answered; None when it was not asked.
    """
    operation = good.operation if good else ""
    answer = _worded(rule, request) or good or Answer(200, b"")
    answer = replace(answer, operation=operation, seconds=good.seconds if good else 0.0)
    match rule.kind:
        case Kind.SLOW:
            return answer
        case Kind.TRUNCATED:
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        case Kind.RESET:
            return replace(answer, ending=Ending.RESET)
        case Kind.CUT:
            return replace(answer, ending=Ending.CUT)
        case Kind.HALF_CLOSED:
            return replace(answer, ending=Ending.HALF_CLOSED)
        case Kind.STALL:
            return replace(answer, ending=Ending.CLOSED)
        case _:
            return answer


def _worded(rule: Rule, request: Request) -> Answer | None:
    """What is said in place of the good answer; None when nothing is."""
    status = rule.status or 500
    match rule.kind:
        case Kind.UNAVAILABLE:
            later = (("Retry-After", str(rule.retry_after)),) if rule.retry_after is not None else ()
            return Answer(503, b"The service is unavailable.", content_type="text/plain", headers=later)
        case Kind.PROXY:
            return Answer(rule.status or 200, PAGE.encode(), content_type="text/html")
        case Kind.BUSY:
            return Answer(status, _fault(request, contract.BUSY_TEXT, contract.BUSY))
        case Kind.FAULT:
            return Answer(status, _fault(request, rule.text, rule.code))
        case Kind.EXPIRED_TOKEN:
            return Answer(status, _fault(request, EXPIRED_TEXT))
        case Kind.REDIRECT:
            return Answer(status, _redirect(request, rule.to or request.to))
        case _:
            return None


def _fault(request: Request, text: str, code: str = "") -> bytes:
    return fault_response(text, code, operation=request.operation, relates_to=request.message_id)


def _redirect(request: Request, to: str) -> bytes:
    return contract.redirect_response(to, request.message_id, operation=request.operation)
