"""What a page tells people to type, typed: the ```console blocks of a page, run in order, their output compared.

A line that begins with ``$ `` is a command, the lines below it are its output. In the output ``…`` alone on a line
stands for any lines, within a line for any text. What differs from run to run is listed in ``VARYING``. A command
that ends with another exit code than 0 must be followed by ``$ echo $?``, so that the page tells it.

``treatment`` knows every program that may stand in a page; anything else is an error, so that no command is passed
over in silence. Ports that the pages name are replaced by free ones, in commands and in files.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from random import randrange
from typing import Any, Self

import typer

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("README.md", "docs", "examples", "manifests", "crds")
PORTS = ("8443", "6360")
"""Of the simulator and of the directory, as the pages have them."""
ADDRESS = "127.0.77.1"
"""Of the domain controller, which listens at ports that nobody can choose."""
HOME = "/home/you/syncramp"
"""The checkout, where output names a whole path."""
DEADLINE = 120.0
"""Seconds for a command, far more than any of them needs."""

_PROGRAMS = {"syncramp", "cat", "cd", "cp", "echo", "grep", "ls", "mkdir", "printf", "rm", "sed", "wc"}
_SERVERS = ("syncramp simulator", "python directory.py")
_ELSEWHERE = {
    "make test": "it would run itself",
    "make image": "needs a builder of images",
    "make lint": "part of the project's check",
    "make e2e": "needs a cluster",
    "make demo": "compared by test_demo",
    "kubectl": "needs a cluster: make e2e",
    "docker": "needs a cluster: make e2e",
    "kopf run": "needs a cluster: make e2e",
    "git clone": "needs a network",
    "pip install": "needs a network",
    "sudo apt-get": "needs a network and changes the machine",
    ". .venv/bin/activate": "the runner has it on its path",
}
VARYING = (
    (r"\b\d+\.\d+s\b", "0.0s"),  # how long a phase took
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2026-01-01 00:00:00 UTC"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "2026-01-01 00:00 UTC"),
    (r"\b[0-9a-f]{32}\b", "0" * 32),  # digests of plans
    (r"\(p50 .*?\)", "(p50 0s, p95 0s, max 0s)"),  # how long removals took
    (r'"(seconds|started|ended)": \d+(\.\d+)?', r'"\1": 0'),
)
_LATE = re.compile(r"[a-z ]+: .*[\d,]+/s(, \w+ left)?")
"""Progress that is only told when a phase lasts longer than some seconds."""


class Treatment(Enum):
    """What the runner does with a command."""

    RUN = auto()
    SERVE = auto()
    """It goes on in another terminal until the page ends, or starts it again."""
    ELSEWHERE = auto()
    """Not run here, for a reason of ``_ELSEWHERE``."""


@dataclass
class Step:
    """One command with what the page says it prints."""

    line: int
    command: str
    output: list[str] = field(default_factory=list)


def steps(page: str) -> list[Step]:
    """All commands of a page, in order.

    ``make demo`` prints the commands it runs itself, so the rest of its block is its output.
    """
    found: list[Step] = []
    inside = False
    for number, line in enumerate(page.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
            first = True
        elif inside and line.startswith("$ ") and (first or found[-1].command != "make demo"):
            found.append(Step(number, line[2:]))
            first = False
        elif inside:
            assert not first, f"line {number}: output without a command"
            found[-1].output.append(line)
    return found


def treatment(command: str) -> Treatment:
    """How a command is treated.

    :raises AssertionError: nobody said so.
    """
    if any(command == known or command.startswith(f"{known} ") for known in _ELSEWHERE):
        return Treatment.ELSEWHERE
    served = any(command == known or command.startswith(f"{known} ") for known in _SERVERS)
    if served and not command.startswith("syncramp simulator show "):
        return Treatment.SERVE
    unknown = set(_programs(command)) - _PROGRAMS
    assert not unknown, f"nobody said how to treat {', '.join(sorted(unknown))} in: {command}"
    return Treatment.RUN


def _programs(command: str) -> Iterator[str]:
    begins = True
    for token in shlex.shlex(command, posix=True, punctuation_chars=True):
        if token in ("|", "||", "&&", ";"):
            begins = True
        elif begins:
            yield token
            begins = False


def same(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """The output is what the page says, with ``…`` for what it leaves out."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else re.escape(_plain(line)).replace("…", r"[^\n]*") + "\n"
        for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in actual)) is not None


