"""The process of a run by itself: what it does with a wrong word, a wrong document, a fault of ours and a signal."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from support.ledger import Ledger
from support.walk import PATIENCE, Gate, Walk, until, walking
from syncramp.events import Note, PhaseEnded, PhaseStarted, event_of
from syncramp.source import dn
from syncramp.store.store import Store
from syncramp_operator.api.cluster import Cluster
from syncramp_operator.api.resources import SYNCRUNS
from syncramp_operator.runner import process as runner
from syncramp_operator.runner import speakers
from syncramp_operator.runner.speakers import Lines, Patches
from syncramp_operator.runs.run_end import Outcome, RunPhase, RunReason

RUNNER = (sys.executable, "-P", "-m", "syncramp_operator.runner")


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    with walking(tmp_path) as made:
        yield made


def _words(walk: Walk, *more: str) -> list[str]:
    walk.write()
    words = ["--run", "default/walk-1", "--document", str(walk.document), "--secrets", str(walk.folder / "secrets")]
    return [*words, "--state", str(walk.state), *more]


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A run that is killed when the block ends."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*RUNNER, *words], stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _ended(out: str) -> Outcome:
    """The end, which is the last line; every other one is an event."""
    *events, last = out.splitlines()
    for line in events:
        event_of(line)
    outcome = Outcome.of_line(last)
    assert outcome is not None, last
    return outcome


def _run(walk: Walk, *more: str) -> tuple[subprocess.CompletedProcess[str], Outcome]:
    done = subprocess.run([*RUNNER, *_words(walk, *more)], capture_output=True, text=True, timeout=PATIENCE)
    assert "Traceback" not in done.stdout + done.stderr
    return done, _ended(done.stdout)


@pytest.mark.parametrize("words", [[], ["--run", "x"], ["--nonsense"], ["--run", "a/b", "--parent", "x"]])
def test_a_wrong_command_line_is_refused_in_one_line(words: list[str]) -> None:
    done = subprocess.run([*RUNNER, *words], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1


def test_a_child_whose_operator_is_gone_already_does_nothing(walk: Walk) -> None:
    words = _words(walk, "--parent", str(os.getpid()))
    orphan = "import os, subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"  # its parent is another
    done = subprocess.run([sys.executable, "-c", orphan, *RUNNER, *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert not walk.state.exists() and not walk.in_cloud()


def test_a_document_that_is_refused_is_told_by_its_name_and_not_by_its_place(walk: Walk) -> None:
    walk.spec["target"]["cloud"] = "Germany"
    done, outcome = _run(walk)
    assert done.returncode == 1
    assert (outcome.phase, outcome.reason, outcome.family) == (RunPhase.FAILED, "InvalidSpec", "Stalled")
    assert "German cloud" in outcome.message
    assert str(walk.folder) not in done.stdout


def test_a_key_that_a_secret_lacks_is_told_by_its_name(walk: Walk) -> None:
    walk.spec["target"]["auth"]["clientSecret"]["secretKeyRef"]["key"] = "other"
    _, outcome = _run(walk)
    assert (outcome.reason, outcome.family) == ("InvalidSpec", "Stalled")
    assert outcome.message.startswith("entra-sync-secret/other: ")
    assert str(walk.folder) not in outcome.message


def test_credentials_that_are_refused_are_no_secret_that_is_told(walk: Walk) -> None:
    path = walk.folder / "secrets" / "entra-sync-secret" / "clientSecret"
    path.write_text("hunter2-is-wrong")
    done, outcome = _run(walk)
    assert (outcome.reason, outcome.family) == ("CredentialsInvalid", "Stalled")
    assert "hunter2" not in done.stdout + done.stderr


def test_a_state_of_another_tenant_is_refused_with_what_a_user_of_the_cluster_can_do(walk: Walk) -> None:
    opened = Store(walk.state, dn.key)
    opened.runs.claim({"tenant": "another one"})
    opened.close()
    done, outcome = _run(walk)
    assert done.returncode == 1 and (outcome.reason, outcome.family) == ("StoreUnusable", "Stalled")
    assert f"{walk.state}: the store was made with tenant another one" in outcome.message
    assert "--state" not in outcome.message and "give the SyncConfig a new name" in outcome.message


def test_whatever_a_library_prints_stays_out_of_the_lines(walk: Walk, capfd: pytest.CaptureFixture[str]) -> None:
    program = "from syncramp_operator.runner import process as runner; import syncramp.cycle.run as run, sys\n"
    program += "before = run.run\ndef loud(*words): print('hello'); return before(*words)\n"
    program += "run.run = loud; sys.exit(runner.main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", program, *_words(walk)], capture_output=True, text=True)
    assert _ended(done.stdout).phase is RunPhase.SUCCEEDED
    assert "hello" in done.stderr


def test_a_fault_of_ours_is_told_by_its_kind_and_its_place_without_its_text(walk: Walk) -> None:
    program = "from syncramp_operator.runner import process as runner; import syncramp.cycle.run as run, sys\n"
    program += "def broken(*words): raise RuntimeError('password=hunter2')\n"
    program += "run.run = broken; sys.exit(runner.main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", program, *_words(walk)], capture_output=True, text=True)
    outcome = _ended(done.stdout)
    assert (done.returncode, outcome.reason, outcome.family) == (1, "InternalError", "Retry")
    assert "RuntimeError" in outcome.message and "the run broke off: RuntimeError" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_a_stop_before_the_run_has_begun_begins_nothing(walk: Walk) -> None:
    with Gate(walk, 1, "company") as gate, _running(_words(walk)) as process:
        until(gate.reached.is_set)
        process.send_signal(signal.SIGTERM)
        gate.open()
        out, _ = process.communicate(timeout=PATIENCE)
    outcome = _ended(out)
    assert (process.returncode, outcome.phase, outcome.reason) == (0, RunPhase.CANCELLED, RunReason.CANCELLED)
    assert not walk.in_cloud()


@pytest.mark.parametrize("place", ["syncramp.session.fences", "syncramp.session.opening", "syncramp.cycle.run"])
def test_a_stop_in_the_middle_of_an_import_is_told_like_any_other(walk: Walk, place: str) -> None:
    program = f"""
