"""The operator as a process, with the rights of its service account and nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support.api_servers import ApiServer
from support.kube_api_client import PATIENCE, token_of_operator, write_kubeconfig


class Operator:
    """One process at a time; a story kills it and starts it again.

    :param folder: for its kubeconfig, its state and its log; what it remembers lies there.
    """

    def __init__(self, server: ApiServer, namespace: str, folder: Path, name: str = "one", **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = folder / f"{name}.log"
        self._kubeconfig = folder / f"{name}.kubeconfig"
        self._process: subprocess.Popen[bytes] | None = None
        own = {"NAMESPACES": namespace, "HOME": namespace, "NAME": name}
        self._folders = {"STATE": folder / "state", "RUNTIME": folder / f"run-{name}"}
        self._settings = own | settings
        token = token_of_operator(server.cluster, namespace)
        write_kubeconfig(self._kubeconfig, server.configuration, token)

    @contextmanager
    def running(self) -> Iterator["Operator"]:
        """Start, and end in order; exit code 0 unless the story ended it otherwise."""
        self.start()
        try:
            yield self
            self.end()
        finally:
            self.kill()

    def start(self) -> None:
        """Start it, as a Deployment does."""
        self._process = _started(self._kubeconfig, self.log, self._folders, self._settings)

    def end(self) -> None:
        """SIGTERM, as a Deployment that is rolled out sends it; it must end with exit code 0."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            assert self._process.wait(PATIENCE) == 0, self.said
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as the node's memory sends it."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def ended(self) -> int:
        """The exit code, once it ended by itself."""
        assert self._process
        code = self._process.wait(PATIENCE)
        self._process = None
        return code

    def check(self) -> None:
        """It has not ended by itself."""
        assert self._process is None or self._process.poll() is None, self.said

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def said(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")


@contextmanager
def operator_process(kubeconfig: Path, folder: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A replica of this kubeconfig, with variables such as ``NAMESPACES``; its log is ``FOLDER/operator.log``.

    It is killed at the end of the block, if it still lives.
    """
    folders = {"STATE": folder / "state", "RUNTIME": folder / "runtime"}
    process = _started(kubeconfig, folder / "operator.log", folders, settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _started(
    kubeconfig: Path, log: Path, folders: Mapping[str, Path], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """``python -m syncramp_operator``, told nothing by the environment of the tests."""
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("KUBERNETES_", "SYNCRAMP_"))}
    given = {"PORT": "0"} | {name: str(folder) for name, folder in folders.items()} | dict(settings)
    told = {f"SYNCRAMP_{name}": text for name, text in given.items()}
    environment = kept | told | {"KUBECONFIG": str(kubeconfig)}
    command = [sys.executable, "-m", "syncramp_operator"]
    with log.open("ab") as written:
        return subprocess.Popen(command, env=environment, stdout=written, stderr=written)
