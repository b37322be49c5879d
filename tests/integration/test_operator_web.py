"""Probes and metrics over real connections."""

import asyncio
from collections.abc import Callable

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from syncramp_operator.web import State, Web


def _asked(paths: list[str], state: Callable[[], State]) -> list[httpx.Response]:
    registry = CollectorRegistry()
    Counter("letters", "Letters that came.", registry=registry).inc(3)

    async def ask() -> list[httpx.Response]:
        web = Web(0, registry, state)
        await web.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{web.port}") as client:
                return [await client.get(path) for path in paths]
        finally:
            await web.end()

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.STARTING, 503),
        (State.STANDBY, 200),
        (State.LISTING, 503),
        (State.LEADING, 200),
        (State.ENDING, 503),
    ],
)
def test_a_replica_is_ready_when_it_leads_or_would_take_over(state: State, code: int) -> None:
    alive, ready = _asked(["/healthz", "/readyz"], lambda: state)
    assert alive.status_code == 200
    assert (ready.status_code, ready.text) == (code, f"{state}\n")


def test_metrics_are_those_of_the_registry_as_prometheus_reads_them() -> None:
    (metrics,) = _asked(["/metrics"], lambda: State.STARTING)
    assert metrics.headers["Content-Type"].startswith("text/plain; version=")
    assert "letters_total 3.0\n" in metrics.text


def test_what_is_asked_for_beside_them_is_not_there() -> None:
    assert [one.status_code for one in _asked(["/", "/healthz/x"], lambda: State.LEADING)] == [404, 404]
