"""A stand-in for job controller, scheduler and kubelet: containers of Jobs are local processes, volumes are folders.

A Pod is made for each Job and told of as a node would. Paths of mounts, in arguments and in the environment, become
paths of the folders. A Pod that is deleted gets SIGTERM, its time, then SIGKILL, and is gone when its process is. A
Secret that is missing keeps a Pod waiting. The process has the token of its Pod's service account, and no other.
"""

import base64
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from support.api_servers import ApiServer
from support.kube_api_client import token_of_operator, write_kubeconfig

EVERY = 0.1
"""Seconds between two looks."""
MERGE = "application/merge-patch+json"

Object = dict[str, Any]


@dataclass
class Running:
    """A Pod and its process."""

    job: Object
    pod: str
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    asked: float = 0.0
    """When it was told to end."""
    reason: str = ""
    """Why the Job fails, if that is known already."""


class Kubelet:
    """A node with one namespace.

    :param folder: for volumes, claims and logs.
    """

    def __init__(self, server: ApiServer, namespace: str, folder: Path) -> None:
        self.folder = folder
        self._server, self._namespace = server, namespace
        self._jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        self._core = f"/api/v1/namespaces/{namespace}"
        self._running: dict[str, Running] = {}

    @contextmanager
    def working(self) -> Iterator["Kubelet"]:
        """Look after Jobs in a thread until the end of the block; what runs then is killed."""
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(EVERY):
                self.step()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join(30)
            for one in self._running.values():
                one.process.kill()
                one.process.wait()

    def kill(self, job: str) -> None:
        """The node kills the Pod of a Job for want of memory."""
        for one in list(self._running.values()):
            if one.job["metadata"]["name"] == job:
                one.process.kill()

    def step(self) -> None:
        """One look at everything."""
        for job in self._items(self._jobs):
            self._begin(job)
        pods = {pod["metadata"]["name"]: pod for pod in self._items(f"{self._core}/pods")}
        for uid, one in list(self._running.items()):
            self._look_after(uid, one, pods.get(one.pod))

    def _items(self, path: str) -> list[Object]:
        code, answer = self._server.cluster.ask("GET", path)
        return list(answer["items"]) if code == 200 else []

    def _begin(self, job: Object) -> None:
        status, metadata = job.get("status") or {}, job["metadata"]
        over = any(one["status"] == "True" for one in status.get("conditions") or ())
        if metadata["uid"] in self._running or over or status.get("startTime") or "deletionTimestamp" in metadata:
            return
        template = job["spec"]["template"]
        folders = self._volumes(template["spec"], self.folder / metadata["uid"])
        if folders is None:
            return
        pod = f"{metadata['name'][:57]}-{metadata['uid'][:5]}"
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": metadata["name"], "uid": metadata["uid"]}
        labels = template["metadata"]["labels"]
        about = {
            "name": pod,
            "labels": labels,
            "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
        }
        body = {"metadata": about, "spec": {**template["spec"], "nodeName": "node"}}
        self._server.cluster.done("POST", f"{self._core}/pods", body)
        self._running[metadata["uid"]] = Running(job, pod, self._start(job, pod, folders))
        self._tell_pod(pod, {"phase": "Running", "startTime": _now()})
        self._tell_job(job, {"startTime": _now(), "active": 1, "ready": 1})

    def _start(self, job: Object, pod: str, folders: dict[str, Path]) -> subprocess.Popen[bytes]:
        spec = job["spec"]["template"]["spec"]
        container = spec["containers"][0]
        mounts = {one["mountPath"]: folders[one["name"]] for one in container.get("volumeMounts", ())}
        command = [*container.get("command", ()), *container.get("args", ())]
        command = [sys.executable if part == "python" else _placed(part, mounts) for part in command]
        kubeconfig = self.folder / f"{pod}.kubeconfig"
        token = token_of_operator(self._server.cluster, self._namespace, spec["serviceAccountName"])
        write_kubeconfig(kubeconfig, self._server.configuration, token)
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("SYNCRAMP_", "KUBERNETES_"))}
        told = {one["name"]: _placed(self._value(one, pod), mounts) for one in container.get("env", ())}
        with (self.folder / f"{pod}.log").open("wb") as log:
            environment = kept | told | {"KUBECONFIG": str(kubeconfig)}
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _value(self, variable: Object, pod: str) -> str:
        given = variable.get("valueFrom", {})
        if field_ref := given.get("fieldRef"):
            return {"metadata.name": pod, "metadata.namespace": self._namespace}[field_ref["fieldPath"]]
        if secret := given.get("secretKeyRef"):
            found = self._server.cluster.done("GET", f"{self._core}/secrets/{secret['name']}")
            return base64.b64decode(found["data"][secret["key"]]).decode()
        return str(variable.get("value", ""))

    def _volumes(self, pod: Object, folder: Path) -> dict[str, Path] | None:
        """A folder for each volume; None while something is missing."""
        made = {}
        for volume in pod.get("volumes", ()):
            place = folder / volume["name"]
            if claim := volume.get("persistentVolumeClaim"):
                place = self.folder / "claims" / claim["claimName"]
            place.mkdir(parents=True, exist_ok=True)
            sources = volume.get("projected", {}).get("sources", ())
            sources = [*sources, *({kind: volume[kind]} for kind in ("secret", "configMap") if kind in volume)]
            if not all(self._filled(place, source, pod) for source in sources):
                return None
            made[volume["name"]] = place
        return made

    def _filled(self, place: Path, source: Object, pod: Object) -> bool:
        if token := source.get("serviceAccountToken"):
            text = token_of_operator(self._server.cluster, self._namespace, pod["serviceAccountName"])
            (place / token["path"]).write_text(text)
            return True
        kind, plural = ("secret", "secrets") if "secret" in source else ("configMap", "configmaps")
        name = source[kind].get("name") or source[kind]["secretName"]
        code, found = self._server.cluster.ask("GET", f"{self._core}/{plural}/{name}")
        if code != 200:
            return False
        for key, text in found.get("data", {}).items():
            (place / key).write_bytes(base64.b64decode(text) if kind == "secret" else text.encode())
        return True

    def _look_after(self, uid: str, one: Running, pod: Object | None) -> None:
        spec = one.job["spec"]
        grace = spec["template"]["spec"].get("terminationGracePeriodSeconds", 30)
        leaving = pod is None or "deletionTimestamp" in pod["metadata"]
        if not leaving and time.monotonic() - one.since > spec.get("activeDeadlineSeconds", float("inf")):
            one.reason = "DeadlineExceeded"
            self._server.cluster.ask("DELETE", f"{self._core}/pods/{one.pod}")
            leaving = True
        if leaving and not one.asked:
            one.asked = time.monotonic()
            one.process.send_signal(signal.SIGTERM)
        if one.asked and time.monotonic() - one.asked > grace:
            one.process.kill()
        if (code := one.process.poll()) is not None:
            del self._running[uid]
            self._end(one, code)

    def _end(self, one: Running, code: int) -> None:
        good = code == 0 and not one.reason
        self._tell_pod(one.pod, {"phase": "Succeeded" if good else "Failed"})
        if one.asked:
            self._server.cluster.ask("DELETE", f"{self._core}/pods/{one.pod}", {"gracePeriodSeconds": 0})
        before, last = ("SuccessCriteriaMet", "Complete") if good else ("FailureTarget", "Failed")
        reason = "CompletionsReached" if good else one.reason or "BackoffLimitExceeded"
        conditions = [_condition(before, reason), _condition(last, reason)]
        ended = {"conditions": conditions, "active": 0, "ready": 0, "terminating": 0}
        told = {"succeeded": 1, "completionTime": _now()} if good else {"failed": 1}
        self._tell_job(one.job, ended | told)

    def _tell_pod(self, pod: str, status: Object) -> None:
        self._server.cluster.ask("PATCH", f"{self._core}/pods/{pod}/status", {"status": status}, MERGE)

    def _tell_job(self, job: Object, status: Object) -> None:
        path = f"{self._jobs}/{job['metadata']['name']}/status"
        code, answer = self._server.cluster.ask("PATCH", path, {"status": status}, MERGE)
        assert code in (200, 404), answer


def _placed(text: str, mounts: dict[str, Path]) -> str:
    """A path below a mount, as it is here; the longest mount counts."""
    for path in sorted(mounts, key=len, reverse=True):
        if text == path or text.startswith(f"{path}/"):
            return str(mounts[path]) + text[len(path) :]
    beyond = [path for path in mounts if path.startswith(f"{text}/")]
    return _gathered(text, beyond, mounts) if beyond else text


def _gathered(parent: str, below: list[str], mounts: dict[str, Path]) -> str:
    """A folder that holds several mounts, by links."""
    made = mounts[below[0]].parent / f"mounts-{parent.strip('/').replace('/', '-')}"
    made.mkdir(exist_ok=True)
    for path in below:
        link = made / path[len(parent) + 1 :]
        if not link.exists():
            link.symlink_to(mounts[path])
    return str(made)


def _condition(name: str, reason: str) -> Object:
    return {
        "type": name,
        "status": "True",
        "reason": reason,
        "message": "",
        "lastTransitionTime": _now(),
        "lastProbeTime": _now(),
    }


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