def _plain(line: str) -> str:
    for pattern, text in VARYING:
        line = re.sub(pattern, text, line)
    return line.rstrip()


class Console:
    """A copy of what a reader has in front of them, and a shell in it.

    :param folder: an empty folder.
    :param where: the folder of the checkout in which the page's commands begin.
    """

    def __init__(self, folder: Path, where: str = "") -> None:
        self.root = folder
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("secrets", ".syncramp"))
            else:
                shutil.copy(source, folder / name)
        self._ports = {port: str(_free_port()) for port in PORTS} | {ADDRESS: _free_address()}
        for path in folder.rglob("*"):
            if path.suffix in (".yaml", ".py"):
                path.write_text(self._moved(path.read_text()))
        self._folder = folder / where
        self._last = 0
        self._serving: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._serving):
            self._stop(name)

    def play(self, page: str) -> int:
        """Type every command of a page.

        :returns: how many were run.
        :raises AssertionError: one of them did something else than the page says.
        """
        played = 0
        told = steps(page)
        for step, after in zip(told, [*told[1:], None], strict=True):
            match treatment(step.command):
                case Treatment.ELSEWHERE:
                    continue
                case Treatment.SERVE:
                    self._serve(step)
                case Treatment.RUN:
                    self._run(step)
            asks = after is not None and after.command == "echo $?"
            assert self._last == 0 or asks, f"line {step.line}: {step.command}: exit code {self._last} is not told"
            played += 1
        return played

    def _run(self, step: Step) -> None:
        if step.command.startswith("cd "):
            self._folder = self._folder / step.command[3:].strip()
            assert self._folder.is_dir(), f"line {step.line}: there is no folder {self._folder}"
            return
        done = subprocess.run(
            ["bash", "-c", f"(exit {self._last}); {self._moved(step.command)}"],
            **self._shell(),
            timeout=DEADLINE,
            check=False,
        )
        self._last = done.returncode
        self._compare(step, done.stdout.splitlines())

    def _serve(self, step: Step) -> None:
        name = " ".join(step.command.split()[:2])
        self._stop(name)
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self._moved(step.command)}"],
            **self._shell(),
            start_new_session=True,  # so that Ctrl-C reaches it and what it started, as in a terminal of its own
        )
        self._serving[name] = process
        watch = threading.Timer(DEADLINE, process.kill)
        watch.start()
        try:
            said = [process.stdout.readline() for _ in step.output] if process.stdout else []
        finally:
            watch.cancel()
        self._last = 0
        self._compare(step, [line.rstrip("\n") for line in said])

    def _stop(self, name: str) -> None:
        process = self._serving.pop(name, None)
        if process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout:
            process.stdout.close()

    def _compare(self, step: Step, lines: Sequence[str]) -> None:
        actual = [self._seen(line) for line in lines if not _LATE.fullmatch(line)]
        if not same(step.output, actual):
            expected, got = "\n".join(step.output), "\n".join(actual)
            raise AssertionError(
                f"line {step.line}: $ {step.command}\n--- the page says\n{expected}\n--- it was\n{got}"
            )

    def _moved(self, text: str) -> str:
        for written, real in self._ports.items():
            text = re.sub(rf"\b{re.escape(written)}\b", real, text)
        return text

    def _seen(self, line: str) -> str:
        for written, real in self._ports.items():
            line = re.sub(rf"\b{re.escape(real)}\b", written, line)
        return line.replace(str(self.root), HOME)

    def _shell(self) -> dict[str, Any]:
        """Both streams as one text, as a terminal shows them; nothing to read from."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return {"cwd": self._folder, "env": self._environment(), **streams}

    @staticmethod
    def _environment() -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _free_address() -> str:
    """Another address of loopback, of which most are free."""
    return f"127.{randrange(128, 192)}.{randrange(256)}.{randrange(1, 255)}"


def commands(app: typer.Typer) -> dict[str, Any]:
    """Every command of the command line by its name; a group is one too, if it does something by itself."""
    return dict(_commands(typer.main.get_command(app)))


def _commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if not hasattr(command, "commands") or command.invoke_without_command:
            yield prefix + name, command
        yield from _commands(command, f"{prefix}{name} ") if hasattr(command, "commands") else ()
