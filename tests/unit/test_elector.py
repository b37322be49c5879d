"""Who leads among the replicas of an operator."""

import asyncio
import threading
from typing import Any, cast

import pytest

from support.lease_cluster import LeaseCluster
from syncramp_operator.api.cluster import Cluster, ClusterRefused
from syncramp_operator.leases.elector import Elector
from syncramp_operator.leases.leasing import Terms

TERMS = Terms(duration=1.0, valid=0.6, every=0.1, retry=0.05)
"""As the real ones, in less time."""


def elector(cluster: LeaseCluster, holder: str) -> Elector:
    return Elector(cast("Cluster", cluster), "home", "syncramp-operator", holder, TERMS)


async def led(one: Elector) -> tuple[asyncio.Event, asyncio.Task[None]]:
    """It leads, and keeps the Lease."""
    assert await one.acquire(asyncio.Event())
    lost = asyncio.Event()
    return lost, asyncio.ensure_future(one.renew(lost))


async def ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_second_replica_waits_while_the_first_one_renews_and_leads_once_it_is_released() -> None:
    async def play() -> None:
        cluster = LeaseCluster()
        first, second = elector(cluster, "one"), elector(cluster, "two")
        _, renewing = await led(first)
        waiting = asyncio.ensure_future(second.acquire(asyncio.Event()))
        await asyncio.sleep(TERMS.duration * 2)
        assert first.leads
        assert not waiting.done()
        await ended(renewing)
        await first.release()
        assert cluster.spec("syncramp-operator")["holderIdentity"] == ""
        assert await waiting
        assert (first.token, second.token) == (1, 2)

    asyncio.run(play())


def test_a_replica_that_died_is_followed_after_the_duration_of_its_lease() -> None:
    async def play() -> None:
        cluster = LeaseCluster()
        first, second = elector(cluster, "one"), elector(cluster, "two")
        assert await first.acquire(asyncio.Event())
        assert await second.acquire(asyncio.Event())
        assert not first.leads

    asyncio.run(play())


def test_who_waits_is_ended_by_its_event() -> None:
    async def play() -> None:
        cluster, until = LeaseCluster(), asyncio.Event()
        _, renewing = await led(elector(cluster, "one"))
        waiting = asyncio.ensure_future(elector(cluster, "two").acquire(until))
        until.set()
        assert not await waiting
        await ended(renewing)

    asyncio.run(play())


def test_an_api_server_that_does_not_answer_is_a_lost_lease() -> None:
    async def play() -> None:
        cluster = LeaseCluster()
        first = elector(cluster, "one")
        lost, renewing = await led(first)
        cluster.away = True
        await lost.wait()
        assert not first.leads
        cluster.away = False
        await first.release()
        assert cluster.spec("syncramp-operator")["holderIdentity"] == "one"  # what is lost is not given away
        await renewing

    asyncio.run(play())


def test_a_foreign_holder_in_the_lease_is_a_lost_lease() -> None:
    async def play() -> None:
        cluster = LeaseCluster()
        lost, renewing = await led(elector(cluster, "one"))
        body = cluster.get(cast("Any", None), "home", "syncramp-operator")
        body["spec"] |= {"holderIdentity": "somebody", "leaseTransitions": 9}
        while True:
            try:
                cluster.replace(cast("Any", None), "home", body)
                break
            except Exception:
                body["metadata"] = cluster.get(cast("Any", None), "home", "syncramp-operator")["metadata"]
        await lost.wait()
        await renewing

    asyncio.run(play())


def test_a_right_that_is_missing_is_told_at_once_and_one_that_is_taken_away_loses_the_lease() -> None:
    async def play() -> None:
        cluster = LeaseCluster()
        first = elector(cluster, "one")
        lost, renewing = await led(first)
        cluster.failure = ClusterRefused("the API server forbids it (403)")
        with pytest.raises(ClusterRefused):
            await elector(cluster, "two").acquire(asyncio.Event())
        await lost.wait()
        await renewing

    asyncio.run(play())


def test_a_leader_stays_one_though_all_threads_of_the_loop_wait_for_a_slow_api_server() -> None:
    async def play() -> None:
        cluster, answered = LeaseCluster(), threading.Event()
        one = elector(cluster, "one")
        waiting = [asyncio.ensure_future(asyncio.to_thread(answered.wait, 30.0)) for _ in range(100)]
        try:
            lost, renewing = await asyncio.wait_for(led(one), TERMS.duration * 2)
            await asyncio.sleep(TERMS.duration * 2)
            assert one.leads
            assert not lost.is_set()
            await ended(renewing)
            await asyncio.wait_for(one.release(), TERMS.duration * 2)
            assert cluster.spec("syncramp-operator")["holderIdentity"] == ""
        finally:
            answered.set()
            await asyncio.gather(*waiting)

    asyncio.run(play())
