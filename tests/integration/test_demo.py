"""The whole demo as a newcomer starts it: `make demo` in a folder of its own, offline and watched from outside."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from support.console import ROOT, same, steps
from support.watched import Watched, make, page, watched

demo_module = import_module("syncramp.cli.demo")  # its package has the command under the same name
MEGABYTES = 175
"""An import keeps 4,000 entries of a transaction, and a confirmation the ids of all anchors: 161 MB were measured."""
SYNCS = 4
INSTALLS = ["Making a virtual environment in .venv", "Installing the locked dependencies"]
"""What `make demo` says the first time, before the demo itself."""
NOTHING = ["0"] * 6


@dataclass(frozen=True)
class Demo:
    """What one demo said and left."""

    lines: list[str]
    code: int
    peaks: list[str]
    foreign: list[str]
    left: list[str]

    @property
    def syncs(self) -> list[list[str]]:
        """The output of each sync."""
        begins = [number for number, line in enumerate(self.lines) if line.startswith("$ syncramp sync ")]
        return [self.lines[begin : self.lines.index("", begin)] for begin in begins]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo at its full size."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(ROOT / "Makefile", folder)
    with watched(make("demo"), folder) as program:
        lines, code = program.end()
        return Demo(lines, code, program.notes("peaks"), program.notes("foreign"), program.left())


@pytest.mark.demo
def test_the_demo_prints_what_the_readme_shows(demo: Demo) -> None:
    (told,) = (step.output for step in steps(page("README.md")) if step.command == "make demo")
    assert told[:2] == INSTALLS
    assert demo.code == 0
    assert same([_steady(line) for line in told[2:]], [_steady(line) for line in demo.lines]), "\n".join(demo.lines)


@pytest.mark.demo
def test_a_sync_of_the_demo_needs_less_memory_than_promised(demo: Demo) -> None:
    peaks = [int(line.split()[0]) for line in demo.peaks if line.split()[1] == "sync"]
    assert len(peaks) == SYNCS
    assert max(peaks) < MEGABYTES * 1000, peaks


@pytest.mark.demo
def test_the_demo_looks_for_no_host_but_this_one_whatever_proxy_is_set(demo: Demo) -> None:
    assert len(demo.peaks) > SYNCS, "its processes were not watched"
    assert demo.foreign == []


@pytest.mark.demo
def test_nothing_of_the_demo_is_left_running(demo: Demo) -> None:
    assert demo.left == []


@pytest.mark.demo
def test_the_second_sync_of_the_demo_sends_nothing(demo: Demo) -> None:
    assert [_numbers(demo.syncs[1], row) for row in ("Objects", "Links")] == [NOTHING, NOTHING]


@pytest.mark.demo
def test_the_person_who_is_gone_is_held_once_and_deleted_by_the_next_import(demo: Demo) -> None:
    _, _, third, fourth = demo.syncs
    assert any(line.startswith("Held 1 (AbsentOnce)") for line in third)
    assert not any(line.startswith("  Delete ") for line in third)
    assert "  Delete           1         0         0" in fourth
    assert third[-1] == "exit code 2"
    assert fourth[-1] == "exit code 0"


@pytest.mark.demo
def test_a_new_member_of_the_big_group_is_one_link(demo: Demo) -> None:
    assert "    Members Group CN=All Employees,OU=Groups,DC=corp,DC=example,DC=com: +1 −0 members" in demo.lines
    assert _numbers(demo.syncs[2], "Links") == ["1", "1", "0", "0", "0", "0"]


def test_make_says_what_it_installs_before_the_demo() -> None:
    for line in INSTALLS:
        assert f'@echo "{line.replace(".venv", "$(VENV)")}"' in page("Makefile")


def _terminal(program: Watched) -> None:
    """Ctrl-C reaches everything that runs in a terminal."""
    os.killpg(program.process.pid, signal.SIGINT)


def _alone(program: Watched) -> None:
    program.process.send_signal(signal.SIGINT)


def _told_to_end(program: Watched) -> None:
    program.process.send_signal(signal.SIGTERM)


@pytest.mark.parametrize("interrupt", [_terminal, _alone, _told_to_end])
@pytest.mark.parametrize("line", ["It listens on", "$ syncramp sync", "$ syncramp plan"])
def test_an_interrupted_demo_leaves_nothing_behind(
    line: str, interrupt: Callable[[Watched], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    with watched([sys.executable, "-m", "syncramp", "demo", "--people", "1000"], tmp_path) as program:
        program.until(line)
        interrupt(program)
        _, code = program.end()
        assert code == 130
        assert program.left() == []
        assert list((tmp_path / "tmp").iterdir()) == []


def test_an_interrupt_while_a_process_is_being_made_ends_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = subprocess.Popen, []

    def interrupted(*arguments: Any, **options: Any) -> "subprocess.Popen[str]":
        made.append(real(*arguments, **options))
        os.kill(os.getpid(), signal.SIGINT)
        return made[0]

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    command = ("simulator", "--with-parent", "--directory", str(tmp_path))
    with pytest.raises(KeyboardInterrupt), demo_module._started(*command, stdin=subprocess.PIPE):
        pytest.fail("the interrupt was lost")
    assert made[0].returncode is not None
    assert signal.getsignal(signal.SIGINT) is before


def _full(folder: Path) -> Path:
    (folder / "mine").mkdir()
    (folder / "mine" / "letter.txt").write_text("keep me")
    return folder / "mine"


def _file(folder: Path) -> Path:
    (folder / "letter.txt").write_text("keep me")
    return folder / "letter.txt"


@pytest.mark.parametrize("make_it", [_full, _file])
def test_the_demo_does_not_touch_what_is_not_its_own(make_it: Callable[[Path], Path], tmp_path: Path) -> None:
    mine = make_it(tmp_path)
    before = list(_contents(tmp_path))
    done = _run("syncramp", "demo", "--directory", str(mine), cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {mine}: ")
    assert "name another one with --directory" in done.stderr
    assert list(_contents(tmp_path)) == before


def test_make_without_python_tells_in_one_line_what_to_type(tmp_path: Path) -> None:
    done = _bare_make(tmp_path, "/nonexistent")
    assert done.stderr.splitlines()[:-1] == [
        "Python 3.11 or newer is missing; install it, for example: sudo apt-get install python3 python3-venv"
    ]


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        ("version_info", "is older than 3.11; name a newer one: make demo PYTHON=python3.12"),
        ("ensurepip", "Python's venv module is missing; install it, for example: sudo apt-get install python3-venv"),
    ],
)
def test_make_with_a_python_that_does_not_do_tells_in_one_line_what_to_type(
    fails: str, says: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$2" in *{fails}*) exit 1;; esac\n')
    python.chmod(0o755)
    told = _bare_make(tmp_path, str(python)).stderr.splitlines()
    assert len(told) == 2  # the second one is make's own
    assert told[0].endswith(says)


def _bare_make(folder: Path, python: str) -> "subprocess.CompletedProcess[str]":
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    shutil.copy(ROOT / "pyproject.toml", folder)
    done = _run("make", "demo", f"PYTHON={python}", cwd=folder)
    assert done.returncode == 2
    assert not (folder / ".venv").exists()
    return done


def _run(program: str, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    start = [sys.executable, "-m", program] if program == "syncramp" else [program]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        [*start, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def _contents(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        yield path, path.read_text() if path.is_file() else ""


def _numbers(lines: list[str], row: str) -> list[str]:
    (found,) = (line.split() for line in lines if line.startswith(f"  {row} "))
    return found[1:]


def _steady(line: str) -> str:
    """Without what differs between two machines, or by how the calls of four threads meet."""
    for pattern, text in (
        (r"127\.0\.0\.1:\d+", "127.0.0.1:8443"),
        (r"\d+m\d\ds\b", "0.0s"),
        (r"^\S*syncramp status", "syncramp status"),
        (r"[\d,]+ writes in [\d,]+ calls", "some writes in some calls"),
        (r"writes, not [\d,]+:", "writes, not some:"),
        (r"at least 1 h \d\d min", "at least an hour"),
    ):
        line = re.sub(pattern, text, line)
    return line
