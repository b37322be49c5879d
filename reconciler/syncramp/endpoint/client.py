"""The operations of the V2 endpoint, and the patience they need.

Busy answers (fault 81, HTTP 503 and 429) are waited out with growing pauses, or those that the service asks for; the
same request goes again. A read that breaks is asked again; an export whose answer is lost is not, its caller decides
what that means; neither is one that was busy to the end, if it was not always the service itself that said so. No
request of an export leaves after the moment its caller gave, however long the service is busy, nor once the tenant is
not ours any more.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from syncramp.endpoint import contract
from syncramp.endpoint.channel import Channel, Leave, Tap, nothing_to_see
from syncramp.endpoint.contract import Form
from syncramp.endpoint.faults import FORM, IN_DOUBT, Busy, TokenRefused, Unserved
from syncramp.endpoint.throttle import REAL, Throttle, Timing, windows_of
from syncramp.endpoint.traffic import TrafficCounter
from syncramp.errors import (
    AccessDenied,
    AnswerLost,
    CallFailed,
    CookieRefused,
    EndpointUnavailable,
    ServiceRefused,
    Stopped,
    SyncrampError,
)
from syncramp.model.measures import Traffic
from syncramp.model.seams import SecretReader
from syncramp.model.wire import Capabilities, Company, Outcome, ReadBackPage, SyncObject
from syncramp.spec.types import Target, Values

Answer = TypeVar("Answer")

BUSY_FIRST = 5.0
BUSY_LONGEST = 300.0
"""Seconds between two tries while the service is busy; growing, with jitter."""
LONGEST_ASKED = 3600.0
"""Seconds that the service may ask us to wait (Retry-After); more is not believed."""
BUSY_TRIES = 20
READ_TRIES = 4
EMPTY_PAGES = 1000
"""Pages of the read-back without an object, one behind the other, after which it is not believed that it ends."""


def _silent(text: str) -> None:
    """Nobody listens."""


class V2Endpoint:
    """The sync endpoint of one tenant.

    :param target: the tenant, its cloud and how to sign in.
    :param stop: ends waiting; calls in flight are never cut.
    :param note: told once in a while what is waited for.
    :param look: called right before each request that changes something; what it raises is why it is not sent.
    :param busy_first: seconds before the first repetition while the service is busy.
    :param timing: how it waits for the throttle and for a busy service.
    """

    def __init__(
        self,
        target: Target,
        secrets: SecretReader,
        *,
        stop: threading.Event | None = None,
        note: Callable[[str], None] = _silent,
        look: Callable[[], None] = nothing_to_see,
        busy_first: float = BUSY_FIRST,
        tap: Tap | None = None,
        timing: Timing = REAL,
    ) -> None:
        self._stop = stop or threading.Event()
        self._timing = timing
        self._note = note
        self._look = look
        self._busy_first = busy_first
        self._settings = target.endpoint
        self._values: Form = "text" if target.endpoint.values is Values.TEXT else "typed"
        self._channel = Channel(target, secrets, tap)
        self._throttle = Throttle(windows_of(target.tenant_id), target.writes, self._stop, note, timing)
        self._traffic = TrafficCounter(timing.now)
        self._company: Company | None = None

    def close(self) -> None:
        """Close the connections."""
        self._channel.close()

    @property
    def certificate_until(self) -> datetime | None:
        """Until when the certificate is valid that signed in last; None where none did."""
        return self._channel.certificate_until

    def traffic(self) -> Traffic:
        """What went over the wire since it was asked last; the calls of the sign-in are none of it."""
        return self._traffic.taken()

    def put_off(self) -> int:
        """How often the service asked the calls of this thread for patience so far."""
        return self._traffic.put_off()

    def company(self) -> Company:
        """GetCompanyConfiguration; ``max_links`` is what a call may carry, by the tenant and by the document.

        :raises SyncrampError: the service cannot be reached or refuses us.
        """
        body = self._read(contract.GET_COMPANY, contract.get_company_configuration(self._values))
        company = self._understood(contract.read_company, body)
        most = min(company.max_links, self._settings.links_per_call or company.max_links)
        self._company = replace(company, max_links=most)
        return self._company

    def capabilities(self) -> Capabilities:
        """Capabilities: what the service says of itself."""
        body = self._read(contract.CAPABILITIES, contract.capabilities())
        return self._understood(contract.read_capabilities, body)

    def set_features(self, mask: int) -> None:
        """SetCompanyDirsyncFeatures: the whole mask. No run calls it: most of its bits cannot be unset.

        :raises AnswerLost: it may have been set.
        """
        body = contract.set_features(mask, self._values)
        self._change(contract.SET_FEATURES, body, math.inf, _Patience(self._busy_first, self._look))

    def ask(self, operation: str, body: bytes) -> contract.Answer:
        """One call with a body of the caller's, which no run would send.

        :raises SyncrampError: as :func:`provision`.
        """
        return self._patiently(operation, body)

    def read_back(self, cookie: bytes | None) -> Iterator[ReadBackPage]:
        """Pages of the read-back until the one that marks the end, or the first that marks nothing.

        :raises CookieRefused: the service does not take the cookie.
        :raises SyncrampError: a page could not be had.
        """
        seen = {_mark(cookie)}
        empty = 0
        while True:
            page = self._page(cookie)  # the elements it was read from are gone before anybody works with it
            yield page
            if not page.more:
                return
            cookie, empty = page.cookie, 0 if page.objects else empty + 1
            if cookie is None or _mark(cookie) in seen or empty == EMPTY_PAGES:
                what = "comes to no end" if empty == EMPTY_PAGES else "gives no new cookie"
                raise ServiceRefused(f"the read-back promises more and {what}", where=self._channel.host, remedy=FORM)
            seen.add(_mark(cookie))

    def _page(self, cookie: bytes | None) -> ReadBackPage:
        try:
            body = self._read(contract.READ_BACK, contract.read_back(cookie, values=self._values))
        except CallFailed as error:
            if cookie is None:
                raise
            raise CookieRefused(
                error.what, where=error.where, remedy="the read-back begins with everything"
            ) from None
        names = self._settings.read_back
        return self._understood(lambda node: contract.read_read_back(node, names.cookie, names.more), body)

    def reserve(self, writes: int, links: int, *, wait: bool) -> bool:
        """Room for so many objects with so many links in our share of the tenant's throttle.

        :param wait: until there is room; a stop ends it.
        """
        return self._throttle.reserve(writes, links, wait=wait)

    def spend(self, writes: int, links: int) -> None:
        """So much goes now, whatever room there is; what comes later waits the longer."""
        self._throttle.spend(writes, links)

    def provision(self, objects: Sequence[SyncObject], patience: float = math.inf) -> Sequence[Outcome]:
        """ProvisionAzureADSyncObjects2.

        :param patience: seconds from now; no request leaves later.
        :raises AnswerLost: the call may have been processed.
        :raises SyncrampError: nothing of it was processed.
        :raises ValueError: the batch carries more reference changes than the tenant allows.
        """
        limit = self._company.max_links if self._company else 15_000
        if (links := sum(obj.links for obj in objects)) > limit:
            raise ValueError(f"{links} reference changes in one call, the tenant allows {limit}")
        body = contract.provision(objects, values=self._values)
        patience_with = _Patience(self._busy_first, self._look)
        answer = self._change(contract.PROVISION, body, time.time() + patience, patience_with)
        try:
            outcomes = contract.read_outcomes(answer, objects)
        except contract.ContractError as error:
            raise AnswerLost(
                f"the answer has no results: {error}", where=self._channel.host, remedy=IN_DOUBT
            ) from None
        return [replace(one, repeated=True) for one in outcomes] if patience_with.in_doubt else outcomes

    def _change(self, operation: str, body: bytes, until: float, patience: "_Patience") -> contract.Answer:
        """A call that changes something: whatever became of its last try, an earlier one may have been passed on."""
        try:
            return self._patiently(operation, body, until, patience)
        except AnswerLost:
            raise
        except SyncrampError as error:
            if patience.in_doubt:
                raise AnswerLost(error.what, where=error.where, remedy=IN_DOUBT) from None
            raise

    def finalize(self, exported: int, applied: int) -> None:
        """FinalizeExport."""
        self._read(contract.FINALIZE, contract.finalize_export(exported, applied, self._values))

    def _read(self, operation: str, body: bytes) -> contract.Answer:
        """A call that changes nothing when it is repeated.

        :raises CallFailed: the service answered with a fault; it would do so again.
        """
        for attempt in range(READ_TRIES):
            try:
                return self._patiently(operation, body)
            except CallFailed:
                raise
            except AnswerLost as error:
                lost = error
                self._sleep(self._busy_first * 2**attempt if attempt + 1 < READ_TRIES else 0)
                if self._stop.is_set():
                    break
        raise EndpointUnavailable(lost.what, where=lost.where, remedy="the next run tries again")

    def _patiently(
        self, operation: str, body: bytes, until: float = math.inf, patience: "_Patience | None" = None
    ) -> contract.Answer:
        """Wait while the service is busy, and renew a token it does not accept, or that has not the role, once.

        :param until: no try begins later; of the clock of the run's deadlines, because a monotonic one stands still
            while a machine sleeps.
        """
        patience = patience or _Patience(self._busy_first)
        with suppress(TokenRefused, AccessDenied):
            return self._while_busy(operation, body, until, patience)
        self._channel.forget_token()
        return self._while_busy(operation, body, until, patience)

    def _while_busy(self, operation: str, body: bytes, until: float, patience: "_Patience") -> contract.Answer:
        leave = Leave(until, patience.look)
        with self._traffic.patience() as pushed:
            try:
                return self._once(operation, body, leave, pushed)
            except Busy as error:  # to get ready for more tries takes 0.1 ms, and nearly no call needs any
                more = _after(error, self._once)
            try:
                return self._again(until, patience)(more, operation, body, leave, pushed)
            except Busy:
                if self._stop.is_set() and not patience.in_doubt:
                    raise Stopped(
                        "the run was stopped while the service was busy", where=self._channel.host
                    ) from None
                raise

    def _again(self, until: float, patience: "_Patience") -> Retrying:
        """Tries until the service is not busy any more; the first of them was made."""
        in_time = stop_before_delay(until - time.time())
        return Retrying(
            retry=retry_if_exception_type(Busy),
            wait=patience.pause,
            stop=lambda state: self._stop.is_set() or stop_after_attempt(BUSY_TRIES)(state) or in_time(state),
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        )

    def _once(self, operation: str, body: bytes, leave: Leave, pushed: Callable[[], None]) -> contract.Answer:
        self._traffic.sent()
        try:
            return self._channel.call(operation, body, leave)
        except Busy:
            pushed()
            raise

    def _sleep(self, seconds: float) -> None:
        self._timing.wait(self._stop, seconds)

    def _tell(self, state: RetryCallState) -> None:
        self._throttle.push_back()
        pause = state.next_action.sleep if state.next_action else 0.0
        self._note(f"the service is busy; the call goes again in {pause:.0f}s")

    def _understood(self, read: Callable[[contract.Answer], Answer], body: contract.Answer) -> Answer:
        try:
            return read(body)
        except (contract.ContractError, ValueError) as error:
            raise ServiceRefused(f"the answer is not what we know: {error}", where=self._channel.host) from None


class _Patience:
    """How long to wait for a service that is busy, and whether it was the service that said so.

    :param first: seconds before the first repetition.
    :param look: see :class:`V2Endpoint`.
    """

    def __init__(self, first: float, look: Callable[[], None] = nothing_to_see) -> None:
        self.look = look
        self._growing = wait_exponential(first, BUSY_LONGEST) + wait_random(0, first)
        self.in_doubt = False
        """Somebody on the way answered in its place once."""

    def pause(self, state: RetryCallState) -> float:
        """Seconds until the next try: growing, with jitter, and not less than the service asks for."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.pause if isinstance(error, Busy) else 0.0
        self.in_doubt = self.in_doubt or isinstance(error, Unserved)
        return max(self._growing(state), min(asked, LONGEST_ASKED))


def _after(first: Busy, call: Callable[..., Answer]) -> Callable[..., Answer]:
    """Calls whose first one was made, and came to this."""
    made = [first]

    def called(*arguments: object) -> Answer:
        if made:
            raise made.pop()
        return call(*arguments)

    return called


def _mark(cookie: bytes | None) -> bytes:
    """What is kept of a cookie to know it again; a cookie may have some kilobytes."""
    return sha256(cookie).digest() if cookie is not None else b""
