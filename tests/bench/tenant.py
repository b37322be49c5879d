"""A simulated tenant in a process of its own, over TLS, and the document that names it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TENANT = "57cf9f28-1ad7-40f4-bee8-d3ab9877f0a8"
PAGE = 50
"""Objects of a page of the read-back; what the real service gives."""
OPTIONS = (
    *("--writes-per-five-minutes", "0", "--visibility-delay", "0", "--object-quota", "1000000"),
    *("--page-size", str(PAGE)),
)
"""Nothing is waited for: no throttle, and what was written can be named at once."""
DOCUMENT = """\
apiVersion: syncramp.io/v1alpha1
kind: SyncConfig
metadata: {{name: bench, namespace: identity}}
spec:
  target:
    tenantID: {tenant}
    auth:
      certificate:
        clientID: 0b1c2d3e-0000-4000-8000-000000000001
        secretRef: {{name: entra-sync}}
    endpoint:
      host: {host}
      authority: https://{host}
      ca: {{secretKeyRef: {{name: simulator-ca}}}}
      profile: {{configMapKeyRef: {{name: simulator-wire}}}}
      visibilityDelay: 0s
      objectsPerCall: {objects}
    writes: {{perFiveMinutes: 1000000, linksPerFiveMinutes: 100000000, share: 100}}
  groups:
    ramps:
    - {{name: at-once, admit: Now}}
  interval: 24h
  sources:
  - name: corp
    ldap:
      servers: ["{url}"]
      bind: {{secretRef: {{name: reader}}}}
      tls: {{ca: {{secretKeyRef: {{name: directory-ca}}}}}}
    scope:
    - {{dn: "OU=People,{base}", kinds: [User]}}
    - {{dn: "OU=Groups,{base}", kinds: [Group]}}
"""


@dataclass(frozen=True)
class Tenant:
    """One that runs."""

    host: str
    """And port."""
    pid: int
    calls: Path
    """A line for each call; see ``bench.tenant_run``."""


@contextmanager
def tenant(folder: Path, *options: str) -> Iterator[Tenant]:
    """Start one that is empty; its secrets and its wire profile are written into the folder.

    :param options: more of ``syncramp simulator``.
    """
    calls = folder / "calls.jsonl"
    calls.touch()
    command = [sys.executable, "-m", "bench.tenant_run", str(calls), "--directory", str(folder), "--port", "0"]
    command += ["--tenant", str(folder / "tenant.db"), *OPTIONS, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            while "secrets " not in (told := process.stdout.readline()):
                if not told:
                    raise RuntimeError("the simulator did not start")
            yield Tenant(line.split("https://")[1].split("/")[0], process.pid, calls)
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """Of a process that finds what this one finds, and keeps its bytecode as an installed command has it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path)}
