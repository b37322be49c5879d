"""``syncramp ramp promote`` and the others: what is written down, what is refused, and what is so already."""

import getpass
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.build import DOCUMENT, group, guid, user, user_dn
from support.engine import Engine
from syncramp.cli import run
from syncramp.model.ramps import Command, Order, PauseReason, Phase, RampState
from syncramp.ramp.steps import digest_of
from syncramp.spec.ramps import RampPolicy, built_in

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A document and its store, in which the built-in ramp is at its second step."""
    (tmp_path / "syncconfig.yaml").write_text(DOCUMENT)
    now = time.time()
    made = Engine(tmp_path / ".syncramp" / "default.contoso.db", clock=lambda: now)
    made.source.add(user(1), group(501))
    made.source.members[guid(501)] = [user_dn(1)]
    made.settle()
    started(made, at(1))
    return made


@pytest.fixture
def told(engine: Engine, capsys: pytest.CaptureFixture[str]) -> Told:
    """Says something to the ramp: exit code, output, errors."""

    def command(said: str, *arguments: str, ramp: str = "built-in") -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["ramp", said, str(engine.path.parent.parent / "syncconfig.yaml"), ramp, *arguments])
        return code, *capsys.readouterr()

    return command


def policy(engine: Engine) -> RampPolicy:
    return built_in(engine.config.interval)


def at(step: int, phase: Phase = Phase.SOAKING, pause: PauseReason | None = None) -> RampState:
    return RampState("built-in", "", phase, step, 100_000, 1.0, 1.0, 1.0, soaked_from=1.0, pause=pause)


def started(engine: Engine, state: RampState, digest: str = "") -> None:
    """The ramp is in a state."""
    kept = replace(state, policy=digest or digest_of(policy(engine)))
    with engine.store() as store:
        number, token = store.runs.begin(1.0)
        store.ramp_states.write(store.exports(number, token, 1.0), number, [kept], [])


def pending(engine: Engine) -> list[Order]:
    with engine.store() as store:
        return list(store.ramp_states.pending().values())


def test_a_command_is_written_down_with_who_and_when_and_why(engine: Engine, told: Told) -> None:
    before = time.time()
    code, out, _ = told("pause", "--by", "ada", "--reason", " licences ran out ")
    (order,) = pending(engine)
    assert (code, order.command, order.by, order.step, order.reason) == (
        0,
        Command.PAUSE,
        "ada",
        None,
        "licences ran out",
    )
    assert before <= order.at <= time.time()
    assert out.startswith("Ramp built-in: pause, by ada. The next run pauses: nobody is added any more")


@pytest.mark.parametrize("command", Command)
def test_every_command_can_be_said_where_it_makes_sense(engine: Engine, told: Told, command: Command) -> None:
    if command is Command.RESUME:
        started(engine, at(1, Phase.PAUSED, PauseReason.GATE))
    if command is Command.RETRY:
        started(engine, at(1, Phase.ABORTED))
    code, out, _ = told(command.value)
    assert (code, [order.command for order in pending(engine)]) == (0, [command])
    assert out.startswith(f"Ramp built-in: {command.value}, by {getpass.getuser()}. The next run ")


def test_promote_is_meant_for_the_step_of_now_and_counts_once(engine: Engine, told: Told) -> None:
    assert told("promote", "--by", "ada")[0] == 0
    code, out, _ = told("promote", "--by", "bob")
    assert code == 0
    assert [(order.by, order.step) for order in pending(engine)] == [("ada", 2)]
    assert "promote was said by ada; the next run follows it" in out


def test_what_was_said_last_is_not_said_again(engine: Engine, told: Told) -> None:
    for command in ("pause", "pause", "resume", "resume", "pause"):
        assert told(command)[0] == 0
    assert [order.command for order in pending(engine)] == [Command.PAUSE, Command.RESUME, Command.PAUSE]


def test_what_makes_no_sense_after_what_was_said_is_refused(engine: Engine, told: Told) -> None:
    told("abort")
    code, _, err = told("promote")
    assert (code, err) == (3, "error: ramp built-in: it is aborted; retry it first\n")
    assert told("retry")[0] == 0 and told("promote")[0] == 0
    assert [order.command for order in pending(engine)] == [Command.ABORT, Command.RETRY, Command.PROMOTE]


def test_what_is_so_already_changes_nothing(engine: Engine, told: Told) -> None:
    started(engine, at(1, Phase.ABORTED))
    code, out, _ = told("abort")
    assert (code, out) == (0, "Ramp built-in: nothing changes, it is aborted already.\n")
    assert not pending(engine)


def test_a_pause_of_the_steps_is_promoted_and_not_resumed(engine: Engine, told: Told) -> None:
    started(engine, at(2, Phase.PAUSED, PauseReason.STEP))
    assert told("resume")[2] == (
        "error: ramp built-in: it is at a pause of its steps, which only a person ends; promote it\n"
    )
    assert told("promote")[0] == 0


def test_a_command_for_another_step_is_refused(engine: Engine, told: Told) -> None:
    code, _, err = told("promote", "--step", "3")
    assert code == 3 and "it is meant for step 3, and the ramp is at step 2" in err
    assert told("promote", "--step", "2")[0] == 0 and told("promote", "--step", "3")[0] == 0


def test_a_ramp_that_the_document_changed_is_promoted_after_it_began_anew(engine: Engine, told: Told) -> None:
    started(engine, at(40), digest="another")
    code, _, err = told("promote-full")
    assert code == 3 and "the next run begins it anew" in err
    assert told("pause")[0] == 0 and told("resume")[0] == 0


def test_an_unknown_ramp_is_refused_with_the_one_that_may_be_meant(engine: Engine, told: Told) -> None:
    assert told("pause", ramp="buildin")[2] == "error: the document has no ramp buildin; do you mean built-in?\n"
    code, _, err = told("pause", ramp="x")
    assert (code, err) == (3, "error: the document has no ramp x; it has built-in\n")


def test_without_a_store_there_is_nothing_to_say(engine: Engine, told: Told) -> None:
    code, _, err = told("pause", "--state", "none.db")
    assert (code, err) == (3, "error: none.db: there is no store yet, so no ramp has started; make a run first\n")


def test_a_document_that_exports_nothing_tells_that_nobody_follows(engine: Engine, told: Told) -> None:
    (engine.path.parent.parent / "syncconfig.yaml").write_text(
        DOCUMENT.replace("spec:\n", "spec:\n  mode: Staging\n")
    )
    assert told("pause")[1].endswith("No run follows it as long as spec.mode is Staging.\n")
