"""Many SyncConfigs at once: no storm of calls, never more runs than may, and everybody's turn comes."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from support.kube_api_client import until
from support.operator_bench import Bench, Object, a_bench, a_server
from syncramp_operator.actors import handlers, office

MANY = 200
AT_ONCE = 4


@pytest.fixture
def bench() -> Iterator[Bench]:
    with a_server() as server, a_bench(*server) as found:
        yield found


def test_two_hundred_are_run_a_few_at_a_time_and_cost_few_calls(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "PACE", 1000.0)  # a real operator spreads its first looks over seconds
    monkeypatch.setattr(office, "MANY", MANY)
    for number in range(MANY):
        bench.create(f"one-of-many-{number}")
    highest = 0
    with bench.operator() as running:
        stage = running.stage
        begin = stage.start

        async def start(config: Object, run: Object) -> None:
            nonlocal highest
            await begin(config, run)
            highest = max(highest, len(stage.alive))
            asyncio.get_running_loop().call_soon(stage.end, run)

        monkeypatch.setattr(stage, "start", start)
        until(lambda: len(stage.started), lambda started: started == MANY)  # cheap, and does not disturb
        until(lambda: _ready(bench), lambda ready: ready == MANY)
    assert 1 < highest <= AT_ONCE
    assert Counter(stage.started) == {f"one-of-many-{number}-1": 1 for number in range(MANY)}
    calls = [call for call in bench.api.calls_of(bench.user) if call.verb != "watch"]
    assert len(calls) < 30 * MANY


def _ready(bench: Bench) -> int:
    def is_ready(body: dict[str, Any]) -> bool:
        conditions = body.get("status", {}).get("conditions", ())
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    path = f"/apis/syncramp.io/v1alpha1/namespaces/{bench.namespace}/syncconfigs"
    return sum(map(is_ready, bench.cluster.done("GET", path)["items"]))
