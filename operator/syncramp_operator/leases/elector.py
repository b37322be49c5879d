"""One leader among the operator's replicas: a Lease that one of them holds, and the others wait for.

The leader renews it until it is lost; what it leads ends then. Every call about it is made in one thread of its own.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from syncramp_operator.api.cluster import Cluster, ClusterRefused, ClusterUnavailable
from syncramp_operator.leases.leasing import LEADER, Contender, Terms
from syncramp_operator.leases.place import Clock, Place, uptime

T = TypeVar("T")


class Elector:
    """Who leads among the replicas of an operator; for one event loop, and used once.

    :param holder: no other process calls itself so, not even the next one of the same Pod.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        holder: str,
        terms: Terms = LEADER,
        clock: Clock = uptime,
    ) -> None:
        self._clock = clock
        self._terms = terms
        self._contender = Contender(holder, terms)
        self._place = Place(cluster, namespace, name, self._contender, clock)
        # The threads of the loop may all wait for a slow API server, and the Lease would be lost behind them.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leader")

    @property
    def leads(self) -> bool:
        """It is surely ours now."""
        return self._contender.holds(self._clock())

    @property
    def token(self) -> int:
        """Higher with each leader."""
        return self._contender.token

    async def acquire(self, until: asyncio.Event) -> bool:
        """Wait until we lead.

        :param until: ends the waiting.
        :returns: False: it was ended.
        :raises ClusterRefused: a right is missing.
        """
        while not self.leads and not until.is_set():
            await _pause(until, await self._step())
        return self.leads

    async def renew(self, lost: asyncio.Event) -> None:
        """Keep it until it is lost; cancel it before :meth:`release`."""
        while self.leads:
            step = asyncio.ensure_future(self._kept())
            await asyncio.wait({step}, timeout=max(0.0, self._contender.until - self._clock()))
            if step.done():
                rest = min(step.result(), self._contender.until - self._clock())
                await asyncio.sleep(max(0.0, rest))
        lost.set()

    async def release(self) -> None:
        """Let another one lead at once; where the API server does not answer, after the Lease's duration."""
        try:
            await self._apart(self._place.leave, 0.0)
        except ClusterUnavailable:
            return

    async def _step(self) -> float:
        try:
            return await self._apart(self._place.step)
        except ClusterUnavailable:
            return self._terms.retry

    async def _apart(self, call: Callable[..., T], *words: object) -> T:
        """A call that blocks, in the thread that makes no others."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *words)

    async def _kept(self) -> float:
        """A right that is taken away is as good as no answer, until the Lease is lost."""
        try:
            return await self._step()
        except ClusterRefused:
            return self._terms.retry


async def _pause(until: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(until.wait(), seconds)
    except TimeoutError:
        return
