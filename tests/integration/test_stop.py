"""Runs that are cut short: Ctrl-C or SIGTERM in each phase, a second Ctrl-C, a full disk, a reader that leaves.

The first signal ends a run after its calls in flight, and their answers are kept; a second Ctrl-C waits for nothing.
Whatever was cut short, the store tells the truth, its lock is free, and the next run finishes.
"""

import fcntl
import os
import re
import resource
import signal
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import faulty
from support.faulty import Faulty
from support.walk import PATIENCE, SYNCRAMP, Done, Forest, Gate, Walk, pass_the_deadline, until, walking
from syncramp.endpoint import contract
from syncramp.store.database import locked

PEOPLE = 300
OBJECTS = PEOPLE + 1
BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
STOPPING = "info: stopping after the calls in flight\n"


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path, page_size=20) as made:
        made.forest = Forest.of(PEOPLE, {501: list(range(1, 200))})
        yield made


def _read_until(process: subprocess.Popen[str], words: str) -> None:
    """Lines of standard error up to one that begins so."""
    assert process.stderr is not None
    while not (line := process.stderr.readline()).startswith(words):
        assert line, f"it ended and never said {words!r}"


def _stop(process: subprocess.Popen[str], number: int) -> None:
    process.send_signal(number)
    _read_until(process, STOPPING)


def _assert_finished(walk: Walk) -> None:
    """Nobody holds the store, it tells the truth, and the next run does the rest."""
    with locked(walk.state):
        walk.assert_state_true()
    assert walk.here().code == 0
    walk.assert_cloud_matches()
    walk.assert_state_true()
    sent = walk.exports
    assert walk.here().code == 0
    assert walk.exports == sent


def _assert_finished_later(walk: Walk) -> None:
    """Calls of the run were never answered: until they cannot be under way, nothing touches what they may change."""
    walk.assert_state_true()
    soon = walk.here("sync", "-o", "json")
    assert soon.code == 2
    assert set(soon.json["holds"]) == {"CallUnderWay"}
    pass_the_deadline(walk.state)
    _assert_finished(walk)


def _assert_left(done: Done, sent: int, objects: int = OBJECTS) -> None:
    """The summary of a run that was stopped in its export."""
    assert (done.code, done.errors) == (2, []), done
    assert re.search(rf"Objects +{objects} +{sent} +0 +0 +0 +{objects - sent}\n", done.out), done.out


# --- a stop ---------------------------------------------------------------------------------------------------------


@BOTH
def test_a_stop_in_the_export_keeps_the_answers_in_flight_and_says_what_is_left(walk: Walk, number: int) -> None:
    with Gate(walk, 4) as gate, walk.running() as process:
        until(gate.reached.is_set)
        _stop(process, number)
        gate.open()
        done = walk.finish(process)
    sent = walk.tenant.count()
    assert 90 < sent < PEOPLE
    _assert_left(done, sent)
    assert re.search(r"Links +199 +0 +0 +0 +0 +199\n", done.out)
    assert walk.again("status").code == 2
    _assert_finished(walk)


@BOTH
def test_a_stop_in_the_read_back_sends_nothing(walk: Walk, number: int) -> None:
    assert walk.here().code == 0
    walk.forest.people[PEOPLE + 1] = {}
    sent = walk.exports
    with Gate(walk, 1, "read_back") as gate, walk.running() as process:
        until(gate.reached.is_set)
        _stop(process, number)
        gate.open()
        done = walk.finish(process)
    done.assert_error(1, "the run was stopped before it sent anything; the next run begins anew")
    assert "read back: 0 objects" in done.err
    assert walk.exports == sent
    told = walk.again("status")
    assert told.code == 1
    assert "UTC: Failed\n" in told.out and "Failed: the run was stopped" in told.out
    _assert_finished(walk)


@BOTH
def test_a_stop_in_the_import_proves_nothing_and_sends_nothing(walk: Walk, number: int) -> None:
    """The file is a pipe, of which the run has read the first half."""
    assert walk.here().code == 0
    walk.forest.people.pop(PEOPLE)
    text, source = walk.forest.text().encode(), walk.spec["sources"][0]["ldif"]
    source["path"] = "pipe.ldif"
    os.mkfifo(walk.folder / "pipe.ldif")
    pipe = os.open(walk.folder / "pipe.ldif", os.O_RDWR)
    sent = walk.exports
    with walk.running() as process:
        os.write(pipe, text[:30_000])
        until(lambda: fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4) == b"\0" * 4)
        _stop(process, number)
        os.write(pipe, text[30_000:])
        os.close(pipe)
        done = walk.finish(process)
    done.assert_error(1, "the run was stopped before it sent anything; the next run begins anew")
    assert "import: 0 entries" in done.err
    assert walk.exports == sent
    walk.assert_state_true()
    source["path"] = "corp.ldif"
    assert "Held 1 (AbsentOnce)" in walk.here().out, "the stopped import has not judged who is absent"
    _assert_finished(walk)


