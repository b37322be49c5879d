"""A real kube-apiserver with its etcd, from the folder that ``KUBEBUILDER_ASSETS`` names (envtest's convention).

Both listen on loopback, keep everything in a folder of the test, and end with the block. RBAC is on; the admin has a
static token, everybody else the tokens that the server issues. There is no controller manager: nothing collects
garbage, makes Pods of Jobs or ends namespaces, unless a stand-in does (``garbage``, ``kubelet``).
"""

import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from ssl import create_default_context

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from kubernetes import client

from support.ldap_certificates import issue

PATIENCE = 60.0
_ISSUER = "https://kubernetes.default.svc.cluster.local"


def assets() -> Path | None:
    """The folder of the binaries, if the environment names one that holds both."""
    folder = os.environ.get("KUBEBUILDER_ASSETS", "")
    found = Path(folder) if folder else None
    return found if found and all((found / name).is_file() for name in ("etcd", "kube-apiserver")) else None


@contextmanager
def real_api_server(binaries: Path, folder: Path) -> Iterator[client.Configuration]:
    """What its admin connects with.

    :param folder: for its data, certificates and logs.
    """
    store, peers, port = _free_ports(3)
    token = secrets.token_hex(16)
    _write_credentials(folder, token)
    address = f"http://127.0.0.1:{store}"
    etcd = [
        *(str(binaries / "etcd"), f"--data-dir={folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=error"),
        *(f"--listen-client-urls={address}", f"--advertise-client-urls={address}"),
        *(f"--listen-peer-urls=http://127.0.0.1:{peers}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peers}"),
        f"--initial-cluster=default=http://127.0.0.1:{peers}",
    ]
    server = [
        *(str(binaries / "kube-apiserver"), f"--etcd-servers={address}", "--bind-address=127.0.0.1"),
        *(f"--secure-port={port}", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"),
        *(f"--tls-cert-file={folder / 'tls.crt'}", f"--tls-private-key-file={folder / 'tls.key'}"),
        *(f"--token-auth-file={folder / 'tokens.csv'}", "--authorization-mode=RBAC"),
        *(f"--service-account-issuer={_ISSUER}", f"--service-account-key-file={folder / 'account.pub'}"),
        f"--service-account-signing-key-file={folder / 'account.key'}",
        *("--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount"),
    ]
    with ExitStack() as stack:
        processes = [stack.enter_context(_running(command, folder)) for command in (etcd, server)]
        configuration = client.Configuration(host=f"https://127.0.0.1:{port}")
        configuration.ssl_ca_cert = str(folder / "ca.crt")
        configuration.api_key = {"authorization": f"Bearer {token}"}
        _wait(configuration, processes, folder)
        yield configuration


def _write_credentials(folder: Path, token: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    made = issue("127.0.0.1", "localhost", "kubernetes.default.svc")
    for name, text in (("ca.crt", made.ca), ("tls.crt", made.certificate), ("tls.key", made.key)):
        (folder / name).write_bytes(text)
    key = rsa.generate_private_key(65537, 2048)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "account.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "account.pub").write_bytes(public)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n', encoding="utf-8")


def _free_ports(count: int) -> list[int]:
    """Held together, so that they differ."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(configuration: client.Configuration, processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    context = create_default_context(cafile=configuration.ssl_ca_cert)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{configuration.host}/readyz", timeout=5, context=context) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        ended = [process.args[0] for process in processes if process.poll() is not None]  # type: ignore[index]
        if ended or time.monotonic() > deadline:
            logs = "\n".join(path.read_text(errors="replace")[-1500:] for path in folder.glob("*.log"))
            raise AssertionError(f"the API server did not start; ended: {ended}\n{logs}")
        time.sleep(0.1)
