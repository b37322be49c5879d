"""Who holds a Lease, as one contender sees it: a state machine without I/O and without a clock.

Whoever renews a Lease changes it; whoever wants it looks again and again, and takes it when it has not changed for as
long as it says itself (``leaseDurationSeconds``), measured from the moment this contender saw it so, by its own
monotonic clock. Times that stand in a Lease are for people and are compared with no clock: a change of them is a sign
of life, whatever they say. Every write carries the resourceVersion that was read, so of two writers one is refused.

The holder counts from the other end: what it has is sure for ``valid`` seconds from the moment its last renewal that
was answered was *sent*. The others saw that renewal later, and then wait for ``duration``. So between the last moment
at which a holder is sure and the first at which another one takes the Lease there are ``duration - valid`` seconds,
however wrong anybody's clock is set, if only it goes at a fair pace.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Terms:
    """How a Lease is kept, in seconds."""

    duration: float
    """For so long others wait from the last change that they saw."""
    valid: float
    """For so long it is sure to be ours, from when a renewal was sent."""
    every: float
    """So often it is renewed."""
    retry: float
    """After a failure, and between two looks of who waits."""


MARGIN = 15.0
"""Seconds for what lies between a look at the Lease and the request that follows, and for clocks that go at different
paces (1 % of eleven minutes are 7 seconds)."""

LEADER = Terms(duration=15.0, valid=10.0, every=2.0, retry=2.0)
"""The numbers of Kubernetes' own components (client-go, leaderelection)."""


def tenant_terms(travel: float) -> Terms:
    """The terms for whoever writes to a tenant.

    A call that leaves while the Lease is sure (45 seconds: a renewal and a few more tries of it) has arrived, or
    never will, ``travel`` seconds later.
    """
    return Terms(duration=travel + 45.0 + MARGIN, valid=45.0, every=20.0, retry=5.0)


@dataclass(frozen=True, slots=True)
class Record:
    """What stands in a Lease."""

    holder: str = ""
    """Empty: nobody."""
    duration: float = 0.0
    token: int = 0
    """``leaseTransitions``; higher with each process that took it, and never lower."""
    renewed: str = ""
    """``renewTime``, a text that is only looked at for changes."""
    acquired: str = ""
    """``acquireTime``, for people; empty: now."""
    version: str = ""
    """``resourceVersion``; empty: there is no such Lease yet."""

    @property
    def sign(self) -> tuple[str, int, str]:
        """What its holder changes with each renewal."""
        return self.holder, self.token, self.renewed


@dataclass(frozen=True, slots=True)
class Seen:
    """A Lease as it was seen first, and since when it has not changed, by this machine's clock."""

    record: Record
    since: float

    def after(self, record: Record, now: float) -> Self:
        """The same after one more look; a clock that began anew has seen nothing before."""
        return replace(self, record=record, since=min(self.since if record.sign == self.record.sign else now, now))

    @property
    def free_at(self) -> float:
        """When it is free, if it does not change any more."""
        return self.since + self.record.duration if self.record.holder else self.since

    def as_json(self) -> dict[str, Any]:
        """Plain data, for the next process on this machine."""
        sign = dict(zip(("holder", "token", "renewed"), self.record.sign, strict=True))
        return {**sign, "duration": self.record.duration, "since": self.since}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """From plain data."""
        record = Record(kept["holder"], float(kept["duration"]), int(kept["token"]), kept["renewed"])
        return cls(record, float(kept["since"]))


@dataclass(frozen=True, slots=True)
class Look:
    """Read the Lease."""