def test_many_stops_at_once_are_one_stop(walk: Walk) -> None:
    with Gate(walk, 4) as gate, walk.running() as process:
        until(gate.reached.is_set)
        for _ in range(50):
            process.send_signal(signal.SIGTERM)
        _read_until(process, STOPPING)
        gate.open()
        done = walk.finish(process)
    _assert_left(done, walk.tenant.count())
    _assert_finished(walk)


def test_a_stop_of_a_plan_is_no_plan(walk: Walk) -> None:
    with Gate(walk, 1, "read_back") as gate, walk.running("plan") as process:
        until(gate.reached.is_set)
        _stop(process, signal.SIGINT)
        gate.open()
        walk.finish(process).assert_error(1, "the run was stopped")
    assert not walk.state.exists()


def test_a_stop_while_our_share_of_the_throttle_is_spent(walk: Walk) -> None:
    walk.spec["target"]["writes"] = {"perFiveMinutes": 100, "share": 90}
    with walk.running() as process:
        _read_until(
            process, "info: our share of the tenant's throttle (90 writes, 135,000 links in five minutes) is spent"
        )
        _stop(process, signal.SIGINT)
        done = walk.finish(process)
    _assert_left(done, 90)
    walk.spec["target"]["writes"] = {"perFiveMinutes": 1_000_000, "share": 100}
    _assert_finished(walk)


def test_a_stop_while_the_service_is_busy(walk: Walk) -> None:
    with Faulty(walk, contract.PROVISION, faulty.throttled, first=3), walk.running() as process:
        _read_until(process, "info: the service is busy; the call goes again in ")
        _stop(process, signal.SIGTERM)
        done = walk.finish(process)
    _assert_left(done, 60)
    _assert_finished(walk)


def test_a_stop_in_the_confirmation_leaves_it_to_the_next_run(walk: Walk) -> None:
    with Gate(walk, 2, "read_back") as gate, walk.running() as process:
        until(gate.reached.is_set)
        _stop(process, signal.SIGINT)
        gate.open()
        done = walk.finish(process)
    assert done.code == 0
    assert f"unconfirmed: {OBJECTS} objects, 199 links" in done.out
    walk.assert_cloud_matches()
    confirmed = walk.here()
    assert f"Confirmed by read-back: {OBJECTS} objects" in confirmed.out and "unconfirmed: 0 objects" in confirmed.out


# --- a second Ctrl-C ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_second_ctrl_c_ends_at_once_and_knows_what_is_in_doubt(walk: Walk, first: int) -> None:
    with Gate(walk, 4) as gate, walk.running() as process:
        until(gate.reached.is_set)
        _stop(process, first)
        process.send_signal(signal.SIGINT)
        done = walk.finish(process)
        assert done.code == 130
        assert done.err.splitlines()[-1] == "interrupted"
        with locked(walk.state):
            told = walk.again("status")
        assert told.code == 1
        assert "Failed: it was interrupted" in told.out
        gate.open()
    until(lambda: walk.exports >= 4)
    _assert_finished_later(walk)


def test_a_second_ctrl_c_waits_for_no_question(walk: Walk) -> None:
    with Gate(walk, 1, "company") as gate, walk.running() as process:
        until(gate.reached.is_set)
        _stop(process, signal.SIGINT)
        process.send_signal(signal.SIGINT)
        assert walk.finish(process).code == 130
    assert not walk.in_cloud()
    _assert_finished(walk)


# --- the disk and the reader ----------------------------------------------------------------------------------------


def test_a_disk_that_fills_in_the_export_leaves_in_doubt_what_could_not_be_written(walk: Walk) -> None:
    with Gate(walk, 4) as gate, walk.running() as process:
        until(gate.reached.is_set)
        full = walk.state.with_name(f"{walk.state.name}-wal").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, full))
        gate.open()
        done = walk.finish(process)
    done.assert_error(1, f"{walk.state}: the store cannot be read or written: ", "make room on its disk")
    assert 90 < walk.tenant.count() < PEOPLE
    assert walk.again("status").code == 1
    _assert_finished_later(walk)


@pytest.mark.parametrize(
    ("command", "pipe"),
    [
        ("plan", "| head -1"),
        ("sync", "| head -1"),
        ("sync", "2>&1 | head -1"),
        ("sync", "2>&1 >/dev/null | head -1"),
    ],
)
def test_a_reader_that_leaves_after_the_first_line_sees_no_stack_trace(walk: Walk, command: str, pipe: str) -> None:
    walk.write()
    options = ["-o", "json"] if command == "plan" else []  # more than the pipe holds
    line = ["sh", "-c", f'"$@" {pipe}', "sh", *SYNCRAMP, command, str(walk.document), *options]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False)
    done = walk.checked(Done(ended.returncode, ended.stdout, ended.stderr))
    assert "Exception" not in done.err and done.errors == []
    assert len(done.out.splitlines()) == 1
    if command == "sync":
        walk.assert_cloud_matches()
        assert walk.again("status").code == 0
