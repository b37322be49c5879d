"""A run as a child of the operator: a real process, a simulated cloud over TLS, and whatever may become of them."""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.leased import leased
from support.run_bench import Bench, child_of, passed
from support.walk import PATIENCE, Forest, Gate, pass_the_deadline, until, walking
from syncramp.schedule.known import Ending, Start, Trigger
from syncramp.store.database import locked
from syncramp_operator.api.resources import SYNCRUNS
from syncramp_operator.execution import inprocess
from syncramp_operator.execution.inprocess import ChildUnstartable, InProcess
from syncramp_operator.execution.secrets import SecretMissing
from syncramp_operator.runs.syncruns import ending_of, interrupted
from syncramp_operator.settings import Settings

Object = dict[str, Any]
PEOPLE = 300


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Bench]:
    monkeypatch.setattr(inprocess, "TICK", 0.02)
    monkeypatch.setattr(inprocess, "AGAIN", 0.05)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    with walking(tmp_path, page_size=20) as walk, leased(tmp_path) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        walk.forest = Forest.of(PEOPLE, {501: list(range(1, 200))})
        walk.spec["sources"][0]["ldif"]["path"] = str(walk.ldif)
        made = Bench(walk, Settings(state=str(tmp_path / ".syncramp"), runtime=runtime))
        made.ledger.shelve(tmp_path / "secrets")
        yield made
        told = json.dumps(made.ledger.seen) + caplog.text
        assert "Traceback" not in told and not [secret for secret in walk._secrets() if secret in told]


def test_a_run_tells_its_phases_its_numbers_and_its_end(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "syncramp_operator.runs"):
        status = bench.run()
    assert (status["phase"], status["reason"]) == ("Succeeded", "SyncSucceeded")
    assert status["objects"] == {
        "expected": PEOPLE + 1, "acknowledged": PEOPLE + 1, "held": 0, "refused": 0, "inDoubt": 0, "left": 0
    }  # fmt: skip
    assert [phase["name"] for phase in status["phases"]] == [
        "import", "read back", "synchronise", "plan", "export", "confirm"
    ]  # fmt: skip
    assert all("startTime" in phase for phase in status["phases"])
    first, *_, last = bench.ledger.seen
    assert (first["phase"], "progress" in last) == ("Running", False)
    bench.walk.assert_cloud_matches()
    bench.assert_nothing_left()
    told = [record for record in caplog.records if "no store" in record.getMessage()]
    assert [(record.config, record.run) for record in told] == [("default/walk", "walk-1")]  # type: ignore[attr-defined]


def test_a_run_that_only_plans_shows_its_plan_and_sends_nothing(bench: Bench) -> None:
    status = bench.run(start=Start(Trigger.PLANNED, only_plans=True))
    assert (status["phase"], status["reason"]) == ("Succeeded", "PlanMade")
    assert "Create" in status["plan"] and f"Digest {status['digest']}" in status["plan"]
    assert status["objects"]["left"] == PEOPLE + 1
    assert not bench.walk.in_cloud() and not bench.walk.state.exists()


def test_a_plan_names_what_waits_so_that_it_can_be_approved(bench: Bench) -> None:
    bench.walk.spec["approval"] = "Manual"
    assert bench.walk.here().code == 2
    waiting = bench.run(start=Start(Trigger.PLANNED, only_plans=True))["waiting"]
    assert {each["reason"] for each in waiting} == {"ApprovalRequired"}
    bench.annotations["syncramp.io/approve"] = ",".join(each["digest"] for each in waiting)
    assert not bench.walk.in_cloud()
    assert bench.run(start=Start(Trigger.APPROVED))["objects"]["acknowledged"] == PEOPLE + 1


PHASES = [("company", 1), ("read_back", 1), ("provision", 4), ("read_back", 2)]