@dataclass(frozen=True, slots=True)
class Put:
    """Write it, over the version that was read; without one it is made. Its time of renewal is that of the write."""

    record: Record


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until then."""

    until: float


Action = Look | Put | Rest


class Contender:
    """One process that wants a Lease, takes it, and keeps it.

    :param holder: what it writes there; nobody else does.
    :param noted: the highest token that an earlier process of the same holder may have written: that process is gone,
        so what it left is taken at once.
    :param seen: what an earlier process on this machine saw.
    """

    def __init__(self, holder: str, terms: Terms, *, noted: int = 0, seen: Seen | None = None) -> None:
        self.holder = holder
        self.seen = seen
        self.lost = ""
        """Why it is not ours any more, as a clause; once said it stays."""
        self.barred = False
        """Another one has it, as far as was seen."""
        self._terms = terms
        self._noted = noted
        self._own: Record | None = None
        """The Lease as we hold it."""
        self._until = -math.inf
        self._put: Record | None = None
        """What is to be written, or was, and nobody knows whether it stands there."""
        self._sent = -math.inf
        self._tried: dict[int, float] = {}
        """Token -> when it was first written, of a Lease that is not known to be ours yet."""
        self._looks = True
        self._again = -math.inf

    @property
    def token(self) -> int:
        """Of the Lease that we hold or held."""
        return self._own.token if self._own else 0

    @property
    def taken(self) -> bool:
        """It was ours once."""
        return self._own is not None

    @property
    def until(self) -> float:
        """As long as it is sure to be ours."""
        return self._until

    def holds(self, now: float) -> bool:
        """It is ours, surely; after the first No it never is again."""
        if self._own and not self.lost and now >= self._until:
            self.lost = f"it could not be renewed for {self._terms.valid:.0f} seconds"
        return self._own is not None and not self.lost

    def next(self, now: float) -> Action:
        """What to do now."""
        if self._own and not self.holds(now):
            return Rest(math.inf)
        if now < self._again:
            return Rest(self._again)
        if self._own:
            return Look() if self._looks else Put(self._own)
        return Look() if self._looks or self._put is None else Put(self._put)

    def saw(self, record: Record, now: float) -> None:
        """The Lease was read; one that does not exist is an empty record."""
        self._looks = False
        tried, self._put = self._put, None
        if self._own:
            self._keep(record)
        elif tried and (record.holder, record.token) == (self.holder, tried.token):
            self._own, self._until, self._again = record, self._tried[tried.token] + self._terms.valid, now
        else:
            self._judge(record, now)

    def _keep(self, record: Record) -> None:
        if (record.holder, record.token) == (self.holder, self.token):
            self._own = record
        else:
            self.lost = f"{record.holder or 'nobody'} has it now"

    def _judge(self, record: Record, now: float) -> None:
        self.seen = self.seen.after(record, now) if self.seen else Seen(record, now)
        left = record.holder == self.holder and record.token <= self._noted
        self.barred = not left and now < self.seen.free_at
        if not self.barred:
            token = max(record.token, self._noted) + 1
            self._put = replace(record, holder=self.holder, duration=self._terms.duration, token=token, acquired="")
        else:
            self._looks, self._again = True, min(now + self._terms.retry, self.seen.free_at)

    def sends(self, now: float) -> None:
        """What :meth:`next` said is written now."""
        self._sent = now
        if self._put:
            self._tried.setdefault(self._put.token, now)

    def stored(self, record: Record) -> None:
        """It was written, and stands there so."""
        self._own, self._put = record, None
        self._until, self._again = self._sent + self._terms.valid, self._sent + self._terms.every

    def beaten(self) -> None:
        """It was changed since it was read: by somebody else, or by a write of ours whose answer was lost."""
        self._looks = True

    def failed(self, now: float) -> None:
        """No answer, or none that says whether it was written."""
        self._looks = self._looks or self._own is None
        self._again = now + self._terms.retry

    def farewell(self, rest: float) -> Put | None:
        """The last write: nobody holds it from now on, or nobody but the next process of the same holder.

        :param rest: seconds for which others must still wait.
        :returns: None: it is not ours to give.
        """
        if not self._own or self.lost:
            return None
        if rest <= 0:
            return Put(replace(self._own, holder=""))
        return Put(replace(self._own, duration=min(rest + MARGIN, self._terms.duration)))
