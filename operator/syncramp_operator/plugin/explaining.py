"""``kubectl syncramp explain``: ``syncramp explain`` in the operator's Pod, where the store is.

The document goes in on standard input, as the cluster has it. kubectl itself opens the way into the Pod, so the right
that counts is the person's own: ``create`` on ``pods/exec``.
"""

import subprocess
from collections.abc import Callable, Sequence

from syncramp.errors import Retry
from syncramp_operator.api.resources import Object
from syncramp_operator.execution.documents import document_of
from syncramp_operator.plugin.reach import NotAllowed, Reach

HOME = "syncramp-system"
_RIGHT = "get on deployments.apps, get and list on pods, and create on pods/exec in the namespace"

Execute = Callable[[Sequence[str], bytes], "subprocess.CompletedProcess[bytes]"]


class PodUnreachable(Retry):
    """The operator's Pod could not be asked."""

    reason = "PodUnreachable"


def home_of(body: Object) -> str:
    """The operator's namespace, as the Lease of the last run tells it."""
    lease = (body.get("status") or {}).get("lease") or {}
    return str(lease.get("namespace") or HOME)


def command(reach: Reach, who: str, home: str, folder: str, options: Sequence[str] = ()) -> list[str]:
    """What is typed.

    :param folder: of the stores, in the Pod; empty: where that operator has them, be it in a server.
    :param options: of ``syncramp explain``.
    """
    context = ["--context", reach.context] if reach.context else []
    inside = ["exec", "--stdin", "deployment/syncramp-operator", "--container", "operator", "--"]
    said = ["python", "-P", "-m", "syncramp_operator.explain", f"{reach.namespace}/{reach.name}"]
    if folder:
        said = ["syncramp", "explain", "--state", f"{folder}/{reach.namespace}.{reach.name}.db"]
    return ["kubectl", *context, "--namespace", home, *inside, *said, *options, "--", "-", who]


def explained(typed: Sequence[str], body: Object, home: str, execute: Execute | None = None) -> tuple[int, str, str]:
    """Ask the Pod.

    :returns: the exit code of ``syncramp explain``, its output, and what it says beside that.
    :raises NotAllowed: this person may not.
    :raises PodUnreachable: there is no such Pod, or kubectl is missing.
    """
    try:
        done = (execute or _execute)(typed, document_of(body))
    except OSError:
        raise PodUnreachable(
            "kubectl could not be started", remedy="install kubectl, and put it on the path"
        ) from None
    output, said = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    lines = [line for line in said.splitlines() if not line.startswith("command terminated with exit code")]
    failed = [line for line in lines if line.startswith(("Error from server", "error: unable", "The connection to"))]
    if any("orbidden" in line for line in failed):
        raise NotAllowed("the API server forbids it", where=f"{home}/syncramp-operator", remedy=f"you need {_RIGHT}")
    if failed:
        remedy = "name the operator's namespace with --home; syncramp explain asks a store on this machine"
        raise PodUnreachable(failed[0].removeprefix("error: "), where=f"{home}/syncramp-operator", remedy=remedy)
    return done.returncode, output, "".join(f"{line}\n" for line in lines)


def _execute(typed: Sequence[str], document: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(typed, input=document, capture_output=True, check=False)
