"""Faults on a real connection: what a client sees of a reset, of half an answer, of silence; and others do not."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from threading import Thread

import pytest

from support import foreign_messages as m
from support.build import CLIENT, TENANT
from support.console import ROOT
from support.foreign import X, written
from support.foreign_client import PATH, TYPE, Heard, Line, line
from support.pages import coded, rows, section
from support.walk import PATIENCE, SYNCRAMP, run_command, until
from syncramp.simulator.behaviour import Behaviour
from syncramp.simulator.fault_file import MEMBERS, read_script
from syncramp.simulator.faults import Calls, Kind, Rule, Script
from syncramp.simulator.inspection import overview
from syncramp.simulator.latency import Clock, Latency
from syncramp.simulator.server import Simulator, make_simulator, running_simulator
from syncramp.simulator.settings import TenantSettings

EXAMPLE = ROOT / "examples" / "faults.yaml"


@contextmanager
def simulating(script: Script, **options: object) -> Iterator[Simulator]:
    settings = TenantSettings(TENANT, visibility_delay=0.0, writes_per_five_minutes=0)
    with running_simulator(make_simulator(settings, client_id=CLIENT, faults=script, **options)) as made:  # type: ignore[arg-type]
        yield made


@contextmanager
def connected(made: Simulator) -> Iterator[Line]:
    with line(made.host, made.certificates.ca) as wire:
        yield wire


def body(made: Simulator, operation: str, content: X) -> bytes:
    return written(m.request(operation, content, made.issuer.access_token()))


def person(anchor: str) -> X:
    return m.provision([m.sync_object("User", "Set", {"SourceAnchor": anchor})])


def export(made: Simulator, wire: Line, anchor: str) -> Heard:
    return wire.post(body(made, "ProvisionAzureADSyncObjects2", person(anchor)))


def sent(made: Simulator, wire: Line, operation: str, content: X) -> None:
    data = body(made, operation, content)
    wire.send(wire.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(len(data))}) + data)


@pytest.mark.parametrize("processed", [False, True])
def test_a_reset_is_a_reset_before_and_after_the_tenant(processed: bool) -> None:
    with simulating(Script((Rule(Kind.RESET, calls=Calls.at(1), processed=processed),))) as made:
        with connected(made) as wire:
            sent(made, wire, "ProvisionAzureADSyncObjects2", person("A"))
            with pytest.raises(ConnectionResetError):
                wire.raw_end()
        assert made.tenant.anchors() == ({"A"} if processed else set())
        with connected(made) as wire:
            assert export(made, wire, "A").status == 200
            assert wire.post(body(made, "GetCompanyConfiguration", m.company())).status == 200
        assert made.tenant.journal.count("injected") == {"reset": 1}
        assert made.exports == 1 + processed


def test_a_cut_answer_promises_more_than_comes() -> None:
    with simulating(Script((Rule(Kind.CUT, calls=Calls.at(1)),))) as made, connected(made) as wire:
        with pytest.raises(EOFError):
            export(made, wire, "A")
        assert made.tenant.anchors() == {"A"}


def test_a_truncated_message_is_a_whole_answer_and_the_connection_stays() -> None:
    with simulating(Script((Rule(Kind.TRUNCATED, calls=Calls.at(1)),))) as made, connected(made) as wire:
        half = export(made, wire, "A")
        whole = export(made, wire, "A")
        assert (half.status, len(half.body)) == (200, len(whole.body) // 2)
        with pytest.raises(ValueError, match="ends at"):
            half.message  # noqa: B018
        assert whole.message.local == "ProvisionAzureADSyncObjects2Response"


def test_a_half_closed_connection_ends_for_the_client_and_is_read_until_it_ends_too() -> None:
    with simulating(Script((Rule(Kind.HALF_CLOSED, calls=Calls.at(1)),))) as made:
        with connected(made) as wire:
            sent(made, wire, "GetCompanyConfiguration", m.company())
            wire.raw_end()
            for piece in (b"\x17\x03\x03\x40\x00", bytes(50)):  # the beginning of a record of TLS
                os.write(wire.socket.fileno(), piece)
                time.sleep(0.05)
            wire.socket.getpeername()  # bytes to a closed socket would have come back as a reset
        with connected(made) as wire:
            assert export(made, wire, "B").status == 200
        assert made.tenant.anchors() == {"B"}


def test_a_stalled_call_ends_without_an_answer_and_holds_up_nobody() -> None:
    script = Script((Rule(Kind.STALL, "ProvisionAzureADSyncObjects2", Calls.at(1), seconds=0.5),))
    with simulating(script) as made, connected(made) as slow, connected(made) as quick:
        ended: list[object] = []

        def stalled() -> None:
            with pytest.raises(EOFError) as error:
                export(made, slow, "A")
            ended.append(error)

        waiting = Thread(target=stalled)
        waiting.start()
        while not made.tenant.journal.count("injected"):
            time.sleep(0.005)
        heard = quick.post(body(made, "GetCompanyConfiguration", m.company()))
        assert (heard.status, ended) == (200, [])
        waiting.join()
        assert ended and made.tenant.count() == 0


def test_latency_is_waited_for_and_holds_up_nobody() -> None:
    latency = Behaviour(latency=Latency(object=0.5))
    with simulating(Script(), behaviour=latency) as made, connected(made) as slow, connected(made) as quick:
        answers: list[Heard] = []
        waiting = Thread(target=lambda: answers.append(export(made, slow, "A")))
        waiting.start()
        while not made.tenant.count():
            time.sleep(0.005)
        heard = quick.post(body(made, "GetCompanyConfiguration", m.company()))
        assert (heard.status, answers) == (200, [])
        waiting.join()
        assert answers[0].status == 200


def test_on_a_virtual_clock_an_hour_takes_no_time() -> None:
    slow, clock = Script((Rule(Kind.SLOW, seconds=3600.0),)), Clock(virtual=True)
    with simulating(slow, clock=clock) as made, connected(made) as wire:
        assert export(made, wire, "A").status == 200
        assert clock.skipped == 3600.0


def test_unavailable_and_the_page_of_a_proxy_over_http() -> None:
    script = Script((Rule(Kind.UNAVAILABLE, calls=Calls.at(1), retry_after=9), Rule(Kind.PROXY, status=407)))
    with simulating(script) as made, connected(made) as wire:
        busy, page = export(made, wire, "A"), export(made, wire, "A")
        assert (busy.status, busy.headers["retry-after"]) == (503, "9")
        assert (page.status, page.headers["content-type"]) == (407, "text/html")


def test_the_example_of_a_script_shows_every_kind_and_all_of_it_happens() -> None:
    script = read_script(EXAMPLE)
    assert {rule.kind for rule in script.rules} == set(Kind)
    with simulating(script, clock=Clock(virtual=True)) as made:
        for number in range(60):
            for operation, content in (
                (
                    "ProvisionAzureADSyncObjects2",
                    m.provision([m.sync_object("User", "Set", {"SourceAnchor": f"{number}"})]),
                ),
                ("ReadBackAzureADSyncObjects2", m.read_back(None, full=False)),
                ("FinalizeExport", m.finalize(1, 1)),
            ):
                made.service.answer(body(made, operation, content))
        assert set(made.tenant.journal.count("injected")) == set(Kind)
        assert "2" in made.tenant.anchors(), "the third call was processed"
        assert "4" not in made.tenant.anchors(), "the fifth was not"


def test_the_page_has_every_kind_with_its_settings() -> None:
    told = {coded(row[0])[0]: set(coded(row[2])) for row in rows(section("docs/simulator.md", "## Faults"))}
    assert told == {kind.value: set(members) for kind, members in MEMBERS.items()}


def test_calls_that_wait_do_not_keep_it_from_ending(tmp_path: Path) -> None:
    rules = "{do: stall, seconds: 600, calls: 1}, {do: half-closed, calls: 2}, {do: slow, seconds: 600, calls: 3}"
    (tmp_path / "faults.yaml").write_text(f"faults: [{rules}]")
    tenant = tmp_path / "tenant.db"
    options = ("--directory", str(tmp_path), "--tenant", str(tenant), "--faults", str(tmp_path / "faults.yaml"))
    command = (*SYNCRAMP, "simulator", *options)
    lines: list[Line] = []
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            host = process.stdout.readline().split("https://")[1].split("/")[0]
            authority = (tmp_path / "secrets" / "simulator-ca" / "ca.crt").read_bytes()
            data = written(m.request("GetCompanyConfiguration", m.company(), "no token"))
            for number in (1, 2, 3):
                lines.append(wire := Line(host, authority))
                wire.send(wire.head("POST", PATH, {"Content-Type": TYPE, "Content-Length": str(len(data))}) + data)
                until(lambda: sum(overview(tenant, 0, 0).counters["injected"].values()) == number)  # noqa: B023
            process.send_signal(SIGTERM)
            _, told = process.communicate(timeout=PATIENCE)
            assert (process.returncode, told) == (0, "")
        finally:
            process.kill()
            for wire in lines:
                wire.close()


def test_a_script_that_is_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "faults.yaml").write_text("faults: [{do: reset, calls: never}]")
    done = run_command("simulator", "--directory", str(tmp_path), "--faults", str(tmp_path / "faults.yaml"))
    assert (done.code, done.out) == (3, "")
    (told,) = done.err.splitlines()
    assert "faults.yaml: faults[0].calls: 'never' are no numbers of calls" in told
