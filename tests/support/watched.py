"""Programs of this project as a newcomer starts them, offline and watched from outside.

Every Python process reports its peak memory and may not look for any host but this one (``loopback_only``), while the
environment names a proxy that does not exist. A program runs in a session of its own, as in a terminal of its own, so
that whatever it leaves running can be found.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from support.console import ROOT

VENV = Path(sys.executable).parent.parent
DEADLINE = 900.0
"""Seconds, far more than any of them needs."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_OURS = ("MAKE", "MFLAGS", "PYTHON", "VIRTUAL_ENV", "NO_PROXY", "no_proxy")
"""What `make test` and this test run have set for themselves."""


class Watched:
    """A program in its folder.

    :param folder: where it works; what it tells besides its output is kept there too.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.process = process

    def end(self) -> tuple[list[str], int]:
        """Its remaining output and its exit code."""
        output, _ = self.process.communicate(timeout=DEADLINE)
        return output.splitlines(), self.process.returncode

    def until(self, beginning: str) -> list[str]:
        """Its output up to a line that begins so."""
        lines = []
        for line in self.process.stdout or ():
            lines.append(line.rstrip("\n"))
            if line.startswith(beginning):
                return lines
        raise AssertionError(f"no line began with {beginning!r}:\n" + "\n".join(lines))

    def notes(self, name: str) -> list[str]:
        """What its processes noted: ``peaks`` or ``foreign``."""
        file = self.folder / "watched" / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def left(self) -> list[str]:
        """Commands of its processes that still run."""
        return list(_commands(self.process.pid))


@contextmanager
def watched(command: Sequence[str], folder: Path) -> Iterator[Watched]:
    """Start a program; whatever of it is left at the end is killed."""
    (folder / "watched").mkdir()
    with (folder / "progress.log").open("wb") as progress:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(folder / "watched"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=progress,
            text=True,
            start_new_session=True,
        )
    try:
        yield Watched(folder, process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def _environment(notes: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    kept |= dict.fromkeys(_PROXIES, "http://proxy.invalid:3128")
    kept |= {"PYTHONPATH": str(Path(__file__).parent / "loopback_only"), "WATCHED": str(notes)}
    folders = kept.get("PATH", os.defpath).split(os.pathsep)
    kept["PATH"] = os.pathsep.join(each for each in folders if not (Path(each) / "syncramp").exists())
    return kept


def _commands(session: int) -> Iterator[str]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                yield (folder / "cmdline").read_text().replace("\0", " ")


def make(*arguments: str) -> list[str]:
    """`make` with what it would install already there."""
    return ["make", *arguments, f"VENV={VENV}", "-o", f"{VENV}/.demo", "-o", f"{VENV}/.dev"]


def page(name: str) -> str:
    """A page of the project."""
    return (ROOT / name).read_text(encoding="utf-8")