import builtins, os, signal, sys
from syncramp_operator.runner import process as runner
plain = builtins.__import__
def importing(name, *more):
    if name == {place!r}:
        builtins.__import__ = plain
        os.kill(os.getpid(), signal.SIGTERM)
    return plain(name, *more)
builtins.__import__ = importing
sys.exit(runner.main(sys.argv[1:]))
"""
    done = subprocess.run([sys.executable, "-c", program, *_words(walk)], capture_output=True, text=True)
    assert (done.returncode, _ended(done.stdout).phase) == (0, RunPhase.CANCELLED)
    assert "Traceback" not in done.stderr and not walk.in_cloud()


def test_a_stop_while_the_document_is_read_begins_nothing(walk: Walk) -> None:
    walk.write()
    words = _words(walk)
    walk.document.unlink()
    os.mkfifo(walk.document)
    with _running(words) as process:
        pipe = os.open(walk.document, os.O_WRONLY)  # opened once the other side reads
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
        os.close(pipe)
    assert (process.returncode, _ended(out).phase) == (0, RunPhase.CANCELLED)
    assert "Traceback" not in err and not walk.state.exists()


def test_a_reader_that_went_away_stops_no_run(walk: Walk) -> None:
    with _running(_words(walk)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(PATIENCE) == 1, "it could not say how it ended"
    walk.assert_cloud_matches()


def test_lines_of_two_threads_are_not_mixed() -> None:
    reading, writing = os.pipe()
    speaker = Lines(writing)
    note = Note("info", "x" * 70_000)  # more than a pipe takes at once
    threads = [threading.Thread(target=lambda: [speaker.hear(note) for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    with os.fdopen(reading, "rb") as lines:
        assert all(event_of(lines.readline()) == note for _ in range(80))
        for thread in threads:
            thread.join()
        os.close(writing)
        assert lines.read() == b""


def _patches(monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, Patches]:
    monkeypatch.setattr(speakers, "TICK", 0.01)
    monkeypatch.setattr(speakers, "AGAIN", 0.01)
    ledger = Ledger()
    spec = {"configRef": {"name": "c", "uid": "u", "generation": 1}, "number": 1, "trigger": "Interval"}
    run = ledger.create(SYNCRUNS, "n", {"metadata": {"name": "c-1", "namespace": "n", "uid": "r"}, "spec": spec})
    return ledger, Patches(cast("Cluster", ledger), run)


DONE = Outcome(RunPhase.SUCCEEDED, "SyncSucceeded", "done", told={"errorCount": 0})
STOPPED = Outcome(RunPhase.CANCELLED, "Cancelled", "stopped", told={"errorCount": 0})


def test_a_syncrun_is_told_of_phases_while_a_run_lasts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger, speaker = _patches(monkeypatch)
    until(lambda: ledger.seen)
    speaker.hear(PhaseStarted("import"))
    speaker.hear(PhaseEnded("import", 3, 0, "entry", 0.5))
    assert speaker.finish(DONE)
    assert ledger.seen[0]["phase"] == "Running"
    assert ledger.status("c-1")["phases"][0]["name"] == "import"
    assert ledger.status("c-1")["phase"] == "Succeeded"
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(each["event"], each["run"]) for each in told] == [("PhaseEnded", "n/c-1"), ("ended", "n/c-1")]


def test_an_end_is_told_again_and_again_while_the_api_server_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, speaker = _patches(monkeypatch)
    until(lambda: ledger.seen)
    ledger.down = True
    threading.Timer(0.3, lambda: setattr(ledger, "down", False)).start()
    assert speaker.finish(DONE)
    assert ledger.status("c-1")["phase"] == "Succeeded"


def test_an_end_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, speaker = _patches(monkeypatch)
    monkeypatch.setattr(speakers, "PATIENCE", 0.1)
    ledger.down = True
    assert not speaker.finish(DONE)


def test_a_syncrun_that_is_gone_needs_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, speaker = _patches(monkeypatch)
    until(lambda: ledger.seen)
    ledger.objects.clear()
    assert speaker.finish(DONE)


@pytest.mark.parametrize(
    ("reason", "told"), [("", "Interrupted"), ("Cancelled", "Cancelled"), ("Odd", "Interrupted")]
)
def test_whoever_stopped_a_job_left_the_reason(monkeypatch: pytest.MonkeyPatch, reason: str, told: str) -> None:
    ledger, speaker = _patches(monkeypatch)
    until(lambda: ledger.seen)
    if reason:
        ledger.patch(SYNCRUNS, "n", "c-1", {"status": {"reason": reason}}, "status")
    assert speaker.finish(STOPPED)
    assert ledger.status("c-1")["reason"] == told


def test_a_slow_api_server_slows_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, speaker = _patches(monkeypatch)
    release = threading.Event()
    patch = ledger.patch

    def slow(*words: Any, **named: Any) -> Any:
        assert release.wait(PATIENCE), "whoever tells it waited for it"
        return patch(*words, **named)

    monkeypatch.setattr(ledger, "patch", slow)
    for _ in range(100):
        speaker.hear(PhaseStarted("import"))
    release.set()
    assert speaker.finish(DONE)


def test_an_end_is_told_by_the_exit_code(walk: Walk) -> None:
    walk.spec["sources"][0]["ldif"]["path"] = "missing.ldif"
    done, outcome = _run(walk)
    assert (done.returncode, outcome.phase) == (0, RunPhase.INCOMPLETE), "a source that was not read is no failed run"
    assert runner.FAILED == 1


def test_what_nobody_catches_is_told_without_its_text() -> None:
    raising = (
        "import threading\n"
        "from syncramp_operator.runner.process import keep_quiet\n"
        "keep_quiet()\n"
        "class Gone:\n"
        "    def __del__(self): int('hunter2')\n"
        "Gone()\n"
        "thread = threading.Thread(target=lambda: int('hunter2'))\n"
        "thread.start(); thread.join()\n"
        "int('hunter2')\n"
    )
    done = subprocess.run([sys.executable, "-c", raising], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.count("the run broke off: ValueError") == 3
    assert "hunter2" not in done.stderr
