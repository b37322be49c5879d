"""What the operator is told when it starts: environment variables, as a Deployment sets them.

Each has a default that suits a laptop; ``docs/operator.md`` lists them.
"""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from syncramp.errors import InputRefused

_PREFIX = "SYNCRAMP_"
SERVER = "postgresql:"
"""Of a state that is in a server."""


class Execution(StrEnum):
    """Where a run is made."""

    IN_PROCESS = "InProcess"
    """In a child process of the operator, which ends with it."""
    JOB = "Job"
    """In a Job of the cluster, which goes on without it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The operator's own settings; nothing of a SyncConfig is among them."""

    namespaces: tuple[str, ...] = ()
    """``SYNCRAMP_NAMESPACES``, with commas; empty: the whole cluster."""
    home: str = "syncramp-system"
    """``SYNCRAMP_HOME``: the operator's own namespace, where its Leases are."""
    leases: str = ""
    """``SYNCRAMP_LEASE_NAMESPACE``: where the Leases of tenants are, if not in ``home``; operators of a cluster that
    may write to one tenant have one namespace for them."""
    name: str = "operator"
    """``SYNCRAMP_NAME``: who it is among its replicas; the name of its Pod."""
    execution: Execution = Execution.IN_PROCESS
    """``SYNCRAMP_EXECUTION``."""
    concurrent_runs: int = 4
    """``SYNCRAMP_MAX_CONCURRENT_RUNS``."""
    state: str = "/var/lib/syncramp"
    """``SYNCRAMP_STATE``: a folder for SQLite files, or ``postgresql:SECRET`` with the name of a Secret whose key
    ``uri`` says where the server is: of the home namespace, and, where runs are Jobs, of their own namespaces."""
    runtime: Path = Path("/run/syncramp")
    """``SYNCRAMP_RUNTIME``: a folder in memory, where Secrets of runs in progress lie as files."""
    image: str = ""
    """``SYNCRAMP_IMAGE``: the image of Jobs."""
    claim: str = "syncramp-state"
    """``SYNCRAMP_CLAIM``: the volume claim that Jobs find their SQLite files on."""
    runner_account: str = "syncramp-runner"
    """``SYNCRAMP_RUNNER_ACCOUNT``: the service account of Jobs."""
    port: int = 8080
    """``SYNCRAMP_PORT``: of probes and metrics; 0: any that is free."""
    webhook_port: int = 0
    """``SYNCRAMP_WEBHOOK_PORT``: of the validating webhook; 0: there is none."""

    @property
    def state_secret(self) -> str:
        """The Secret of the server that the stores are in; empty: they are files."""
        return self.state.removeprefix(SERVER) if self.state.startswith(SERVER) else ""

    def state_of(self, namespace: str, name: str, folder: str = "") -> str:
        """Where the store of a SyncConfig is, as ``--state`` takes it.

        :param folder: where files are; empty: in that of ``state``.
        """
        return self.state if self.state_secret else f"{folder or self.state}/{namespace}.{name}.db"

    @property
    def tenant_leases(self) -> str:
        """The namespace where the Leases of tenants are."""
        return self.leases or self.home

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The settings of a process.

        :raises InputRefused: a variable has a value that it cannot have.
        """
        ours = {name: text for name, text in environment.items() if name.startswith(_PREFIX) and text}
        found = {name.removeprefix(_PREFIX): text for name, text in ours.items()}
        given = cls()
        return cls(
            namespaces=tuple(filter(None, found.get("NAMESPACES", "").split(","))),
            home=found.get("HOME", given.home),
            leases=found.get("LEASE_NAMESPACE", given.leases),
            name=found.get("NAME", platform.node() or given.name),
            execution=_execution(found.get("EXECUTION", given.execution.value)),
            concurrent_runs=_number(found, "MAX_CONCURRENT_RUNS", given.concurrent_runs, 1, 1000),
            state=_state(found.get("STATE", given.state)),
            runtime=Path(found.get("RUNTIME", given.runtime)),
            image=found.get("IMAGE", given.image),
            claim=found.get("CLAIM", given.claim),
            runner_account=found.get("RUNNER_ACCOUNT", given.runner_account),
            port=_number(found, "PORT", given.port, 0, 65535),
            webhook_port=_number(found, "WEBHOOK_PORT", given.webhook_port, 0, 65535),
        )


def _execution(text: str) -> Execution:
    if text not in list(Execution):
        raise InputRefused(
            f"there is no execution {text}", where="SYNCRAMP_EXECUTION", remedy=f"use {' or '.join(Execution)}"
        )
    return Execution(text)


def _state(text: str) -> str:
    if "://" in text or text.startswith("postgres:") or text == SERVER:
        raise InputRefused(
            "it is no folder and names no Secret",  # what it is may hold a password
            where="SYNCRAMP_STATE",
            remedy="name a folder on a volume, as /var/lib/syncramp, or postgresql:SECRET",
        )
    return text


def _number(found: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = found.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise InputRefused(
            f"{text} is no number from {least} to {most}", where=f"SYNCRAMP_{name}", remedy="mend it, or leave it out"
        )
    return int(text)
