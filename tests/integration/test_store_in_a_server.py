"""A store in a server, as the operator and the command line use it: the same one, named by a Secret of its own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from support.leased import leased
from support.postgresql import SECRET, Server, requires_postgresql
from support.run_bench import Bench, child_of, passed
from support.walk import Forest, Gate, walking
from syncramp.schedule.known import Start, Trigger
from syncramp.store.places import schema_name
from syncramp_operator import explain
from syncramp_operator.execution import inprocess
from syncramp_operator.execution.inprocess import InProcess
from syncramp_operator.execution.secrets import SecretMissing
from syncramp_operator.settings import Settings

pytestmark = requires_postgresql

STATE = f"postgresql:{SECRET}"
PEOPLE = 60


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: Server) -> Iterator[Bench]:
    monkeypatch.setattr(inprocess, "TICK", 0.02)
    monkeypatch.setattr(inprocess, "AGAIN", 0.05)
    runtime, home = tmp_path / "runtime", tmp_path / "home"
    runtime.mkdir(mode=0o700)
    for folder in (home, tmp_path / "secrets"):
        (folder / SECRET).mkdir(parents=True, exist_ok=True)
        (folder / SECRET / "uri").write_text(postgresql.uri, "utf-8")
    postgresql.execute(f"DROP SCHEMA IF EXISTS {schema_name('default', 'walk')} CASCADE")
    with walking(tmp_path, page_size=20) as walk, leased(tmp_path) as kubeconfig:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        walk.forest = Forest.of(PEOPLE, {501: list(range(1, 40))})
        walk.spec["sources"][0]["ldif"]["path"] = str(walk.ldif)
        made = Bench(walk, Settings(state=STATE, runtime=runtime))
        made.ledger.shelve(tmp_path / "secrets")
        yield made
        assert str(postgresql.folder) not in json.dumps(made.ledger.seen), "nothing tells where the server is"


def test_a_run_of_the_operator_and_the_command_line_share_it(bench: Bench) -> None:
    planned = bench.run(start=Start(Trigger.PLANNED, only_plans=True))
    assert (planned["reason"], planned["objects"]["left"]) == ("PlanMade", PEOPLE + 1)
    assert bench.run()["reason"] == "SyncSucceeded"
    bench.walk.assert_cloud_matches()
    bench.assert_nothing_left()
    assert not bench.walk.state.exists()
    assert bench.walk.here("plan", "--state", STATE).code == 0, "nothing is left to do"
    status = bench.walk.here("status", "--state", STATE)
    assert status.code == 0 and "Run 1" in status.out
    person = bench.walk.here("explain", "user1@corp.example.com", "--state", STATE)
    assert person.code == 0, person


def test_the_pod_of_an_operator_explains_from_the_server(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.run()
    words = ["default/walk", "--output", "json", "--", str(bench.walk.document), "user1@corp.example.com"]
    with patch.object(explain, "connected", lambda: bench.ledger):
        assert explain.main(words, bench.settings) == 0
        assert '"user1@corp.example.com"' in capfd.readouterr().out
        assert explain.main(words, replace(bench.settings, state="postgresql:other")) == 1
        assert "there is no Secret other" in capfd.readouterr().err
    bench.assert_nothing_left()


def test_a_child_that_is_killed_lets_go_and_the_next_run_does_the_rest(bench: Bench, postgresql: Server) -> None:
    with Gate(bench.walk, 2, "provision") as gate:

        async def kill(execution: InProcess, run: dict[str, object]) -> None:
            await passed(gate.reached)
            child_of(execution).kill()

        assert bench.run(kill)["reason"] == "Interrupted"
    batches = f"{schema_name('default', 'walk')}.batches"
    postgresql.execute(f"UPDATE {batches} SET deadline = 0 WHERE state != 'Answered'")
    assert bench.run()["reason"] == "SyncSucceeded"
    bench.walk.assert_cloud_matches()


def test_a_secret_of_the_server_that_is_not_there_is_told_before_anything_runs(bench: Bench) -> None:
    bench.settings = replace(bench.settings, state="postgresql:other")
    with pytest.raises(SecretMissing, match="no Secret other in syncramp-system"):
        bench.run()
    bench.assert_nothing_left()


def test_no_document_sees_the_secret_of_the_server(bench: Bench) -> None:
    seen: list[str] = []

    async def look(execution: InProcess, run: dict[str, object]) -> None:
        (folder,) = bench.settings.runtime.iterdir()
        seen.extend(path.name for path in (folder / "secrets").iterdir())

    bench.run(look)
    assert seen and SECRET not in seen