@pytest.mark.parametrize(("operation", "call"), PHASES)
def test_a_child_that_is_killed_is_interrupted_and_the_next_run_does_the_rest(
    bench: Bench, operation: str, call: int
) -> None:
    with Gate(bench.walk, call, operation) as gate:

        async def kill(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            assert await execution.lost(run) is None
            child_of(execution).kill()

        status = bench.run(kill)
    assert (status["phase"], status["reason"], status["family"]) == ("Failed", "Interrupted", "Retry")
    assert status["message"] == "Its process was killed by SIGKILL; it is resumed"
    assert ending_of(status) is Ending.INTERRUPTED
    bench.assert_nothing_left()
    if operation == "provision":
        pass_the_deadline(bench.walk.state)
    assert bench.walk.here().code == 0, "the command line goes on with the same store"
    bench.walk.assert_cloud_matches()
    bench.walk.assert_state_true()


@pytest.mark.parametrize(
    ("reason", "phase", "ending"),
    [
        ("Cancelled", "Cancelled", Ending.CANCELLED),
        ("DeadlineExceeded", "Failed", Ending.FAILED),
        ("Interrupted", "Failed", Ending.INTERRUPTED),
    ],
)
def test_a_stop_keeps_the_answers_in_flight_and_tells_why(
    bench: Bench, reason: str, phase: str, ending: Ending
) -> None:
    with Gate(bench.walk, 4) as gate:

        async def stop(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            await execution.stop(run, reason)
            await execution.stop(run, "Cancelled")  # only the first one counts
            await asyncio.sleep(0.2)
            gate.open()

        status = bench.run(stop)
    assert (status["phase"], status["reason"]) == (phase, reason)
    assert ending_of(status) is ending
    sent = bench.walk.tenant.count()
    assert 90 < sent < PEOPLE
    assert (status["objects"]["acknowledged"], status["objects"]["left"]) == (sent, PEOPLE + 1 - sent)
    assert bench.walk.here().code == 0
    bench.walk.assert_cloud_matches()


def test_a_child_that_does_not_end_is_killed_when_no_call_can_be_in_flight_any_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inprocess, "travel_of", lambda config: 0.0)
    monkeypatch.setattr(inprocess, "GRACE", 0.2)
    with Gate(bench.walk, 1) as gate:

        async def stop(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            await execution.stop(run, "Cancelled")
            await bench.over(execution)

        status = bench.run(stop)
    assert (status["phase"], "family" in status) == ("Cancelled", False)
    until(lambda: bench.walk.exports >= 1)
    bench.walk.assert_state_true()


def child(program: str) -> tuple[str, ...]:
    """A child that is no run."""
    return sys.executable, "-c", f"import os, sys, time\n{program}"


DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def test_a_child_that_lasts_too_long_is_killed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "RUNNER", child(DEAF))
    for name in ("travel_of", "deadline_of"):
        monkeypatch.setattr(inprocess, name, lambda config: 0.2)
    monkeypatch.setattr(inprocess, "GRACE", 0.0)
    status = bench.run()
    assert (status["phase"], status["reason"], status["family"]) == ("Failed", "DeadlineExceeded", "Retry")


def test_an_operator_that_must_end_now_kills_its_children(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inprocess, "RUNNER", child(DEAF))

    async def close(execution: InProcess, run: Object) -> None:
        await execution.close(0.1)

    status = bench.run(close)
    assert (status["phase"], status["reason"]) == ("Failed", "Interrupted")


def test_a_child_that_babbles_neither_blocks_nor_fills_the_operator(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    babble = "print('x' * 10_000_000); print('{}'); print('[]'); sys.stderr.write('e' * 10_000_000 + '\\nlast words')"
    monkeypatch.setattr(inprocess, "RUNNER", child(babble))
    with caplog.at_level(logging.INFO, "syncramp_operator.runs"):
        status = bench.run()
    assert status["message"] == "Its process ended with code 0 and never said how; it is resumed"
    assert caplog.messages == ["last words"]


def test_an_operator_that_ends_ends_its_children_and_writes_their_ends(bench: Bench) -> None:
    with Gate(bench.walk, 4) as gate:

        async def close(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            threading.Timer(0.3, gate.open).start()
            await execution.close(PATIENCE)
            assert not execution._children
            assert await execution.lost(run) is None, "its end is written"

        status = bench.run(close)
    assert (status["reason"], status["objects"]["acknowledged"] > 90) == ("Interrupted", True)


def test_without_a_secret_nothing_begins(bench: Bench) -> None:
    del bench.ledger.objects["secrets", "entra-sync-secret"]
    with pytest.raises(SecretMissing, match="there is no Secret entra-sync-secret"):
        bench.run()
    assert bench.ledger.seen == []
    bench.assert_nothing_left()


def test_a_child_that_cannot_be_started_leaves_nothing_and_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, error in ((("/nowhere/python",), ChildUnstartable), ((*child(DEAF), "\0"), ValueError)):
        monkeypatch.setattr(inprocess, "RUNNER", words)
        with pytest.raises(error):
            bench.run()
        bench.assert_nothing_left()
    assert bench.ledger.seen == []


def test_a_syncrun_that_somebody_deletes_ends_its_run(bench: Bench) -> None:
    with Gate(bench.walk, 4) as gate:

        async def delete(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            del bench.ledger.objects["syncruns", run["metadata"]["name"]]
            (child,) = execution._children.values()
            child.telling._changed, child.telling._told = True, None
            while not child.reason:
                await asyncio.sleep(0.02)
            gate.open()

        run = bench.made()

        async def course() -> None:
            execution = bench.execution()
            await execution.start(bench.config, run)
            await delete(execution, run)
            await bench.over(execution)

        asyncio.run(course())
    assert bench.walk.tenant.count() < PEOPLE
    with locked(bench.walk.state):
        bench.walk.assert_state_true()


def test_an_api_server_that_is_down_hears_of_the_end_later(bench: Bench) -> None:
    with Gate(bench.walk, 2, "read_back") as gate:

        async def darken(execution: InProcess, run: Object) -> None:
            await passed(gate.reached)
            bench.ledger.down = True
            gate.open()
            await child_of(execution).wait()
            await asyncio.sleep(0.3)
            assert await execution.lost(run) is None, "its end is known and not written yet"
            bench.ledger.down = False

        assert bench.run(darken)["phase"] == "Succeeded"


def test_what_an_operator_that_was_killed_left_is_swept(bench: Bench) -> None:
    left = bench.settings.runtime / "run-x" / "secrets"
    left.mkdir(parents=True)
    (left / "password").write_text("left")
    bench.execution()
    bench.assert_nothing_left()


def test_a_run_that_nobody_works_on_is_lost(bench: Bench) -> None:
    run = bench.made()
    loss = asyncio.run(bench.execution().lost(run))
    assert loss is not None
    bench.ledger.patch(SYNCRUNS, "default", "walk-1", interrupted(run, 1.8e9, loss), "status")
    assert asyncio.run(bench.execution().lost(run)) is None, "it has ended since it was listed"
    assert bench.ledger.status("walk-1")["message"] == "Its process ended before it could say how; it is resumed"


def test_a_run_that_began_is_not_begun_again(bench: Bench) -> None:
    async def again(execution: InProcess, run: Object) -> None:
        process = child_of(execution)
        await execution.start(bench.config, run)
        assert child_of(execution) is process

    assert bench.run(again)["phase"] == "Succeeded"


OPERATOR = """
import asyncio, json, sys
from pathlib import Path
from support.ledger import Ledger
from support.run_bench import Bench, child_of, passed
from syncramp_operator.execution.inprocess import ChildUnstartable, InProcess
from syncramp_operator.settings import Settings
config, run, folder = json.loads(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3])
ledger = Ledger()
ledger.shelve(folder / "secrets")
ledger.create(__import__("syncramp_operator.api.resources", fromlist=["x"]).SYNCRUNS, "default", run)
async def main():
    execution = InProcess(ledger, Settings(state=str(folder / ".syncramp"), runtime=folder / "runtime"))
    await execution.start(config, run)
    print(next(iter(execution._children.values())).process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def _alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_child_dies_with_its_operator_after_its_calls_in_flight(bench: Bench) -> None:
    run = bench.made()
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    command = [sys.executable, "-c", OPERATOR, json.dumps(bench.config), json.dumps(run), str(bench.walk.folder)]
    with Gate(bench.walk, 4) as gate:
        environment = {**os.environ, "PYTHONPATH": paths}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as operator:
            assert operator.stdout is not None
            pid = int(operator.stdout.readline())
            until(gate.reached.is_set)
            operator.send_signal(signal.SIGKILL)
        gate.open()
        until(lambda: not _alive(pid))
    sent = bench.walk.tenant.count()
    assert 90 < sent < PEOPLE, "it ended after its calls in flight"
    assert bench.run(start=Start(Trigger.RESUMED))["phase"] == "Succeeded"
    bench.walk.assert_cloud_matches()
